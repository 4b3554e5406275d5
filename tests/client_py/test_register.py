"""Registered functions: by name, as one array, from source text; arrays that functions make."""

import distarray
import distarray.globalapi as da
import numpy as np
import pytest
from checks import same
from distarray import localapi

pytestmark = pytest.mark.daemon

DISTS = ["b", "c", "bb", "bn", "nb", "cc", "cb"]


@pytest.fixture
def rows(context):
    return context.fromarray(np.arange(24.0).reshape(8, 3))


@pytest.fixture(autouse=True)
def no_functions_left(context):
    yield
    for function in context.functions():
        context.unregister(function.name)


def test_local_arrays_become_an_array(context, rows):
    def local_demean(la):
        return la - la.ndarray.mean()

    context.register(local_demean)
    demeaned = context.local_demean(rows)
    assert isinstance(demeaned, da.DistArray) and demeaned.distribution.is_compatible(rows.distribution)
    parts = np.arange(24.0).reshape(4, 6)
    same(demeaned, (parts - parts.mean(axis=1, keepdims=True)).reshape(8, 3))
    same(demeaned + rows, demeaned.toarray() + rows.toarray())


def test_arrays_and_none_and_lists(context, rows):
    context.register(lambda la: la.ndarray.sum(), name="sums")
    assert context.sums(rows) == [15.0, 51.0, 87.0, 123.0]
    context.register(lambda la: la.fill(3), name="nothing")
    assert context.nothing(rows) is None
    same(rows, np.full((8, 3), 3.0))
    context.register(lambda la: la.ndarray - la.ndarray.mean(), name="plain")
    assert [type(one) for one in context.plain(rows)] == [np.ndarray] * 4  # as in the original

    def mixed(la):
        return localapi.zeros_like(la) if la.target == 1 else la.target

    context.register(mixed)
    results = context.mixed(rows)
    assert results[0] == 0 and results[2:] == [2, 3]
    assert isinstance(results[1], localapi.LocalArray) and results[1].global_shape == (8, 3)


def test_without_arrays_it_runs_on_all_targets(context):
    context.register(lambda: 1, name="one")
    assert context.one() == [1] * 4

    def made(size):
        return localapi.fromfunction(lambda i: i * 2.0, size)

    context.register(made)
    same(context.made(10), np.arange(10) * 2.0)
    same(context.made(2), np.arange(2) * 2.0)  # more targets than elements


def test_an_argument_that_is_returned(context, rows):
    context.register(lambda la: la, name="same")
    again = context.same(rows)
    same(again, rows.toarray())
    rows += 1
    same(again, np.arange(24.0).reshape(8, 3))
    again *= 2
    same(rows, np.arange(24.0).reshape(8, 3) + 1)


def test_an_argument_that_only_some_targets_return(context, rows):
    before = rows.toarray()
    context.register(lambda la: la if la.cart_coords[0] else la * 2, name="partly_itself")
    result = context.partly_itself(rows)
    expected = before.copy()
    first = rows.localshapes()[0][0]
    expected[:first] *= 2
    np.testing.assert_array_equal(result.toarray(), expected)
    result[...] = 0
    np.testing.assert_array_equal(rows.toarray(), before)
    context.register(lambda la: la if la.cart_coords[0] else None, name="itself_or_none")
    values = context.itself_or_none(rows)
    assert values[0] is None
    np.testing.assert_array_equal(np.concatenate([value.ndarray for value in values[1:]]), before[first:])


@pytest.mark.parametrize("dist", DISTS)
def test_results_on_every_distribution(context, dist):
    whole = np.arange(7.0 * 9).reshape(7, 9)
    array = context.fromarray(whole, da.Distribution(context, whole.shape, dist))

    def made(la):
        result = localapi.empty_like(la, "int32")
        result.ndarray[...] = la.ndarray
        return result

    def described(la):  # by its dim_data only
        return localapi.LocalArray(localapi.Distribution(None, la.dim_data), buf=la.ndarray * 2)

    context.register(made)
    context.register(described)
    same(context.made(array), whole.astype("int32"))
    assert context.made(array).distribution.is_compatible(array.distribution)
    same(context.described(array), whole * 2)
    same(context.from_distarray(lambda la: {**la.__distarray__(), "buffer": la.ndarray + 1}, (array,)), whole + 1)


