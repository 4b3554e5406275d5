"""Element types, and NumPy 2's promotion by the tables of the server.

The tables (ServerInfo.promotions, operations, reductions) say what two dtypes give and which dtypes a function has
loops for. Python numbers are weak (NEP 50) by this module's own rules, so results do not depend on the NumPy installed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from distarray._proto import session_pb2, types_pb2
from distarray.error import InvalidTypeError, InvalidValueError, NumberRangeError, UnknownOperationError

DType = np.dtype[Any]
Loops = dict[int, tuple[int, int]]  # promoted dtype: (dtype computed in, dtype of the result)

# NumPy's names in the order of distarray.v1.DType, from 1.
_NAMES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128"  # fmt: skip
).split()
DTYPES: tuple[DType, ...] = tuple(np.dtype(name) for name in _NAMES)
NUMBER: dict[DType, int] = {dtype: number for number, dtype in enumerate(DTYPES, 1)}
BOOL, INT64, UINT64, FLOAT32, FLOAT64, COMPLEX64, COMPLEX128 = (
    NUMBER[np.dtype(name)] for name in ("bool", "int64", "uint64", "float32", "float64", "complex64", "complex128")
)
_KIND_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
_RANK = (-1, *(_KIND_RANK[dtype.kind] for dtype in DTYPES))
_LIMITS = {
    number: (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    for dtype, number in NUMBER.items()
    if dtype.kind in "iu"
}
_COMPARISONS = {"less", "less_equal", "equal", "not_equal", "greater", "greater_equal"}
_ALIASES = {"divide": "true_divide", "true_divide": "divide", "mod": "remainder", "remainder": "mod"}

_PYTHON: tuple[type[Any], ...] = (bool, int, float, complex)
SCALARS = (bool, int, float, complex, np.generic)


def dtype_of(number: int) -> DType:
    """The NumPy dtype of a distarray.v1.DType."""
    return DTYPES[number - 1]


def supported(dtype: npt.DTypeLike) -> DType:
    """The dtype, in native byte order. TypeError if arrays cannot have it."""
    try:
        given = np.dtype(dtype).newbyteorder("=")
    except (TypeError, ValueError, SyntaxError):  # SyntaxError: of a string with commas
        raise InvalidTypeError(f"dtype must be one of {', '.join(_NAMES)}, {dtype!r} was given") from None
    if given not in NUMBER:
        raise InvalidTypeError(f"dtype {given} is not supported; the element types are {', '.join(_NAMES)}")
    return given


def can_cast_same_kind(source: int, target: int) -> bool:
    return bool(np.can_cast(DTYPES[source - 1], DTYPES[target - 1], "same_kind"))


@dataclass(frozen=True)
class Weak:
    """A Python number: its kind's rank (bool 0, integer 1, floating 2, complex 3) and value."""

    rank: int
    value: Any

    def default(self) -> int:
        """The dtype it has by itself."""
        if self.rank == 1:
            low, high = _LIMITS[INT64]
            if low <= self.value <= high:
                return INT64
            if 0 <= self.value <= _LIMITS[UINT64][1]:
                return UINT64
            raise NumberRangeError(f"Python integer {self.value} does not fit 64 bits")
        return (BOOL, INT64, FLOAT64, COMPLEX128)[self.rank]


def weak(value: Any) -> Weak | None:
    """The weak scalar a Python number is; None for everything else."""
    kind = type(value)
    if kind is float:
        return Weak(2, value)
    if kind is int:
        return Weak(1, value)
    if kind is bool:
        return Weak(0, value)
    if kind is complex:
        return Weak(3, value)
    if isinstance(value, np.generic):
        return None
    for rank, python in enumerate(_PYTHON):
        if isinstance(value, python):
            return Weak(rank, python(value))
    return None


def set_scalar(message: types_pb2.Scalar, value: Any, dtype: int = types_pb2.DTYPE_UNSPECIFIED) -> None:
    """Fills the message with a Python number; a dtype makes it a typed scalar."""
    kind = type(value)
    if kind is bool:
        message.boolean = value
    elif kind is int:
        if -(1 << 63) <= value < 1 << 63:
            message.integer = value
        else:
            message.unsigned_integer = value
    elif kind is float:
        message.floating = value
    else:
        message.complex.real = value.real
        message.complex.imaginary = value.imag
    if dtype:
        message.dtype = dtype  # type: ignore[assignment]


