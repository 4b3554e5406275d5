"""The rules of distributions, against tables."""

import numpy as np
import pytest
from checks import distributions, filled_shapes
from distarray._proto import types_pb2
from distarray.globalapi.maps import (
    BlockMap,
    CyclicMap,
    Distribution,
    NoDistMap,
    UnstructuredMap,
    asdistribution,
    choose_grid,
    global_flat_indices,
)
from hypothesis import given
from hypothesis import strategies as st


class FourTargets:
    """What Distribution asks of a context."""

    targets = all_targets = (0, 1, 2, 3)
    default_dist = None


CONTEXT = FourTargets()


@pytest.mark.parametrize(
    ("size", "locals_"),
    [
        (1, [1]),
        (2, [1, 1]),
        (3, [1, 1, 1]),
        (5, [2, 2, 1]),
        (6, [2, 2, 2]),
        (7, [2, 2, 2, 1]),
        (9, [3, 3, 3]),
        (10, [3, 3, 3, 1]),
        (13, [4, 4, 4, 1]),
        (0, [0]),
    ],
)
def test_default_blocks(size, locals_):
    distribution = Distribution(CONTEXT, (size,))
    assert distribution.localshapes() == [(n,) for n in locals_]
    assert distribution.targets == list(range(len(locals_)))
    assert distribution.dist == ("b",)


def test_explicit_targets_keep_their_order_and_empty_blocks():
    distribution = Distribution(CONTEXT, (5,), targets=[3, 1, 0, 2])
    assert distribution.targets == [3, 1, 0, 2]
    assert distribution.localshapes() == [(2,), (2,), (1,), (0,)]


@pytest.mark.parametrize(
    ("sizes", "processes", "grid"),
    [
        ((20, 20), 12, (3, 4)),
        ((20, 60), 12, (2, 6)),
        ((60, 20), 12, (6, 2)),
        ((100, 300), 12, (2, 6)),
        ((100, 50, 300), 12, (2, 1, 6)),
        ((100, 100, 150), 12, (2, 2, 3)),
        ((5, 9), 4, (1, 4)),
        ((9, 9), 4, (2, 2)),
        ((1000, 10), 7, (7, 1)),
        ((7, 13), 6, (2, 3)),
        ((16, 16, 16), 4, (1, 2, 2)),
        ((16, 16, 16), 8, (2, 2, 2)),
        ((16, 16, 16), 7, (1, 1, 7)),
        ((256, 256), 8, (2, 4)),
        ((10, 10), 9, (3, 3)),
        ((10, 10), 5, (1, 5)),
        ((100, 100), 48, (6, 8)),
        ((1000, 100), 48, (24, 2)),
        ((100, 100, 100), 64, (4, 4, 4)),
        ((3, 4), 4, (2, 2)),
        ((3, 3), 7, (2, 3)),
        ((2, 2), 16, (2, 2)),
        ((3,), 7, (3,)),
    ],
)
def test_grids(sizes, processes, grid):
    assert choose_grid(sizes, processes) == grid


def test_trimming_in_two_dimensions():
    distribution = Distribution(CONTEXT, (5, 9), "bb")
    assert distribution.grid_shape == (1, 3) and distribution.targets == [0, 1, 2]
    assert distribution.localshapes() == [(5, 3)] * 3
    assert Distribution(CONTEXT, (7, 7), "bb").localshapes() == [(4, 4), (4, 3), (3, 4), (3, 3)]


def test_cyclic():
    assert Distribution(CONTEXT, (5,), "c").localshapes() == [(2,), (1,), (1,), (1,)]
    assert Distribution(CONTEXT, (10,), "c").localshapes() == [(3,), (3,), (2,), (2,)]
    blocked = CyclicMap(10, 2, 3)
    assert [blocked.local_size(p) for p in (0, 1)] == [6, 4]
    assert blocked.indices(0).tolist() == [0, 1, 2, 6, 7, 8] and blocked.indices(1).tolist() == [3, 4, 5, 9]


