"""A small stand-in for the daemon: the Session stream, carried out eagerly with NumPy, to test the client alone.

It counts what it gets (`requests`, by name) and can be told to hold all answers (`released`), so that a test
sees who waits.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
from distarray._dtypes import DTYPES, NUMBER
from distarray._proto import session_pb2, types_pb2
from distarray.globalapi.maps import Distribution

UNARY = (
    "absolute angle arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conjugate cos cosh deg2rad degrees exp exp2 "
    "expm1 fabs floor imag invert isfinite isinf isnan log log10 log1p log2 logical_not negative positive rad2deg "
    "radians real reciprocal rint sign signbit sin sinh spacing sqrt square tan tanh trunc"
).split()
BINARY = (
    "add arctan2 bitwise_and bitwise_or bitwise_xor copysign divide equal float_power floor_divide fmax fmin fmod gcd "
    "greater greater_equal heaviside hypot lcm left_shift less less_equal logaddexp logaddexp2 logical_and logical_or "
    "logical_xor maximum minimum mod multiply nextafter not_equal power remainder right_shift subtract true_divide"
).split()
REDUCTIONS = "sum prod min max mean var std any all".split()
CHUNK = 1 << 16


def _result(function, *dtypes):
    """The dtype of a function of arrays of these dtypes, float32 for NumPy's float16; None where it has no loop."""
    try:
        with np.errstate(all="ignore"):
            result = function(*(np.ones(1, dtype) for dtype in dtypes)).dtype
    except TypeError:
        return None
    return NUMBER[np.dtype("float32") if result == np.float16 else result]


def server_info(engines):
    info = session_pb2.ServerInfo(
        version="fake", engine_count=engines, chunk_bytes_max=CHUNK, message_bytes_max=4 * CHUNK, dimensions_max=32
    )
    info.memory_limit_bytes = 1 << 34
    info.promotions.extend(NUMBER[np.result_type(a, b)] for a in DTYPES for b in DTYPES)
    counts = ["bitwise_count"] if hasattr(np, "bitwise_count") else []  # since NumPy 2
    for count, names in ((1, UNARY + counts), (2, BINARY), (3, ["clip"])):
        for name in names:
            operation = info.operations.add(name=name, operand_count=count)
            for dtype in DTYPES:
                result = _result(getattr(np, name), *[dtype] * count)
                if result is not None:
                    operation.loops.add(operands=NUMBER[dtype], result=result, compute=NUMBER[dtype])
    where = info.operations.add(name="where", operand_count=3)
    for number in NUMBER.values():
        where.loops.add(operands=number, result=number, compute=number)
    for name in REDUCTIONS:
        reduction = info.reductions.add(name=name)
        for dtype in DTYPES:
            result = _result(getattr(np, name), dtype)
            if result is not None:
                reduction.loops.add(operands=NUMBER[dtype], result=result, compute=NUMBER[dtype])
    return info


class Failed(Exception):
    def __init__(self, reason, message, origin=""):
        super().__init__(message)
        self.info = types_pb2.ErrorInfo(reason=reason, message=message, origin=origin)


