"""Wrong arguments: a clear error of the right kind for the one who gave them, and nothing else happens."""

import distarray.globalapi as da
import numpy as np
import pytest
from checks import same
from distarray import DistArrayError, Key
from distarray._proto import session_pb2, types_pb2
from distarray.error import MessageTooLargeError

pytestmark = pytest.mark.daemon


@pytest.fixture(autouse=True)
def others_are_unharmed(contexts, context):
    """Another client's array, before and after."""
    kept = context.arange(10.0)
    yield
    same(kept, np.arange(10.0))
    assert float((kept + 1).sum()) == 55


@pytest.fixture
def client(daemons):
    with da.Context(daemons(4)) as context:
        yield context


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda c: c.zeros((-1,)), ValueError),
        (lambda c: c.zeros((1 << 62,)), (ValueError, MemoryError)),
        (lambda c: c.zeros((1 << 40,)), MemoryError),
        (lambda c: c.zeros((1 << 31, 1 << 31, 1 << 31)), ValueError),
        (lambda c: c.zeros("abc"), TypeError),
        (lambda c: c.zeros(3, dtype="float16"), TypeError),
        (lambda c: c.zeros(3, dtype="U4"), TypeError),
        (lambda c: c.zeros((3, 3), dist="bx"), ValueError),
        (lambda c: c.zeros((3, 3), grid_shape=(3, 3)), ValueError),
        (lambda c: c.zeros(3, targets=[7]), ValueError),
        (lambda c: c.zeros(3).sum(axis=1), (ValueError, IndexError)),
        (lambda c: c.zeros((3, 4)) + c.zeros((4, 3)), ValueError),
        (lambda c: c.zeros(3)[5], IndexError),
        (lambda c: c.zeros(3).__setitem__(5, 1), IndexError),
        (lambda c: c.zeros(3) & 1, TypeError),
        (lambda c: da.invert(c.zeros(3)), TypeError),
        (lambda c: c.zeros(3).distribute_as(da.Distribution(c, (4,))), ValueError),
        (lambda c: c.empty((0,)).max(), ValueError),
        (lambda c: c.load_hdf5("/nonexistent/file.hdf5"), FileNotFoundError),
        (lambda c: c.arange(0, 1, 0), ValueError),
        (lambda c: c.linspace(0, 1, -1), ValueError),
    ],
)  # fmt: skip
def test_at_the_call(client, call, kind):
    with pytest.raises(kind) as caught:
        call(client)
    assert isinstance(caught.value, DistArrayError) and len(str(caught.value)) > 15
    assert not client.closed


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda c: c.zeros(3).item(), ValueError),
        (lambda c: c.zeros(3).get_localarrays()[0].__array__("int8", copy=False), ValueError),
        (lambda c: c.zeros(3, dtype="no such type"), TypeError),
        (lambda c: c.zeros(3, dtype="f8,,"), TypeError),
        (lambda c: c.zeros(3, dtype=3), TypeError),
        (lambda c: c.zeros(3).astype({"a": 1}), TypeError),
        (lambda c: c.zeros(3).var(ddof="one"), TypeError),
        (lambda c: c.linspace(0, 1, 2.5), TypeError),
        (lambda c: c.eye(3, k=0.5), TypeError),
        (lambda c: c.zeros(3, targets=[0.5]), TypeError),
        (lambda c: c.zeros(3, targets=3), TypeError),
        (lambda c: c.zeros(3, grid_shape=[1.5]), TypeError),
        (lambda c: c.zeros(3).distribution.owning_ranks(["a"]), TypeError),
        (lambda c: c.load_hdf5("x", targets=[1 << 40]), ValueError),
        (lambda c: da.random.Random(c).randint(3, "a", 5), TypeError),
        (lambda c: da.random.Random(c).uniform(3, "a"), TypeError),
        (lambda c: da.random.Random(c).normal(3, scale=1j), TypeError),
        (lambda c: da.Distribution.from_global_dim_data(c, [{"dist_type": "b", "bounds": [0, 1.5]}]), TypeError),
        (lambda c: da.Context(c.address, engines="two"), ValueError),
        (lambda c: da.Context(engines="two"), TypeError),
        (lambda c: da.Context(c.address, targets=[0.5]), TypeError),
        (lambda c: da.Context(c.address, targets=[1 << 40]), ValueError),
        (lambda c: da.Context(c.address, targets=[-1]), ValueError),
        (lambda c: da.Context(c.address, default_dist=3), TypeError),
    ],
)  # fmt: skip
def test_what_the_client_finds_is_a_distarrayerror_too(client, call, kind):
    with pytest.raises(kind) as caught:
        call(client)
    assert isinstance(caught.value, DistArrayError) and len(str(caught.value)) > 15


