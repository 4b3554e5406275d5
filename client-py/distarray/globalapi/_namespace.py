"""The namespace of an array's context, for code written to the array API standard: `x.__array_namespace__()`.

Of the default context it is the module distarray; of another one, an object with the same names whose functions make
their arrays there, so that what such code makes fits the arrays that it was given.
"""

from __future__ import annotations

import functools
import types
import weakref
from typing import TYPE_CHECKING, Any

from distarray.error import ContextError, InvalidValueError

if TYPE_CHECKING:
    from distarray.globalapi.context import Context

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")
_MAKING = frozenset(
    ["arange", "array", "asarray", "empty", "eye", "from_dlpack", "fromarray", "fromfunction", "full", "identity"]
    + ["indices", "linspace", "ones", "zeros"]
)


class Namespace(types.ModuleType):
    """The names of the module distarray, bound to a context."""

    def __init__(self, context: Context) -> None:
        super().__init__("distarray", f"The module distarray, making arrays in {context!r}.")
        self._context_of = weakref.ref(context)

    def __getattr__(self, name: str) -> Any:
        import distarray

        value = getattr(distarray, name)
        if name in _MAKING:
            value = self._making(value)
        elif name == "__array_namespace_info__":
            from distarray.globalapi.inspection import NamespaceInfo

            value = functools.partial(NamespaceInfo, self._context())
        setattr(self, name, value)
        return value

    def _context(self) -> Context:
        context = self._context_of()
        if context is None:
            raise ContextError("the context of this namespace is gone")
        return context

    def _making(self, function: Any) -> Any:
        @functools.wraps(function)
        def bound(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("device") is None:
                kwargs["device"] = self._context()
            return function(*args, **kwargs)

        return bound


def namespace_of(context: Context, api_version: str | None) -> Any:
    """The module distarray if it makes arrays in this context, else a Namespace that does."""
    import distarray
    from distarray.globalapi.context import default_context

    if api_version is not None and api_version not in VERSIONS:
        raise InvalidValueError(f"api_version must be one of {', '.join(VERSIONS)}, {api_version!r} was given")
    if context is default_context(make=False):
        return distarray
    if context._namespace is None:
        context._namespace = Namespace(context)
    return context._namespace