def to_element(value: Any, dtype: DType) -> Any:
    """The Python number that an element of dtype holds after x[...] = value, NumPy's rules. Errors as NumPy's."""
    number = weak(value)
    if number is None:
        if hasattr(value, "__array_ufunc__") and np.ndim(value):  # an array, which is not fetched for this
            raise InvalidTypeError(f"a number was expected, an array of shape {value.shape} was given")
        scalar = np.asarray(value)
        if scalar.dtype.kind not in _KIND_RANK:
            raise InvalidTypeError(f"cannot assign {value!r} to an array of {dtype}")
        if scalar.dtype.kind == "c" and dtype.kind not in "cb":
            scalar = scalar.real
        with np.errstate(all="ignore"):
            return scalar.astype(dtype).item()
    value = number.value
    if dtype.kind in "iu":
        if number.rank == 3:
            raise InvalidTypeError(f"cannot convert the complex number {value} to {dtype}")
        if number.rank == 2:
            if math.isnan(value):
                raise InvalidValueError(f"cannot convert float NaN to {dtype}")
            if math.isinf(value):
                raise NumberRangeError(f"cannot convert float infinity to {dtype}")
        integer = int(value)
        low, high = _LIMITS[NUMBER[dtype]]
        if not low <= integer <= high:
            raise NumberRangeError(f"Python integer {integer} out of bounds for {dtype}")
        return integer
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "f":
        if number.rank == 3:
            raise InvalidTypeError(f"cannot convert the complex number {value} to {dtype}")
        return float(value)
    return complex(value)


class Plan(NamedTuple):
    """What an elementwise call comes to: possibly another function with other scalars (see Tables.plan)."""

    name: str
    result: int
    operands: Sequence[Any]  # dtype numbers, Weak numbers, or (value, dtype number)
    dtype: int
    swapped: bool = False  # the operands go in the reverse of the order given


