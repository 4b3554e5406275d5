"""Integer arrays as indices, against NumPy: read and assigned, on every distribution."""

import random

import numpy as np
import pytest
from distarray import globalapi as da

pytestmark = pytest.mark.daemon

DTYPES = ["bool", "int8", "uint16", "int64", "float32", "float64", "complex128"]
SHAPES = [(12,), (7, 5), (1, 9), (9, 1), (3, 4, 5), (2, 1, 3, 4), (5, 0), (1,)]


def distributions(context, shape):
    """Ways to deal out an array of this shape."""
    targets = context.targets
    yield None
    yield da.Distribution(context, shape, "n" * len(shape))
    if 0 in shape:
        return
    for kinds in ("c", "nb", "bb", "cc", "nnb"):
        if len(kinds) <= len(shape):
            yield da.Distribution(context, shape, kinds)
    if len(targets) > 1:
        yield da.Distribution(context, shape, "b", targets=targets[::-1][:2])
        if shape[0] > 2:  # odd bounds with an empty block; blocks of two dealt out cyclically; any order
            odd = {"dist_type": "b", "bounds": [0, 1, 1, shape[0]]}
            rest = [{"dist_type": "n", "size": size} for size in shape[1:]]
            yield da.Distribution.from_global_dim_data(context, (odd, *rest))
            cyclic = {"dist_type": "c", "size": shape[0], "proc_grid_size": 2, "block_size": 2}
            yield da.Distribution.from_global_dim_data(context, (cyclic, *rest))
            order = np.random.default_rng(5).permutation(shape[0])
            lists = {"dist_type": "u", "indices": [order[:1], order[1:]]}
            yield da.Distribution.from_global_dim_data(context, (lists, *rest))


def elements(shape, dtype="int64"):
    numbers = np.arange(1, int(np.prod(shape, dtype=int)) + 1).reshape(shape)
    return (numbers % 2 == 1) if dtype == "bool" else numbers.astype(dtype)


