"""Other parties beside the data: mpi4py over the blocks, and the Distributed Array Protocol with parties that are not
DistArray. Those that need Debian's Python are in test_petsc.py.

Functions that run in the workers return what they saw and assert nothing: pytest rewrites the asserts of this file, and
the workers have no pytest.
"""

import itertools

import numpy as np
import pytest
from distarray import globalapi as da
from distarray import localapi, readonly
from distarray.protocol import check_all, check_mpi
from peers import collectives, numpy_peer, pytrilinos_double
from peers.numpy_peer import ALIAS, block, cyclic, irregular, unstructured, whole

pytestmark = pytest.mark.daemon

# All, in order; some, and not in theirs; all, and not in theirs.
TARGETS = [[0, 1, 2, 3], [3, 1], [2, 0, 3, 1]]


def copied_bytes(context):
    return context.server_info().functions.copied_bytes


@pytest.fixture
def nothing_copied(context):
    before = copied_bytes(context)
    yield
    assert copied_bytes(context) == before


def rows(context, values, targets):
    """A 2-D array dealt out in blocks of rows."""
    values = np.asarray(values, float)
    return context.fromarray(values, da.Distribution(context, values.shape, "bn", targets=targets))


# mpi4py: collectives whose buffers are the blocks.


@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_the_communicator_is_of_the_targets_in_their_order(context, targets):
    array = rows(context, np.zeros((8, 3)), targets)
    for rank, seen in enumerate(context.apply(collectives.places, (array,))):
        assert seen == (rank, targets, targets[rank], [len(targets), 1], [rank, 0], (rank, 0))


def test_the_communicator_has_the_grid(context):
    grid = da.Distribution(context, (6, 4, 6), "bnb", grid_shape=(2, 1, 2), targets=[1, 3, 0, 2])
    seen = context.apply(collectives.places, (context.zeros(grid),))
    assert [one[0] for one in seen] == [0, 1, 2, 3] and {tuple(one[1]) for one in seen} == {(1, 3, 0, 2)}
    assert [tuple(one[4]) for one in seen] == [(0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)]
    assert all(tuple(one[4]) == one[5] and one[3] == [2, 1, 2] for one in seen)


@pytest.mark.usefixtures("nothing_copied")
@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_reductions_and_broadcasts(context, targets):
    processes = len(targets)
    values = np.arange(processes * 2 * 8.0).reshape(processes * 2, 8)
    blocks = values.reshape(processes, 2, 8)

    array = rows(context, values, targets)
    context.apply(collectives.sum_everywhere, (array,))
    assert bool((array[:2] == blocks.sum(axis=0)).all())
    assert bool((array == context.fromarray(np.tile(blocks.sum(axis=0), (processes, 1)))).all())

    array = rows(context, values, targets)
    context.apply(collectives.copy_the_first, (array,))
    np.testing.assert_array_equal(array.toarray(), np.tile(blocks[0], (processes, 1)))

    array = rows(context, values, targets)
    sums = context.zeros(da.Distribution(context, (16,), "b", targets=targets))
    context.apply(collectives.sum_scattered, (readonly(array), sums))
    assert bool((sums == blocks.sum(axis=0).reshape(-1)).all())
    assert float(sums.sum()) == values.sum() == float(array.sum())


@pytest.mark.usefixtures("nothing_copied")
@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_transposition(context, targets):
    values = np.arange(8 * 12.0).reshape(8, 12)
    array = rows(context, values, targets)
    result = rows(context, np.zeros((12, 8)), targets)
    context.apply(collectives.transpose, (readonly(array), result))
    np.testing.assert_array_equal(result.toarray(), values.T)
    for i, j in [(0, 0), (3, 7), (11, 5)]:
        assert float(result[i, j]) == float(array[j, i])


@pytest.mark.usefixtures("nothing_copied")
@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_halo_exchange(context, targets):
    line = da.Distribution(context, (50,), "b", targets=targets)
    u = context.fromfunction(lambda i: i * i, line).astype(float)
    result = context.zeros(line)
    for _ in range(3):
        context.apply(collectives.mean_of_neighbours, (readonly(u), result))
        assert bool((result[1:-1] == (u[:-2] + u[2:]) / 2).all())
        assert float(result[0]) == float(u[0]) and float(result[-1]) == float(u[-1])
        u, result = result, u