@given(st.integers(0, 30), st.integers(1, 5), st.integers(1, 4))
def test_cyclic_counts_what_it_lists(size, processes, block):
    one = CyclicMap(size, processes, block)
    lists = [one.indices(p) for p in range(processes)]
    assert sorted(np.concatenate(lists).tolist()) == list(range(size))
    assert [one.local_size(p) for p in range(processes)] == [len(owned) for owned in lists]
    assert all(one.owner(int(i)) == p for p, owned in enumerate(lists) for i in owned)


def test_not_distributed():
    for shape in ((), (3, 4), (0, 5)):
        distribution = Distribution(CONTEXT, shape, "nn"[: len(shape)])
        assert distribution.targets == [0] and distribution.localshapes() == [shape]


def test_letters():
    assert Distribution(CONTEXT, (8, 8), {1: "c"}).dist == ("n", "c")
    assert Distribution(CONTEXT, (8, 8), ["b"]).dist == ("b", "n")
    assert asdistribution(CONTEXT, (8, 8), "nb").dist == ("n", "b")
    for bad in ("x", "bbb"):
        with pytest.raises(ValueError, match="dist"):
            Distribution(CONTEXT, (8, 8), bad)
    with pytest.raises(TypeError):
        Distribution(CONTEXT, (8,), 3)


@pytest.mark.parametrize(
    "options",
    [
        {"grid_shape": (5, 1)},
        {"grid_shape": (1, 2)},
        {"grid_shape": (0,)},
        {"grid_shape": (1, 1, 1)},
        {"targets": [0, 0]},
        {"targets": [4]},
        {"targets": []},
    ],
)
def test_impossible_distributions(options):
    with pytest.raises(ValueError, match=r"grid_shape|targets"):
        Distribution(CONTEXT, (8, 8), **options)


@pytest.mark.parametrize(
    "data",
    [
        {"dist_type": "b", "bounds": [0, 3, 2]},
        {"dist_type": "b", "bounds": [1, 3]},
        {"dist_type": "b"},
        {"dist_type": "c", "size": 4, "proc_grid_size": 0},
        {"dist_type": "c", "size": 4, "proc_grid_size": 2, "block_size": 0},
        {"dist_type": "u", "indices": [[0, 1], [1, 2]]},
        {"dist_type": "u", "indices": [[0], [2]]},
        {"dist_type": "z"},
        {"dist_type": "n", "size": -1},
    ],
)
def test_impossible_maps(data):
    with pytest.raises(ValueError):
        Distribution.from_global_dim_data(CONTEXT, [data])


def test_global_dim_data():
    distribution = Distribution.from_global_dim_data(
        CONTEXT, [{"dist_type": "b", "bounds": [0, 1, 5]}, {"dist_type": "u", "indices": [[3, 0], [2, 1]]}]
    )
    assert distribution.shape == (5, 4) and distribution.grid_shape == (2, 2) and distribution.targets == [0, 1, 2, 3]
    assert distribution.localshapes() == [(1, 2), (1, 2), (4, 2), (4, 2)]
    assert distribution.owning_targets((0, 1)) == [1] and distribution.owning_targets((-1, 0)) == [2]
    with pytest.raises(IndexError):
        distribution.owning_targets((5, 0))
    assert not distribution.has_precise_index


def test_dim_data_of_the_protocol():
    distribution = Distribution.from_maps(CONTEXT, [CyclicMap(5, 2, 2), NoDistMap(3)], targets=[2, 0])
    first, second = distribution.get_dim_data_per_rank()
    whole = {"dist_type": "b", "size": 3, "proc_grid_size": 1, "proc_grid_rank": 0, "start": 0, "stop": 3}
    cyclic = {"dist_type": "c", "size": 5, "proc_grid_size": 2, "block_size": 2}
    assert first == ({**cyclic, "proc_grid_rank": 0, "start": 0}, whole)
    assert second == ({**cyclic, "proc_grid_rank": 1, "start": 2}, whole)