def test_unstructured(context):
    lists = [[7, 0], [3], [1, 2, 6], [5, 4]]
    dim_data = [{"dist_type": "u", "indices": lists}]
    array = context.fromarray(np.arange(8.0), da.Distribution.from_global_dim_data(context, dim_data))
    assert context.apply(lambda la: la.global_indices(0).tolist(), (array,)) == lists
    context.register(lambda la: la * 2, name="twice")
    same(context.twice(array), np.arange(8.0) * 2)
    same(context.from_distarray(lambda la: la.__distarray__(), (array,)), np.arange(8.0))


def test_what_was_allocated_by_the_engine_is_not_copied(context, rows):
    before = context.server_info().functions.copied_bytes
    context.register(lambda la: localapi.ones_like(la), name="made")
    context.register(lambda la: la + 1, name="computed")
    same(context.made(rows), np.ones((8, 3)))
    assert context.server_info().functions.copied_bytes == before
    same(context.computed(rows), np.arange(24.0).reshape(8, 3) + 1)
    assert context.server_info().functions.copied_bytes == before + 24 * 8


def test_functions_are_named_objects_of_the_session(daemons, context, rows):
    def one(la):
        return 1

    context.register(one)
    context.register(source="def two(la):\n    return 2\n", name="two")
    listed = context.functions()
    assert [function.name for function in listed] == ["one", "two"]
    assert listed[0].source == "" and listed[0].python_version
    assert (listed[1].source, listed[1].python_version) == ("def two(la):\n    return 2\n", "")
    context.register(lambda la: 3, name="one")
    assert context.one(rows) == [3] * 4
    assert [function.calls for function in context.functions()] == [1, 0]
    context.unregister("one")
    with pytest.raises(AttributeError, match="no function is registered"):
        context.one(rows)
    with pytest.raises(KeyError):
        context.unregister("one")
    with da.Context(daemons(4)) as other:
        assert other.functions() == []
        with pytest.raises(AttributeError):
            other.two(other.zeros(4))


def test_source(context, rows):
    source = """
    import math

    def helper(x):
        return math.sqrt(x)

    def scaled(la, by=1, *, plus=0):
        "Scales."
        return la * by + helper(plus)
    """
    import textwrap

    context.register(source=textwrap.dedent(source), name="scaled")
    same(context.scaled(rows, 3, plus=4), rows.toarray() * 3 + 2)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({}, TypeError, "one of them"),
        ({"func": len, "source": "x"}, TypeError, "one of them"),
        ({"source": "def f(): pass"}, TypeError, "name="),
        ({"source": 5, "name": "f"}, TypeError, "str"),
        ({"func": lambda: 1}, ValueError, "identifier"),
        ({"func": len, "name": "two words"}, ValueError, "identifier"),
        ({"func": len, "name": "class"}, ValueError, "identifier"),
        ({"func": len, "name": "_hidden"}, ValueError, "begin with _"),
        ({"func": len, "name": "zeros"}, ValueError, "must not be one that contexts have"),
        ({"func": 5, "name": "five"}, TypeError, "callable"),
    ],
)
def test_bad_registrations(context, given, error, text):
    with pytest.raises(error, match=text):
        context.register(**given)
    assert context.functions() == []


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        ("def f(:", SyntaxError, "f"),
        ("g = 1", ValueError, "defines no function 'f'"),
        ("f = 5", ValueError, "defines no function 'f'"),
        ("def f():\n    return undefined_name\n", NameError, "undefined_name"),
        ("import no_such_module\ndef f(): pass", ModuleNotFoundError, "no_such_module"),
    ],
)
def test_bad_source_is_an_error_of_the_call(context, source, error, text):
    context.register(source=source, name="f")
    with pytest.raises(error, match=text):
        context.f()


