"""The function of a call, and what it is called with."""

from __future__ import annotations

import linecache
import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from distarray._pickling import loads
from distarray.error import InvalidTypeError, InvalidValueError
from distarray.localapi import Distribution, LocalArray
from distarray.worker._communicators import Communicators
from distarray.worker._link import Frame
from distarray.worker._memory import Memory
from distarray.worker._plain import from_plain

PYTHON = ".".join(platform.python_version_tuple()[:2])


def arrays_of(frame: Frame, memory: Memory, communicators: Communicators, target: int) -> list[LocalArray | None]:
    """The call's arrays: this target's part of each, None where it has none. Communicators are made: collective."""
    taking_part = tuple(frame.said["job"]["targets"])
    return [
        None if told is None else _array(told, frame.data, memory, communicators, taking_part, target)
        for told in frame.said["arrays"]
    ]


def _array(
    told: dict[str, Any],
    data: memoryview,
    memory: Memory,
    communicators: Communicators,
    taking_part: tuple[int, ...],
    target: int,
) -> LocalArray:
    shape = tuple(told["local_shape"])
    elements = memory.view(told, told["writable"]).view(told["dtype"]).reshape(shape)
    for dimension in told["dim_data"]:
        if "indices" in dimension:
            place = dimension["indices"]
            dimension["indices"] = np.frombuffer(data, np.int64, place["count"], place["offset"])
    targets = tuple(told["targets"])
    grid = tuple(dimension["proc_grid_size"] for dimension in told["dim_data"])
    comm = communicators.of(targets, taking_part, grid)
    distribution = Distribution(comm, told["dim_data"], dist=told["dist"], buffer_shape=shape, targets=targets)
    return LocalArray(distribution, buf=elements, target=target)


def function_of(job: dict[str, Any], data: memoryview) -> Callable[..., Any]:
    told = job["function"]
    if "pickled" in told:
        _check_version(job)
        return loads(data[: told["pickled"]])  # type: ignore[no-any-return]
    name, filename = told["name"], f"<source of {told['name']}>"
    # So that tracebacks show its lines.
    linecache.cache[filename] = len(told["source"]), None, told["source"].splitlines(keepends=True), filename
    namespace: dict[str, Any] = {"__name__": filename, "np": np, "numpy": np}
    exec(compile(told["source"], filename, "exec"), namespace)  # noqa: S102
    function = namespace.get(name)
    if not callable(function):
        raise InvalidValueError(f"source defines no function {name!r}")
    return function  # type: ignore[no-any-return]


def arguments_of(
    job: dict[str, Any], data: memoryview, arrays: list[LocalArray | None]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    told = job["arguments"]
    if "pickled" in told:
        _check_version(job)
        start = job["function"].get("pickled", 0)
        args, kwargs = loads(data[start : start + told["pickled"]], persistent=arrays.__getitem__)
        return args, kwargs
    values = [from_plain(value, arrays.__getitem__) for value in told["plain"]]
    named = list(zip(told["names"], values, strict=True))
    return tuple(value for name, value in named if not name), {name: value for name, value in named if name}


def _check_version(job: dict[str, Any]) -> None:
    given = job.get("python_version", "")
    if given and given != PYTHON:
        raise InvalidTypeError(
            f"the function was pickled by Python {given}, and the workers run Python {PYTHON}, which cannot read it: "
            "register it as text, with register(source=..., name=...), or start the daemon with --worker-python=... "
            f"of version {given}"
        )