@given(st.data())
def test_round_trips(data):
    shape = data.draw(filled_shapes)
    distribution = data.draw(distributions(CONTEXT, shape))
    message = types_pb2.Distribution()
    distribution._fill(message)
    assert Distribution._from_proto(CONTEXT, message) == distribution
    again = Distribution.from_global_dim_data(
        CONTEXT, [one.global_dim_data() for one in distribution.maps], distribution.targets
    )
    assert again.is_compatible(distribution)
    from_ranks = Distribution.from_dim_data_per_rank(
        CONTEXT, distribution.get_dim_data_per_rank(), distribution.targets
    )
    assert from_ranks.is_compatible(distribution)
    assert sum(int(np.prod(local)) for local in distribution.localshapes()) == int(np.prod(shape))
    for element in [(0,) * len(shape), tuple(size - 1 for size in shape)]:
        (rank,) = distribution.owning_ranks(element)
        assert all(i in owned for i, owned in zip(element, distribution.local_indices(rank), strict=True))


def test_compatibility():
    block = Distribution.from_maps(CONTEXT, [BlockMap.regular(8, 1)], [0])
    assert block.is_compatible(Distribution.from_maps(CONTEXT, [NoDistMap(8)], [0])) and block != NoDistMap(8)
    lists = UnstructuredMap.from_lists([[0, 1], [2, 3]])
    assert lists.equivalent(BlockMap.regular(4, 2)) and lists.equivalent(CyclicMap(4, 2, 2))
    assert not lists.equivalent(CyclicMap(4, 2))
    assert not block.is_compatible(Distribution.from_maps(CONTEXT, [NoDistMap(8)], [1]))


def test_reduced_distributions():
    plain, grid = Distribution(CONTEXT, (8, 5)), Distribution(CONTEXT, (8, 5), "bb")
    assert plain.reduce(0) == Distribution.from_maps(CONTEXT, [NoDistMap(5)], [0])
    assert plain.reduce(-1) == Distribution(CONTEXT, (8,))
    assert (grid.reduce(0).targets, grid.reduce((1,)).targets, grid.reduce(None).targets) == ([0, 1], [0, 2], [0])
    assert grid.reduce(None).shape == ()
    with pytest.raises(IndexError, match="axis 2"):
        plain.reduce(2)


def test_slices_of_block_distributions():
    rows = Distribution(CONTEXT, (10, 4))
    assert rows[0].bounds == (0, 3, 6, 9, 10)
    part = rows.slice(slice(2, 9))
    assert part[0].bounds == (0, 1, 4, 7) and part.targets == [0, 1, 2]
    assert rows.slice(np.s_[::2, 1:3]).localshapes() == [(2, 2), (1, 2), (2, 2)]
    assert rows.slice(np.s_[2:9:4]).targets == [0, 2]
    assert rows.slice((-1, slice(None))).targets == [3] and rows.slice((-1, 0)).shape == ()
    assert rows.slice(np.s_[:, 2:2]).shape == (10, 0) and rows.slice(np.s_[5:5]).targets == [0]
    assert rows.slice(...) is rows
    huge = Distribution(CONTEXT, (1 << 50,)).slice(np.s_[::-1])  # without walking over indices
    assert huge.targets == [3, 2, 1, 0] and huge.shape == (1 << 50,)
    with pytest.raises(NotImplementedError, match="distribution"):
        Distribution(CONTEXT, (8, 8), "cn").slice(slice(1, None))
    with pytest.raises(IndexError):
        rows.slice((0, 0, 0))


@given(st.data())
def test_flat_indices(data):
    shape = data.draw(filled_shapes)
    distribution = data.draw(distributions(CONTEXT, shape))
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    for rank, dim_data in enumerate(distribution.get_dim_data_per_rank()):
        expected = flat[np.ix_(*distribution.local_indices(rank))] if shape else flat
        found = [index for start, stop in global_flat_indices(dim_data) for index in range(start, stop)]
        assert found == expected.reshape(-1).tolist()


def test_flat_indices_of_blocks_are_merged():
    distribution = Distribution(CONTEXT, (5, 8), "bb", grid_shape=(2, 2))
    assert global_flat_indices(distribution.get_dim_data_per_rank()[0]) == [(0, 4), (8, 12), (16, 20)]
    assert global_flat_indices(Distribution(CONTEXT, (8, 5)).get_dim_data_per_rank()[1]) == [(10, 20)]
