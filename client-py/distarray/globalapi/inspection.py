"""What the namespace can do, as the array API standard asks."""

from __future__ import annotations

from typing import Any

from distarray._dtypes import DTYPES, DType
from distarray.error import InvalidValueError
from distarray.globalapi.context import Context, default_context, open_contexts
from distarray.globalapi.dtypes import isdtype

__all__ = ["__array_namespace_info__"]


class NamespaceInfo:
    """capabilities(), default_device(), default_dtypes(), devices(), dtypes(). A device is a Context."""

    def __init__(self, context: Context | None = None) -> None:
        self._context = context

    def capabilities(self) -> dict[str, Any]:
        """Boolean indexing and shapes that depend on data are supported; the most dimensions an array has."""
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": self.default_device()._session.info.dimensions_max,
        }

    def default_device(self) -> Context:
        """The context in which creation functions without `device` make arrays."""
        return self._context or default_context()

    def default_dtypes(self, *, device: Context | None = None) -> dict[str, DType]:
        """The dtypes that functions give where none is asked for; the same in every context."""
        names = {
            "real floating": "float64",
            "complex floating": "complex128",
            "integral": "int64",
            "indexing": "int64",
        }
        return {kind: DTYPES[[one.name for one in DTYPES].index(name)] for kind, name in names.items()}

    def devices(self) -> list[Context]:
        """The open contexts, the default one first."""
        first = self.default_device()
        return [first, *(context for context in open_contexts() if context is not first)]

    def dtypes(self, *, device: Context | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes of a kind (see isdtype), or all, by name; the same in every context."""
        if kind is not None and not isinstance(kind, (str, tuple)):
            raise InvalidValueError(f"kind must be a str, a tuple of them or None, {kind!r} was given")
        return {dtype.name: dtype for dtype in DTYPES if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> NamespaceInfo:
    """What this namespace can do, as the array API standard asks."""
    return NamespaceInfo()
