"""The command line: python -m distarray.protocol FILE... or --module package:attribute."""

from __future__ import annotations

import argparse
import ast
import functools
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distarray.protocol._across import examine_all
from distarray.protocol._process import BufferLayout, Description, Examined, examine
from distarray.protocol._violations import Violation

_USAGE = """\
Each FILE describes the export of one process, as JSON or as a Python literal:

  {"__version__": "0.10.0",
   "buffer": {"shape": [3], "dtype": "<f8"},
   "dim_data": [{"dist_type": "b", "size": 5, "proc_grid_size": 2, "proc_grid_rank": 0, "start": 0, "stop": 3}]}

JSON has no tuples: there the lists of "dim_data" and "padding" stand for tuples. In a Python literal these must be
tuples. In both, a list of integers as "indices" stands for a buffer of int64.

Several files are the processes of one array, in rank order, and are checked against one another too.
The exit status is 0 if all is well, 1 if a rule is violated, and 2 if something cannot be read.
"""


class UnreadableError(Exception):
    """The command's input is not there or not in a form that can be checked."""


def _parse(text: str) -> tuple[Any, bool]:
    """The value, and whether it is JSON."""
    try:
        return json.loads(text), True
    except ValueError as error:
        not_json = error
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    try:
        return ast.literal_eval(text.strip()), False
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise UnreadableError(f"it is neither JSON ({not_json}) nor a Python literal ({error})") from None


def _layout(given: Any) -> BufferLayout:
    if not isinstance(given, dict) or set(given) != {"shape", "dtype"}:
        raise UnreadableError('"buffer" must have exactly the keys "shape" and "dtype"')
    shape = given["shape"]
    if not isinstance(shape, (list, tuple)) or any(type(extent) is not int or extent < 0 for extent in shape):
        raise UnreadableError(f'the "shape" of "buffer" must be a list of integers of at least 0, not {shape!r}')
    if not isinstance(given["dtype"], str):
        raise UnreadableError(f'the "dtype" of "buffer" must be a string, not {given["dtype"]!r}')
    try:
        dtype = np.dtype(given["dtype"])
    # SyntaxError among others, for a string of several fields.
    except Exception as error:
        raise UnreadableError(f'the "dtype" of "buffer" is none of NumPy\'s: {error}') from None
    return BufferLayout(tuple(shape), dtype)


def _with_buffers(data: Any, tuples: bool) -> Any:
    """A dimension's dictionary as an exporter would have it: JSON has neither tuples nor buffers."""
    if not isinstance(data, dict):
        return data
    data = dict(data)
    if tuples and isinstance(data.get("padding"), list):
        data["padding"] = tuple(data["padding"])
    indices = data.get("indices")
    if isinstance(indices, list) and all(type(index) is int for index in indices):
        try:
            data["indices"] = np.array(indices, dtype=np.int64)
        except OverflowError:
            raise UnreadableError('"indices" has an integer of more than 64 bits') from None
    return data


def _read_file(name: str) -> Any:
    try:
        description, is_json = _parse(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(str(error)) from None
    if not isinstance(description, dict):
        return description
    export = dict(description)
    if "buffer" in export:
        export["buffer"] = _layout(export["buffer"])
    if isinstance(export.get("dim_data"), (list, tuple)):
        dim_data = [_with_buffers(data, is_json) for data in export["dim_data"]]
        as_tuple = is_json or isinstance(export["dim_data"], tuple)
        export["dim_data"] = tuple(dim_data) if as_tuple else dim_data
    return export


def _import(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise UnreadableError("it must have the form package:attribute")
    # The module is the user's: it may fail in any way, SystemExit among them.
    try:
        found = functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
        exports = isinstance(found, dict) or (hasattr(found, "__distarray__") and not isinstance(found, type))
        return found() if callable(found) and not exports else found
    except (Exception, SystemExit) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from None


def _summary(one: Description) -> str:
    dimensions = "; ".join(f"dimension {number}: {one}" for number, one in enumerate(one.dimensions))
    return f"shape {one.shape} of {one.global_shape}, {one.dtype.str}{'; ' if dimensions else ''}{dimensions}"


def _report(names: Sequence[str], processes: Sequence[Examined], violations: Sequence[Violation]) -> int:
    for violation in violations:
        number = violation.process if len(names) > 1 else 0
        print(f"{violation}" if number is None else f"{names[number]}: {violation}")
    if violations:
        print(f"{len(violations)} violation{'s' if len(violations) > 1 else ''}")
        return 1
    described = [one.description() for one in processes]
    for name, one in zip(names, described, strict=True):
        print(f"ok: {name}: {_summary(one)}")
    if len(names) > 1:
        print(f"ok: {len(names)} processes, an array of shape {described[0].global_shape}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the result is its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m distarray.protocol",
        description="Check exports of the Distributed Array Protocol 0.10.",
        epilog=_USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="the description of one process's export")
    parser.add_argument(
        "--module",
        metavar="PACKAGE:ATTRIBUTE",
        help="check this object, or what it returns when called without arguments",
    )
    given = parser.parse_args(arguments)
    if bool(given.files) == (given.module is not None):
        parser.error("give either files or --module")
    names: list[str] = given.files or [given.module]
    exports, unreadable = [], False
    for name in names:
        try:
            exports.append(_import(name) if given.module is not None else _read_file(name))
        except UnreadableError as error:
            print(f"cannot read {name}: {error}", file=sys.stderr)
            unreadable = True
    if unreadable:
        return 2
    if len(exports) > 1:
        return _report(names, *examine_all(exports))
    one = examine(exports[0], layouts=given.module is None)
    return _report(names, [one], one.violations)
