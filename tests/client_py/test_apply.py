"""Functions beside the data: what they are given, what comes back, what goes wrong."""

import builtins
import collections
import functools
import os
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import distarray
import distarray.globalapi as da
import numpy as np
import pytest
from checks import same
from distarray.error import FunctionError
from distarray.localapi import LocalArray
from gate import Gate, wait_at

pytestmark = pytest.mark.daemon

GLOBAL = 40


def module_function(value):
    return helper(value) + GLOBAL


def helper(value):
    return value + 1


class Pair:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def __eq__(self, other):
        return (self.left, self.right) == (other.left, other.right)

    def swapped(self):
        return Pair(self.right, self.left)


class CustomError(ValueError):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self):
        return CustomError, (self.code,)


@pytest.fixture
def rows(context):
    """(8, 3), two rows a target."""
    return context.fromarray(np.arange(24.0).reshape(8, 3))


def test_results_come_in_the_order_of_the_targets(context):
    assert context.apply(lambda: 7) == [7] * 4
    target = context.apply(lambda: int(__import__("os").environ["DISTARRAY_TARGET"]))
    assert target == [0, 1, 2, 3]
    swapped = context.apply(lambda: int(os.environ["DISTARRAY_TARGET"]), targets=[3, 1])
    assert swapped == [3, 1]


@pytest.mark.parametrize(
    ("func", "args", "kwargs", "expected"),
    [
        (len, ([1, 2],), {}, 2),
        (builtins.sorted, ([3, 1, 2],), {"reverse": True}, [3, 2, 1]),
        (module_function, (1,), {}, 42),
        (functools.partial(module_function, 2), (), {}, 43),
        (lambda a, *rest, k=1, **more: (a, rest, k, more), (1, 2, 3), {"k": 4, "z": 5}, (1, (2, 3), 4, {"z": 5})),
        (Pair, (1, 2), {}, Pair(1, 2)),
        (Pair.swapped, (Pair(1, 2),), {}, Pair(2, 1)),
        (Pair(3, 4).swapped, (), {}, Pair(4, 3)),
        (np.linalg.norm, ([3.0, 4.0],), {}, 5.0),
        (collections.Counter, ("aab",), {}, {"a": 2, "b": 1}),
        (lambda: None, (), {}, None),
    ],
)
def test_any_callable(context, func, args, kwargs, expected):
    assert context.apply(func, args, kwargs) == [expected] * 4


def test_closures_keep_what_they_close_over(context):
    table = {"x": 5}

    def scaled(by):
        return [value * by for value in table.values()]

    assert context.apply(scaled, (3,)) == [[15]] * 4


