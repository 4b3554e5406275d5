"""The checker on one process: each rule broken once, the examples of the specification, its helpers."""

import array
import enum
import itertools
import pickle

import numpy as np
import pytest
from distarray.protocol import (
    BufferLayout,
    Description,
    ProtocolError,
    check,
    check_all,
    global_indices,
    numroc,
    owned_count,
)
from exports import (
    FIVE_CYCLIC,
    Exporter,
    block,
    common,
    cyclic,
    export,
    over_grid,
    rules,
    unstructured,
)
from hypothesis import given
from hypothesis import strategies as st


class Number(enum.IntEnum):
    TWO = 2


class UnprintableError:
    def __repr__(self):
        raise RuntimeError("no repr")


# Examples of the specification: dimensions, and the rows or columns of each process.
FIVE = [block(5, 2, 0, 0, 3), block(5, 2, 1, 3, 5)], [range(3), range(3, 5)]
NINE = [block(9, 2, 0, 0, 5), block(9, 2, 1, 5, 9)], [range(5), range(5, 9)]
NINE_CYCLIC = [cyclic(9, 2, 0, 0), cyclic(9, 2, 1, 1)], [[0, 2, 4, 6, 8], [1, 3, 5, 7]]
EXAMPLES = {
    "block rows": (
        ([block(5, 3, 0, 0, 2), block(5, 3, 1, 2, 4), block(5, 3, 2, 4, 5)], [range(2), range(2, 4), range(4, 5)]),
        ([block(9, 1, 0, 0, 9)], [range(9)]),
    ),
    "block columns": (
        ([block(5, 1, 0, 0, 5)], [range(5)]),
        ([block(9, 3, 0, 0, 3), block(9, 3, 1, 3, 6), block(9, 3, 2, 6, 9)], [range(3), range(3, 6), range(6, 9)]),
    ),
    "block, block": (FIVE, NINE),
    "block, cyclic": (FIVE, NINE_CYCLIC),
    "cyclic, cyclic": (FIVE_CYCLIC, NINE_CYCLIC),
    "irregular": (
        ([block(5, 2, 0, 0, 1), block(5, 2, 1, 1, 5)], [range(1), range(1, 5)]),
        ([block(9, 2, 0, 0, 2), block(9, 2, 1, 2, 9)], [range(2), range(2, 9)]),
    ),
    "block-cyclic": (
        ([cyclic(5, 2, 0, 0, block_size=2), cyclic(5, 2, 1, 2, block_size=2)], [[0, 1, 4], [2, 3]]),
        ([cyclic(9, 2, 0, 0, block_size=2), cyclic(9, 2, 1, 2, block_size=2)], [[0, 1, 4, 5, 8], [2, 3, 6, 7]]),
    ),
    "unstructured": (
        (
            [unstructured(5, 2, 0, [3, 0], one_to_one=True), unstructured(5, 2, 1, [4, 2, 1], one_to_one=True)],
            [[3, 0], [4, 2, 1]],
        ),
        (
            [unstructured(9, 2, 0, [2, 3, 7, 1]), unstructured(9, 2, 1, [6, 5, 8, 0, 4])],
            [[2, 3, 7, 1], [6, 5, 8, 0, 4]],
        ),
    ),
    "cyclic, block, cyclic": (
        FIVE_CYCLIC,
        NINE,
        ([cyclic(3, 2, 0, 0), cyclic(3, 2, 1, 1)], [[0, 2], [1]]),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name):
    dimensions, held = zip(*EXAMPLES[name], strict=True)
    shape = tuple(dimension[0]["size"] for dimension in dimensions)
    whole = np.arange(np.prod(shape)).reshape(shape)
    exports = [
        export(*dim_data, buffer=whole[np.ix_(*indices)])
        for dim_data, indices in zip(itertools.product(*dimensions), itertools.product(*held), strict=True)
    ]
    descriptions = check_all(exports)
    rebuilt = np.full(shape, -1)
    for one in descriptions:
        assert one.global_shape == shape
        assert one.owned == one.shape == one.buffer.shape
        rebuilt[np.ix_(*[dimension.global_indices() for dimension in one.dimensions])] = one.buffer
    assert np.array_equal(rebuilt, whole)
    assert [one.shape for one in check_all(descriptions)] == [one.shape for one in descriptions]


def test_padded_example():
    left, right = block(18, 2, 0, 0, 10, padding=(1, 1)), block(18, 2, 1, 8, 18, padding=(1, 1))
    described = check_all(over_grid([left, right]))
    assert [one.owned for one in described] == [(9,), (9,)]
    assert [one.shape for one in described] == [(10,), (10,)]
    assert global_indices(left).tolist() == list(range(10))
    assert global_indices(left, owned=True).tolist() == list(range(9))
    assert global_indices(right, owned=True).tolist() == list(range(9, 18))


def test_paddings_of_four_ranks():
    # Owned: 0-9, 10-14, 15-19, 20-29.
    dimension = [
        block(30, 4, 0, 0, 11, padding=(4, 1)),
        block(30, 4, 1, 9, 17, padding=(1, 2)),
        block(30, 4, 2, 13, 23, padding=(2, 3)),
        block(30, 4, 3, 17, 30, padding=(3, 0)),
    ]
    assert [one.owned for one in check_all(over_grid(dimension))] == [(10,), (5,), (5,), (10,)]


def test_unstructured_example():
    order = np.random.default_rng(3).permutation(30)
    parts = np.split(order, [7, 10])
    dimension = [unstructured(30, 3, rank, part, one_to_one=True) for rank, part in enumerate(parts)]
    assert [one.owned for one in check_all(over_grid(dimension))] == [(7,), (3,), (20,)]


GOOD = {
    "0-d": export(shape=()),
    "alias": export({}, {}, shape=(2, 0)),
    "patch level": export(block(2, 1, 0, 0, 2), version="0.10.12"),
    "size 0": export(block(0, 3, 1, 0, 0), cyclic(0, 3, 1, 1), unstructured(0, 3, 1, [])),
    "empty at the end": export(block(5, 4, 3, 5, 5), cyclic(2, 4, 3, 3), cyclic(2, 4, 3, 2)),
    "extra process": export(cyclic(3, 4, 3, 3)),
    "undistributed, periodic, padded": export(block(5, 1, 0, 0, 5, periodic=True, padding=(2, 2))),
    "negative indices": export(unstructured(5, 2, 0, [-1, 7])),
    "any integers": export(unstructured(5, 2, 0, [1, 3], ">u2"), unstructured(300, 2, 1, [3, 1], np.int8)),
    "indices not contiguous": export({**common("u", 5, 2, 0), "indices": np.arange(6)[::-2]}, shape=(3,)),
    "buffers of the standard library": export(
        {**common("u", 4, 2, 0), "indices": array.array("i", [3, 0])}, buffer=array.array("d", [1.0, 2.0])
    ),
    "fields": export({}, buffer=np.zeros(2, "i4,f8")),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(name):
    assert isinstance(check(GOOD[name]), Description)


def test_description_views_the_exporters_memory():
    memory = np.arange(6.0).reshape(2, 3)
    one = check(Exporter(export(block(4, 2, 1, 2, 4), {}, buffer=memory)))
    one.buffer[1, 2] = 7
    assert memory[1, 2] == 7
    assert (one.version, one.shape, one.global_shape, one.owned) == ("0.10.0", (2, 3), (4, 3), (2, 3))
    last = one.dimensions[1]
    assert (last.dist_type, last.start, last.stop, last.proc_grid_size, last.padding) == ("b", 0, 3, 1, (0, 0))


B = block(5, 2, 0, 0, 3)
C = cyclic(5, 2, 1, 1)
U = unstructured(5, 2, 0, [3, 0])


def without(data, key):
    return {name: value for name, value in data.items() if name != key}


# Name: the export, the rules it breaks, and what the message must have.
BAD = {
    "not an export": (7, ["export"], "the export is 7"),
    "no dict": (Exporter([]), ["export"], "not a list"),
    "raises": (Exporter(OSError("gone")), ["export"], "OSError: gone"),
    "a class": (Exporter, ["export"], "TypeError"),
    "missing key": (without(export(B), "__version__"), ["keys"], "'__version__'"),
    "no buffer": (without(export(B), "buffer"), ["keys"], "'buffer'"),
    "no dim_data": (without(export(B), "dim_data"), ["keys"], "'dim_data'"),
    "fourth key": ({**export(B), "more": 1}, ["keys"], "'more'"),
    "version 0.9": (export(B, version="0.9.0"), ["version"], "'0.9.0'"),
    "version 0.100": (export(B, version="0.100.0"), ["version"], "'0.100.0'"),
    "version without patch": (export(B, version="0.10"), ["version"], "'0.10'"),
    "version with a line": (export(B, version="0.10.0\n"), ["version"], "0.10.0"),
    "version as tuple": (export(B, version=(0, 10, 0)), ["version"], "(0, 10, 0)"),
    "list as buffer": (export(B, buffer=[1.0, 2.0, 3.0]), ["buffer"], "PEP 3118"),
    "dates": (export({}, buffer=np.zeros(3, "M8[s]")), ["buffer"], "'M'"),
    "a layout is no buffer": (export({}, buffer=BufferLayout((3,), np.dtype("f8"))), ["buffer"], "BufferLayout"),
    "list of dicts": ({**export(B), "dim_data": [B]}, ["dim_data"], "not a list"),
    "dim_data is None": ({**export(B), "dim_data": None}, ["dim_data"], "None"),
    "too few": (export(B, shape=(3, 2)), ["ndim"], "(3, 2)"),
    "too many": (export(B, {}, shape=(3,)), ["ndim"], "is 2, expected 1"),
    "no dim dict": (export(B, None, shape=(3, 2)), ["dim_dict"], "dimension 1"),
    "n": (export({**B, "dist_type": "n"}, shape=(3,)), ["dist_type"], "'n'"),
    "unhashable dist_type": (export({**B, "dist_type": ["b"]}, shape=(3,)), ["dist_type"], "['b']"),
    "no dist_type": (export(without(B, "dist_type"), shape=(3,)), ["missing-key"], "'dist_type'"),
    "unknown key": (export({**B, "block_size": 2}, shape=(3,)), ["unknown-key"], "'block_size'"),
    "padded cyclic": (export({**C, "padding": (0, 0)}, shape=(2,)), ["unknown-key"], "'padding'"),
    "unknown key, unknown type": (export({**B, "dist_type": "x", 3: 4}, shape=(3,)), ["dist_type", "unknown-key"], "3"),
    "bool": (export({**B, "proc_grid_rank": False}, shape=(3,)), ["proc_grid_rank"], "not of type bool"),
    "NumPy int": (export({**B, "size": np.int64(5)}, shape=(3,)), ["size"], "not of type int64"),
    "int enum": (export({**B, "proc_grid_size": Number.TWO}, shape=(3,)), ["proc_grid_size"], "not of type Number"),
    "float": (export({**B, "stop": 3.0}, shape=(3,)), ["stop"], "not of type float"),
    "size": (export({**B, "size": -1}, shape=(3,)), ["size"], "-1"),
    "size of cyclic": (export({**C, "size": -1}, shape=(3,)), ["size"], "-1"),
    "proc_grid_size": (export({**B, "proc_grid_size": 0}, shape=(3,)), ["proc_grid_size"], "at least 1"),
    "rank": (export({**B, "proc_grid_rank": 2}, shape=(3,)), ["proc_grid_rank"], "less than 'proc_grid_size'"),
    "negative rank": (export({**B, "proc_grid_rank": -1}, shape=(3,)), ["proc_grid_rank"], "-1"),
    "negative start": (export({**B, "start": -1}, shape=(4,)), ["start"], "-1"),
    "start after stop": (export(block(5, 2, 1, 7, 5), shape=(0,)), ["start"], "at most 'stop', which is 5"),
    "stop after size": (export(block(5, 3, 1, 3, 6), shape=(3,)), ["stop"], "at most 'size', which is 5"),
    "first start": (export(block(5, 2, 0, 1, 3), shape=(2,)), ["first-start"], "0 on 'proc_grid_rank' 0"),
    "last stop": (export(block(5, 2, 1, 3, 4), shape=(1,)), ["last-stop"], "which is 5"),
    "extent": (export(B, shape=(2,)), ["extent"], "is 2, expected 3"),
    "padding not in start and stop": (export({**B, "padding": (1, 1)}, shape=(5,)), ["extent"], "padding included"),
    "padding as list": (export({**B, "padding": [0, 1]}, shape=(3,)), ["padding"], "not of type list"),
    "three paddings": (export({**B, "padding": (0, 1, 0)}, shape=(3,)), ["padding"], "(0, 1, 0)"),
    "negative padding": (export({**B, "padding": (0, -1)}, shape=(3,)), ["padding"], "(0, -1)"),
    "padding of bools": (export({**B, "padding": (False, True)}, shape=(3,)), ["padding"], "two ints"),
    "padding too wide": (export({**B, "padding": (2, 2)}, shape=(3,)), ["padding-fits"], "at most 3"),
    "periodic": (export({**B, "periodic": 1}, shape=(3,)), ["periodic"], "not of type int"),
    "periodic of NumPy": (export({**B, "periodic": np.bool_(True)}, shape=(3,)), ["periodic"], "True or False"),
    "cyclic start": (export(cyclic(5, 2, 1, 0), shape=(2,)), ["cyclic-start"], "which is 1"),
    "cyclic start at the end": (export(cyclic(5, 2, 1, 5), shape=(2,)), ["cyclic-start"], "is 5"),
    "empty cyclic start": (export(cyclic(2, 4, 3, 4), shape=(0,)), ["cyclic-start"], "or 'size' (2)"),
    "block_size": (export({**C, "block_size": 0}, shape=(2,)), ["block_size"], "at least 1"),
    # What the specification's own helper would say: 7 of 10 in blocks of 3 on the first of two.
    "wrong count": (export(cyclic(10, 2, 0, 0, block_size=3), shape=(7,)), ["extent"], "expected 6"),
    "wrong count of the second": (export(cyclic(10, 2, 1, 3, block_size=3), shape=(3,)), ["extent"], "expected 4"),
    "indices as list": (export({**U, "indices": [3, 0]}, shape=(2,)), ["indices"], "PEP 3118"),
    "2-d indices": (export({**U, "indices": np.zeros((2, 1), int)}, shape=(2,)), ["indices"], "2 dimensions"),
    "indices of floats": (export({**U, "indices": np.zeros(2)}, shape=(2,)), ["indices"], "float64"),
    "indices of bools": (export({**U, "indices": np.zeros(2, bool)}, shape=(2,)), ["indices"], "bool"),
    "repeated": (export({**U, "indices": np.array([3, 3])}, shape=(2,)), ["indices-unique"], "not [3]"),
    "extent of indices": (export(U, shape=(3,)), ["extent"], "the length of 'indices'"),
    "more than size": (export(unstructured(2, 2, 0, [0, 1, 2])), ["indices-length"], "at most 'size', 2"),
    "fewer than size": (export(unstructured(2, 1, 0, [0]), shape=(1,)), ["indices-length"], "expected 2"),
    "one_to_one": (export({**U, "one_to_one": None}, shape=(2,)), ["one_to_one"], "NoneType"),
    "no repr": (export({**B, "size": UnprintableError()}, shape=(3,)), ["size"], "<UnprintableError>"),
    "several": (
        export({**B, "size": True, "stop": None}, {**C, "block_size": -2}, shape=(3, 2), version=None),
        ["version", "size", "stop", "block_size"],
        "dimension 1: 'block_size' is -2",
    ),
    **{
        f"{data['dist_type']} without {key}": (export(without(data, key), shape=(1,)), ["missing-key"], repr(key))
        for data, required in ((B, ("start", "stop")), (C, ("start",)), (U, ("indices",)))
        for key in ("size", "proc_grid_size", "proc_grid_rank", *required)
    },
}


@pytest.mark.parametrize("name", BAD)
def test_broken(name):
    bad, expected, text = BAD[name]
    with pytest.raises(ProtocolError) as caught:
        check(bad)
    assert rules(caught.value.violations) == expected
    assert text in str(caught.value)
    assert all(str(violation) in str(caught.value) for violation in caught.value.violations)
    # Across processes the same is found, and named.
    if name != "a layout is no buffer":
        with pytest.raises(ProtocolError) as caught:
            check_all([bad])
        assert [one.rule for one in caught.value.violations if one.process == 0][: len(expected)] == expected


def test_a_violation_says_where():
    with pytest.raises(ProtocolError) as caught:
        check(export({}, {**B, "stop": 4}, shape=(2, 3)), process=6)
    (violation,) = caught.value.violations
    assert (violation.rule, violation.process, violation.dimension) == ("extent", 6, 1)
    assert str(violation).startswith("process 6, dimension 1: the buffer's extent is 3, expected 4")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.violations) == (str(caught.value), caught.value.violations)


def test_layouts_stand_for_buffers():
    large = 10**12
    exports = [
        export(block(2 * large, 2, r, r * large, (r + 1) * large), buffer=BufferLayout((large,), np.dtype("f4")))
        for r in range(2)
    ]
    described = check_all(exports)
    assert [one.owned for one in described] == [(large,), (large,)]
    assert described[0].buffer is None


@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 6))
def test_numroc(size, block_size, processes):
    dealt = [[i for i in range(size) if i // block_size % processes == rank] for rank in range(processes)]
    assert [numroc(size, block_size, rank, processes) for rank in range(processes)] == [len(one) for one in dealt]
    dimension = [cyclic(size, processes, r, r * block_size, block_size=block_size) for r in range(processes)]
    assert [global_indices(data).tolist() for data in dimension] == dealt
    assert [owned_count(data) for data in dimension] == [len(one) for one in dealt]
    check_all(over_grid(dimension))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.data())
def test_padded_blocks(owned, data):
    bounds = [0, *itertools.accumulate(owned)]
    shared = [data.draw(st.integers(0, min(pair)), label="shared") for pair in itertools.pairwise(owned)]
    outer = [data.draw(st.integers(0, owned[0] // 2)), data.draw(st.integers(0, owned[-1] // 2))]
    left, right = [0, *shared], [*shared, 0]
    dimension = []
    for rank in range(len(owned)):
        start, stop = bounds[rank] - left[rank], bounds[rank + 1] + right[rank]
        padding = (left[rank] if rank else outer[0], right[rank] if rank < len(owned) - 1 else outer[1])
        dimension.append(block(bounds[-1], len(owned), rank, start, stop, padding=padding))
    assert [one.owned[0] for one in check_all(over_grid(dimension))] == owned
    whole = np.concatenate([global_indices(one, owned=True) for one in dimension])
    assert whole.tolist() == list(range(bounds[-1]))


def test_helpers_refuse():
    assert owned_count({}, 4) == 4
    assert global_indices({}, 2).tolist() == [0, 1]
    with pytest.raises(ValueError, match="extent"):
        owned_count({})
    with pytest.raises(ProtocolError, match="'stop'"):
        owned_count({**B, "stop": 9})
    with pytest.raises(ProtocolError, match="'block_size'"):
        global_indices({**C, "block_size": 0})
    for wrong in ((-1, 1, 0, 1), (1, 0, 0, 1), (1, 1, 1, 1), (1, 1, -1, 1)):
        with pytest.raises(ValueError, match="numroc"):
            numroc(*wrong)