class Expressions:
    """Random index expressions for a shape."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def array(self, size, shape):
        low = -size
        return np.array([self.random.randrange(low, size) for _ in range(int(np.prod(shape)))], dtype=int).reshape(
            shape
        )

    def slice(self, size):
        bounds = [self.random.choice([None, self.random.randrange(-size - 1, size + 2)]) for _ in range(2)]
        return slice(*bounds, self.random.choice([None, 1, 2, -1, -2]))

    def index(self, shape):
        common = self.random.choice([(), (1,), (3,), (2, 3), (0,), (4, 1)])
        entries = []
        axis = 0
        while axis < len(shape):
            size = shape[axis]
            kind = self.random.choice(["array", "array", "slice", "integer", "all", "mask", "newaxis"])
            if kind == "array" and size:
                drop = self.random.choice([0, 0, 1])
                own = common[drop:]
                if self.random.random() < 0.2:
                    own = tuple(1 for _ in own)
                entries.append(self.array(size, own))
            elif kind == "slice":
                entries.append(self.slice(size))
            elif kind == "integer" and size:
                entries.append(self.random.randrange(-size, size))
            elif kind == "mask" and common in ((3,), (1,), ()):
                width = self.random.choice([1, min(2, len(shape) - axis)])
                mask = np.zeros(shape[axis : axis + width], bool)
                count = common[0] if common else 1
                flat = mask.reshape(-1)
                if flat.size >= count:
                    flat[self.random.sample(range(flat.size), count)] = True
                    entries.append(mask)
                    axis += width
                    continue
                entries.append(slice(None))
            elif kind == "newaxis" and len(entries) < 5:
                entries.append(None)
                continue
            else:
                entries.append(slice(None))
            axis += 1
        if self.random.random() < 0.1:
            entries.insert(self.random.randrange(len(entries) + 1), self.random.random() < 0.5)
        if self.random.random() < 0.3:
            while entries and isinstance(entries[-1], slice) and entries[-1] == slice(None):
                entries.pop()
            entries.insert(self.random.randrange(len(entries) + 1), Ellipsis)
        return tuple(entries)


def distribute(context, index, chance):
    """The expression with some of its arrays on the server, some as lists."""

    def one(item):
        if not isinstance(item, np.ndarray):
            return item
        kind = chance.choice(["numpy", "list", "server", "cyclic"])
        if kind == "list" and item.size and item.ndim:
            return item.tolist()
        if kind == "cyclic" and item.ndim and item.size:
            return context.fromarray(item, da.Distribution(context, item.shape, "c"))
        return context.fromarray(item) if kind in ("server", "cyclic") else item

    return tuple(one(item) for item in index)


def attempt(function):
    """What comes out, or that it is an IndexError or a ValueError."""
    try:
        return function()
    except (IndexError, ValueError) as error:
        return IndexError if isinstance(error, IndexError) else ValueError


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reading(contexts, engines, shape):
    context = contexts(engines)
    expressions = Expressions(f"{shape}{engines}")
    source = elements(shape)
    failed = 0
    for distribution in distributions(context, shape):
        array = context.fromarray(source, distribution)
        for _ in range(25):
            index = expressions.index(shape)
            expected = attempt(lambda index=index: source[index])
            given = distribute(context, index, expressions.random)
            result = attempt(lambda array=array, given=given: array[given].toarray())
            if isinstance(expected, type):
                failed += 1
                assert result is expected, index
                continue
            np.testing.assert_array_equal(result, expected, err_msg=str(index), strict=True)
    assert failed < 200


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_assignment(contexts, engines, shape):
    context = contexts(engines)
    expressions = Expressions(f"w{shape}{engines}")
    chance = expressions.random
    for distribution in distributions(context, shape):
        source = elements(shape)
        array = context.fromarray(source, distribution)
        for number in range(25):
            index = expressions.index(shape)
            target = attempt(lambda index=index, source=source: source[index].shape)
            if isinstance(target, type):
                continue
            value = -1 - number
            if chance.random() < 0.7:
                drop = chance.randrange(len(target) + 1)
                kept = [1 if chance.random() < 0.2 else size for size in target[drop:]]
                value = -np.arange(1, int(np.prod(kept)) + 1).reshape(kept) * 100 - number
            source[index] = value
            if isinstance(value, np.ndarray) and chance.random() < 0.5:
                value = context.fromarray(value)
            array[distribute(context, index, chance)] = value
            np.testing.assert_array_equal(array.toarray(), source, err_msg=f"{index}")


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_of_element(contexts, engines, dtype):
    context = contexts(engines)
    source = elements((30, 2), dtype)
    array = context.fromarray(source)
    index = np.random.default_rng(3).integers(-30, 30, 50)
    for given in (index, index.astype(np.int8), context.fromarray(index), context.fromarray(index.astype(np.int16))):
        np.testing.assert_array_equal(array[given].toarray(), source[index], strict=True)
    array[index] = source[::-1][index]
    source[index] = source[::-1][index].copy()
    np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("engines", [1, 3, 4])
def test_the_last_value_counts(contexts, engines):
    context = contexts(engines)
    index = np.random.default_rng(7).integers(0, 50, 5000)
    values = np.arange(5000)
    source = np.zeros(50, int)
    source[index] = values
    for kinds in ("b", "c", "n"):
        array = context.fromarray(np.zeros(50, int), da.Distribution(context, (50,), kinds))
        array[context.fromarray(index)] = context.fromarray(values)
        np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("count", [700_001, 2_300_001])  # on four engines one chunk each, and two
@pytest.mark.parametrize("engines", [1, 4])
def test_many_chunks(contexts, engines, count):
    """More indices than travel at once, of which many are the same."""
    context = contexts(engines)
    random_numbers = np.random.default_rng(1)
    source = random_numbers.random(100_003)
    index = random_numbers.integers(-100_003, 100_003, count)
    array = context.fromarray(source)
    np.testing.assert_array_equal(array[context.fromarray(index)].toarray(), source[index])
    values = random_numbers.random(count)
    source[index] = values
    array[context.fromarray(index)] = context.fromarray(values)
    np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("engines", [1, 4])
def test_long_rows(contexts, engines):
    """Rows that are longer than what travels at once."""
    context = contexts(engines)
    wide = np.random.default_rng(1).random((6, 70_001))
    rows = np.array([5, 0, 3, 3, -1, 2])
    array = context.fromarray(wide)
    np.testing.assert_array_equal(array[rows].toarray(), wide[rows])
    array[rows] = array[rows[::-1]]
    wide[rows] = wide[rows[::-1]]
    np.testing.assert_array_equal(array.toarray(), wide)
    array[rows] = 2.5
    wide[rows] = 2.5
    np.testing.assert_array_equal(array.toarray(), wide)


def test_nothing_waits(context):
    """Index arrays on the server: what is out of range is found at the first read, and names index, axis and size."""
    array = context.fromarray(np.arange(20).reshape(10, 2))
    index = context.fromarray(np.array([1, 2, 10]))
    taken = array[index]
    with pytest.raises(IndexError, match="index 10 is out of bounds for axis 0 with size 10"):
        taken.toarray()
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 1 with size 2"):
        array[:, index].toarray()
    with pytest.raises(IndexError, match="index -11 is out of bounds for axis 0 with size 10"):
        array[index - 12, 0].toarray()
    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 1 with size 2"):
        array[0, None, index].toarray()


def test_a_failed_assignment_changes_nothing(context):
    source = np.arange(20).reshape(10, 2)
    array = context.fromarray(source)
    array[context.fromarray(np.array([1, 2, 10]))] = -1
    with pytest.raises(IndexError, match="index 10 is out of bounds for axis 0 with size 10"):
        array.wait()
    np.testing.assert_array_equal(array.toarray(), source)
    array[:, context.fromarray(np.array([0, 5]))] = context.fromarray(np.array([[1, 2]]))
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 1 with size 2"):
        array.wait()
    powers = context.fromarray(np.array([2, 2])) ** context.fromarray(np.array([1, -1]))
    array[[0, 1]] = powers[:, None]
    with pytest.raises(ValueError, match="negative"):
        array.wait()
    np.testing.assert_array_equal(array.toarray(), source)


def test_what_the_call_itself_refuses(context):
    array = context.fromarray(np.arange(20).reshape(10, 2))
    with pytest.raises(IndexError, match="index 10 is out of bounds for axis 0 with size 10"):
        array[[0, 10]]
    with pytest.raises(IndexError, match="index -3 is out of bounds for axis 1 with size 2"):
        array[:, np.array([[-3]])]
    with pytest.raises(IndexError, match="integer"):
        array[[0.5, 1.0]]
    with pytest.raises(IndexError, match="integer"):
        array[context.fromarray(np.array([0.5]))]
    with pytest.raises(IndexError, match=r"shape mismatch.*\(2,\) \(3,\)"):
        array[[0, 1], [0, 1, 1]]
    with pytest.raises(IndexError, match="too many indices"):
        array[[0], [0], [0]]
    with pytest.raises(IndexError, match="single ellipsis"):
        array[..., [0], ...]
    with pytest.raises(ValueError, match=r"\(3,\).*\(2, 2\)"):
        array[[0, 1]] = [1, 2, 3]
    with pytest.raises(IndexError):
        array[[0, 1], "x"]


def test_an_array_indexed_by_and_assigned_from_itself(context):
    source = np.array([3, 0, 2, 1, 4])
    array = context.fromarray(source)
    np.testing.assert_array_equal(array[array].toarray(), source[source])
    array[array] = array
    source[source.copy()] = source.copy()
    np.testing.assert_array_equal(array.toarray(), source)
    array[array] = array[::-1]
    source[source.copy()] = source[::-1].copy()
    np.testing.assert_array_equal(array.toarray(), source)


def test_recorded_readers_see_the_old_elements(context):
    array = context.fromarray(np.arange(8))
    doubled = array * 2
    view = array[2:6]
    copy = array[[0, 1]]
    array[[0, 3]] = 99
    np.testing.assert_array_equal(doubled.toarray(), np.arange(8) * 2)
    np.testing.assert_array_equal(view.toarray(), [2, 99, 4, 5])
    np.testing.assert_array_equal(copy.toarray(), [0, 1])


def test_views_are_written_through(context):
    source = np.arange(24).reshape(4, 6)
    array = context.fromarray(source)
    array[1:, ::2][[0, 2], [1, 1]] = -5
    source[1:, ::2][[0, 2], [1, 1]] = -5
    array[::-1][[0]] = 7
    source[::-1][[0]] = 7
    np.testing.assert_array_equal(array.toarray(), source)


@pytest.mark.parametrize("axes", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_permuted_views_are_written_through(context, axes, axis):
    """Also where indexing brings the dimensions back into the order in which they are stored."""
    x = np.arange(60.0).reshape(5, 4, 3)
    array = context.fromarray(x)
    index = (slice(None),) * axis + ([2, 0],)
    array.transpose(axes)[index] = -1.0
    x.transpose(axes)[index] = -1.0
    np.testing.assert_array_equal(array.toarray(), x)


@pytest.mark.parametrize("engines", [1, 4])
def test_transposed_arrays_are_written_through(contexts, engines):
    """Of which the indexed dimension, put in front, is the first one of the array itself again."""
    for distribution in distributions(contexts(engines), (7, 5)):
        source = elements((7, 5))
        array = contexts(engines).fromarray(source, distribution)
        for index, value in (([0, -2, 0], 50), ([1, 2], np.arange(10).reshape(5, 2)), (source[:, 0] % 3 == 0, -1)):
            array.T[:, index] = value
            source.T[:, index] = value
            np.testing.assert_array_equal(array.toarray(), source)
        array.T[[3, 0]] = 7
        source.T[[3, 0]] = 7
        np.testing.assert_array_equal(array.toarray(), source)


def test_a_result_lies_where_its_indices_do(context):
    array = context.fromarray(np.arange(40))
    distribution = da.Distribution(context, (10,), "b", targets=[2, 0])
    taken = array[context.fromarray(np.arange(10), distribution)]
    assert taken.targets == [2, 0]
    rows = context.fromarray(np.arange(40).reshape(8, 5))
    assert rows[:, [1, 1, 0]].targets == rows.targets


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("shape", [(3, 4), (6, 5), (4, 3, 2)], ids=str)
def test_permuted_views_and_results_of_taking_are_written(contexts, engines, shape):
    context = contexts(engines)
    order = [1, 0, *range(2, len(shape))]
    mask = np.arange(shape[0]) % 2 == 0
    columns = da.Distribution(context, shape, "nb" + "n" * (len(shape) - 2))
    for distribution in (*distributions(context, shape), columns):
        for index in ((slice(None), [0, 2]), ([1, 0],), (slice(None), mask), (Ellipsis, [0, 0])):
            source = elements(shape, "float64")
            array = context.fromarray(source, distribution)
            source.transpose(order)[index] = -1
            array.transpose(order)[index] = -1
            np.testing.assert_array_equal(array.toarray(), source)
            taken, expected = array[:, [1, 0]], source[:, [1, 0]]
            taken[:, [0]] = 7
            expected[:, [0]] = 7
            np.testing.assert_array_equal(taken.toarray(), expected)


def test_what_is_broadcast_is_read_only(context):
    array = context.ones(2)
    wide = da.broadcast_to(array, (3, 2))

    def in_place():
        nonlocal wide
        wide += 1

    def assign(view, index):
        view[index] = 9

    views = (wide, wide[1:], wide.T)
    writes = [lambda view=view, index=index: assign(view, index) for view in views for index in (0, [0])]
    for write in (in_place, lambda: da.sin(wide, out=wide), lambda: da.add(array, 1, out=wide[0]), *writes):
        with pytest.raises(ValueError, match="read-only"):
            write()
    array[:] = 5
    assert wide.tolist() == [[5, 5]] * 3


def test_what_failed_says_so_where_it_is_read(context):
    large = da.tile(context.ones(1 << 20), 1 << 25)
    assert float(context.ones(3).sum()) == 3
    with pytest.raises(MemoryError, match="memory limit"):
        large.wait()
