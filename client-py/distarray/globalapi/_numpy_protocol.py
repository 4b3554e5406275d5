"""NumPy's functions on distributed arrays: run on the server where there is an equivalent, TypeError otherwise.
Never fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._dtypes import can_cast_same_kind
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi import _elementwise
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

_NAMES = {"abs": "absolute", "conj": "conjugate", "divide": "true_divide", "mod": "remainder", "pow": "power"}
_ADVICE = "numpy.asarray(array) fetches the elements"


def ufunc(self: DistArray, function: np.ufunc, method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """np.sin(d), np.add(d, 1), np.add(a, b, out=d)."""
    name = _NAMES.get(function.__name__, function.__name__)
    options = dict(kwargs)
    outputs = options.pop("out", None)
    dtype = options.pop("dtype", None)
    if options.pop("casting", "same_kind") != "same_kind" or options.pop("where", True) is not True or options:
        raise InvalidTypeError(f"numpy.{function.__name__} on a DistArray takes dtype= and out=, not {sorted(kwargs)}")
    if method != "__call__":
        raise InvalidTypeError(f"numpy.{function.__name__}.{method} is not available for a DistArray; {_ADVICE}")
    if name == "positive":
        return +inputs[0]
    if name == "divmod" and outputs is None:
        return divmod(inputs[0], inputs[1])
    if not self.context._tables.has_operation(name) or function.nout != 1:
        raise InvalidTypeError(f"numpy.{function.__name__} is not available for a DistArray; {_ADVICE}")
    if outputs is None:
        return _elementwise.elementwise(name, inputs, dtype)
    (out,) = outputs
    if not isinstance(out, Handle):
        raise InvalidTypeError(
            f"numpy.{function.__name__} of a DistArray cannot go to an output of {type(out).__name__}; {_ADVICE}"
        )
    if inputs and inputs[0] is out:
        return _elementwise.elementwise(name, inputs, dtype, out)
    result = _elementwise.elementwise(name, inputs, dtype)
    if result.shape != out.shape:
        raise InvalidValueError(
            f"numpy.{function.__name__}: the result's shape is {result.shape}, the output's {out.shape}"
        )
    if not can_cast_same_kind(result._type, out._type):
        raise InvalidTypeError(
            f"numpy.{function.__name__}: cannot cast the result's {result.dtype} to the output's {out.dtype}"
        )
    out[...] = result  # type: ignore[index]
    return out


def function(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """np.sum(d), np.where(...), np.shape(d)."""
    found = _FUNCTIONS.get(function)
    if found is None:
        raise InvalidTypeError(f"{function.__module__}.{function.__name__} is not available for a DistArray; {_ADVICE}")
    return found(*args, **kwargs)


def _reduction(name: str) -> Callable[..., Any]:
    def call(a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        return getattr(a, name)(axis, *args, **kwargs)

    return call


def _where(condition: Any, *choices: Any) -> Any:
    if len(choices) != 2:
        raise InvalidTypeError(f"numpy.where of a DistArray takes condition, x and y; {_ADVICE}")
    return _elementwise.elementwise("where", (condition, *choices))


def _allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    context = (a if isinstance(a, Handle) else b).context
    return context.allclose(a, b, rtol, atol, equal_nan=equal_nan)


def _like(name: str) -> Callable[..., Any]:
    def call(a: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if (
            kwargs.pop("order", "K") not in "KCA"
            or kwargs.pop("shape", None) is not None
            or not kwargs.pop("subok", True)
        ):
            raise InvalidTypeError(f"numpy.{name}_like of a DistArray takes dtype= only")
        from distarray.globalapi import creation  # which imports us

        if kwargs.get("device") == "cpu":  # NumPy's own word for "where it is"
            del kwargs["device"]
        return getattr(creation, f"{name}_like")(a, *args, dtype=dtype, **kwargs)

    return call


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.all: _reduction("all"),
    np.allclose: _allclose,
    np.amax: _reduction("max"),
    np.amin: _reduction("min"),
    np.any: _reduction("any"),
    np.copy: lambda a, order="K", subok=False: a.copy(),
    np.empty_like: _like("empty"),
    np.full_like: _like("full"),
    np.max: _reduction("max"),
    np.mean: _reduction("mean"),
    np.min: _reduction("min"),
    np.ndim: lambda a: a.ndim,
    np.ones_like: _like("ones"),
    np.prod: _reduction("prod"),
    np.shape: lambda a: a.shape,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.std: _reduction("std"),
    np.sum: _reduction("sum"),
    np.var: _reduction("var"),
    np.where: _where,
    np.zeros_like: _like("zeros"),
}
