"""What would run to compute an array."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from distarray._index import Shape
from distarray._proto import arrays_pb2

_KINDS = {
    arrays_pb2.Explanation.Step.KIND_PROGRAM: "program",
    arrays_pb2.Explanation.Step.KIND_COPY: "copy",
    arrays_pb2.Explanation.Step.KIND_EDGES: "edges",
}


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


@dataclass(frozen=True)
class Step:
    """One command to the engines. `kind`: 'program', a pass over an iteration space; 'copy', elements are dealt out
    otherwise; 'edges', elements at the edges of blocks go to the engines that read them.
    """

    kind: str
    shape: Shape  # of the iteration space, of what is copied
    targets: tuple[int, ...]
    operations: tuple[str, ...]  # what a program computes, in order
    operand_count: int  # arrays that a program reads
    instruction_count: int
    moved_bytes: int  # from one engine to another
    memory_bytes: int  # of new blocks, on all engines

    def __str__(self) -> str:
        parts = []
        if self.operations:
            counted = Counter(self.operations)
            parts.append(", ".join(name if count == 1 else f"{count} x {name}" for name, count in counted.items()))
        if self.kind == "program":
            parts.append(f"reads {self.operand_count} arrays" if self.operand_count != 1 else "reads 1 array")
        else:
            parts.append(f"moves {_bytes(self.moved_bytes)}")
        if self.memory_bytes:
            parts.append(f"new memory {_bytes(self.memory_bytes)}")
        return f"{self.kind} over {self.shape} on {list(self.targets)}: {'; '.join(parts)}"


@dataclass(frozen=True, repr=False)
class Explanation:
    """What would run, in order, to compute and store an array; no steps if it is stored."""

    steps: tuple[Step, ...]

    @property
    def programs(self) -> int:
        """How many passes."""
        return sum(step.kind == "program" for step in self.steps)

    @property
    def moved_bytes(self) -> int:
        """Bytes that go from one engine to another."""
        return sum(step.moved_bytes for step in self.steps)

    @property
    def memory_bytes(self) -> int:
        """Bytes of new blocks on all engines, temporary ones too."""
        return sum(step.memory_bytes for step in self.steps)

    def __str__(self) -> str:
        if not self.steps:
            return "stored, or under way: nothing would run"
        head = f"{self.programs} program(s), moves {_bytes(self.moved_bytes)}, new memory {_bytes(self.memory_bytes)}"
        return "\n".join([head, *(f"  {number}. {step}" for number, step in enumerate(self.steps, 1))])

    def __repr__(self) -> str:  # short: at a prompt it follows what explain() has printed
        return f"<Explanation: {len(self.steps)} step(s)>"


def from_proto(message: arrays_pb2.Explanation) -> Explanation:
    return Explanation(
        tuple(
            Step(
                _KINDS.get(step.kind, str(step.kind)),
                tuple(step.shape),
                tuple(step.targets),
                tuple(step.operations),
                step.operand_count,
                step.instruction_count,
                step.moved_bytes,
                step.memory_bytes,
            )
            for step in message.steps
        )
    )