class Tables:
    """The server's promotion tables."""

    def __init__(self, info: session_pb2.ServerInfo) -> None:
        count = len(DTYPES)
        if len(info.promotions) < count * count:
            raise InvalidValueError("the server's promotion table is smaller than this client's")
        served = math.isqrt(len(info.promotions))
        self._promotions: list[list[int]] = [
            [0] * (count + 1),
            *([0, *info.promotions[row * served : row * served + count]] for row in range(count)),
        ]
        self._operations: dict[str, tuple[int, Loops]] = {
            operation.name: (
                operation.operand_count,
                {loop.operands: (loop.compute, loop.result) for loop in operation.loops},
            )
            for operation in info.operations
        }
        self._reductions: dict[str, Loops] = {
            reduction.name: {loop.operands: (loop.compute, loop.result) for loop in reduction.loops}
            for reduction in info.reductions
        }
        self._plans: dict[tuple[Any, ...], tuple[str, int]] = {}

    def operation(self, name: str) -> tuple[str, int, Loops]:
        """The server's name for a function, its operand count and loops."""
        found = self._operations.get(name)
        if found is None:
            alias = _ALIASES.get(name, "")
            found = self._operations.get(alias)
            if found is None:
                raise UnknownOperationError(f"the server has no function {name!r}")
            name = alias
        return name, *found

    def has_operation(self, name: str) -> bool:
        return name in self._operations or _ALIASES.get(name) in self._operations

    def plan(self, name: str, types: Sequence[int | Weak], dtype: int = types_pb2.DTYPE_UNSPECIFIED) -> Plan:
        """dtype of name(*operands), each given as a dtype number or a weak number; `dtype` is NumPy's argument.

        Comparisons with integers beyond the array's range become comparisons with the end of the range.
        """
        signature: list[Any] = [name, dtype]
        for operand in types:
            if type(operand) is int:
                signature.append(operand)
            elif operand.rank == 1 and not 0 <= operand.value <= 127:  # type: ignore[union-attr]
                return self._plan(name, types, dtype)
            else:
                signature.append(-1 - operand.rank)  # type: ignore[union-attr]
        known = self._plans.get(tuple(signature))
        if known is not None:
            return Plan(*known, types, dtype)
        plan = self._plan(name, types, dtype)
        if plan.operands is types:
            self._plans[tuple(signature)] = plan.name, plan.result
        return plan

    def _plan(self, name: str, types: Sequence[int | Weak], dtype: int) -> Plan:
        name, count, loops = self.operation(name)
        if len(types) != count:
            raise InvalidTypeError(f"{name} takes {count} operands, {len(types)} were given")
        skip = 1 if name == "where" else 0  # the condition takes no part in the promotion
        promoted = 0
        rank = -1
        for operand in types[skip:]:
            if isinstance(operand, Weak):
                rank = max(rank, operand.rank)
            else:
                promoted = operand if promoted == 0 else self._promotions[promoted][operand]
        typed_scalars = (
            promoted == 0
        )  # no array takes part: the numbers decide, and are sent with the dtype they decided on
        if typed_scalars:
            for operand in types[skip:]:
                assert isinstance(operand, Weak)
                own = operand.default()
                promoted = own if promoted == 0 else self._promotions[promoted][own]
        elif rank > _RANK[promoted]:
            default = (BOOL, INT64, FLOAT64, COMPLEX128)[rank]
            promoted = COMPLEX64 if default == COMPLEX128 and promoted == FLOAT32 else default
        if not dtype and _meets_in_float32(promoted, types, loops):
            promoted = FLOAT32
        if dtype:
            if not can_cast_same_kind(promoted, dtype):
                raise InvalidTypeError(
                    f"{name}: cannot cast {dtype_of(promoted)} to the dtype asked for, {dtype_of(dtype)}"
                )
            promoted = dtype
        operands: Sequence[Any] = types
        swapped = False
        limits = _LIMITS.get(promoted)
        for position in range(skip, count):
            operand = types[position]
            if limits is None:
                break
            if isinstance(operand, Weak) and operand.rank == 1 and not limits[0] <= operand.value <= limits[1]:
                if name not in _COMPARISONS:
                    raise NumberRangeError(f"Python integer {operand.value} out of bounds for {dtype_of(promoted)}")
                name, limit = _clamped(name, operand.value, position, limits)
                operands, swapped = [types[1 - position], limit], position == 0
                break
        exponent = types[1] if name == "power" else None
        if limits is not None and isinstance(exponent, Weak) and exponent.rank == 1 and exponent.value < 0:
            raise InvalidValueError(f"power: integers to a negative integer power are not allowed ({exponent.value})")
        loop = loops.get(promoted)
        if loop is None:
            raise _no_loop(name, promoted)
        if dtype and loop[1] != dtype:
            raise InvalidTypeError(f"{name} has no loop that gives {dtype_of(dtype)}")
        if typed_scalars:
            kind = dtype_of(promoted)
            typed = [(to_element(one.value, kind), promoted) for one in types[skip:] if isinstance(one, Weak)]
            operands = [*types[:skip], *typed]
        return Plan(name, loop[1], operands, dtype, swapped)

    def reduction(self, name: str, source: int, dtype: int = types_pb2.DTYPE_UNSPECIFIED) -> int:
        """The result's dtype number of a reduction of an array of `source`; `dtype` is NumPy's argument."""
        loops = self._reductions.get(name)
        if loops is None:
            raise UnknownOperationError(f"the server has no reduction {name!r}")
        loop = loops.get(dtype or source)
        if loop is None:
            raise _no_loop(name, dtype or source)
        return loop[1] if not dtype or name in ("any", "all") else dtype


def _meets_in_float32(promoted: int, types: Sequence[int | Weak], loops: Loops) -> bool:
    """Whether a function of floats, of integers that float32 holds (int16 and uint16), computes in it, though their
    common integer dtype needs float64: NumPy takes its first loop that all operands fit.
    """
    if dtype_of(promoted).kind not in "iu" or loops.get(promoted, (0, 0))[0] != FLOAT64:
        return False
    return all(type(operand) is int and loops.get(operand, (0, 0))[0] == FLOAT32 for operand in types)


def _no_loop(name: str, dtype: int) -> InvalidTypeError:
    return InvalidTypeError(f"{name} is not defined for {dtype_of(dtype)}")


def _clamped(name: str, value: int, position: int, limits: tuple[int, int]) -> tuple[str, Weak]:
    """A comparison of an array with an integer beyond its range (at `position`), as one of the array with the end
    of the range that is always or never true.
    """
    above = value > limits[1]
    if position == 0:  # number < array is array > number
        name = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}.get(
            name, name
        )
    always = name == "not_equal" or (name != "equal" and name.startswith("less") == above)
    if above:
        return ("less_equal" if always else "greater"), Weak(1, limits[1])
    return ("greater_equal" if always else "less"), Weak(1, limits[0])
