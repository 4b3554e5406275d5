"""Every unary method of the service on a real daemon, as a gRPC client of another language would call them; health and
reflection.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

grpc = pytest.importorskip("grpc")
np = pytest.importorskip("numpy")
pytest.importorskip("distarray._proto")

from distarray._proto import (  # noqa: E402
    arrays_pb2,
    files_pb2,
    operations_pb2,
    service_pb2,
    session_pb2,
    types_pb2,
)
from google.protobuf import message_factory  # noqa: E402

from tests.support.daemon import PATIENCE, Daemon  # noqa: E402

SERVICE = service_pb2.DESCRIPTOR.services_by_name["DistArray"]
NUMBERS = np.arange(12.0).reshape(3, 4)
CHUNK_ELEMENTS = 1 << 20


class Stub:
    """stub.Create(message) and so on, within a session once `open` was called."""

    def __init__(self, channel: Any) -> None:
        self.metadata: tuple[tuple[str, str], ...] = ()
        self.calls = {}
        for method in SERVICE.methods:
            kind = channel.unary_stream if method.server_streaming else channel.unary_unary
            if not method.client_streaming:
                self.calls[method.name] = kind(
                    f"/{SERVICE.full_name}/{method.name}",
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
                )

    def __getattr__(self, name: str) -> Any:
        return lambda message, **metadata: self.calls[name](
            message, metadata=(*self.metadata, *metadata.pop("more", ())), timeout=6 * PATIENCE
        )

    def open(self) -> session_pb2.OpenReply:
        opened = self.Open(session_pb2.OpenRequest(client="a test"))
        self.metadata = (("distarray-session", opened.session),)
        return opened

    def read(self, key: int, dtype: str = "<f8") -> Any:
        chunks = list(self.Get(arrays_pb2.GetRequest(key=key)))
        assert chunks[-1].last and not any(chunk.last for chunk in chunks[:-1])
        offsets = np.cumsum([0] + [len(chunk.data) for chunk in chunks])
        assert [chunk.offset_bytes for chunk in chunks] == offsets[:-1].tolist()
        return np.frombuffer(b"".join(chunk.data for chunk in chunks), dtype)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    daemon = Daemon(tmp_path_factory.mktemp("unary"))
    with grpc.insecure_channel(daemon.address) as made:
        yield made
    daemon.stop()


@pytest.fixture
def stub(channel: Any) -> Iterator[Stub]:
    made = Stub(channel)
    made.open()
    yield made
    made.Close(session_pb2.CloseRequest())


def operands(*keys: int) -> list[operations_pb2.Operand]:
    return [operations_pb2.Operand(key=key) for key in keys]


def created(stub: Stub, key: int) -> arrays_pb2.ArrayInfo:
    """NUMBERS, by this key."""
    request = arrays_pb2.CreateRequest(key=key, shape=NUMBERS.shape, dtype=types_pb2.DTYPE_FLOAT64)
    request.empty.SetInParent()
    info = stub.Create(request)
    stub.Put(arrays_pb2.PutRequest(key=key, dtype=types_pb2.DTYPE_FLOAT64, data=NUMBERS.tobytes()))
    return info


def refused(call: Any, code: Any, reason: str) -> types_pb2.ErrorInfo:
    with pytest.raises(grpc.RpcError) as caught:
        answer = call()
        list(answer) if hasattr(answer, "__next__") else None
    assert caught.value.code() == code, caught.value
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    info = types_pb2.ErrorInfo.FromString(details)
    assert types_pb2.ErrorReason.Name(info.reason) == f"ERROR_REASON_{reason}"
    assert info.message and info.message == caught.value.details() and info.code == code.value[0]
    return info


def test_info(channel: Any) -> None:
    info = Stub(channel).Info(session_pb2.ServerInfoRequest())
    assert info.engine_count == 2 and info.epoch == 1 and info.version and info.memory_limit_bytes > 0
    assert {"add", "sin"} <= {operation.name for operation in info.operations}
    assert {"sum", "max"} <= {reduction.name for reduction in info.reductions}


def test_arrays_from_making_to_deleting(stub: Stub, tmp_path: Path) -> None:
    info = created(stub, 1)
    assert info.key == 1 and list(info.shape) == [3, 4] and info.nbytes == 96
    assert list(info.distribution.targets) == [0, 1]
    added = stub.Ufunc(operations_pb2.UfuncRequest(result=2, name="add", operands=operands(1, 1)))
    assert list(added.shape) == [3, 4] and added.dtype == types_pb2.DTYPE_FLOAT64
    assert np.array_equal(stub.read(2), (NUMBERS + NUMBERS).reshape(-1))
    total = stub.Reduce(operations_pb2.ReduceRequest(result=3, name="sum", key=2, all_axes=True))
    assert list(total.shape) == [] and stub.read(3).tolist() == [132]
    index = types_pb2.Index()
    index.entries.add().integer = -1
    row = stub.Slice(arrays_pb2.SliceRequest(result=4, key=1, index=index))
    assert row.view and list(row.shape) == [4]
    stub.Assign(arrays_pb2.AssignRequest(key=4, scalar=types_pb2.Scalar(floating=0.5)))
    changed = NUMBERS.copy()
    changed[-1] = 0.5
    assert np.array_equal(stub.read(1), changed.reshape(-1))
    moved = stub.Redistribute(
        arrays_pb2.RedistributeRequest(result=5, key=1, distribution=types_pb2.DistributionRequest(kinds="nc"))
    )
    assert [one.WhichOneof("kind") for one in moved.distribution.dimensions] == ["whole", "cyclic"]
    path = str(tmp_path / "x.hdf5")
    stub.Save(files_pb2.SaveRequest(key=5, path=path, dataset="x", mode=files_pb2.SaveRequest.MODE_WRITE))
    loaded = stub.Load(files_pb2.LoadRequest(result=6, path=path, dataset="x"))
    assert list(loaded.shape) == [3, 4] and np.array_equal(stub.read(6), changed.reshape(-1))
    stub.Wait(arrays_pb2.WaitRequest())
    assert stub.Describe(arrays_pb2.DescribeRequest(key=2)).materialized
    listed = stub.List(arrays_pb2.ListRequest(page_size=4))
    rest = stub.List(arrays_pb2.ListRequest(page_token=listed.next_page_token))
    assert [one.key for one in (*listed.arrays, *rest.arrays)] == [1, 2, 3, 4, 5, 6] and not rest.next_page_token
    stub.Delete(arrays_pb2.DeleteRequest(keys=[2, 3, 5]))
    assert [one.key for one in stub.List(arrays_pb2.ListRequest()).arrays] == [1, 4, 6]


def test_a_large_array_comes_in_several_chunks(stub: Stub) -> None:
    request = arrays_pb2.CreateRequest(key=1, shape=[CHUNK_ELEMENTS], dtype=types_pb2.DTYPE_INT64)
    request.arange.start.integer, request.arange.step.integer = 0, 1
    stub.Create(request)
    assert len(list(stub.Get(arrays_pb2.GetRequest(key=1)))) > 1
    assert np.array_equal(stub.read(1, "<i8"), np.arange(CHUNK_ELEMENTS))
    part = stub.Get(arrays_pb2.GetRequest(key=1, start=[7], shape=[2]))
    assert np.frombuffer(b"".join(chunk.data for chunk in part), "<i8").tolist() == [7, 8]


def test_errors(stub: Stub, channel: Any) -> None:
    created(stub, 1)
    unknown = arrays_pb2.DescribeRequest(key=99)
    refused(lambda: stub.Describe(unknown), grpc.StatusCode.NOT_FOUND, "UNKNOWN_KEY")
    refused(lambda: stub.Get(arrays_pb2.GetRequest(key=99)), grpc.StatusCode.NOT_FOUND, "UNKNOWN_KEY")
    request = operations_pb2.UfuncRequest(result=2, name="frobnicate", operands=operands(1))
    refused(lambda: stub.Ufunc(request), grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_OPERATION")
    refused(lambda: stub.read(2), grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_OPERATION")  # a failed key fails
    reduce = operations_pb2.ReduceRequest(result=3, name="sum", key=1, axes=[5])
    refused(lambda: stub.Reduce(reduce), grpc.StatusCode.OUT_OF_RANGE, "AXIS_OUT_OF_RANGE")
    refused(lambda: created(stub, 1), grpc.StatusCode.ALREADY_EXISTS, "KEY_EXISTS")
    stranger = Stub(channel)
    refused(lambda: stranger.Describe(unknown), grpc.StatusCode.NOT_FOUND, "SESSION_UNKNOWN")
    stranger.metadata = (("distarray-session", "nobody's"),)
    refused(lambda: stranger.Describe(unknown), grpc.StatusCode.NOT_FOUND, "SESSION_UNKNOWN")
    assert np.array_equal(stub.read(1), NUMBERS.reshape(-1))


def applied(name: str, *keys: int, **named: float) -> operations_pb2.ApplyRequest:
    """A call of a registered function with arrays and numbers, whose values come back in the wire's own form."""
    request = operations_pb2.ApplyRequest(plain_results=True, results=operations_pb2.ApplyRequest.RESULTS_VALUES)
    request.function.registered = name
    for position, key in enumerate(keys):
        request.arrays.add(key=key)
        request.arguments.add().value.array = position
    for argument, value in named.items():
        request.arguments.add(name=argument).value.scalar.floating = value
    return request


