"""Python's operators on arrays. None of them waits for the server.

All but `@` are elementwise, as the functions of the same meaning: what they give is a new array, dealt out as the first
operand of its shape is. In place (`+=`) the array itself is written, and stays dealt out as it is. `@` is matmul.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from distarray._dtypes import BOOL
from distarray.globalapi._elementwise import assigned, elementwise, positive
from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray


class Operators:
    """Arithmetic, comparison and bitwise operators, reflected and in place: new arrays, dealt out as elementwise
    functions' are, or the array itself.
    """

    __slots__ = ()

    def __add__(self, other: Any) -> DistArray:
        return elementwise("add", (self, other))

    def __radd__(self, other: Any) -> DistArray:
        return elementwise("add", (other, self))

    def __iadd__(self, other: Any) -> DistArray:
        return elementwise("add", (self, other), out=cast(Handle, self))

    def __sub__(self, other: Any) -> DistArray:
        return elementwise("subtract", (self, other))

    def __rsub__(self, other: Any) -> DistArray:
        return elementwise("subtract", (other, self))

    def __isub__(self, other: Any) -> DistArray:
        return elementwise("subtract", (self, other), out=cast(Handle, self))

    def __mul__(self, other: Any) -> DistArray:
        return elementwise("multiply", (self, other))

    def __rmul__(self, other: Any) -> DistArray:
        return elementwise("multiply", (other, self))

    def __imul__(self, other: Any) -> DistArray:
        return elementwise("multiply", (self, other), out=cast(Handle, self))

    def __matmul__(self, other: Any) -> DistArray:
        return _linear_algebra().matmul(self, other)

    def __rmatmul__(self, other: Any) -> DistArray:
        return _linear_algebra().matmul(other, self)

    def __imatmul__(self, other: Any) -> DistArray:
        return assigned("matmul", _linear_algebra().matmul(self, other), self)

    def __truediv__(self, other: Any) -> DistArray:
        return elementwise("true_divide", (self, other))

    def __rtruediv__(self, other: Any) -> DistArray:
        return elementwise("true_divide", (other, self))

    def __itruediv__(self, other: Any) -> DistArray:
        return elementwise("true_divide", (self, other), out=cast(Handle, self))

    def __floordiv__(self, other: Any) -> DistArray:
        return elementwise("floor_divide", (self, other))

    def __rfloordiv__(self, other: Any) -> DistArray:
        return elementwise("floor_divide", (other, self))

    def __ifloordiv__(self, other: Any) -> DistArray:
        return elementwise("floor_divide", (self, other), out=cast(Handle, self))

    def __mod__(self, other: Any) -> DistArray:
        return elementwise("remainder", (self, other))

    def __rmod__(self, other: Any) -> DistArray:
        return elementwise("remainder", (other, self))

    def __imod__(self, other: Any) -> DistArray:
        return elementwise("remainder", (self, other), out=cast(Handle, self))

    def __divmod__(self, other: Any) -> tuple[DistArray, DistArray]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[DistArray, DistArray]:
        return other // self, other % self

    def __pow__(self, other: Any) -> DistArray:
        return elementwise("power", (self, other))

    def __rpow__(self, other: Any) -> DistArray:
        return elementwise("power", (other, self))

    def __ipow__(self, other: Any) -> DistArray:
        return elementwise("power", (self, other), out=cast(Handle, self))

    def __lshift__(self, other: Any) -> DistArray:
        return elementwise("left_shift", (self, other))

    def __rlshift__(self, other: Any) -> DistArray:
        return elementwise("left_shift", (other, self))

    def __ilshift__(self, other: Any) -> DistArray:
        return elementwise("left_shift", (self, other), out=cast(Handle, self))

    def __rshift__(self, other: Any) -> DistArray:
        return elementwise("right_shift", (self, other))

    def __rrshift__(self, other: Any) -> DistArray:
        return elementwise("right_shift", (other, self))

    def __irshift__(self, other: Any) -> DistArray:
        return elementwise("right_shift", (self, other), out=cast(Handle, self))

    def __and__(self, other: Any) -> DistArray:
        return elementwise("bitwise_and", (self, other))

    def __rand__(self, other: Any) -> DistArray:
        return elementwise("bitwise_and", (other, self))

    def __iand__(self, other: Any) -> DistArray:
        return elementwise("bitwise_and", (self, other), out=cast(Handle, self))

    def __or__(self, other: Any) -> DistArray:
        return elementwise("bitwise_or", (self, other))

    def __ror__(self, other: Any) -> DistArray:
        return elementwise("bitwise_or", (other, self))

    def __ior__(self, other: Any) -> DistArray:
        return elementwise("bitwise_or", (self, other), out=cast(Handle, self))

    def __xor__(self, other: Any) -> DistArray:
        return elementwise("bitwise_xor", (self, other))

    def __rxor__(self, other: Any) -> DistArray:
        return elementwise("bitwise_xor", (other, self))

    def __ixor__(self, other: Any) -> DistArray:
        return elementwise("bitwise_xor", (self, other), out=cast(Handle, self))

    def __lt__(self, other: Any) -> DistArray:
        return elementwise("less", (self, other))

    def __le__(self, other: Any) -> DistArray:
        return elementwise("less_equal", (self, other))

    def __gt__(self, other: Any) -> DistArray:
        return elementwise("greater", (self, other))

    def __ge__(self, other: Any) -> DistArray:
        return elementwise("greater_equal", (self, other))

    def __eq__(self, other: Any) -> Any:
        if _incomparable(other):
            return cast(Handle, self)._context._full_like(cast(Handle, self), False, BOOL)
        return elementwise("equal", (self, other))

    def __ne__(self, other: Any) -> Any:
        if _incomparable(other):
            return cast(Handle, self)._context._full_like(cast(Handle, self), True, BOOL)
        return elementwise("not_equal", (self, other))

    __hash__ = None  # type: ignore[assignment]

    def __neg__(self) -> DistArray:
        return elementwise("negative", (self,))

    def __pos__(self) -> DistArray:
        return positive(cast(Handle, self))

    def __abs__(self) -> DistArray:
        return elementwise("absolute", (self,))

    def __invert__(self) -> DistArray:
        return elementwise("invert", (self,))


def _linear_algebra() -> Any:
    from distarray.globalapi import linear_algebra  # which imports DistArray

    return linear_algebra


def _incomparable(other: Any) -> bool:
    """Whether == with it is false elementwise, as NumPy has it for None and text."""
    return other is None or isinstance(other, (str, bytes))
