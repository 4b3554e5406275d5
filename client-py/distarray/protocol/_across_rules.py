"""The rules that hold between the exports of all processes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.protocol._dimension import Dimension
from distarray.protocol._process import Examined
from distarray.protocol._violations import FEW, Findings, Violation, shown

# Of each proc_grid_rank of a dimension the first process that has it, and its dictionary there.
_ByRank = Mapping[int, tuple[int, Dimension]]

_SAME_EVERYWHERE = ("dist_type", "size", "proc_grid_size")
_SAME_BY_TYPE = {"b": ("periodic",), "c": ("block_size",), "u": ("one_to_one",)}


def find_across(processes: Sequence[Examined]) -> list[Violation]:
    """Violations between processes, in rank order; rules whose ground was itself violated are left out."""
    findings = Findings([])
    if not processes:
        findings.add("process-count", "the number of processes is 0, expected at least 1")
        return findings.violations
    _check_same("version", "'__version__'", [one.version for one in processes], findings)
    _check_same("dtype", "the buffer's dtype", [one.layout and one.layout.dtype for one in processes], findings)
    ndims = [None if one.dimensions is None else len(one.dimensions) for one in processes]
    same_ndim = _check_same("ndim", "the length of 'dim_data'", ndims, findings)
    rows = [one.dimensions for one in processes if one.dimensions is not None]
    if not same_ndim or len(rows) != len(processes):
        return findings.violations
    grid: list[int | None] = []
    for number, column in enumerate(zip(*rows, strict=True)):
        whole = [one for one in column if one is not None]
        sound = len(whole) == len(column) and _check_dimension(whole, findings.at(dimension=number))
        grid.append(whole[0].proc_grid_size if sound else None)
    shape = [one for one in grid if one is not None]
    if len(shape) == len(grid):
        _check_grid(rows, shape, findings)
    return findings.violations


def _check_same(rule: str, name: str, values: Sequence[Any], findings: Findings) -> bool:
    """Each process has the value of the first that has one; None is passed over."""
    known = [(process, value) for process, value in enumerate(values) if value is not None]
    same = True
    for process, value in known[1:]:
        if value != known[0][1]:
            expected = f"{shown(known[0][1])} as on process {known[0][0]}"
            findings.at(process=process).wrong(f"same-{rule}", name, value, expected)
            same = False
    return same


def _check_grid(rows: Sequence[Sequence[Dimension | None]], grid: Sequence[int], findings: Findings) -> None:
    if len(rows) != math.prod(grid):
        expected = f"{math.prod(grid)}, the product of the 'proc_grid_size' {tuple(grid)}"
        findings.wrong("process-count", "the number of processes", len(rows), expected)
        return
    for process, (row, place) in enumerate(zip(rows, itertools.product(*map(range, grid)), strict=True)):
        for number, (dimension, rank) in enumerate(zip(row, place, strict=True)):
            if dimension is not None and dimension.proc_grid_rank != rank:
                expected = f"{rank}: processes are counted row by row over the grid {tuple(grid)}"
                at = findings.at(process=process, dimension=number)
                at.wrong("row-major", "'proc_grid_rank'", dimension.proc_grid_rank, expected)


def _check_dimension(column: Sequence[Dimension], findings: Findings) -> bool:
    """False where processes do not even agree on the dimension they describe."""
    agreed = [_check_key_everywhere(key, column, findings) for key in _SAME_EVERYWHERE]
    if not all(agreed):
        return False
    kind, size, processes = column[0].dist_type, column[0].size, column[0].proc_grid_size
    agreed = [_check_key_everywhere(key, column, findings) for key in _SAME_BY_TYPE[kind]]
    by_rank = _check_same_rank(column, findings)
    complete = len(by_rank) == processes
    one_by_one = kind != "u" or all(one.one_to_one for one in column)
    if complete and one_by_one and all(agreed):
        owned = sum(one.owned for _, one in by_rank.values())
        if owned != size:
            findings.wrong("owned-sum", "the sum of the owned counts", owned, f"{size}, which is 'size'")
    if kind == "b":
        _check_blocks(by_rank, findings)
        _check_communication_padding(by_rank, findings)
    if kind == "u":
        _check_lists(by_rank, complete, one_by_one, findings)
    return True


def _check_key_everywhere(key: str, column: Sequence[Dimension], findings: Findings) -> bool:
    return _check_same(key, repr(key), [getattr(one, key) for one in column], findings)


def _check_same_rank(column: Sequence[Dimension], findings: Findings) -> _ByRank:
    by_rank: dict[int, tuple[int, Dimension]] = {}
    for process, one in enumerate(column):
        first, other = by_rank.setdefault(one.proc_grid_rank, (process, one))
        if first == process:
            continue
        expected = f"as on process {first}, which has the same 'proc_grid_rank', {one.proc_grid_rank}"
        at = findings.at(process=process)
        for key in ("start", "stop"):
            if getattr(one, key) != getattr(other, key):
                at.wrong("same-rank", repr(key), getattr(one, key), f"{getattr(other, key)} {expected}")
        # Only this padding: what lies at the edges of the domain may differ.
        if one.communication_padding != other.communication_padding:
            at.wrong("same-rank", "'padding'", one.padding, f"{other.padding} {expected}")
        if one.dist_type == "u" and not np.array_equal(one.global_indices(), other.global_indices()):
            at.wrong("same-rank", "'indices'", one.indices, f"{shown(other.indices)} {expected}")
    return by_rank


def _check_blocks(by_rank: _ByRank, findings: Findings) -> None:
    position: int | None = None
    # Not over all ranks there should be: their number may be any integer.
    for rank, (process, one) in sorted(by_rank.items(), key=lambda item: item[0]):
        if rank - 1 not in by_rank:
            position = None
        first, last = one.owned_bounds
        # An empty section may say start == size wherever it is in the grid.
        if one.start == one.size and 0 < rank < one.proc_grid_size - 1:
            continue
        if position is not None and first != position:
            kind = "a gap" if first > position else "an overlap"
            expected = f"{position}, where the owned part of the rank before ends: {kind}"
            name = "'start' without communication padding"
            findings.at(process=process).wrong("adjacent", name, first, expected)
        position = last


def _check_communication_padding(by_rank: _ByRank, findings: Findings) -> None:
    for rank in sorted(by_rank):
        if rank + 1 not in by_rank:
            continue
        (process, one), (following, other) = by_rank[rank], by_rank[rank + 1]
        right, left = one.communication_padding[1], other.communication_padding[0]
        if right != left:
            expected = f"{right}, the right one of 'proc_grid_rank' {rank}"
            findings.at(process=following).wrong("communication-padding", "the left 'padding'", left, expected)
        if right > other.owned:
            expected = f"at most {other.owned}, what the next rank owns"
            findings.at(process=process).wrong("padding-reach", "the right 'padding'", right, expected)
        if left > one.owned:
            expected = f"at most {one.owned}, what the rank before owns"
            findings.at(process=following).wrong("padding-reach", "the left 'padding'", left, expected)


def _within(indices: npt.NDArray[np.integer[Any]], size: int) -> npt.NDArray[np.bool_]:
    # Bounded by the dtype, for a comparison that never leaves it.
    greatest = min(size - 1, int(np.iinfo(indices.dtype).max))
    if greatest < 0:
        return np.zeros(len(indices), np.bool_)
    found: npt.NDArray[np.bool_] = (indices >= 0) & (indices <= indices.dtype.type(greatest))
    return found


def _check_lists(by_rank: _ByRank, complete: bool, one_by_one: bool, findings: Findings) -> None:
    size, taken = next(iter(by_rank.values()))[1].size, []
    for process, one in by_rank.values():
        indices = one.global_indices()
        within = _within(indices, size)
        if not within.all():
            outside = indices[~within][:FEW].tolist()
            findings.at(process=process).wrong("indices-range", "of 'indices'", outside, f"only 0 ... {size - 1}")
        taken.append(np.unique(indices[within]).astype(np.uint64))
    values, counts = np.unique(np.concatenate(taken), return_counts=True)
    if one_by_one and (counts > 1).any():
        repeated = values[counts > 1][:FEW].tolist()
        findings.add("partition", f"'indices' are {repeated} on several ranks, expected on one each ('one_to_one')")
    if complete and len(values) < size:
        gaps = np.flatnonzero(values != np.arange(len(values), dtype=np.uint64))
        missing = int(gaps[0]) if len(gaps) else len(values)
        rule = "partition" if one_by_one else "cover"
        message = f"{size - len(values)} indices are in no 'indices', the first is {missing}"
        findings.add(rule, f"{message}, expected every index of 0 ... {size - 1}")