def test_functions(stub: Stub) -> None:
    created(stub, 1)
    source = "def total(la, factor):\n    la.ndarray[0] = 0\n    return float(la.ndarray.sum()) * factor\n"
    function = operations_pb2.Function(source=source, name="total")
    stub.Register(operations_pb2.RegisterRequest(name="total", function=function))
    reply = stub.Apply(applied("total", 1, factor=2.0))
    assert [result.target for result in reply.results] == [0, 1]
    assert [result.plain.scalar.floating for result in reply.results] == [2 * NUMBERS[1].sum(), 0]
    assert stub.read(1).reshape(3, 4).tolist() == [[0.0] * 4, NUMBERS[1].tolist(), [0.0] * 4]
    (listed,) = stub.Functions(operations_pb2.FunctionsRequest()).functions
    assert (listed.name, listed.source, listed.calls) == ("total", source, 1)
    stub.Register(operations_pb2.RegisterRequest(name="total", remove=True))
    refused(lambda: stub.Apply(applied("total", 1)), grpc.StatusCode.NOT_FOUND, "UNKNOWN_KEY")


def test_a_function_that_raises_is_told_of_in_the_reply(stub: Stub) -> None:
    function = operations_pb2.Function(source="def fail():\n    raise ValueError('on purpose')\n", name="fail")
    stub.Register(operations_pb2.RegisterRequest(name="fail", function=function))
    for target, result in enumerate(stub.Apply(applied("fail")).results):
        assert result.error.reason == types_pb2.ERROR_REASON_FUNCTION_FAILED and result.error.targets == [target]
        assert result.exception.type == "ValueError" and "on purpose" in result.exception.traceback


