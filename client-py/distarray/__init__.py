"""NumPy-like arrays that live in a DistArray daemon.

    import distarray as da
    with da.Context():                   # a private daemon, or $DISTARRAY_ADDRESS, or Context("host:port")
        x = da.ones((1000, 1000))
        print(float((x + da.sin(x)).sum()))

This module is the namespace of the Python array API standard (2024.12), and has NumPy's names too: all that
`distarray.globalapi` has. Functions that make arrays do so in the default context, or in `device=`.

`globalapi` has the arrays and their functions, `localapi` the class of a single target's block, `error` the exceptions.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from distarray._key import Key
from distarray._readonly import readonly
from distarray.error import DistArrayError

if TYPE_CHECKING:
    from distarray.globalapi import *  # noqa: F403

__version__ = "0.1.0"

# The method of the Distributed Array Protocol, and what names of arrays began with in the original DistArray.
DISTARRAY_BASE_NAME = "__distarray__"

_OWN = {
    "DISTARRAY_BASE_NAME": DISTARRAY_BASE_NAME,
    "DistArrayError": DistArrayError,
    "Key": Key,
    "__version__": __version__,
    "readonly": readonly,
}


def __getattr__(name: str) -> Any:
    """The names of globalapi, which is imported with the first of them: workers have no use for it, and no protobuf."""
    special = name.startswith("__") and name not in ("__all__", "__array_api_version__", "__array_namespace_info__")
    if special or importlib.util.find_spec(f"distarray.{name}") is not None:  # a module, until it is imported
        raise AttributeError(f"module 'distarray' has no attribute {name!r}")
    globalapi = importlib.import_module("distarray.globalapi")
    if name == "__all__":
        return sorted([*_OWN, *globalapi.__all__])
    if name not in globalapi.__all__:
        raise AttributeError(f"module 'distarray' has no attribute {name!r}")
    value = globals()[name] = getattr(globalapi, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