@pytest.mark.usefixtures("nothing_copied")
@pytest.mark.parametrize("targets", TARGETS, ids=str)
def test_one_sided(context, targets):
    processes = len(targets)
    array = rows(context, np.full((processes, 10), -1), targets)
    context.apply(collectives.put_and_add, (array,))
    assert bool((array[:, :processes] == np.arange(processes)).all())
    assert bool((array[:, processes:-1] == -1).all())
    assert bool((array[:, -1] == processes - 1).all())


def test_arrays_on_different_targets_in_one_call(context):
    everywhere = context.zeros(8)
    some = context.zeros(da.Distribution(context, (6,), "b", targets=[3, 1]))
    assert context.apply(collectives.sum_of_both, (everywhere, some), targets=[0, 1, 2, 3]) == [4, 4, 4, 4]
    assert bool((some == 2).all())


def test_large_messages_are_exchanged_in_silence(context, capfd):
    # Where workers may not read each other's memory, Open MPI must not be left to try: it would tell of each failure.
    values = np.arange(16 * 65536.0)
    array = context.fromarray(values)
    capfd.readouterr()
    context.apply(collectives.exchange_much, (array,))
    np.testing.assert_array_equal(array.toarray().reshape(4, 4, -1), values.reshape(4, 4, -1).swapaxes(0, 1))
    told = capfd.readouterr()
    assert told.out + told.err == ""


# The protocol, with a party that is NumPy only. A dimension is a list of dictionaries, one a process.

KINDS = {
    "block": [block(10, 4)],
    "blocks": [block(5, 2), block(9, 2)],
    "irregular": [irregular(0, 1, 5), irregular(0, 7, 9)],
    "empty-parts": [irregular(0, 0, 3, 3, 5)],
    "cyclic": [cyclic(10, 4)],
    "cyclic-block": [cyclic(5, 2), block(9, 2)],
    "block-cyclic": [cyclic(5, 2, 2), cyclic(9, 2, 2)],
    "unstructured": [unstructured([3, 0], [4, 2, 1]), unstructured([2, 3, 7, 1], [6, 5, 8, 0, 4])],
    "three": [cyclic(5, 2), whole(4), block(3, 2)],
}
# What DistArray reads and does not write: its own parts have no padding.
IMPORTED = {
    **KINDS,
    "padded": [block(30, 4, [(4, 1), (1, 2), (2, 3), (3, 0)])],
    "padded-twice": [block(8, 2, [(1, 1), (1, 2)]), block(9, 2, [(0, 2), (2, 0)])],
    "padded-cyclic": [block(8, 2, [(2, 3), (3, 1)]), cyclic(5, 2, 2)],
    "periodic": [block(9, 4, periodic=True)],
    "alias": [ALIAS, block(6, 4)],
    "small-indices": [unstructured([3, 0], [4], [1], [2], one_to_one=False, dtype=np.uint8)],
}
SIZES = {"alias": 3}  # of dimensions whose dictionaries do not say


def processes_of(dimensions):
    return int(np.prod([len(one) for one in dimensions]))


def values_of(kind, dtype=float):
    shape = [one[0].get("size", SIZES.get(kind)) for one in IMPORTED[kind]]
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def array_of(context, kind, dtype=float, targets=None):
    """The values, dealt out as the dimensions of the kind say."""
    per_rank = list(itertools.product(*KINDS[kind]))
    distribution = da.Distribution.from_dim_data_per_rank(context, per_rank, targets=targets)
    return context.fromarray(values_of(kind, dtype), distribution)


def read_and_double(la):
    """The peer reads the local array, tells the whole one together with the others, and doubles its part."""
    check_mpi(la, la.comm)
    read = numpy_peer.read(la)
    same = read.buffer.ctypes.data == la.ndarray.ctypes.data and read.rank == la.comm.Get_rank()
    gathered = numpy_peer.across(la.comm, la)
    read.buffer *= 2
    return (same or la.local_size == 0) and not read.buffer.flags.owndata, gathered