def send(client, fill):
    """Sends a request as it is, past the client's own checks, and awaits the answer."""
    request = session_pb2.Request()
    fill(request)
    return client._session.call(request)


def slice_beyond(client):
    array = client.zeros(3)

    def fill(request):
        request.slice.key = array._key
        request.slice.result = client._new_key()
        request.slice.index.entries.add().integer = 9

    return fill


def ufunc(name, *shapes, dtype=float):
    def make(client):
        arrays = [client.zeros(shape, dtype) for shape in shapes]

        def fill(request):
            request.ufunc.name = name
            request.ufunc.result = client._new_key()
            for array in arrays:
                request.ufunc.operands.add().key = array._key
            fill.kept = arrays

        return fill

    return make


def reduce_axis(client):
    array = client.zeros((3, 4))

    def fill(request):
        request.reduce.name, request.reduce.key, request.reduce.result = "sum", array._key, client._new_key()
        request.reduce.axes.append(2)

    fill.kept = array
    return fill


def put(start, shape, data, dtype=types_pb2.DTYPE_FLOAT64):
    def make(client):
        array = client.zeros(8)

        def fill(request):
            request.put.key, request.put.dtype, request.put.data = array._key, dtype, data
            request.put.start.extend(start)
            request.put.shape.extend(shape)

        fill.kept = array
        return fill

    return make


def create(shape, dtype, **distribution):
    def make(client):
        def fill(request):
            request.create.key = client._new_key()
            request.create.shape.extend(shape)
            request.create.dtype = dtype
            request.create.empty.SetInParent()
            if distribution:
                exact = request.create.distribution.exact
                exact.targets.extend(distribution["targets"])
                one = exact.dimensions.add(size=distribution["size"], grid_size=len(distribution["bounds"]) - 1)
                one.block.bounds.extend(distribution["bounds"])

        return fill

    return make


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda client: lambda request: setattr(request.describe, "key", 10**9), KeyError),
        (lambda client: lambda request: setattr(request.get, "key", 10**9), KeyError),
        (ufunc("frobnicate", 3), ValueError),
        (ufunc("add", 3, 4), ValueError),
        (ufunc("add", 3), ValueError),
        (ufunc("invert", 3), TypeError),
        (slice_beyond, IndexError),
        (reduce_axis, (ValueError, IndexError)),
        (put([6], [4], bytes(32)), ValueError),
        (put([0], [4], bytes(31)), ValueError),
        (put([-1], [4], bytes(32)), ValueError),
        (put([0], [4], bytes(32), types_pb2.DTYPE_INT64), TypeError),
        (create([-3], types_pb2.DTYPE_INT8), ValueError),
        (create([3], 99), TypeError),
        (create([1 << 62, 1 << 62], types_pb2.DTYPE_INT8), (ValueError, MemoryError)),
        (create([1 << 45], types_pb2.DTYPE_INT8), MemoryError),
        (create([5], types_pb2.DTYPE_INT8, targets=[0, 1], size=5, bounds=[0, 2, 4]), ValueError),
        (create([5], types_pb2.DTYPE_INT8, targets=[0, 0], size=5, bounds=[0, 2, 5]), ValueError),
        (create([5], types_pb2.DTYPE_INT8, targets=[0, 9], size=5, bounds=[0, 2, 5]), ValueError),
        (create([5], types_pb2.DTYPE_INT8, targets=[0, 1], size=6, bounds=[0, 2, 6]), ValueError),
        (create([5], types_pb2.DTYPE_INT8, targets=[0, 1], size=5, bounds=[0, 6, 5]), ValueError),
    ],
)
def test_what_the_server_says(client, make, kind):
    with pytest.raises(kind) as caught:
        send(client, make(client))
    assert isinstance(caught.value, DistArrayError) and caught.value.reason
    assert float(client.ones(3).sum()) == 3


def test_a_deleted_key(client):
    d = client.zeros(3)
    d.wait()
    client.delete_key(Key(int(d.key)))
    with pytest.raises(KeyError):
        d.sum().wait()


def test_errors_spread_to_what_depends_on_them(client):
    bad = client.arange(4) ** client.fromarray([0, -1, 0, 0])
    good = client.arange(4) + 1
    dependent = da.where(bad > 0, bad, good)[1:].sum()
    with pytest.raises(ValueError, match="negative") as caught:
        float(dependent)
    assert "test_bad_input.py" in str(caught.value)
    same(good, np.arange(1, 5))


def test_a_failed_in_place_operation_leaves_its_array(client):
    d = client.arange(1, 5)
    d **= client.fromarray([1, -1, 1, 1])
    with pytest.raises(ValueError, match="negative"):
        d.wait()
    same(d, np.arange(1, 5))