class FakeSession:
    """One session: arrays by key; a failed key holds its Failed."""

    def __init__(self, server):
        self.server = server
        self.arrays = {}
        self.targets = list(range(server.engines))
        self.all_targets = list(range(server.engines))
        self.default_dist = None
        self.context = self  # what Distribution asks of a context

    def array(self, key):
        if key not in self.arrays:
            raise Failed(types_pb2.ERROR_REASON_UNKNOWN_KEY, f"no array has key {key}")
        found = self.arrays[key]
        if isinstance(found, Failed):
            raise found
        return found

    def carry_out(self, request):
        kind = request.WhichOneof("request")
        message = getattr(request, kind)
        self.server.requests[kind] += 1
        self.server.log.append(request)
        try:
            return getattr(self, f"do_{kind}")(message)
        except Failed as error:
            error.info.origin = error.info.origin or request.origin
            result = getattr(message, "result", getattr(message, "key", 0) if kind == "create" else 0)
            if result:
                self.arrays[result] = error
            return [session_pb2.Reply(error=error.info)]

    def info_of(self, key):
        values, distribution = self.array(key)
        reply = session_pb2.Reply()
        reply.array.key = key
        reply.array.shape.extend(values.shape)
        reply.array.dtype = NUMBER[values.dtype]
        reply.array.nbytes = values.nbytes
        distribution._fill(reply.array.distribution)
        return [reply]

    def keep(self, key, values, distribution=None):
        if key in self.arrays:
            raise Failed(types_pb2.ERROR_REASON_KEY_EXISTS, f"key {key} is in use")
        values = np.asarray(values)
        self.arrays[key] = values, Distribution(self, values.shape) if distribution is None else distribution
        return self.info_of(key)

    def scalar(self, scalar):
        value = getattr(scalar, scalar.WhichOneof("value"))
        if isinstance(value, types_pb2.Complex):
            value = complex(value.real, value.imaginary)
        return DTYPES[scalar.dtype - 1].type(value) if scalar.dtype else value

    def distribution(self, message, shape):
        if message.HasField("exact"):
            return Distribution._from_proto(self, message.exact)
        return Distribution(
            self, shape, message.kinds or None, message.grid_shape or None, list(message.targets) or None
        )

    def do_open(self, message):
        self.targets = list(message.targets) or self.all_targets
        if len(set(self.targets)) != len(self.targets) or set(self.targets) - set(self.all_targets):
            raise Failed(
                types_pb2.ERROR_REASON_INVALID_VALUE, f"targets must be distinct engines, {self.targets} was given"
            )
        self.default_dist = message.default_kinds or None
        reply = session_pb2.Reply()
        reply.open.session = "fake"
        reply.open.info.CopyFrom(self.server.info)
        return [reply]

    def done(self):
        return [session_pb2.Reply(done=session_pb2.Done())]

    def do_close(self, message):
        self.arrays.clear()
        return self.done()

    def do_info(self, message):
        return [session_pb2.Reply(info=self.server.info)]

    def do_create(self, message):
        shape, dtype = tuple(message.shape), DTYPES[message.dtype - 1]
        if dtype.itemsize * int(np.prod(shape, dtype=object)) > self.server.info.memory_limit_bytes:
            raise Failed(types_pb2.ERROR_REASON_MEMORY_LIMIT, "more memory than there is")
        kind = message.WhichOneof("content")
        if kind == "full":
            values = np.full(shape, self.scalar(message.full), dtype)
        elif kind == "arange":
            first, step = self.scalar(message.arange.start), self.scalar(message.arange.step)
            values = (np.arange(shape[0]) * step + first).astype(dtype)
        elif kind == "linspace":
            first, last = self.scalar(message.linspace.start), self.scalar(message.linspace.stop)
            values = np.linspace(first, last, shape[0], endpoint=message.linspace.endpoint, dtype=dtype)
        elif kind == "eye":
            values = np.eye(*shape, k=message.eye.diagonal, dtype=dtype)
        elif kind == "indices":
            values = np.indices(shape, dtype)[message.indices.axis]
        elif kind == "random":
            random = message.random
            generator = np.random.default_rng([random.seed, random.stream])
            low, high = self.scalar(random.low), self.scalar(random.high)
            integers = generator.integers
            draw = {1: generator.uniform, 2: generator.normal, 3: integers, 4: integers}[random.kind]
            values = np.asarray(draw(low, high, shape)).astype(dtype)
        else:
            values = np.empty(shape, dtype)
        return self.keep(message.key, values, self.distribution(message.distribution, shape))

    def do_put(self, message):
        values, _ = self.array(message.key)
        part = np.frombuffer(message.data, DTYPES[message.dtype - 1]).reshape(message.shape)
        values[tuple(slice(a, a + n) for a, n in zip(message.start, message.shape, strict=True))] = part
        return self.done()

    def do_get(self, message):
        data = self.array(message.key)[0].tobytes()
        replies = []
        for offset in range(0, max(len(data), 1), CHUNK):
            reply = session_pb2.Reply()
            reply.chunk.offset_bytes = offset
            reply.chunk.data = data[offset : offset + CHUNK]
            reply.chunk.last = offset + CHUNK >= len(data)
            replies.append(reply)
        return replies

    def index(self, message):
        entries = []
        for entry in message.entries:
            kind = entry.WhichOneof("entry")
            if kind == "integer":
                entries.append(entry.integer)
            elif kind == "slice":
                part = entry.slice
                entries.append(
                    slice(*(getattr(part, n) if part.HasField(n) else None for n in ("start", "stop", "step")))
                )
            else:
                entries.append(Ellipsis if kind == "ellipsis" else None)
        return (*entries, ...) if Ellipsis not in entries else tuple(entries)

    def do_slice(self, message):
        values = self.array(message.key)[0][self.index(message.index)]
        return self.keep(message.result, values.copy() if message.snapshot else values)

    def do_assign(self, message):
        values, _ = self.array(message.key)
        scalar = message.WhichOneof("value") == "scalar"
        value = self.scalar(message.scalar) if scalar else self.array(message.array)[0].copy()
        with np.errstate(all="ignore"):
            values[self.index(message.index)] = value
        return self.done()

    def do_ufunc(self, message):
        operands = [
            self.array(operand.key)[0] if operand.WhichOneof("operand") == "key" else self.scalar(operand.scalar)
            for operand in message.operands
        ]
        dtype = DTYPES[message.dtype - 1] if message.dtype else None
        with np.errstate(all="ignore"):
            if message.name in ("copy", "astype"):
                result = operands[0].astype(dtype or operands[0].dtype)
            elif message.name == "where":
                result = np.where(*operands)
            else:
                try:
                    result = getattr(np, message.name)(*operands, **({"dtype": dtype} if dtype else {}))
                except ValueError as error:
                    raise Failed(types_pb2.ERROR_REASON_INVALID_VALUE, str(error)) from None
        if result.dtype == np.float16:
            result = result.astype(np.float32)
        if message.in_place:
            values, _ = self.array(message.in_place)
            values[...] = result
            return self.done()
        named = [self.array(operand.key) for operand in message.operands if operand.WhichOneof("operand") == "key"]
        return self.keep(message.result, result, next((d for values, d in named if values.shape == result.shape), None))

    def do_reduce(self, message):
        values, _ = self.array(message.key)
        options = {"dtype": DTYPES[message.dtype - 1]} if message.dtype and message.name not in ("min", "max") else {}
        if message.name in ("var", "std"):
            options["ddof"] = message.correction
        axis = None if message.all_axes else tuple(message.axes)
        with np.errstate(all="ignore"):
            result = getattr(np, message.name)(values, axis=axis, keepdims=message.keepdims, **options)
        return self.keep(message.result, result)

    def do_redistribute(self, message):
        values, _ = self.array(message.key)
        return self.keep(message.result, values.copy(), self.distribution(message.distribution, values.shape))

    def do_describe(self, message):
        return self.info_of(message.key)

    def do_list(self, message):
        reply = session_pb2.Reply()
        reply.list.SetInParent()
        for key in sorted(self.arrays):
            reply.list.arrays.append(self.info_of(key)[0].array)
        return [reply]

    def do_delete(self, message):
        for key in message.keys:
            self.arrays.pop(key, None)
        return self.done()

    def do_wait(self, message):
        for key in message.keys:
            self.array(key)
        return self.done()


class FakeServer:
    """Serves on a free port of the loopback interface. `released` lets answers go (set at first)."""

    def __init__(self, engines=4):
        self.engines = engines
        self.info = server_info(engines)
        self.requests = Counter()
        self.log = []
        self.batches = 0
        self.sessions = []
        self.released = threading.Event()
        self.released.set()
        self._server = grpc.server(ThreadPoolExecutor(16))
        handler = grpc.stream_stream_rpc_method_handler(
            self._serve, session_pb2.RequestBatch.FromString, session_pb2.ReplyBatch.SerializeToString
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("distarray.v1.DistArray", {"Session": handler}),)
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _serve(self, batches, context):
        session = FakeSession(self)
        self.sessions.append(session)
        expected = 1
        for batch in batches:
            self.batches += 1
            answer = session_pb2.ReplyBatch()
            for request in batch.requests:
                if request.sequence != expected:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"sequence {request.sequence}, not {expected}")
                expected += 1
                replies = session.carry_out(request)
                if request.awaited:
                    for reply in replies:
                        reply.sequence = request.sequence
                    answer.replies.extend(replies)
            if answer.replies:
                self.released.wait()
                yield answer

    def stop(self):
        self.released.set()
        self._server.stop(0).wait()
