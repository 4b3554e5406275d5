"""Which dimensions are dealt out, and over what grid of processes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

from distarray._arguments import as_integers
from distarray._index import Shape
from distarray.error import DistributionError, InvalidTypeError


def _factorizations(number: int, parts: int, least: int = 1) -> Iterable[tuple[int, ...]]:
    """Non-decreasing tuples of `parts` factors, each at least `least`."""
    if parts == 1:
        if number >= least:
            yield (number,)
        return
    for factor in range(least, math.isqrt(number) + 1 if parts == 2 else number + 1):
        if number % factor == 0:
            for rest in _factorizations(number // factor, parts - 1, factor):
                yield (factor, *rest)


def choose_grid(sizes: Sequence[int], processes: int) -> tuple[int, ...]:
    """The process grid for distributed dimensions of these sizes (all at least 1).

    Of the factorizations of the process count whose factors rank as the sizes do, and that fit, the one whose
    pairwise ratios are nearest to the sizes'. Where no grid uses all processes, the largest smaller number that fits.
    """
    if len(sizes) == 1:
        return (min(processes, sizes[0]),)
    order = sorted(range(len(sizes)), key=lambda d: (sizes[d], d))
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    wanted = [sizes[i] / sizes[j] for i, j in pairs]
    for count in range(processes, 0, -1):
        best: tuple[float, tuple[int, ...]] | None = None
        for factors in _factorizations(count, len(sizes)):
            grid = [0] * len(sizes)
            for dimension, factor in zip(order, factors, strict=True):
                grid[dimension] = factor
            if any(g > size for g, size in zip(grid, sizes, strict=True)):
                continue
            distance = math.dist([grid[i] / grid[j] for i, j in pairs], wanted)
            if best is None or distance < best[0]:
                best = distance, tuple(grid)
        if best is not None:
            return best[1]
    raise DistributionError(f"no process grid for sizes {tuple(sizes)}")


def letters_of(dist: str | Sequence[str] | Mapping[int, str] | None, ndim: int, default: bool) -> str:
    """A letter a dimension, 'n' where none was given. default: letters past the last dimension are dropped."""
    if dist is None:
        letters = "b"
    elif isinstance(dist, str):
        letters = dist
    elif isinstance(dist, Mapping):
        letters = "".join(dist.get(dimension, "n") for dimension in range(ndim))
    else:
        try:
            letters = "".join(dist)
        except TypeError:
            raise InvalidTypeError(f"dist must be letters or a mapping, {dist!r} was given") from None
    if default:
        letters = letters[:ndim]
    if len(letters) > ndim:
        raise DistributionError(f"dist {letters!r} has {len(letters)} letters for {ndim} dimensions")
    unknown = set(letters) - set("nbc")
    if unknown:
        raise DistributionError(f"dist must be made of 'n', 'b' and 'c', {letters!r} was given")
    return letters.ljust(ndim, "n")


def grid_of(sizes: Shape, letters: str, grid_shape: Sequence[int] | None, processes: int) -> Shape:
    """Processes a dimension: as given, padded with 1, or chosen."""
    if grid_shape is not None:
        given = tuple(as_integers(grid_shape, "grid_shape"))
        if len(given) > len(sizes) or any(g < 1 for g in given):
            raise DistributionError(f"grid_shape must have at most {len(sizes)} positive sizes, {given} was given")
        given += (1,) * (len(sizes) - len(given))
        if math.prod(given) > processes:
            raise DistributionError(f"grid_shape {given} needs {math.prod(given)} targets, there are {processes}")
        for dimension, (g, letter) in enumerate(zip(given, letters, strict=True)):
            if g > 1 and letter == "n":
                raise DistributionError(f"grid_shape {given} deals out dimension {dimension}, which dist says is not")
        return given
    distributed = [dimension for dimension, letter in enumerate(letters) if letter != "n"]
    grid = [1] * len(sizes)
    if distributed and math.prod(sizes) > 0:
        chosen = choose_grid([sizes[dimension] for dimension in distributed], processes)
        for dimension, g in zip(distributed, chosen, strict=True):
            grid[dimension] = g
    return tuple(grid)
