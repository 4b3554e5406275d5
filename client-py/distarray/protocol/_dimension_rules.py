"""The rules of one dimension's dictionary on one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.protocol._dimension import Dimension
from distarray.protocol._violations import FEW, Findings, ProtocolError, shown

_COMMON = ("dist_type", "size", "proc_grid_size", "proc_grid_rank")
_REQUIRED = {"b": ("start", "stop"), "c": ("start",), "u": ("indices",)}
_OPTIONAL = {"b": ("padding", "periodic"), "c": ("block_size",), "u": ("one_to_one",)}
_OF_ANY_TYPE = {key for table in (_REQUIRED, _OPTIONAL) for keys in table.values() for key in keys}


def _unless(wanted: type, value: Any) -> str:
    """Names a type that is not the wanted one: a repr need not show it, as with NumPy's numbers."""
    return "" if type(value) is wanted else f", not of type {type(value).__name__}"


@dataclass(frozen=True)
class _Entries:
    """A dictionary whose entries are taken out one by one, with their type and range checked."""

    data: dict[Any, Any]
    findings: Findings

    def wrong(self, rule: str, key: str, expected: str) -> None:
        self.findings.wrong(rule, repr(key), self.data[key], expected)

    def integer(self, key: str, least: int = 0, default: int | None = None) -> int | None:
        """None where the entry is missing or wrong, which is then reported."""
        if key not in self.data:
            return default
        value = self.data[key]
        # A subclass is not a plain int: bool, IntEnum and the like are refused.
        if type(value) is not int or value < least:
            self.wrong(key, key, f"an int of at least {least}{_unless(int, value)}")
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        value = self.data.get(key, False)
        if type(value) is not bool:
            self.wrong(key, key, f"True or False{_unless(bool, value)}")
            return None
        return value

    def padding(self) -> tuple[int, int] | None:
        value = self.data.get("padding", (0, 0))
        if not isinstance(value, tuple) or len(value) != 2 or any(type(v) is not int or v < 0 for v in value):
            self.wrong("padding", "padding", f"a tuple of two ints of at least 0{_unless(tuple, value)}")
            return None
        return (value[0], value[1])

    def indices(self) -> npt.NDArray[np.integer[Any]] | None:
        value = self.data["indices"]
        try:
            found = np.asarray(memoryview(value))
        except Exception as error:
            self.wrong("indices", "indices", f"a buffer (PEP 3118) of integers: {error}")
            return None
        if found.ndim != 1 or found.dtype.kind not in "iu":
            kind = f"{found.dtype} with {found.ndim} dimensions"
            self.wrong("indices", "indices", f"a one-dimensional buffer of integers, not {kind}")
            return None
        return found


def read_dimension(data: Any, extent: int | None, findings: Findings) -> Dimension | None:
    """Reports each violation; None where the dictionary says too little for rules across processes.

    `extent` is the buffer's length in this dimension, None where it is not known.
    """
    if not isinstance(data, dict):
        findings.wrong("dim_dict", "the entry of 'dim_data'", data, f"a dict, not a {type(data).__name__}")
        return None
    if not data:
        return None if extent is None else Dimension("b", extent, 1, 0, 0, extent)
    kind = data.get("dist_type")
    kind = kind if isinstance(kind, str) and kind in _REQUIRED else None
    entries = _Entries(data, findings)
    complete = _check_keys(entries, kind)
    size = entries.integer("size")
    processes = entries.integer("proc_grid_size", 1)
    rank = entries.integer("proc_grid_rank")
    if rank is not None and processes is not None and rank >= processes:
        entries.wrong("proc_grid_rank", "proc_grid_rank", f"less than 'proc_grid_size', which is {processes}")
        rank = None
    if kind is None:
        return None
    # Unless these are known, only the types of the other entries can be looked at.
    known = size is not None and processes is not None and rank is not None
    common = Dimension(kind, size or 0, processes or 1, rank or 0)
    found = {"b": _read_block, "c": _read_cyclic, "u": _read_unstructured}[kind](entries, common, known)
    if found is None or not complete or not known:
        return None
    if extent is not None and found.extent != extent:
        findings.wrong("extent", "the buffer's extent", extent, f"{found.extent}: {_extent_source(found)}")
    return found


def _extent_source(found: Dimension) -> str:
    if found.dist_type == "b":
        return f"'stop' - 'start', padding included ({found.stop} - {found.start})"
    if found.dist_type == "c":
        return (
            f"what rank {found.proc_grid_rank} of {found.proc_grid_size} owns of 'size' {found.size} "
            f"with 'block_size' {found.block_size}"
        )
    return "the length of 'indices'"