def test_cancel(stub: Stub) -> None:
    stub.Cancel(session_pb2.CancelRequest(operation="of nothing"))
    refused(lambda: stub.Cancel(session_pb2.CancelRequest()), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_VALUE")


def test_a_retried_call_is_carried_out_once(channel: Any) -> None:
    stub = Stub(channel)
    number = stub.open().last_sequence + 1
    request = arrays_pb2.CreateRequest(key=1, shape=[3], dtype=types_pb2.DTYPE_INT64)
    request.full.integer = 7
    answers = [stub.Create(request, more=(("distarray-sequence", str(number)),)) for _ in range(2)]
    assert answers[0] == answers[1] and stub.read(1, "<i8").tolist() == [7, 7, 7]
    stub.Close(session_pb2.CloseRequest())


def test_a_closed_session_is_gone(channel: Any) -> None:
    stub = Stub(channel)
    stub.open()
    created(stub, 1)
    stub.Close(session_pb2.CloseRequest())
    refused(lambda: stub.Describe(arrays_pb2.DescribeRequest(key=1)), grpc.StatusCode.NOT_FOUND, "SESSION_UNKNOWN")


def field(number: int, content: bytes) -> bytes:
    """A field of bytes, serialized: of messages that this project has no classes for."""
    return bytes([number << 3 | 2, len(content)]) + content


def test_health(channel: Any) -> None:
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    for service in (b"", field(1, SERVICE.full_name.encode())):
        assert check(service, timeout=PATIENCE) == b"\x08\x01"  # field 1, status: SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(field(1, b"another service"), timeout=PATIENCE)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection(channel: Any) -> None:
    ask = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    list_services, file_containing_symbol = field(7, b"*"), field(4, SERVICE.full_name.encode())
    services, files = ask(iter([list_services, file_containing_symbol]), timeout=PATIENCE)
    for service in (SERVICE.full_name.encode(), b"grpc.health.v1.Health"):
        assert field(1, service) in services  # ServiceResponse.name
    assert field(1, b"distarray/v1/service.proto") in files  # FileDescriptorProto.name
    for method in SERVICE.methods:
        assert field(1, method.name.encode()) in files  # MethodDescriptorProto.name
