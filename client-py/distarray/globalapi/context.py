"""Context: a connection to a daemon, and the arrays made through it."""

from __future__ import annotations

import atexit
import itertools
import os
import platform
import threading
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NoReturn, overload

from distarray import _launch
from distarray._arguments import as_integer, as_integers
from distarray._dtypes import Tables
from distarray._key import Key
from distarray._proto import arrays_pb2, files_pb2, session_pb2
from distarray._transport import Session
from distarray._transport.session import origin
from distarray.error import (
    ContextCreationError,
    ContextError,
    DistributionError,
    InvalidTypeError,
    InvalidValueError,
    NotSupportedError,
)
from distarray.globalapi._applying import Applying
from distarray.globalapi._making import Making
from distarray.globalapi._namespace import Namespace
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.maps import Distribution, _targets

__all__ = ["Context", "ContextCreationError", "default_context"]

_PUT_BYTES = 1 << 20
_KEYS_AT_ONCE = 10_000  # deleted by one request

_open: weakref.WeakSet[Context] = weakref.WeakSet()
_entered: list[Context] = []
_fallback: Context | None = None
_lock = threading.Lock()


class Context(Making, Applying):
    """A session with a daemon: default targets, and functions that make arrays. Works from several threads; not
    after a fork.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        engines: int | None = None,
        targets: Iterable[int] | None = None,
        default_dist: str | None = None,
    ) -> None:
        """Connects to a daemon.

        address: "host:port". None: $DISTARRAY_ADDRESS, or, if that is unset, a private daemon that all such contexts of
        this process share and that ends with it. engines: a private daemon of that many engines, this context's own.
        targets: the default targets, in order; all if None. default_dist: letters ('n', 'b', 'c') of the default
        distribution, block along the first dimension if None.
        """
        if address is not None and not isinstance(address, str):
            raise InvalidTypeError(
                f"address must be a str, 'host:port', {address!r} was given; engines=N starts a daemon of N engines"
            )
        chosen = [] if targets is None else as_integers(targets, "targets")
        if targets is not None and not (chosen and all(0 <= target < 1 << 31 for target in chosen)):
            raise DistributionError(f"targets must be numbers of engines, at least one, {chosen} was given")
        if default_dist is not None and not isinstance(default_dist, str):
            raise InvalidTypeError(f"default_dist must be a str, {default_dist!r} was given")
        if set(default_dist or "") - set("nbc"):
            raise DistributionError(f"default_dist must be made of 'n', 'b' and 'c', {default_dist!r} was given")
        self._session: Session  # missing while nothing is open
        self._daemon: _launch.PrivateDaemon | None = None
        self._private = False
        if engines is not None:
            if address is not None:
                raise InvalidValueError(
                    "engines= starts a private daemon, address= connects to a running one: give one of them"
                )
            engines = as_integer(engines, "engines")
            if engines < 1:
                raise InvalidValueError(f"engines must be at least 1, {engines} was given")
            self._daemon = _launch.PrivateDaemon(engines)
            self._private = True
            address = self._daemon.address
        elif address is None:
            address = os.environ.get("DISTARRAY_ADDRESS") or None
            if address is None:
                address = _launch.shared_daemon().address
                self._private = True
            else:
                _check_address(address, "$DISTARRAY_ADDRESS")
        else:
            _check_address(address, "address")
        from distarray import __version__

        try:
            opening = session_pb2.OpenRequest(
                client=f"distarray-client {__version__} (Python {platform.python_version()})",
                targets=chosen,
                default_kinds=default_dist or "",
            )
            self._session = Session(address, opening)
        except BaseException:
            if self._daemon is not None:
                self._daemon.stop()
            raise
        info = self._session.info
        self._tables = Tables(info)
        self._chunk_bytes = min(
            info.chunk_bytes_max or _PUT_BYTES, max(info.message_bytes_max // 2, 1 << 16) or _PUT_BYTES
        )
        self._keys = itertools.count(1)
        self._entries = 0
        self._namespace: Namespace | None = None
        self._begin_applying()
        self.default_dist = default_dist
        self.all_targets = list(range(info.engine_count))
        self.targets = list(opening.targets) or list(self.all_targets)
        self.address = address
        _open.add(self)

    # Life.

    @property
    def nengines(self) -> int:
        """Number of engines of the daemon."""
        return len(self.all_targets)

    @property
    def closed(self) -> bool:
        """Whether this context cannot be used (any more)."""
        return not self._session.usable

    def close(self) -> None:
        """Ends the session and frees its arrays; ends the daemon if it is this context's own. May be called again."""
        _open.discard(self)
        self._session.close()
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.stop()

    def __enter__(self) -> Context:
        """Makes this the default context; the end of the (outermost) with statement closes it."""
        with _lock:
            self._entries += 1
            _entered.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with _lock:
            self._entries -= 1
            _entered.reverse()
            _entered.remove(self)
            _entered.reverse()
        if self._entries == 0:
            self.close()

    def __repr__(self) -> str:
        state = ", closed" if self.closed else ""
        return f"<Context(address={self.address!r}, targets={self.targets}{state})>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise InvalidTypeError("a Context cannot be pickled: make one in each process")

    # The server.

    def server_info(self) -> session_pb2.ServerInfo:
        """What the server is and can do, as of now (version, engines, memory in use and its limit, ...)."""
        request = session_pb2.Request()
        request.info.SetInParent()
        return self._session.call(request).info

    def list_arrays(self) -> list[arrays_pb2.ArrayInfo]:
        """The session's arrays, by key: shape, dtype, distribution, bytes."""
        result: list[arrays_pb2.ArrayInfo] = []
        token = ""
        while True:
            request = session_pb2.Request()
            request.list.page_token = token
            answer = self._session.call(request).list
            result.extend(answer.arrays)
            token = answer.next_page_token
            if not token:
                return result

    def delete_key(self, key: Key, targets: Iterable[int] | None = None) -> None:
        """Deletes an array by its key, whoever still has a handle. `targets` is for old programs, and ignored: an array
        is deleted as a whole.
        """
        if not isinstance(key, Key):
            raise InvalidTypeError(f"key must be a distarray.Key, {key!r} was given")
        request = session_pb2.Request(origin=origin())
        request.delete.keys.append(key.value)
        self._session.submit(request)

    def cleanup(self) -> None:
        """Deletes every array made through this context, whoever still has a handle. The context stays open."""
        keys = [listed.key for listed in self.list_arrays()]
        for first in range(0, len(keys), _KEYS_AT_ONCE):
            request = session_pb2.Request(origin=origin())
            request.delete.keys.extend(keys[first : first + _KEYS_AT_ONCE])
            self._session.submit(request)

    def wait(self) -> None:
        """Computes everything recorded in this session; raises the first error."""
        request = session_pb2.Request(origin=origin())
        request.wait.SetInParent()
        self._session.call(request)

    # Whole arrays.

    def allclose(self, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        """Whether all elements agree within atol + rtol * |b| (numpy.allclose). Awaits the answer."""
        from distarray.globalapi import utility

        if not isinstance(a, DistArray):
            a = self.fromarray(a)
        return utility.allclose(a, b, rtol, atol, equal_nan=equal_nan)

    def save_hdf5(self, path: str | os.PathLike[str], arr: DistArray, key: str = "buffer", mode: str = "a") -> None:
        """Writes the array to a dataset (`key` may have groups) of a file on the daemon's host.

        mode: "w" replaces the file, "w-" refuses to, "a" adds a dataset (ValueError if it exists). After a failure
        the old file stands.
        """
        modes = {
            "w": files_pb2.SaveRequest.MODE_WRITE,
            "w-": files_pb2.SaveRequest.MODE_EXCLUSIVE,
            "a": files_pb2.SaveRequest.MODE_APPEND,
        }
        if mode not in modes:
            raise InvalidValueError(f"mode must be 'w', 'w-' or 'a', {mode!r} was given")
        if not isinstance(arr, DistArray):
            raise InvalidTypeError(f"arr must be a DistArray, {type(arr).__name__} was given")
        if arr._context is not self:
            raise ContextError("the array belongs to another context")
        request = session_pb2.Request(origin=origin())
        request.save.key = arr._key
        request.save.path = self._path(path)
        request.save.dataset = key
        request.save.mode = modes[mode]
        self._session.call(request)

    def load_hdf5(
        self,
        path: str | os.PathLike[str],
        distribution: Distribution | None = None,
        key: str = "buffer",
        *,
        dist: str | None = None,
        targets: Iterable[int] | None = None,
    ) -> DistArray:
        """An array of a file's dataset; shape and dtype come from the file. Without a distribution, `dist` and
        `targets` say how to deal it out.
        """
        if not isinstance(key, str):
            raise InvalidTypeError(f"key must be a str, the dataset's path in the file, {key!r} was given")
        if distribution is not None and not isinstance(distribution, Distribution):
            raise InvalidTypeError(f"distribution must be a Distribution or None, {distribution!r} was given")
        request = session_pb2.Request(origin=origin())
        load = request.load
        load.path = self._path(path)
        load.dataset = key
        if distribution is not None:
            if distribution.context is not self:
                raise ContextError("the distribution belongs to another context")
            distribution._fill(load.distribution.exact)
        else:
            load.distribution.kinds = dist or ""
            load.distribution.targets.extend(_targets(self, targets) if targets is not None else ())
        load.result = new = self._new_key()
        info = self._session.call(request).array
        array = self._array(new, tuple(info.shape), info.dtype)
        array._info = info if info.HasField("distribution") else None
        return array

    def _path(self, path: str | os.PathLike[str]) -> str:
        # A private daemon's working directory is that of its start; the caller's may have changed.
        given = os.fspath(path)
        return os.path.abspath(given) if self._private else given

    # Of the original, and not here.

    def push_function(self, key: str, func: Callable[..., Any], targets: Any = None) -> NoReturn:
        """Not supported: functions bring along what they use; give `func` to `apply` as an argument, or call it."""
        raise NotSupportedError(
            "Context.push_function is not supported: a function that is applied or registered brings along the "
            "functions that it calls"
        )

    def save_dnpy(self, name: Any, da: DistArray) -> NoReturn:
        """Not supported yet."""
        raise NotSupportedError("Context.save_dnpy is not supported yet: use save_hdf5")

    def load_dnpy(self, name: Any) -> NoReturn:
        """Not supported yet."""
        raise NotSupportedError("Context.load_dnpy is not supported yet: use load_hdf5")

    def load_npy(self, filename: Any, distribution: Any) -> NoReturn:
        """Not supported yet."""
        raise NotSupportedError("Context.load_npy is not supported yet: use fromarray(numpy.load(filename))")


def _check_address(address: str, source: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise InvalidValueError(f"{source} must be 'host:port', {address!r} was given")


@overload
def default_context() -> Context: ...
@overload
def default_context(*, make: bool) -> Context | None: ...
def default_context(*, make: bool = True) -> Context | None:
    """The innermost context entered by a with statement, else one of this process, made when first needed (or, with
    make=False, None while there is none).
    """
    global _fallback
    with _lock:
        if _entered:
            return _entered[-1]
    if (_fallback is None or _fallback.closed) and make:
        _fallback = Context()
    return _fallback


def open_contexts() -> list[Context]:
    """The contexts of this process that can be used, in no particular order."""
    return [context for context in list(_open) if not context.closed]


def _close_all() -> None:
    for context in list(_open):
        context.close()


def _after_fork() -> None:
    global _lock, _fallback
    _lock = threading.Lock()
    _open.clear()
    _entered.clear()
    _fallback = None


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
