"""Applying: a context's functions that run the user's functions beside the blocks."""

from __future__ import annotations

import itertools
import keyword
import math
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from distarray._key import Key
from distarray._proto import operations_pb2, session_pb2
from distarray._readonly import ReadOnly
from distarray._transport.session import Session, origin
from distarray.error import ContextError, InvalidTypeError, InvalidValueError
from distarray.globalapi._futures import Future
from distarray.globalapi._handle import Handle
from distarray.globalapi._plain import put_arguments
from distarray.globalapi.maps import _targets

if TYPE_CHECKING:
    from distarray.globalapi.context import Context
    from distarray.globalapi.distarray import DistArray

_PYTHON = ".".join(platform.python_version_tuple()[:2])
_VALUES = operations_pb2.ApplyRequest.RESULTS_VALUES
_ARRAY = operations_pb2.ApplyRequest.RESULTS_ARRAY
_SOURCE_ONLY = session_pb2.ServerInfo.Functions.MODE_SOURCE
_IMPORT = operations_pb2.ApplyRequest.RESULTS_IMPORT


@dataclass(frozen=True)
class FunctionInfo:
    """A registered function. `source` is empty and `python_version` set where it was pickled."""

    name: str
    source: str
    python_version: str
    calls: int


class Applying:
    """Functions that run beside the blocks: once on each target, all targets at the same time, in processes of their
    own, on the blocks' own memory. Arrays among the arguments, or their keys, also nested in lists and dicts, arrive as
    `distarray.localapi.LocalArray`.
    """

    _session: Session
    _keys: Iterator[int]
    _functions_written: int

    @property
    def _applier(self) -> Context:
        return cast("Context", self)

    def _begin_applying(self) -> None:
        self._functions_written = 0  # how often functions may have written to arrays
        self._registered: set[str] = set()
        self._operations = itertools.count(1)

    def apply(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        targets: Iterable[int] | None = None,
        timeout: float | None = None,
    ) -> list[Any]:
        """[func(*args, **kwargs) on each target], in the order of the targets.

        targets: those of the arrays among the arguments (which must then agree), else the context's. timeout: seconds;
        TimeoutError after that. Local arrays come back as copies. What the function prints is printed here, its
        warnings are warned of here. If it raises, a FunctionError that is also the exception's builtin class, with
        `targets`, `errors`, `results` of the other targets and the remote traceback. Ctrl-C cancels the call.
        """
        return cast("list[Any]", self.apply_async(func, args, kwargs, targets, timeout)._finish())

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        targets: Iterable[int] | None = None,
        timeout: float | None = None,
    ) -> Future:
        """As `apply`, without waiting: `result()` of what comes back does, `cancel()` ends the call.

        What uses the arrays that the function may write waits for its end; nothing else does.
        """
        return self._start(self._pickled(func), args, kwargs, targets, timeout, _VALUES)

    def register(
        self, func: Callable[..., Any] | None = None, *, name: str | None = None, source: str | None = None
    ) -> None:
        """Makes `context.name(*args, **kwargs)` run a function on the targets of its arguments.

        The call gives a DistArray when all targets return local arrays, None when all return None, else the list of
        what they return. func: a function; name: func.__name__ if None. Or source: Python source text that defines a
        function `name`. A name that is in use is given to the new function.
        """
        function = operations_pb2.Function()
        if (func is None) == (source is None):
            raise InvalidTypeError("register takes a function or source=, one of them")
        if source is not None:
            if not isinstance(source, str) or name is None:
                raise InvalidTypeError("source must be a str, with name= the function that it defines")
            function.source = source
            function.name = name
        else:
            function = self._pickled(func)
            name = name if name is not None else getattr(func, "__name__", "")
        self._check_name(name)
        request = session_pb2.Request(origin=origin())
        request.register.name = name
        request.register.function.CopyFrom(function)
        self._session.call(request)
        self._registered.add(name)

    def unregister(self, name: str) -> None:
        """Forgets a registered function. KeyError if there is none of that name."""
        request = session_pb2.Request(origin=origin())
        request.register.name = name
        request.register.remove = True
        self._session.call(request)
        self._registered.discard(name)

    def functions(self) -> list[FunctionInfo]:
        """The registered functions, by name."""
        request = session_pb2.Request(origin=origin())
        request.functions.SetInParent()
        listed = self._session.call(request).functions.functions
        return [FunctionInfo(each.name, each.source, each.python_version, each.calls) for each in listed]

    def from_distarray(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] | None = (),
        kwargs: Mapping[str, Any] | None = None,
        targets: Iterable[int] | None = None,
        timeout: float | None = None,
    ) -> DistArray:
        """The array whose parts `func` returns, on each target one: anything with `__distarray__()`, or such a dict
        (Distributed Array Protocol 0.10).

        A buffer that lies in an engine's memory whole (as those of distarray.localapi.empty do) is taken as it is, any
        other copied once. ValueError if the parts do not fit together.
        """
        return cast("DistArray", self._start(self._pickled(func), args, kwargs, targets, timeout, _IMPORT)._finish())

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_registered", ()):
            return RegisteredFunction(self, name)
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}, and no function is registered under that name"
        )

    def __dir__(self) -> Iterable[str]:
        return {*super().__dir__(), *self._registered}

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidValueError(f"name must be an identifier, {name!r} was given: give one with name=")
        if name.startswith("_") or hasattr(type(self), name) or name in self.__dict__:
            raise InvalidValueError(f"name must not be one that contexts have, or begin with _, {name!r} was given")

    def _pickled(self, func: Any) -> operations_pb2.Function:
        if not callable(func):
            raise InvalidTypeError(f"func must be callable, {type(func).__name__} was given")
        from distarray._pickling import dumps  # not at import: cloudpickle takes a while

        try:
            return operations_pb2.Function(pickled=dumps(func, persistent=_refuse_array), python_version=_PYTHON)
        except InvalidTypeError:
            raise
        except Exception as error:
            raise InvalidTypeError(f"func cannot be sent to the workers: {error}") from error

    def _start(
        self,
        function: operations_pb2.Function,
        args: Iterable[Any] | None,
        kwargs: Mapping[str, Any] | None,
        targets: Iterable[int] | None,
        timeout: float | None,
        results: operations_pb2.ApplyRequest.Results,
    ) -> Future:
        request = session_pb2.Request(origin=origin(), operation=f"apply-{next(self._operations)}")
        apply = request.apply
        apply.function.CopyFrom(function)
        apply.results = results
        if timeout is not None:
            if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < math.inf:
                raise InvalidValueError(f"timeout must be a number of seconds above 0, {timeout!r} was given")
            apply.timeout_seconds = timeout
        if targets is not None:
            apply.targets.extend(_targets(self._applier, targets))
        if isinstance(args, str | bytes | Mapping | Handle | Key) or not isinstance(args, Iterable | None):
            raise InvalidTypeError(
                f"args must be a sequence of arguments, {args!r} was given; a single one is given as (argument,)"
            )
        self._put_arguments(apply, tuple(args or ()), dict(kwargs or {}))
        if results != _VALUES:
            apply.result = next(self._keys)
        if not all(array.readonly for array in apply.arrays):
            self._functions_written += 1
        pending = self._session.begin(request)
        return Future(self._applier, request.operation, pending)

    def _put_arguments(
        self, apply: operations_pb2.ApplyRequest, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        arrays = _Arrays(self._applier, apply)
        if self._session.info.functions.mode == _SOURCE_ONLY:
            return put_arguments(apply, args, kwargs, arrays)
        from distarray._pickling import dumps

        try:
            apply.pickled_arguments = dumps((args, kwargs), persistent=arrays)
        except (ContextError, InvalidTypeError):
            raise
        except Exception as error:
            raise InvalidTypeError(f"the arguments cannot be sent to the workers: {error}") from error


def _refuse_array(value: Any) -> None:
    if isinstance(value, Handle | ReadOnly):
        raise InvalidTypeError("func uses a distributed array that is not an argument of it: give it one")


class _Arrays:
    """Finds the arrays among arguments as these are pickled: their persistent ids are positions in the request."""

    def __init__(self, context: Context, apply: operations_pb2.ApplyRequest) -> None:
        self._context = context
        self._apply = apply
        self._known: dict[tuple[int, bool], int] = {}

    def __call__(self, value: Any) -> int | None:
        readonly = isinstance(value, ReadOnly)
        array = value.array if isinstance(value, ReadOnly) else value
        if isinstance(array, Handle):
            if array._context is not self._context:
                raise ContextError("an array among the arguments belongs to another context")
            key = array._key
        elif isinstance(array, Key):
            key = array.value
        elif readonly:
            raise InvalidTypeError(f"readonly takes an array or its key, {type(array).__name__} was given")
        else:
            return None
        position = self._known.setdefault((key, readonly), len(self._known))
        if position == len(self._apply.arrays):
            self._apply.arrays.add(key=key, readonly=readonly)
        return position


class RegisteredFunction:
    """A function of the session's, by name. Calling it runs it on the targets of its arguments."""

    __slots__ = ("_context", "__name__")

    def __init__(self, context: Applying, name: str) -> None:
        self._context = context
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A DistArray when all targets return local arrays, None when all return None, else the list."""
        function = operations_pb2.Function(registered=self.__name__)
        return self._context._start(function, args, kwargs, None, None, _ARRAY)._finish()

    def __repr__(self) -> str:
        return f"<function {self.__name__!r} registered with {self._context!r}>"
