"""readonly: marks an array that a function is given to read only."""

from __future__ import annotations

from typing import Any


class ReadOnly:
    """An array (or its key) that a function cannot write."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __repr__(self) -> str:
        return f"readonly({self.array!r})"


def readonly(array: Any) -> ReadOnly:
    """The array as an argument of `apply` or a registered function that cannot write it.

    Calls that only read may run while others read the array, and nothing need wait for their end.
    """
    return ReadOnly(array)
