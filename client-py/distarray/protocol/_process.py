"""The rules of one process's export."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.protocol._dimension import Dimension
from distarray.protocol._dimension_rules import read_dimension
from distarray.protocol._violations import Findings, ProtocolError, Violation

_KEYS = ("__version__", "buffer", "dim_data")
_VERSION = re.compile(r"0\.10\.(0|[1-9][0-9]*)")


@dataclass(frozen=True)
class BufferLayout:
    """Stands for the buffer of an export in `check_all` where the buffer itself is elsewhere."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class Description:
    """A checked export: `shape` is the buffer's, `buffer` a view of the exporter's memory (None: was not at hand)."""

    version: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    dimensions: tuple[Dimension, ...]
    buffer: npt.NDArray[Any] | None = field(default=None, repr=False)

    @property
    def global_shape(self) -> tuple[int, ...]:
        return tuple(dimension.size for dimension in self.dimensions)

    @property
    def owned(self) -> tuple[int, ...]:
        """How many indices of each dimension the process owns."""
        return tuple(dimension.owned for dimension in self.dimensions)


@dataclass(frozen=True, eq=False)
class Examined:
    """What could be read of an export, and its violations; None is what could not."""

    violations: list[Violation]
    version: str | None = None
    layout: BufferLayout | None = None
    dimensions: tuple[Dimension | None, ...] | None = None
    buffer: npt.NDArray[Any] | None = None

    @classmethod
    def from_description(cls, given: Description) -> Examined:
        return cls([], given.version, BufferLayout(given.shape, given.dtype), given.dimensions, given.buffer)

    def description(self) -> Description:
        """ProtocolError if there are violations."""
        dimensions = [one for one in self.dimensions or () if one is not None]
        if self.violations or self.version is None or self.layout is None:
            raise ProtocolError(self.violations)
        return Description(self.version, self.layout.shape, self.layout.dtype, tuple(dimensions), self.buffer)


def _export_of(given: Any, findings: Findings) -> dict[Any, Any] | None:
    if isinstance(given, dict):
        return given
    try:
        method = getattr(given, "__distarray__", None)
        if method is None:
            findings.wrong("export", "the export", given, "a dict or an object with a method __distarray__")
            return None
        export = method()
    # An exporter may fail in any way; across processes nobody may be left waiting for it.
    except Exception as error:
        findings.add("export", f"__distarray__() raised {type(error).__name__}: {error}, expected a dict")
        return None
    if not isinstance(export, dict):
        findings.wrong("export", "the result of __distarray__()", export, f"a dict, not a {type(export).__name__}")
        return None
    return export


def _read_version(version: Any, findings: Findings) -> str | None:
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        findings.wrong("version", "'__version__'", version, "the string '0.10.0' or another patch level of 0.10")
        return None
    return version


def _read_buffer(buffer: Any, findings: Findings) -> npt.NDArray[Any] | None:
    try:
        memory = memoryview(buffer)
        exported = isinstance(buffer, np.ndarray)
        view = np.asarray(buffer if exported else memory)
    except Exception as error:
        findings.wrong("buffer", "'buffer'", buffer, f"an object with the buffer protocol (PEP 3118): {error}")
        return None
    # NumPy makes a copy, element by element, of what it cannot view.
    if view.flags.owndata and not exported:
        findings.wrong("buffer", "the format of 'buffer'", memory.format, "one that NumPy can view without a copy")
        return None
    return view


def _read_dim_data(
    dim_data: Any, shape: tuple[int, ...] | None, findings: Findings
) -> tuple[Dimension | None, ...] | None:
    if not isinstance(dim_data, tuple):
        findings.wrong("dim_data", "'dim_data'", dim_data, f"a tuple of dicts, not a {type(dim_data).__name__}")
        # What is in a list can be checked none the less; anything else has no order to go by.
        if not isinstance(dim_data, list):
            return None
    if shape is not None and len(dim_data) != len(shape):
        expected = f"{len(shape)}, the dimensions of a buffer of shape {shape}"
        findings.wrong("ndim", "the length of 'dim_data'", len(dim_data), expected)
        shape = None
    extents = [None] * len(dim_data) if shape is None else list(shape)
    return tuple(
        read_dimension(data, extent, findings.at(dimension=number))
        for number, (data, extent) in enumerate(zip(dim_data, extents, strict=True))
    )


def examine(given: Any, process: int | None = None, *, layouts: bool = False) -> Examined:
    """Read one process's export and collect its violations; `layouts` lets a BufferLayout stand for the buffer."""
    findings = Findings([], process)
    export = _export_of(given, findings)
    if export is None:
        return Examined(findings.violations)
    for key in _KEYS:
        if key not in export:
            findings.add("keys", f"the key {key!r} is missing, expected exactly {', '.join(map(repr, _KEYS))}")
    for key in export:
        if key not in _KEYS:
            findings.add("keys", f"the key {key!r} was given, expected exactly {', '.join(map(repr, _KEYS))}")
    version = _read_version(export["__version__"], findings) if "__version__" in export else None
    layout, buffer = None, None
    if "buffer" in export:
        if layouts and isinstance(export["buffer"], BufferLayout):
            layout = export["buffer"]
        else:
            buffer = _read_buffer(export["buffer"], findings)
            layout = None if buffer is None else BufferLayout(buffer.shape, buffer.dtype)
    shape = None if layout is None else layout.shape
    dimensions = _read_dim_data(export["dim_data"], shape, findings) if "dim_data" in export else None
    return Examined(findings.violations, version, layout, dimensions, buffer)


def check(obj: Any, *, process: int | None = None) -> Description:
    """Check one process's export against every rule that it can be held to alone.

    `obj` has a method `__distarray__()` or is what such a method returns. ProtocolError lists all violations and
    names the process as `process`, if that is given. Nothing is copied: the description's buffer is a view.
    """
    return examine(obj, process).description()