def test_a_client_that_vanishes_in_the_middle_of_an_upload(daemons, context):
    client = da.Context(daemons(4))
    d = client.zeros(1 << 20)
    for part in range(4):
        request = session_pb2.Request()
        request.put.key, request.put.dtype = d._key, types_pb2.DTYPE_FLOAT64
        request.put.start.append(part << 16)
        request.put.shape.append(1 << 16)
        request.put.data = bytes(8 << 16)
        client._session.submit(request)
    client._session._call.cancel()
    with pytest.raises(ConnectionError):
        d.wait()
    client.close()
    assert float(context.ones(10).sum()) == 10


def test_too_large_a_message(client):
    limit = client.server_info().message_bytes_max
    d = client.zeros(limit // 8 + 1000)

    def fill(request):
        request.put.key, request.put.dtype = d._key, types_pb2.DTYPE_FLOAT64
        request.put.start.append(0)
        request.put.shape.append(d.size)
        request.put.data = bytes(d.nbytes)

    with pytest.raises(MessageTooLargeError, match=f"put: .*{limit}"):
        send(client, fill)
    client._session._feeder.message_bytes_max = 1 << 40  # a client that does not look
    with pytest.raises(DistArrayError) as caught:
        send(client, fill)
    assert "RESOURCE_EXHAUSTED" in str(caught.value)


def test_many_large_requests_are_not_sent_as_one_message(client):
    size = 1 << 17
    rng = np.random.default_rng(5)
    parts = np.array_split(rng.permutation(size), 2)
    maps = [{"dist_type": "u", "indices": [part.tolist() for part in parts], "proc_grid_size": 2}]
    layout = da.Distribution.from_global_dim_data(client, maps)
    arrays = [client.full(layout, value) for value in range(40)]  # each names its indices, some 400 kB
    assert [float(one[0]) for one in arrays] == list(range(40))


@pytest.mark.parametrize("address", [3, [0, 1], b"127.0.0.1:1"])
def test_an_address_that_is_none(address):
    with pytest.raises(TypeError, match="address must be a str"):
        da.Context(address)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", ":7755", "127.0.0.1:99999", "127.0.0.1:0", "http://a:1"])
def test_an_address_without_host_or_port(monkeypatch, address):
    with pytest.raises(ValueError, match=f"^address must be 'host:port', '{address}'"):
        da.Context(address)
    monkeypatch.setenv("DISTARRAY_ADDRESS", address)
    with pytest.raises(ValueError, match="DISTARRAY_ADDRESS must be"):
        da.Context()


def test_an_engines_error_names_its_target(client):
    exponents = client.fromarray([1] * 7 + [-1])  # the last of 4 engines
    with pytest.raises(ValueError) as caught:
        (client.arange(8) ** exponents).wait()
    assert caught.value.targets == [3]


def test_a_memory_error_has_its_figures(client):
    info = client.server_info()
    with pytest.raises(MemoryError) as caught:
        client.zeros(1 << 42)
    assert int(caught.value.metadata["asked_bytes"]) == 8 << 42
    assert int(caught.value.metadata["limit_bytes"]) == info.memory_limit_bytes


def test_arguments_of_load_of_a_wrong_type(client):
    with pytest.raises(TypeError, match="distribution must be a Distribution"):
        client.load_hdf5("x.hdf5", (12,))
    with pytest.raises(TypeError, match="key must be a str"):
        client.load_hdf5("x.hdf5", key=3)


def test_what_a_chain_makes_in_between_is_not_kept(monkeypatch):
    monkeypatch.setenv("DISTARRAYD_MEMORY_LIMIT", "65MiB")
    with da.Context(engines=2) as client:
        a = client.arange(2 << 20, dtype=float)  # 16 MiB
        b = a
        for _ in range(100):
            b = b * 0.5 + 1
        assert abs(float(b.max()) - 2) < 1e-12
        del b
        total = float((da.sin(a) ** 2 + 1 - 1 + 1).sum())  # pytest keeps the parts of what it asserts
        assert total > 0
        assert client.server_info().memory_used_bytes <= 48 << 20


def test_memory_is_charged_and_given_back(monkeypatch):
    monkeypatch.setenv("DISTARRAYD_MEMORY_LIMIT", "64MiB")
    with da.Context(engines=2) as client:
        assert client.server_info().memory_limit_bytes == 64 << 20
        with pytest.raises(MemoryError):
            client.zeros(8 << 20 | 1)
        kept = [client.full(2 << 20, value) for value in range(3)]
        with pytest.raises(MemoryError) as caught:
            client.empty(3 << 20)
        assert "memory" in str(caught.value)
        assert [float(one.max()) for one in kept] == [0, 1, 2]
        del kept
        client.wait()
        assert float(client.full(4 << 20, 5.0).min()) == 5