@pytest.mark.parametrize("dtype", [float, np.int16, np.complex64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_peer_reads_ours(context, kind, dtype):
    values = values_of(kind, dtype)
    targets = [2, 3, 0, 1][: processes_of(KINDS[kind])]
    array = array_of(context, kind, dtype, targets)
    before = copied_bytes(context)
    for same, gathered in context.apply(read_and_double, (array,)):
        assert same
        np.testing.assert_array_equal(gathered, values)
        assert gathered.dtype == values.dtype
    np.testing.assert_array_equal(array.toarray(), values * 2)
    exports = context.apply(lambda la: la.__distarray__(), (array,))
    check_all(exports)
    np.testing.assert_array_equal(numpy_peer.assemble([numpy_peer.read(one) for one in exports]), values * 2)
    copies = context.apply(lambda la: la, (array,))
    check_all(copies)
    np.testing.assert_array_equal(numpy_peer.assemble([numpy_peer.read(one) for one in copies]), values * 2)
    # The elements that came back as values were copied on their way, the rest was not.
    assert copied_bytes(context) - before <= 2 * values.nbytes


def part_here(parts, told=lambda part: part):
    """This process's of the parts. A function knows its place among the targets by a communicator."""
    comm = localapi.Distribution.from_shape(len(parts)).comm
    return told(parts[comm.Get_rank()])


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", IMPORTED)
def test_ours_reads_a_peer(context, kind, order):
    values, dimensions = values_of(kind), IMPORTED[kind]
    parts = numpy_peer.deal(values, dimensions, order)
    check_all(parts)
    np.testing.assert_array_equal(numpy_peer.assemble([numpy_peer.read(one) for one in parts]), values)
    array = context.from_distarray(part_here, (parts,), targets=range(len(parts)))
    assert array.shape == values.shape and array.dtype == values.dtype
    np.testing.assert_array_equal(array.toarray(), values)
    assert float((array * 2).sum()) == values.sum() * 2
    letters = [one[0].get("dist_type", "b") for one in dimensions]
    dealt = [letter for letter, one in zip(letters, dimensions, strict=True) if len(one) > 1]
    assert [letter for letter in array.distribution.dist if letter != "n"] == dealt
    # The dictionary itself will do, and so does another order of the targets.
    targets = [3, 1, 2, 0][: len(parts)]
    again = context.from_distarray(part_here, (parts, lambda part: part.__distarray__()), targets=targets)
    assert again.distribution.targets == targets
    assert bool((again == array).all())


def back_and_forth(part):
    """Peer, local array, peer: the same memory and the same padding. Comes back as the peer's part."""
    comm = localapi.Distribution.from_shape(4).comm
    held = localapi.LocalArray.from_distarray(part, comm)
    check_mpi(held, comm)
    read = numpy_peer.read(held)
    same = read.buffer.ctypes.data == part.buffer.ctypes.data
    return same, numpy_peer.across(comm, held), [dict(one) for one in held.dim_data]


@pytest.mark.parametrize("kind", ["padded", "padded-twice", "padded-cyclic", "periodic", "block-cyclic"])
def test_a_padded_part_goes_there_and_back(context, kind):
    values = values_of(kind)
    parts = numpy_peer.deal(values, IMPORTED[kind])
    for part, (same, gathered, dim_data) in zip(parts, context.apply(part_here, (parts, back_and_forth)), strict=True):
        assert same
        np.testing.assert_array_equal(gathered, values)
        defaults = {"padding": (0, 0), "periodic": False, "block_size": 1}
        assert [{**defaults, **one} for one in dim_data] == [{**defaults, **one} for one in part.dim_data]


def in_engine_memory(part):
    """The part, its buffer moved to where it needs no copy."""
    moved = localapi.empty(localapi.Distribution(None, part.dim_data), part.buffer.dtype)
    moved.ndarray[...] = part.buffer
    return numpy_peer.Part(moved.ndarray, part.dim_data)


def test_what_is_copied_of_a_peers_parts(context):
    values = values_of("block-cyclic")
    parts = numpy_peer.deal(values, KINDS["block-cyclic"])
    before = copied_bytes(context)
    array = context.from_distarray(part_here, (parts, in_engine_memory))
    assert copied_bytes(context) == before
    np.testing.assert_array_equal(array.toarray(), values)
    array = context.from_distarray(part_here, (parts,))
    assert copied_bytes(context) == before + values.nbytes
    np.testing.assert_array_equal(array.toarray(), values)


def test_parts_that_do_not_fit_together(context):
    parts = numpy_peer.deal(values_of("cyclic"), KINDS["cyclic"])
    misplaced = [{**parts[3].dim_data[0], "start": 0}]
    for wrong, why in (
        ([*parts[:3], numpy_peer.deal(np.zeros(11), [cyclic(11, 4)])[3]], "size 1[01]"),
        ([*parts[:3], numpy_peer.Part(parts[3].buffer.astype(int), parts[3].dim_data)], "int64"),
        ([*parts[:3], numpy_peer.Part(parts[3].buffer, misplaced)], "'start' is 0"),
        ([*parts[:3], parts[2]], "process 3"),
        (parts[:3], "grid of 4 for 3 targets"),
    ):
        with pytest.raises(ValueError, match=why):
            context.from_distarray(part_here, (wrong,), targets=range(len(wrong)))
    # Parts in another order fit together: the targets are then in that order.
    array = context.from_distarray(part_here, ([parts[1], parts[0], *parts[2:]],))
    assert array.distribution.targets == [1, 0, 2, 3]
    np.testing.assert_array_equal(array.toarray(), values_of("cyclic"))


# PyTrilinos, of which there is a double only: see peers/pytrilinos_double.py.


def through_pytrilinos(exporter):
    vector = pytrilinos_double.from_DistArray(exporter.comm, exporter)
    norm = vector.norm2(exporter.comm)
    vector.scale(2)
    unread = [key for data in exporter.dim_data for key in pytrilinos_double.KEYS_IT_MISREADS if key in data]
    return norm, vector.data.ctypes.data == exporter.ndarray.ctypes.data, vector.map.bounds, vector.map.layout, unread


@pytest.mark.usefixtures("nothing_copied")
@pytest.mark.parametrize("kind", ["block", "blocks", "irregular"])
def test_pytrilinos_computes_in_place(context, kind):
    values = values_of(kind)
    array = array_of(context, kind, targets=[1, 0, 3, 2])
    bounds = [[(data["start"], data["stop"]) for data in dimension] for dimension in KINDS[kind]]
    norm = float((array * array).sum()) ** 0.5
    for seen in context.apply(through_pytrilinos, (array,)):
        assert seen == (pytest.approx(norm), True, bounds, "C", [])
    assert bool((array == context.fromarray(values * 2)).all())


@pytest.mark.parametrize("kind", ["cyclic", "block-cyclic", "unstructured"])
def test_pytrilinos_refuses_all_but_blocks(context, kind):
    array = array_of(context, kind)
    with pytest.raises(ValueError, match=r"axis 0 is of dist_type '[cu]'") as caught:
        context.apply(through_pytrilinos, (array,))
    assert caught.value.targets == [0, 1, 2, 3]
    np.testing.assert_array_equal(array.toarray(), values_of(kind))


def scaled_by_pytrilinos(part):
    vector = pytrilinos_double.from_DistArray(localapi.Distribution.from_shape(4).comm, part)
    vector.scale(2)
    return part if vector.map.layout == "F" else None


def test_pytrilinos_scales_what_is_owned(context):
    parts = numpy_peer.deal(values_of("padded-twice"), IMPORTED["padded-twice"], "F")
    array = context.from_distarray(part_here, (parts, scaled_by_pytrilinos))
    np.testing.assert_array_equal(array.toarray(), values_of("padded-twice") * 2)
