"""NumPy's functions on distributed arrays: run on the server where there is an equivalent, TypeError otherwise.
Never fetches.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray.error import InvalidTypeError
from distarray.globalapi import _elementwise
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray

_NAMES = {"abs": "absolute", "conj": "conjugate", "divide": "true_divide", "mod": "remainder", "pow": "power"}
_ADVICE = "numpy.asarray(array) fetches the elements"

# ufunc.reduce, where it is a function with a name of its own.
_REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}

# ufunc.accumulate likewise.
_SCANS = {"add": "cumsum", "multiply": "cumprod"}

# Functions of the namespace that are no ufuncs but have a NumPy twin that is one.
_COMPOSED = ("divmod", "modf", "matmul", "vecdot")


def ufunc(self: DistArray, function: np.ufunc, method: str, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """np.sin(d), np.add(d, 1), np.add(a, b, out=d), np.add.reduce(d)."""
    from distarray import globalapi

    name = _NAMES.get(function.__name__, function.__name__)
    options = dict(kwargs)
    outputs = options.pop("out", None)
    if method == "reduce" and name in _REDUCTIONS:
        axis = options.pop("axis", 0)
        return getattr(globalapi, _REDUCTIONS[name])(*inputs, axis=axis, out=outputs, **options)
    if method == "accumulate" and name in _SCANS:
        axis = options.pop("axis", 0)
        return getattr(globalapi, _SCANS[name])(*inputs, axis=axis, out=outputs, **options)
    if method != "__call__":
        raise InvalidTypeError(f"numpy.{function.__name__}.{method} is not available for a DistArray; {_ADVICE}")
    dtype = options.pop("dtype", None)
    if options.pop("casting", "same_kind") != "same_kind" or options.pop("where", True) is not True or options:
        raise InvalidTypeError(f"numpy.{function.__name__} on a DistArray takes dtype= and out=, not {sorted(kwargs)}")
    if name in _COMPOSED and name in globalapi.__all__ and dtype is None:
        if outputs is None:
            return getattr(globalapi, name)(*inputs)
        if function.nout == 1:
            return _elementwise.assigned(f"numpy.{name}", getattr(globalapi, name)(*inputs), outputs)
    if not self.context._tables.has_operation(name) or function.nout != 1:
        raise InvalidTypeError(f"numpy.{function.__name__} is not available for a DistArray; {_ADVICE}")
    out = None if outputs is None else outputs[0]
    if out is not None and not isinstance(out, Handle):
        raise InvalidTypeError(
            f"numpy.{function.__name__} of a DistArray cannot go to an output of {type(out).__name__}; {_ADVICE}"
        )
    return _elementwise.elementwise_into(name, inputs, dtype, out)


def function(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """np.sum(d), np.where(...), np.concatenate([d, e])."""
    found = _functions().get(function)
    if found is None:
        raise InvalidTypeError(f"{function.__module__}.{function.__name__} is not available for a DistArray; {_ADVICE}")
    ours, names = found
    options = dict(kwargs)
    for name, value in _NO_EFFECT.items():
        if name in options and any(
            options[name] is one or (isinstance(options[name], str) and options[name] == one) for one in value
        ):
            del options[name]
    for theirs, name in _RENAMED.items():
        if theirs in options:
            options[name] = options.pop(theirs)
    given = list(args)
    for name in names[len(given) :]:  # our first parameters have no names, NumPy's have
        if name not in options:
            break
        given.append(options.pop(name))
    try:
        inspect.signature(ours).bind(*given, **options)
    except TypeError as error:
        raise InvalidTypeError(f"{function.__module__}.{function.__name__} of a DistArray: {error}") from None
    return ours(*given, **options)


# NumPy's older names.
_RENAMED = {"a_min": "min", "a_max": "max", "newshape": "shape"}

# Arguments of NumPy's that mean, with these values, what is done anyway.
_NO_EFFECT: dict[str, tuple[Any, ...]] = {
    "order": ("K", "A", "C"),
    "subok": (True, False),
    "where": (True,),
    "initial": (None,),
    "casting": ("same_kind",),
    "device": ("cpu",),
}


@functools.cache
def _functions() -> dict[Callable[..., Any], tuple[Callable[..., Any], list[str]]]:
    """For NumPy's functions: ours, and the names of NumPy's first parameters that are positional in ours."""
    from distarray import globalapi

    found: dict[Any, Callable[..., Any]] = {}
    for name in globalapi.__all__:
        if name == "linspace":  # its ends are numbers here
            continue
        twin = getattr(np, name, None) if inspect.isfunction(getattr(globalapi, name)) else None
        if callable(getattr(twin, "__wrapped__", None)) or hasattr(twin, "_implementation"):
            found[twin] = getattr(globalapi, name)
    found[np.ndim] = _ndim
    found[np.shape] = _shape
    found[np.size] = _size
    return {twin: (ours, _leading(twin, ours)) for twin, ours in found.items()}


def _ndim(a: DistArray, /) -> int:
    return a.ndim


def _shape(a: DistArray, /) -> tuple[int, ...]:
    return a.shape


def _size(a: DistArray, /, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis]


def _leading(twin: Callable[..., Any], ours: Callable[..., Any]) -> list[str]:
    positional = [
        parameter
        for parameter in inspect.signature(ours).parameters.values()
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY
    ]
    try:
        names = list(inspect.signature(twin).parameters)
    except (TypeError, ValueError):  # written in C
        return []
    return names[: len(positional)]
