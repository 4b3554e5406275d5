"""What functions do that should not. Each takes its target's local array; imports are theirs, as they run elsewhere."""
# ruff: noqa: ANN

from __future__ import annotations


def only_on(target, function):
    """The function on one target; the others return at once."""

    def run(la):
        return function(la) if la.target == target else "fine"

    return run


def segfault(la):
    import ctypes

    ctypes.string_at(0)


def exit_at_once(la):
    import os

    os._exit(3)


def exit_well(la):
    import os

    os._exit(0)


def system_exit(la):
    raise SystemExit("bye")


def loop(la):
    while True:
        pass


def loop_deaf(la):
    """No signal but those that cannot be ignored ends it."""
    import signal

    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
    while True:
        pass


def recurse(la):
    return recurse(la)


def recurse_in_c(la):
    import ctypes
    import sys

    sys.setrecursionlimit(10**9)
    kind = ctypes.CFUNCTYPE(None)
    again = kind(lambda: again())
    again()


def deep_repr(la):
    import sys

    sys.setrecursionlimit(10**9)
    nested = []
    for _ in range(1_000_000):
        nested = [nested]
    return len(repr(nested))


def allocate(la):
    import numpy as np

    kept = []
    while True:
        kept.append(np.ones(1 << 20))


def fork_a_thousand(la):
    import os
    import time

    for _ in range(1000):
        if os.fork() == 0:
            time.sleep(1000)
            os._exit(0)
    time.sleep(1000)


def fill_scratch(la):
    number = 0
    while True:
        with open(f"file-{number}", "wb") as file:
            for _ in range(8):
                file.write(bytes(1 << 20))
        number += 1


def kill_parent(la):
    import os
    import signal
    import time

    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def close_everything(la):
    import os

    os.closerange(0, 1 << 16)
    return "closed"


def close_everything_with_a_child(la):
    """The child still holds the connection to the engine: its end is not to be seen there."""
    import os
    import time

    if os.fork() == 0:
        time.sleep(1000)
        os._exit(0)
    os.closerange(0, 1 << 16)
    return "closed"


def stop_itself(la):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSTOP)


def leave_a_collective(la):
    if la.target == 1:
        raise ValueError("on purpose")
    la.comm.barrier()


def abort_mpi(la):
    from mpi4py import MPI

    MPI.COMM_WORLD.Abort(7)


def print_much(la):
    line = "x" * 1000
    for _ in range(200_000):
        print(line)


class Unreadable(Exception):
    def __str__(self):
        raise ValueError("no text")


def raise_unreadable(la):
    raise Unreadable


class UnreadableExit(Exception):
    def __str__(self):
        raise SystemExit("no text")


def raise_unreadable_exit(la):
    raise UnreadableExit


class Unpicklable:
    def __reduce__(self):
        raise ValueError("cannot be pickled")


def return_unpicklable(la):
    return Unpicklable()


class UnpicklableExit(Exception):
    def __reduce__(self):
        raise SystemExit("cannot be pickled")


def raise_unpicklable_exit(la):
    raise UnpicklableExit("told")


def return_deep(la):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def raise_long(la):
    raise ValueError("long " * 20_000_000)


def warn_long(la):
    import warnings

    warnings.warn("long " * 4_000_000, stacklevel=1)
    raise ValueError("after the warning")


def replace_stdout(la):
    import sys

    class Broken:
        closed = False

        def write(self, text):
            raise ValueError("cannot write")

        def flush(self):
            raise ValueError("cannot flush")

    sys.stdout = sys.__stdout__ = Broken()
    raise ValueError("after stdout")


def import_what_is_not_there(la):
    import petsc4py_of_another_machine  # noqa: F401


def raise_keyboard_interrupt(la):
    raise KeyboardInterrupt
