"""What explain() says would run, and that nothing does; shifted slices move the edges of blocks only."""

import numpy as np
import pytest
from checks import COMPLEX, dealt, filled_shapes, same, values
from distarray.globalapi import Distribution
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.daemon

ROWS, COLUMNS = 120, 50


def kinds(array):
    return [step.kind for step in array.explain().steps]


def test_a_fused_expression_is_one_program(context, capsys):
    a, b = context.ones((ROWS, COLUMNS)).wait(), context.ones((ROWS, COLUMNS)).wait()
    total = (a * b + 1).sum()
    said = total.explain()
    assert capsys.readouterr().out == f"{said}\n" and repr(said) == "<Explanation: 1 step(s)>"
    assert said.programs == 1 and said.moved_bytes == 0
    (step,) = said.steps
    assert step.operations == ("multiply", "add", "sum") and step.operand_count == 2
    assert step.shape == (ROWS, COLUMNS) and step.targets == (0, 1, 2, 3)
    assert said.memory_bytes == 8
    assert "multiply, add, sum; reads 2 arrays" in str(said)
    assert total.explain() == said  # nothing has run
    assert float(total) == 2 * ROWS * COLUMNS
    assert str(total.explain()) == "stored, or under way: nothing would run"


def test_a_copy_tells_what_it_moves(context):
    a = context.arange(96, dtype=float).wait()
    moved = a.distribute_as(Distribution(context, (96,), "c"))
    (step,) = moved.explain().steps
    assert step.kind == "copy"
    assert step.moved_bytes == 96 * 8 * 3 // 4  # a quarter is where it is to be
    assert step.memory_bytes == 96 * 8
    same(moved, np.arange(96.0))


def test_explaining_changes_nothing(context):
    a = context.arange(1000, dtype=float)
    b = a[::-1] * 2
    text = str(b.explain())
    c = b + context.arange(1000, dtype=float)
    c.explain()
    assert str(b.explain()) == text
    same(c, np.arange(1000.0)[::-1] * 2 + np.arange(1000.0))


def test_shifted_slices_move_rows_at_the_edges(context):
    x = np.random.default_rng(1).random((ROWS, COLUMNS))
    a = context.fromarray(x)
    stencil = a[1:-1, 1:-1] + a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]
    said = stencil.explain()
    assert kinds(stencil) == ["edges", "edges", "program"]
    row = (COLUMNS - 2) * 8
    assert said.moved_bytes == 2 * 3 * row  # two operands, three edges between four blocks
    same(stencil, x[1:-1, 1:-1] + x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:])


def test_shifted_slices_of_a_grid(context):
    x = np.random.default_rng(2).random((40, 30))
    a = context.fromarray(x, Distribution(context, (40, 30), ("b", "b"), grid_shape=(2, 2)))
    total = a[:-2, :-2] * a[2:, 2:] - a[1:-1, 1:-1] + a[2:, :-2]
    assert "copy" not in kinds(total)
    assert total.explain().moved_bytes < x.nbytes / 4
    same(total, x[:-2, :-2] * x[2:, 2:] - x[1:-1, 1:-1] + x[2:, :-2])
    same(total.sum(axis=0), (x[:-2, :-2] * x[2:, 2:] - x[1:-1, 1:-1] + x[2:, :-2]).sum(axis=0), 16)


@st.composite
def windows(draw, shape, within):
    """A box of a shape, somewhere."""
    starts = [draw(st.integers(0, extent - size)) for size, extent in zip(within, shape, strict=True)]
    return tuple(slice(start, start + size) for start, size in zip(starts, within, strict=True))


@given(st.data(), st.sampled_from(["stored", "reduced", "by axis", "in place"]))
def test_shifted_slices_of_anything(context, data, use):
    d, x = data.draw(dealt(context, arrays_of_numbers(data)))
    box = tuple(data.draw(st.integers(1, size)) for size in x.shape)
    at = [data.draw(windows(x.shape, box)) for _ in range(3)]
    mine = d[at[0]] + d[at[1]] * 2 - d[at[2]]
    theirs = x[at[0]] + x[at[1]] * 2 - x[at[2]]
    if use == "reduced":
        same(mine.max(), theirs.max())
    elif use == "by axis":
        axis = data.draw(st.integers(0, x.ndim - 1))
        same(mine.min(axis=axis), theirs.min(axis=axis))
    elif use == "in place":
        d[at[1]] = mine
        x[at[1]] = theirs
        same(d, x)
    else:
        same(mine, theirs)


def arrays_of_numbers(data):
    shape = data.draw(filled_shapes.filter(lambda shape: len(shape) > 0))
    dtype = data.draw(st.sampled_from([np.dtype("int16"), np.dtype(float), COMPLEX[0]]))
    return st.just(values(data.draw, shape, dtype))


def test_an_operand_twice_has_its_edges_once(context):
    x = np.arange(64.0)
    d = context.fromarray(x)
    product = d[1:] + d[:-1] * d[:-1]
    assert kinds(product) == ["edges", "program"]
    same(product, x[1:] + x[:-1] * x[:-1])


def test_products_of_shifted_slices_are_one_program(context):
    x = np.random.default_rng(3).random((ROWS, COLUMNS))
    d = context.fromarray(x)
    total = 0.25 * d[:-2] + 0.5 * d[1:-1] + 0.25 * d[2:]
    assert kinds(total) == ["edges", "edges", "program"]
    same(total, 0.25 * x[:-2] + 0.5 * x[1:-1] + 0.25 * x[2:])
    d[1:-1] = 0.25 * d[:-2] + 0.75 * d[2:]
    x[1:-1] = 0.25 * x[:-2] + 0.75 * x[2:]
    same(d, x)


def test_a_named_part_keeps_its_distribution(context):
    d = context.arange(64, dtype=float)
    part = d[:-1] * 2
    total = d[1:] + part
    same(total, np.arange(1, 64) + np.arange(63.0) * 2)
    assert part.distribution.is_compatible(d[:-1].distribution)
    same(part, np.arange(63.0) * 2)


def test_far_shifts_are_copied(context):
    x = np.arange(64.0)
    d = context.fromarray(x)
    total = d[40:] + d[:-40]
    assert kinds(total) == ["copy", "program"]
    same(total, x[40:] + x[:-40])