def test_functions_of_the_callers_modules_travel_by_value(context, tmp_path, monkeypatch):
    (tmp_path / "users_module.py").write_text(
        textwrap.dedent(
            """
            import math
            def area(r):
                return square(r) * math.pi
            def square(x):
                return x * x
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    import users_module

    assert context.apply(users_module.area, (2,)) == [users_module.area(2)] * 4
    assert context.apply(lambda: users_module.square(3)) == [9] * 4


def test_arrays_arrive_as_local_arrays(context, rows):
    def look(a, b, nested, *, named):
        return [type(one).__name__ for one in (a, b, nested["x"][0], nested["x"][1][0], named)] + [a is b]

    told = context.apply(look, (rows, rows.key, {"x": [rows, (rows.key,)]}), {"named": rows})
    assert told == [["LocalArray"] * 5 + [True]] * 4
    assert context.apply(lambda a: a.ndarray.sum(), (rows,)) == [15.0, 51.0, 87.0, 123.0]
    assert context.apply(lambda a: a.local_shape, (rows,)) == [(2, 3)] * 4


def test_a_target_without_a_part_gets_none(context):
    part = context.fromarray(np.arange(4.0), context_distribution(context, 4, [1, 2]))
    assert context.apply(lambda a: None if a is None else a.ndarray.tolist(), (part,), targets=[0, 1, 2, 3]) == [
        None,
        [0.0, 1.0],
        [2.0, 3.0],
        None,
    ]
    # Without targets, those of the array.
    assert context.apply(lambda a: a.target, (part,)) == [1, 2]


def context_distribution(context, shape, targets):
    return da.Distribution(context, shape, targets=targets)


def test_arrays_on_different_targets_need_targets(context, rows):
    part = context.zeros(context_distribution(context, 4, [1, 2]))
    with pytest.raises(ValueError, match="different targets"):
        context.apply(lambda a, b: None, (rows, part))
    assert context.apply(lambda a, b: b is None, (rows, part), targets=[0, 1]) == [True, False]


def test_writes_are_seen_by_later_operations(context, rows):
    before = rows + 0
    total = float(rows.sum())

    def double(a):
        a.ndarray[...] *= 2

    assert context.apply(double, (rows,)) == [None] * 4
    same(rows, 2 * np.arange(24.0).reshape(8, 3))
    assert float(rows.sum()) == 2 * total
    same(before, np.arange(24.0).reshape(8, 3))  # recorded before, and not computed yet when the function began


def test_a_small_array_that_was_read_is_read_again(context):
    scalar = context.fromarray(np.array(3.0))
    assert float(scalar) == 3.0
    context.apply(lambda a: a.fill(8), (scalar,))
    assert float(scalar) == 8.0


def test_views_are_written_through(context, rows):
    context.apply(lambda a: a.fill(-1), (rows[::2, 1:],))
    expected = np.arange(24.0).reshape(8, 3)
    expected[::2, 1:] = -1
    same(rows, expected)


def test_what_is_readonly_cannot_be_written(context, rows):
    with pytest.raises(ValueError, match="read-only"):
        context.apply(lambda a: a.fill(0), (distarray.readonly(rows),))

    def force(a):
        a.ndarray.flags.writeable = True

    with pytest.raises(ValueError):
        context.apply(force, (distarray.readonly(rows.key),))
    same(rows, np.arange(24.0).reshape(8, 3))
    assert (
        context.apply(lambda a, b: a.ndarray.sum() == b.ndarray.sum(), (distarray.readonly(rows), rows)) == [True] * 4
    )


@pytest.mark.parametrize("dist", ["b", "c", "bb", "cb", "nb", "bc"])
def test_every_distribution_arrives(context, dist):
    whole = np.arange(7.0 * 9).reshape(7, 9)[(slice(None),) * len(dist)]
    array = context.fromarray(whole, da.Distribution(context, whole.shape, dist))

    def look(a):
        return a.ndarray, [a.global_indices(d) for d in range(a.ndim)], a.global_shape, a.dist, a.cart_coords

    seen = np.full(whole.shape, -1.0)
    for (elements, indices, global_shape, letters, coords), shape in zip(
        context.apply(look, (array,)), array.localshapes(), strict=True
    ):
        assert (elements.shape, global_shape, letters) == (shape, whole.shape, array.dist)
        assert len(coords) == whole.ndim
        seen[np.ix_(*indices)] = elements
    assert np.array_equal(seen, whole)


def test_printed_output_comes_back(context, capsys):
    def talk():
        print("one")
        print("two ü", file=sys.stderr)
        os.system("echo three")

    context.apply(talk, targets=[2])
    assert capsys.readouterr().out == "[target 2] one\n[target 2] two ü\n[target 2] three\n"
    context.apply(lambda: None)
    assert capsys.readouterr().out == ""


def test_warnings_come_back(context):
    def warn():
        for _ in range(3):
            warnings.warn("careful", RuntimeWarning, stacklevel=1)

    with pytest.warns(RuntimeWarning, match="on target 1: careful") as caught:
        context.apply(warn, targets=[1])
    assert len(caught) == 1


def test_an_exception_comes_with_target_traceback_and_the_others_results(context, rows, capsys):
    def fail(a):
        print("before")
        if a.target == 2:
            raise CustomError(9)
        return a.target

    with pytest.raises(ValueError, match="code 9") as caught:
        context.apply(fail, (rows,))
    error = caught.value
    assert isinstance(error, FunctionError) and isinstance(error, distarray.DistArrayError)
    assert (error.targets, error.results) == ([2], [0, 1, None, 3])
    assert error.errors[2].code == 9
    assert "target 2" in str(error) and "in fail" in error.remote_traceback and "CustomError" in error.remote_traceback
    assert capsys.readouterr().out.count("before") == 4
    assert context.apply(lambda: 1) == [1] * 4


def test_several_exceptions(context):
    def fail():
        raise KeyError(os.environ["DISTARRAY_TARGET"])

    with pytest.raises(KeyError) as caught:
        context.apply(fail)
    assert caught.value.targets == [0, 1, 2, 3]
    assert {target: error.args for target, error in caught.value.errors.items()} == {t: (str(t),) for t in range(4)}


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class UnpicklableError(Exception):
    def __reduce__(self):
        raise RuntimeError("no pickle")


@pytest.mark.parametrize("kind", [SystemExit, UnprintableError, UnpicklableError, KeyboardInterrupt, GeneratorExit])
def test_odd_exceptions(context, kind):
    def fail():
        raise kind("x")

    with pytest.raises(distarray.DistArrayError) as caught:
        context.apply(fail)
    assert caught.value.targets == [0, 1, 2, 3]
    assert context.apply(lambda: 1) == [1] * 4


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.apply(5), TypeError),
        (lambda c: c.apply(len, 5), TypeError),
        (lambda c: c.apply(len, "ab"), TypeError),
        (lambda c: c.apply(len, ([],), targets=[9]), ValueError),
        (lambda c: c.apply(len, ([],), targets=[1, 1]), ValueError),
        (lambda c: c.apply(len, ([],), timeout=0), ValueError),
        (lambda c: c.apply(len, ([],), timeout="soon"), ValueError),
        (lambda c: c.apply(len, (threading.Lock(),)), TypeError),
        (lambda c: c.apply(threading.Lock().acquire), TypeError),
        (lambda c: c.apply(len, (distarray.readonly(5),)), TypeError),
        (lambda c: c.apply(len, (distarray.Key(999999),)), KeyError),
        (lambda c: c.apply(lambda: threading.Lock()), TypeError),
    ],
)
def test_bad_input(context, call, error):
    with pytest.raises(error) as caught:
        call(context)
    assert isinstance(caught.value, distarray.DistArrayError)
    assert context.apply(lambda: 1) == [1] * 4


def test_an_array_of_another_context(daemons, context):
    with da.Context(daemons(4)) as other:
        with pytest.raises(distarray.error.ContextError):
            context.apply(len, (other.zeros(3),))


def test_a_function_cannot_close_over_arrays(context, rows):
    with pytest.raises(TypeError, match="argument"):
        context.apply(lambda: rows.sum())


def test_large_results_and_arguments(context):
    """Larger than a message may be: they go by the bulk path."""
    count = 3 << 20
    argument = np.arange(100_000.0)
    back = context.apply(lambda a: {"all": np.full(count, a[-1]), "text": "x" * (1 << 20)}, (argument,), targets=[0, 2])
    assert [one["all"].shape for one in back] == [(count,)] * 2
    assert all((one["all"] == 99_999.0).all() and len(one["text"]) == 1 << 20 for one in back)
    assert not [info for info in context.list_arrays() if info.key < 0]


def test_local_arrays_come_back_as_copies(context, rows):
    parts = context.apply(lambda a: a, (rows,))
    assert all(isinstance(part, LocalArray) for part in parts)
    assert [part.target for part in parts] == [0, 1, 2, 3]
    assert [part.global_from_local((0, 0)) for part in parts] == [(0, 0), (2, 0), (4, 0), (6, 0)]
    parts[0].ndarray[...] = 0
    same(rows, np.arange(24.0).reshape(8, 3))


def test_apply_async(context, rows):
    future = context.apply_async(lambda a: a.ndarray.max(), (rows,))
    assert future.result(60) == [5.0, 11.0, 17.0, 23.0]
    assert future.done() and not future.cancelled() and future.exception() is None and not future.cancel()
    failed = context.apply_async(lambda: 1 / 0)
    assert isinstance(failed.exception(60), ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        failed.result()


def test_only_what_uses_the_arrays_waits(context, rows):
    other = context.ones(4)
    with Gate() as gate:
        reader = context.apply_async(lambda a, port: wait_at(port), (distarray.readonly(rows), gate.port))
        gate.await_functions(4)
        assert float(other.sum()) == 4.0
        assert float(rows.sum()) == 276.0  # reading goes on
        with pytest.raises(TimeoutError):
            reader.result(0.01)
        changed = context.apply_async(lambda a: a.fill(1), (rows,))
        assert not reader.done()
    assert reader.result(60) == [None] * 4
    assert changed.result(60) == [None] * 4
    assert float(rows.sum()) == 24.0


def test_operations_on_what_is_written_wait(context, rows):
    with Gate() as gate:
        writer = context.apply_async(lambda a, port: (wait_at(port), a.fill(2))[1], (rows, gate.port))
        gate.await_functions(4)
        total = rows.sum()
        assert not writer.done()
    assert float(total) == 48.0
    assert writer.result(60) == [None] * 4


def test_cancel(context, rows):
    with Gate() as gate:
        future = context.apply_async(lambda a, port: (a.fill(5), wait_at(port)), (rows, gate.port))
        gate.await_functions(4)
        assert future.cancel()
        with pytest.raises(distarray.error.CancelledError):
            future.result(60)
        assert future.cancelled()
    same(rows, np.full((8, 3), 5.0))
    assert context.apply(lambda a: a.local_size, (rows,)) == [6] * 4


def test_timeout(context):
    with Gate() as gate:
        with pytest.raises(TimeoutError) as caught:
            context.apply(wait_at, (gate.port,), timeout=0.2)
    assert isinstance(caught.value, FunctionError) and caught.value.targets == [0, 1, 2, 3]
    assert context.apply(len, ("abc",)) == [3] * 4


def test_random_numbers_differ_by_target(context):
    def draw():
        import random

        from distarray import localapi

        return random.random(), np.random.random(), localapi.random.generator().random()

    numbers = [number for numbers in context.apply(draw) for number in numbers]
    assert len(set(numbers)) == len(numbers)

    def seeded():
        from distarray import localapi

        localapi.random.seed(5)
        return localapi.random.generator().random()

    assert context.apply(seeded) == context.apply(seeded)
    assert len(set(context.apply(seeded))) == 4


def test_counters(context, rows):
    before = context.server_info().functions
    context.apply(lambda a: a.ndarray.sum(), (rows,))
    after = context.server_info().functions
    assert after.calls - before.calls == 1
    assert after.lent_bytes - before.lent_bytes == rows.nbytes
    assert after.copied_bytes == before.copied_bytes
    context.apply(lambda a: None, (rows[:, 1:],))  # a view: its elements go there and back
    assert context.server_info().functions.copied_bytes - before.copied_bytes == 2 * 8 * 16


def test_the_block_is_the_engines_memory(context):
    array = context.zeros(1 << 20)
    array.wait()

    def mapping(a):
        address = a.ndarray.__array_interface__["data"][0]
        for line in open("/proc/self/maps"):
            bounds, _, offset, _, inode, *name = line.split()
            start, stop = (int(part, 16) for part in bounds.split("-"))
            if start <= address and address + a.ndarray.nbytes <= stop:
                return int(inode), int(offset, 16) + address - start, name[0]
        return None

    places = context.apply(mapping, (array,))
    assert all("memfd" in name for _, _, name in places)
    assert len({inode for inode, _, _ in places}) == 4
    engines = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"distarrayd" in (process / "cmdline").read_bytes():
                maps = (process / "maps").read_text().splitlines()
                engines |= {int(line.split()[4]) for line in maps if "memfd" in line}
        except OSError:
            continue
    assert {inode for inode, _, _ in places} <= engines


def test_the_original_session(context):
    darr = context.fromarray(np.arange(20.0).reshape(4, 5) ** 2)

    def get_local_random():
        import numpy

        return numpy.random.randint(10)

    def get_local_var(darr):
        return darr.ndarray.var()

    assert all(0 <= number < 10 for number in context.apply(get_local_random))
    assert np.allclose(context.apply(get_local_var, args=(darr.key,)), darr.toarray().var(axis=1))


def test_results_that_nobody_takes_are_freed(context):
    context.apply(lambda: None)
    used = context.server_info().memory_used_bytes
    for _ in range(3):
        context.apply_async(lambda: np.ones(1 << 20))  # dropped at once

    def warn():
        import warnings

        warnings.warn("on purpose", stacklevel=1)
        return np.ones(1 << 20)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="on purpose"):
            context.apply(warn)
    context.apply(lambda: None)  # after those that were dropped, on the same workers or others
    for _ in range(1000):
        if context.server_info().memory_used_bytes == used:
            break
        time.sleep(0.02)
    assert context.server_info().memory_used_bytes == used


def test_a_single_array_is_no_sequence_of_arguments(context, rows):
    with pytest.raises(TypeError, match=r"given as \(argument,\)"):
        context.apply(lambda la: None, rows)
    assert context.apply(lambda: 1, None) == [1] * 4


def test_the_remote_exception_is_the_cause(context):
    class Own(Exception):
        pass

    def fail():
        raise Own("on purpose")

    with pytest.raises(distarray.error.FunctionError) as caught:
        context.apply(fail)
    assert type(caught.value.__cause__).__name__ == "Own"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_an_exception_group(context):
    def fail():
        raise ExceptionGroup("several", [ValueError("one"), TypeError("other")])  # noqa: F821

    with pytest.raises(distarray.error.FunctionError, match="several") as caught:
        context.apply(fail)
    assert [type(error) for error in caught.value.errors[0].exceptions] == [ValueError, TypeError]
