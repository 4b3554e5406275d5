"""What the examples have in common: their arguments, and lines that say what was done and how long it took."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distarray.globalapi as da


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Prints a line for a step: what, what came of it, and the time it took."""
    result: list[str] = []
    start = time.perf_counter()
    yield result
    print(f"{what:<44} {' '.join(result):<56} {time.perf_counter() - start:7.3f} s", flush=True)


def argument_parser(description: str, picture: str) -> argparse.ArgumentParser:
    """Takes what every example does: where the daemon is, and the name of the picture."""
    parser = argparse.ArgumentParser(description=description)
    daemon = parser.add_mutually_exclusive_group()
    daemon.add_argument("address", nargs="?", help="host:port of a daemon")
    daemon.add_argument("--engines", type=int, help="a private daemon of so many engines")
    parser.add_argument("--output", type=Path, default=Path(picture), help=f"the picture ({picture})")
    return parser


def connect(arguments: argparse.Namespace) -> da.Context:
    """A context of the daemon that the arguments name: by default $DISTARRAY_ADDRESS, or a private one."""
    with step("connected") as result:
        context = da.Context(arguments.address, engines=arguments.engines)
        result.append(f"{context.nengines} engines at {context.address}")
    return context