def _check_keys(entries: _Entries, kind: str | None) -> bool:
    """Whether every required key is there."""
    data, findings = entries.data, entries.findings
    if "dist_type" in data and kind is None:
        entries.wrong("dist_type", "dist_type", "'b', 'c' or 'u'")
    required = (*_COMMON, *(_REQUIRED[kind] if kind else ()))
    missing = [key for key in required if key not in data]
    described = f"a dictionary of dist_type {kind!r}" if kind else "every dictionary but the empty one"
    for key in missing:
        findings.add("missing-key", f"{key!r} is missing from {shown(data)}, expected in {described}")
    allowed = {*required, *(_OPTIONAL[kind] if kind else _OF_ANY_TYPE)}
    for unknown in data:
        if unknown not in allowed:
            findings.add("unknown-key", f"the key {shown(unknown)} was given, expected only {sorted(allowed)}")
    return not missing


def _read_block(entries: _Entries, common: Dimension, ranged: bool) -> Dimension | None:
    start, stop = entries.integer("start"), entries.integer("stop")
    padding, periodic = entries.padding(), entries.boolean("periodic")
    size, last = common.size, common.proc_grid_size - 1
    if start is not None and stop is not None and start > stop:
        entries.wrong("start", "start", f"at most 'stop', which is {stop}")
    if ranged and stop is not None and stop > size:
        entries.wrong("stop", "stop", f"at most 'size', which is {size}, boundary padding counted")
    if ranged and start and common.proc_grid_rank == 0:
        entries.wrong("first-start", "start", "0 on 'proc_grid_rank' 0")
    if ranged and stop is not None and stop < size and common.proc_grid_rank == last:
        entries.wrong("last-stop", "stop", f"'size', which is {size}, on the last 'proc_grid_rank', {last}")
    if start is None or stop is None or padding is None or periodic is None:
        return None
    if sum(padding) > max(stop - start, 0):
        entries.wrong("padding-fits", "padding", f"at most {max(stop - start, 0)} in all, the length of the block")
    if start > stop:
        return None
    return replace(common, start=start, stop=stop, padding=padding, periodic=periodic)


def _read_cyclic(entries: _Entries, common: Dimension, ranged: bool) -> Dimension | None:
    start, block_size = entries.integer("start"), entries.integer("block_size", 1, default=1)
    if start is None or block_size is None:
        return None
    found = replace(common, start=start, block_size=block_size)
    expected = common.proc_grid_rank * block_size
    empty = ranged and found.owned == 0
    if ranged and start != expected and not (empty and start == common.size):
        other = f", or 'size' ({common.size}) as nothing is owned" if empty else ""
        entries.wrong("cyclic-start", "start", f"'proc_grid_rank' * 'block_size', which is {expected}{other}")
    return found


def _read_unstructured(entries: _Entries, common: Dimension, ranged: bool) -> Dimension | None:
    one_to_one = entries.boolean("one_to_one")
    indices = entries.indices() if "indices" in entries.data else None
    if indices is None:
        return None
    values, counts = np.unique(indices, return_counts=True)
    if len(values) < len(indices):
        repeated = values[counts > 1][:FEW].tolist()
        entries.wrong("indices-unique", "indices", f"every index once, not {repeated} more than once")
    wanted = f"{common.size}, as 'size' says" if common.proc_grid_size == 1 else f"at most 'size', {common.size}"
    if ranged and (len(indices) > common.size or common.proc_grid_size == 1 and len(indices) != common.size):
        entries.findings.wrong("indices-length", "the length of 'indices'", len(indices), wanted)
    if one_to_one is None:
        return None
    return replace(common, indices=indices, one_to_one=one_to_one)


def _require(dim_dict: Mapping[str, Any], extent: int | None) -> Dimension:
    if dim_dict == {} and extent is None:
        raise ValueError("the empty dictionary says no size: give the buffer's extent in this dimension")
    findings = Findings([])
    found = read_dimension(dim_dict, extent, findings)
    if found is None or findings.violations:
        raise ProtocolError(findings.violations)
    return found


def owned_count(dim_dict: Mapping[str, Any], extent: int | None = None) -> int:
    """How many indices of a dimension the process owns, given its dictionary.

    Boundary padding is owned, communication padding is not. `extent`, the buffer's length, is needed for the empty
    dictionary only, and checked if given. ProtocolError if the dictionary breaks a rule.
    """
    return _require(dim_dict, extent).owned


def global_indices(
    dim_dict: Mapping[str, Any], extent: int | None = None, *, owned: bool = False
) -> npt.NDArray[np.integer[Any]]:
    """The global index of each position of the buffer along a dimension, given its dictionary.

    Communication padding is among them unless `owned` is true. `extent` and errors are as in `owned_count`.
    """
    return _require(dim_dict, extent).global_indices(owned=owned)
