"""What a checker finds, and the error that carries it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_LONGEST = 120
# How many of possibly millions of indices a message names.
FEW = 8


def shown(value: Any) -> str:
    """A value's repr on one line, shortened; a repr that raises is replaced."""
    try:
        text = repr(value).replace("\n", " ")
    except Exception:
        return f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@dataclass(frozen=True)
class Violation:
    """One broken rule; `process` and `dimension` are None where the rule is not about a single one."""

    rule: str
    process: int | None
    dimension: int | None
    message: str

    def __str__(self) -> str:
        places = (("process", self.process), ("dimension", self.dimension))
        where = ", ".join(f"{name} {number}" for name, number in places if number is not None)
        return f"{where}: {self.message}" if where else self.message


class ProtocolError(ValueError):
    """An export breaks the Distributed Array Protocol; `violations` has every way in which it does."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = list(violations)
        # The only argument, so that the error can be pickled.
        super().__init__(self.violations)

    def __str__(self) -> str:
        lines = [str(violation) for violation in self.violations]
        if len(lines) == 1:
            return f"the Distributed Array Protocol 0.10 is violated: {lines[0]}"
        return "\n  ".join([f"the Distributed Array Protocol 0.10 is violated in {len(lines)} ways:", *lines])


@dataclass(frozen=True)
class Findings:
    """Collects violations of one process and dimension into a list shared with others."""

    violations: list[Violation]
    process: int | None = None
    dimension: int | None = None

    def at(self, *, process: int | None = None, dimension: int | None = None) -> Findings:
        """The same list, for another process or dimension."""
        return Findings(
            self.violations,
            self.process if process is None else process,
            self.dimension if dimension is None else dimension,
        )

    def add(self, rule: str, message: str) -> None:
        self.violations.append(Violation(rule, self.process, self.dimension, message))

    def wrong(self, rule: str, name: str, given: Any, expected: str) -> None:
        self.add(rule, f"{name} is {shown(given)}, expected {expected}")
