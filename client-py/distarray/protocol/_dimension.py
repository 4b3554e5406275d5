"""One dimension of one process, as read from its dictionary: what it owns and which global indices it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


def numroc(size: int, block_size: int, rank: int, processes: int) -> int:
    """How many of `size` indices, dealt out in blocks of `block_size`, are on process `rank` of `processes`.

    It is ScaLAPACK's count: a last block that is not full belongs to the process whose turn it is.
    """
    if size < 0 or block_size < 1 or not 0 <= rank < processes:
        raise ValueError(
            "numroc needs size >= 0, block_size >= 1 and 0 <= rank < processes, "
            f"({size}, {block_size}, {rank}, {processes}) was given"
        )
    blocks, rest = divmod(size, block_size)
    rounds, extra = divmod(blocks, processes)
    return rounds * block_size + (block_size if rank < extra else rest if rank == extra else 0)


@dataclass(frozen=True, eq=False)
class Dimension:
    """A dimension's dictionary with the defaults filled in; what its dist_type does not use is left at its default.

    `size` is global. `start` and `stop` of a block bound what the buffer holds, padding included.
    """

    dist_type: str
    size: int
    proc_grid_size: int
    proc_grid_rank: int
    start: int = 0
    stop: int = 0
    padding: tuple[int, int] = (0, 0)
    periodic: bool = False
    block_size: int = 1
    indices: npt.NDArray[np.integer[Any]] | None = field(default=None, repr=False)
    one_to_one: bool = False

    @property
    def communication_padding(self) -> tuple[int, int]:
        """The padding that copies neighbours' elements: none at the outer edges of the domain."""
        first, last = self.proc_grid_rank == 0, self.proc_grid_rank == self.proc_grid_size - 1
        return (0 if first else self.padding[0], 0 if last else self.padding[1])

    @property
    def owned_bounds(self) -> tuple[int, int]:
        """The global indices [first, last) that a block owns."""
        left, right = self.communication_padding
        return self.start + left, self.stop - right

    @property
    def extent(self) -> int:
        """The length that the buffer must have, communication padding included."""
        if self.dist_type == "b":
            return self.stop - self.start
        return self.owned

    @property
    def owned(self) -> int:
        """The number of indices the process owns: boundary padding counts, communication padding does not."""
        if self.dist_type == "b":
            first, last = self.owned_bounds
            return last - first
        if self.dist_type == "c":
            return numroc(self.size, self.block_size, self.proc_grid_rank, self.proc_grid_size)
        return 0 if self.indices is None else len(self.indices)

    def global_indices(self, *, owned: bool = False) -> npt.NDArray[np.integer[Any]]:
        """The global index of each local one, in the buffer's order; `owned` leaves communication padding out."""
        if self.dist_type == "b":
            return np.arange(*(self.owned_bounds if owned else (self.start, self.stop)), dtype=np.int64)
        if self.dist_type == "c":
            local = np.arange(self.owned, dtype=np.int64)
            rounds, offset = np.divmod(local, self.block_size)
            held: npt.NDArray[np.int64] = (
                rounds * self.proc_grid_size + self.proc_grid_rank
            ) * self.block_size + offset
            return held
        return np.empty(0, np.int64) if self.indices is None else self.indices

    def __str__(self) -> str:
        place = f"rank {self.proc_grid_rank} of {self.proc_grid_size}, owns {self.owned} of {self.size}"
        if self.dist_type == "b":
            padding = f", padding {self.padding}" if any(self.padding) else ""
            return f"block {self.start}:{self.stop}{', periodic' if self.periodic else ''}{padding}, {place}"
        if self.dist_type == "c":
            return f"cyclic, block_size {self.block_size}, {place}"
        return f"unstructured{', one_to_one' if self.one_to_one else ''}, {place}"
