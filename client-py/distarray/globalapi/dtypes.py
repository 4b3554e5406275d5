"""The element types, and the functions on them of the array API standard.

They are NumPy's own: distarray.float32 is numpy.float32, to which the dtype of arrays of it is equal.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._dtypes import DTYPES, NUMBER, SCALARS, DType, supported, weak
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.globalapi._handle import Handle
from distarray.globalapi.context import Context
from distarray.globalapi.distarray import DistArray

__all__ = [
    "astype",
    "bool",
    "can_cast",
    "complex64",
    "complex128",
    "finfo",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

bool = np.bool_
int8 = np.int8
int16 = np.int16
int32 = np.int32
int64 = np.int64
uint8 = np.uint8
uint16 = np.uint16
uint32 = np.uint32
uint64 = np.uint64
float32 = np.float32
float64 = np.float64
complex64 = np.complex64
complex128 = np.complex128

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}
_PYTHON_KINDS = ("b", "iu", "f", "c")  # of weak numbers, by rank
_DEFAULTS = (bool, int64, float64, complex128)


@dataclass(frozen=True)
class FloatLimits:
    """What a floating type can hold; of a complex type, that of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType

    @property
    def tiny(self) -> float:
        """NumPy's name of smallest_normal."""
        return self.smallest_normal


@dataclass(frozen=True)
class IntegerLimits:
    """What an integer type can hold."""

    bits: int
    max: int
    min: int
    dtype: DType


def astype(
    x: DistArray, dtype: npt.DTypeLike, /, *, copy: builtins.bool = True, device: Context | None = None
) -> DistArray:
    """x converted to dtype, as C converts: a new array, dealt out as x is; with copy=False x itself if it has that
    dtype. device: another context, to which the converted elements are brought through this process.
    """
    if not isinstance(x, DistArray):
        raise InvalidTypeError(f"astype takes a DistArray, {type(x).__name__} was given")
    converted = x.astype(dtype, copy=copy)
    return converted if device is None else converted.to_device(device)


def can_cast(from_: DistArray | npt.DTypeLike, to: npt.DTypeLike, /, casting: str = "safe") -> builtins.bool:
    """Whether a dtype, or an array's, converts to another under NumPy's casting rule."""
    source = from_.dtype if isinstance(from_, Handle) else supported(from_)
    return builtins.bool(np.can_cast(source, supported(to), casting))  # type: ignore[arg-type]


def finfo(type: DistArray | npt.DTypeLike, /) -> FloatLimits:
    """The limits of a floating or complex dtype, or of an array's."""
    dtype = type.dtype if isinstance(type, Handle) else supported(type)
    if dtype.kind not in "fc":
        raise InvalidValueError(f"finfo takes a floating or complex dtype, {dtype} was given; see iinfo")
    limits = np.finfo(dtype)
    return FloatLimits(
        bits=int(limits.bits),
        eps=float(limits.eps),
        max=float(limits.max),
        min=float(limits.min),
        smallest_normal=float(limits.tiny),
        dtype=np.dtype(limits.dtype),
    )


def iinfo(type: DistArray | npt.DTypeLike, /) -> IntegerLimits:
    """The limits of an integer dtype, or of an array's."""
    dtype = type.dtype if isinstance(type, Handle) else supported(type)
    if dtype.kind not in "iu":
        raise InvalidValueError(f"iinfo takes an integer dtype, {dtype} was given; see finfo")
    limits = np.iinfo(dtype)
    return IntegerLimits(bits=int(limits.bits), max=int(limits.max), min=int(limits.min), dtype=dtype)


def isdtype(dtype: npt.DTypeLike, kind: npt.DTypeLike | str | tuple[Any, ...]) -> builtins.bool:
    """Whether a dtype is of a kind: "bool", "signed integer", "unsigned integer", "integral", "real floating",
    "complex floating", "numeric", a dtype, or one of a tuple of these.
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    given = supported(dtype)
    if isinstance(kind, str) and kind in _KINDS:
        return given.kind in _KINDS[kind]
    if isinstance(kind, str) and kind not in {one.name for one in DTYPES}:
        raise InvalidValueError(f"kind must be a dtype or one of {', '.join(_KINDS)}, {kind!r} was given")
    return given == supported(kind)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype to which arrays, dtypes and Python numbers are promoted together, as NumPy 2 has it."""
    if not arrays_and_dtypes:
        raise InvalidValueError("result_type takes at least one array or dtype, none was given")
    typed = [one.dtype if isinstance(one, (Handle, np.ndarray, np.generic)) else one for one in arrays_and_dtypes]
    numbers = [number for one in typed if (number := weak(one)) is not None]
    dtypes = [supported(one) for one in typed if weak(one) is None]
    if not dtypes:
        return promoted([np.dtype(_DEFAULTS[number.rank]) for number in numbers])
    result = promoted(dtypes)
    rank = max((number.rank for number in numbers), default=0)
    if rank > next(place for place, kinds in enumerate(_PYTHON_KINDS) if result.kind in kinds):
        result = np.dtype(complex64 if rank == 3 and result == float32 else _DEFAULTS[rank])
    return result


def together(*operands: Any) -> DType:
    """As result_type, of operands: what is no array, dtype or number is what numpy.asarray makes of it."""
    known = (Handle, np.ndarray, *SCALARS)
    return result_type(*(one if isinstance(one, known) else np.asarray(one) for one in operands))


def promoted(dtypes: Sequence[DType]) -> DType:
    """The dtype to which these are promoted together: not always that of one pair after another, as int8, uint16 and
    float32 are all in float32.
    """
    return DTYPES[NUMBER[np.result_type(*dtypes)] - 1]