def test_a_traceback_shows_the_source(context):
    context.register(source="def f():\n    return 1 / 0  # here\n", name="f")
    with pytest.raises(ZeroDivisionError) as caught:
        context.f()
    assert "# here" in caught.value.remote_traceback


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda la: np.zeros(3), "__distarray__"),
        (lambda la: {"buffer": np.zeros(3)}, "missing"),
        (lambda la: {**la.__distarray__(), "__version__": "0.9.0"}, "0.10.0"),
        (lambda la: {**la.__distarray__(), "buffer": np.zeros((1, 1))}, "extent"),
        (lambda la: {**la.__distarray__(), "buffer": np.zeros((2, 3), "f2")}, "float16"),
        (lambda la: {**la.__distarray__(), "dim_data": ({}, {})}, "do not make one array"),
        (
            lambda la: {**la.__distarray__(), "buffer": np.zeros((2, 3), "f4" if la.target else "f8")},
            "do not make one array",
        ),
    ],
)
def test_what_is_no_array(context, rows, make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        context.from_distarray(make, (rows,))
    assert context.apply(lambda: 1) == [1] * 4


def test_padding_is_left_behind(context):
    """Two processes that hold a copy of each other's edge: only what is owned becomes the array."""

    def padded():
        rank = localapi.Distribution.from_shape(2).comm_rank
        bounds = [(0, 10), (8, 18)][rank]
        data = {
            "dist_type": "b",
            "size": 18,
            "proc_grid_size": 2,
            "proc_grid_rank": rank,
            "start": bounds[0],
            "stop": bounds[1],
            "padding": (1, 1),
        }
        return {"__version__": "0.10.0", "buffer": np.arange(*bounds, dtype=float), "dim_data": (data,)}

    same(context.from_distarray(padded, targets=[1, 2]), np.arange(18.0))


def test_non_contiguous_and_swapped_buffers(context, rows):
    def fortran(la):
        return {**la.__distarray__(), "buffer": np.asfortranarray(la.ndarray)}

    def swapped(la):
        return {**la.__distarray__(), "buffer": la.ndarray.astype(">f8")}

    for function in (fortran, swapped):
        same(context.from_distarray(function, (rows,)), rows.toarray())


def test_fromfunction_of_any_function(context):
    def steps(i, j):
        if i.size and float(i.ravel()[0]) >= 0:  # needs values, which distributed arrays of indices do not give
            return np.where(i > j, i, -j)
        return i * 0.0

    for dist in ("b", "c", "bb", "nc"):
        same(
            context.fromfunction(steps, (7, 9), dist=dist),
            np.fromfunction(np.vectorize(lambda i, j: i if i > j else -j), (7, 9)),
        )

    def broken(i):
        raise ZeroDivisionError("always")

    with pytest.raises(ZeroDivisionError):
        context.fromfunction(broken, (3,))


def test_communication(context, rows):
    def standardized(la):
        total = la.comm.allreduce(float(la.ndarray.sum()))
        if (la.comm.Get_size(), la.comm.Get_rank()) != (la.comm_size, la.comm_rank):
            raise ValueError("another communicator")
        return la - total / la.global_size

    context.register(standardized)
    whole = rows.toarray()
    same(context.standardized(rows), whole - whole.mean())


def test_communicators_are_of_exactly_the_arrays_targets(context):
    for targets in ([2, 0], [3], [1, 2, 3], [0, 1, 2, 3], [2, 0]):
        array = context.ones(da.Distribution(context, 12, targets=targets))
        told = context.apply(
            lambda la: (la.comm_rank, la.comm.Get_size(), la.comm.allgather(la.target)), (array,)
        )
        assert told == [(rank, len(targets), targets) for rank in range(len(targets))]
    grid = context.ones(da.Distribution(context, (8, 8), "bb"))
    assert context.apply(lambda la: (la.comm.Get_topo()[0], la.comm.Get_topo()[2]), (grid,)) == [
        ([2, 2], [i, j]) for i in range(2) for j in range(2)
    ]


def test_communicators_after_a_failure(context, rows):
    def uneven(la):
        if la.target == 0:
            la.comm.send("stray", dest=1)
            raise ValueError("left a message behind")

    with pytest.raises(ValueError, match="left a message"):
        context.apply(uneven, (rows,))

    def exchange(la):
        if la.target == 0:
            la.comm.send("meant", dest=1)
        return la.comm.recv(source=0) if la.target == 1 else None

    assert context.apply(exchange, (rows,))[1] == "meant"


def test_a_part_elsewhere_has_no_communicator(context, rows):
    with pytest.raises(distarray.error.FunctionError, match=r"targets \[1, 2, 3\] hold parts"):
        context.apply(lambda la: la.comm.Get_size(), (rows,), targets=[0])
