"""Key: the name of an array on the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """The name of an array within its session. Hashable and picklable, so an argument can be told from a number."""

    value: int

    def __int__(self) -> int:
        return self.value
