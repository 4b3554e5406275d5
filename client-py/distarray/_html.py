"""HTML for notebooks: what an array is, and a picture of who holds what. Made of metadata alone."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import DimensionMap, Distribution

# Okabe and Ito's colours, told apart by most eyes; then the wheel goes on.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
_WIDTH = 220.0
_LEAST = 24.0
_CELLS_MAX = 48  # along a side of the picture


def colour(rank: int) -> str:
    if rank < len(_COLOURS):
        return _COLOURS[rank]
    return f"hsl({rank * 137.508 % 360:.0f}, 55%, {45 + rank % 3 * 12}%)"


def array(darr: DistArray) -> str:
    """The HTML of an array. Awaits its metadata, never its elements."""
    distribution = darr.distribution
    rows = [
        ("shape", str(darr.shape)),
        ("dtype", str(darr.dtype)),
        ("size", _bytes(darr.nbytes)),
        ("distribution", f"{''.join(distribution.dist) or 'one element'}, grid {distribution.grid_shape}"),
        ("targets", _shortened(distribution.targets)),
    ]
    table = "".join(
        f'<tr><th style="text-align:left;padding:2px 12px 2px 0">{name}</th>'
        f'<td style="text-align:left;padding:2px 0">{value}</td></tr>'
        for name, value in rows
    )
    return (
        '<div style="display:flex;gap:24px;align-items:center;flex-wrap:wrap">'
        f'<div><b>DistArray</b><table style="border-collapse:collapse;margin:4px 0">{table}</table></div>'
        f"<div>{layout(distribution)}</div></div>"
    )


def layout(distribution: Distribution) -> str:
    """An SVG of the blocks of the first two dimensions that are dealt out (else the first two), coloured by target."""
    ndim = distribution.ndim
    dealt = [d for d in range(ndim) if distribution.grid_shape[d] > 1]
    shown = sorted((dealt + [d for d in range(ndim) if d not in dealt])[:2])
    rows = _runs(distribution.maps[shown[0]]) if len(shown) == 2 else [(0.0, 1.0, 0)]
    columns = _runs(distribution.maps[shown[-1]]) if shown else [(0.0, 1.0, 0)]
    width, height = _extent(distribution, shown)
    ranks = distribution.rank_from_coords if ndim else np.zeros((), int)
    parts = []
    for top, bottom, row in rows:
        for left, right, column in columns:
            coordinates = [0] * ndim
            if len(shown) == 2:
                coordinates[shown[0]] = row
            if shown:
                coordinates[shown[-1]] = column
            rank = int(ranks[tuple(coordinates)])
            parts.append(
                f'<rect x="{left * width:.1f}" y="{top * height:.1f}" width="{(right - left) * width:.1f}" '
                f'height="{(bottom - top) * height:.1f}" fill="{colour(rank)}" stroke="white" stroke-width="0.5">'
                f"<title>target {distribution.targets[rank]}</title></rect>"
            )
            if (right - left) * width > 18 and (bottom - top) * height > 12 and len(rows) * len(columns) <= 64:
                parts.append(
                    f'<text x="{(left + right) / 2 * width:.1f}" y="{(top + bottom) / 2 * height:.1f}" fill="white" '
                    'font-size="10" text-anchor="middle" dominant-baseline="central">'
                    f"{distribution.targets[rank]}</text>"
                )
    more = f"<br><small>dimensions {shown[0]} and {shown[1]} of {ndim}</small>" if ndim > 2 else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="layout of the blocks">'
        f"{''.join(parts)}</svg>{more}"
    )


def _extent(distribution: Distribution, shown: list[int]) -> tuple[float, float]:
    sizes = [max(distribution.shape[d], 1) for d in shown]
    if not sizes:
        return _LEAST, _LEAST
    if len(sizes) == 1:
        return _WIDTH, _LEAST
    ratio = min(max(sizes[0] / sizes[1], 1 / 6), 6.0)
    side = math.sqrt(ratio)
    scale = _WIDTH / max(side, 1 / side)
    return max(scale / side, _LEAST), max(scale * side, _LEAST)


def _runs(one: DimensionMap) -> list[tuple[float, float, int]]:
    """(begin, end, process) of the parts of a dimension, as fractions of its extent. Fine structures are sampled."""
    if one.grid_size == 1 or one.size == 0:
        return [(0.0, 1.0, 0)]
    if one.dist == "b":
        bounds = one.bounds  # type: ignore[attr-defined]
        pairs = enumerate(itertools.pairwise(bounds))
        return [(a / one.size, b / one.size, p) for p, (a, b) in pairs if b > a]
    cells = min(one.size, _CELLS_MAX)
    owners = [one.owner(cell * one.size // cells) for cell in range(cells)]
    runs: list[tuple[float, float, int]] = []
    for cell, owner in enumerate(owners):
        if runs and runs[-1][2] == owner:
            runs[-1] = runs[-1][0], (cell + 1) / cells, owner
        else:
            runs.append((cell / cells, (cell + 1) / cells, owner))
    return runs


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} TiB"


def _shortened(targets: list[int]) -> str:
    return str(targets) if len(targets) <= 16 else f"[{', '.join(map(str, targets[:14]))}, ... ({len(targets)})]"
