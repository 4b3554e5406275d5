"""Random programs beside NumPy, as in test_random_programs.py, of steps that move, sort and look up elements, too.

Indices and masks in reading and in assignment, views of views, in-place operations through them, sorting, products,
running sums, joining: on arrays of several distributions, and on one another's results. Elements are small integers, so
that results are exact. DISTARRAY_TEST_PROGRAMS runs more of them.
"""

from __future__ import annotations

import os
import warnings

import distarray.globalapi as da
import numpy as np
import pytest
from checks import NUMPY_2
from test_random_programs import Program

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 promotes by value"),
]

FULL = bool(os.environ.get("DISTARRAY_FULL_TESTS"))
PROGRAMS = int(os.environ.get("DISTARRAY_TEST_PROGRAMS", "5000" if FULL else "300"))
SIZE_MAX = 3000  # elements
EXACT_MAX = 1000  # greater floating numbers are looked at once and go no further: sums of them need not be exact


class ArrayProgram(Program):
    """One random program of all steps."""

    def shape(self):
        long = self.random.randint(50, SIZE_MAX // 2)
        if self.random.random() < 0.1:
            return self.random.choice([(long,), (2, long // 2), (long // 2, 2)])
        return super().shape()

    def steps(self):
        return [
            *super().steps(),
            self.view,
            self.view,
            self.take_any,
            self.take_any,
            self.select,
            self.rearrange,
            self.join,
            self.order,
            self.search,
            self.multiply,
            self.accumulate,
            self.set_chosen,
            self.set_chosen,
            self.set_masked,
            self.change_in_place,
            self.change_in_place,
            self.sort_in_place,
        ]

    # What a step does.

    def attempt(self, text, ours, theirs, keep=True):
        """Both or neither: what NumPy gives is compared with ours, what it refuses must be refused."""
        self.log.append(text)
        try:
            expected = theirs()
        except (ValueError, TypeError, IndexError) as error:
            with pytest.raises((ValueError, TypeError, IndexError)):
                result = ours()
                (result if isinstance(result, da.DistArray) else result[0]).wait()
            self.log[-1] += f" refused: {error}"
            return
        mine = ours()
        if not isinstance(expected, (tuple, list)):
            mine, expected = [mine], [expected]
        assert len(mine) == len(expected), self.log
        for one, other in zip(mine, expected, strict=True):
            snapshot = keep or isinstance(other, np.generic)
            self.pairs.append((one.copy(), np.array(other)) if snapshot else (one, other))
            if self.random.random() < 0.2 or not self.worth_keeping(other):
                self.check(len(self.pairs) - 1)
            if not self.worth_keeping(other) or (len(mine) > 2 and self.random.random() < 0.5):
                self.pairs.pop()

    def worth_keeping(self, array):
        array = np.asarray(array)
        exact = array.dtype.kind not in "fc" or not array.size or np.abs(array).max() <= EXACT_MAX
        return exact and array.size <= SIZE_MAX

    def pick_small(self):
        """An array of which products and running sums are exact."""
        while True:
            i, d, x = self.pick()
            if x.dtype.kind in "biu" or not x.size or np.abs(x).max() <= 100:
                return i, d, x
            self.make(x.shape)

    def given(self, array):
        """An array as an operand: NumPy's own, or distributed, somehow."""
        if self.random.random() < 0.4:
            return array
        return self.context.fromarray(array, distribution=self.distribution(array.shape))

    def axis(self, x):
        """One that it has; of no dimensions one that is refused, as NumPy takes 0 and -1 for some functions only."""
        return self.random.choice(range(-x.ndim, x.ndim)) if x.ndim else 1

    # Views: what is written to them is written to the array.

    def view(self):
        i, d, x = self.pick()
        draw = self.random
        axis, other = self.axis(x), self.axis(x)
        order = draw.sample(range(x.ndim), x.ndim)
        wider = (draw.randint(1, 3), *(draw.randint(1, 4) if size == 1 else size for size in x.shape))
        wider = wider[draw.randint(0, 1) :]
        ways = {
            "T": lambda a, m: a.T,
            f"transpose {order}": lambda a, m: m.transpose(a, order),
            f"flip {axis}": lambda a, m: m.flip(a, axis),
            "flip": lambda a, m: m.flip(a),
            f"expand {axis}": lambda a, m: m.expand_dims(a, axis),
            "squeeze": lambda a, m: m.squeeze(a),
            f"swap {axis} {other}": lambda a, m: m.swapaxes(a, axis, other),
            f"move {axis} {other}": lambda a, m: m.moveaxis(a, axis, other),
            f"rot90 {axis} {other}": lambda a, m: m.rot90(a, 1, (axis, other)),
            # Nothing repeated: ours can be written then, NumPy's never.
            f"broadcast {wider}": lambda a, m: m.broadcast_to(a, wider) if np.prod(wider) > x.size else a[...],
            f"split {axis}": lambda a, m: m.array_split(a, 2, axis=axis),
        }
        name = draw.choice(list(ways))
        way = ways[name]
        if np.prod(wider) <= SIZE_MAX:
            self.attempt(f"view {i} {name}", lambda: way(d, da), lambda: way(x, np), keep=False)

    # New arrays.

    def chosen(self, shape):
        """An index with arrays of integers and masks, and the like for NumPy."""
        draw = self.random
        common = draw.choice([(), (1,), (3,), (2, 2), (0,), (7,), (3, 1)])
        ours, theirs = [], []
        axis = 0
        while axis < len(shape):
            size, kind = shape[axis], draw.choice(["array", "array", "slice", "integer", "all", "mask", "new"])
            if kind == "array" and size:
                index = np.array(draw.choices(range(-size, size), k=int(np.prod(common))), dtype=int).reshape(common)
                ours.append(self.given(index))
                theirs.append(index)
            elif kind == "mask" and common in ((), (1,), (3,)):
                width = draw.choice([1, 1, 2]) if axis + 1 < len(shape) else 1
                mask = np.zeros(int(np.prod(shape[axis : axis + width])), bool)
                mask[draw.sample(range(mask.size), min(mask.size, common[0] if common else 1))] = True
                mask = mask.reshape(shape[axis : axis + width])
                ours.append(self.given(mask))
                theirs.append(mask)
                axis += width - 1
            elif kind == "integer" and size:
                theirs.append(draw.randint(-size, size - 1))
                ours.append(theirs[-1])
            elif kind == "new":
                theirs.append(None)
                ours.append(None)
                continue
            else:
                bound = [None, draw.randint(-size - 1, size + 1)]
                part = slice(draw.choice(bound), draw.choice(bound), draw.choice([None, 1, 2, -1]))
                part = part if kind == "slice" else slice(None)
                ours.append(part)
                theirs.append(part)
            axis += 1
        if draw.random() < 0.2:
            place = draw.randint(0, len(theirs))
            ours.insert(place, Ellipsis)
            theirs.insert(place, Ellipsis)
        while theirs and draw.random() < 0.15:
            ours.pop()
            theirs.pop()
        return tuple(ours), tuple(theirs)

    def take_any(self):
        i, d, x = self.pick()
        if self.random.random() < 0.6:
            ours, theirs = self.chosen(x.shape)
            self.attempt(f"choose {i} {theirs}", lambda: d[ours], lambda: x[theirs])
            return
        axis = self.random.choice([None, self.axis(x)])
        size = x.size if axis is None else x.shape[axis] if x.ndim else 1
        if size == 0:
            return
        index = np.array(self.random.choices(range(-size, size), k=self.random.randint(0, 9)), int)
        mine = self.given(index)
        self.attempt(f"take {i} {index} {axis}", lambda: da.take(d, mine, axis=axis), lambda: np.take(x, index, axis))

    def select(self):
        (i, d, x), (j, e, y) = self.pick(), self.pick()
        ways = {
            "mask": (lambda: d[d > 0], lambda: x[x > 0]),
            "mask of another": (lambda: d[e != 0], lambda: x[y != 0]),
            "nonzero": (lambda: da.nonzero(d), lambda: np.nonzero(x)),
            "compress": (lambda: da.compress(da.ravel(e != 0), d), lambda: np.compress(np.ravel(y != 0), x)),
            "where": (lambda: da.where(d > 0, d, e), lambda: np.where(x > 0, x, y)),
            "repeat": (lambda: da.repeat(d, 2, axis=-1), lambda: np.repeat(x, 2, axis=-1)),
            "clip": (lambda: da.clip(d, 1, 5), lambda: np.clip(x, 1, 5)),
        }
        name = self.random.choice(list(ways))
        if (name == "clip" and x.dtype == bool) or (name.startswith("mask") and x.dtype.kind == "c"):
            return
        if name == "mask of another" and (y.shape != x.shape[: y.ndim] or not y.ndim):  # NumPy overlooks some
            return
        self.attempt(f"{name} {i} {j}", *ways[name])

    def rearrange(self):
        i, d, x = self.pick()
        draw = self.random
        axis, shift = self.axis(x), draw.randint(-5, 5)
        divisors = [n for n in range(1, x.size + 1) if x.size % n == 0] or [1]
        first = draw.choice(divisors)
        shape = (first, draw.choice([1, 2]), -1) if draw.random() < 0.3 else (first, -1)
        to = draw.choice(["f8", "i2", "c8", "?", "u4"])
        ways = {
            f"reshape {shape}": lambda a, m: m.reshape(a, shape, copy=True),
            "flatten": lambda a, m: a.flatten(),
            f"roll {shift} {axis}": lambda a, m: m.roll(a, shift, axis=axis),
            f"roll {shift}": lambda a, m: m.roll(a, shift),
            "tile": lambda a, m: m.tile(a, (2, 1)),
            "copy": lambda a, m: a.copy(),
            f"astype {to}": lambda a, m: (a.real if a.dtype.kind == "c" and to not in ("c8", "?") else a).astype(to),
            "triu": lambda a, m: m.triu(m.atleast_2d(a), 1),
        }
        name = draw.choice(list(ways))
        if name == "astype u4" and (x.real < 0).any():
            return
        self.attempt(f"{name} {i}", lambda: ways[name](d, da), lambda: ways[name](x, np))

    def join(self):
        (i, d, x), (j, e, y) = self.pick(), self.pick()
        if self.random.random() < 0.5:
            (j, e, y) = (i, d[..., ::-1], x[..., ::-1]) if x.ndim else (i, d, x)
        axis = self.axis(x)
        name = self.random.choice(["concatenate", "stack"])
        self.attempt(
            f"{name} {i} {j} {axis}",
            lambda: getattr(da, name)([d, e, d], axis=axis),
            lambda: getattr(np, name)([x, y, x], axis=axis),
        )

    def order(self):
        i, d, x = self.pick()
        axis = self.random.choice([None, self.axis(x)])
        ways = {
            "sort": (lambda: da.sort(d, axis=axis), lambda: np.sort(x, axis=axis)),
            "argsort": (lambda: da.argsort(d, axis=axis), lambda: np.argsort(x, axis=axis, kind="stable")),
            "unique": (
                lambda: da.unique(d, return_index=True, return_inverse=True, return_counts=True),
                lambda: np.unique(x, return_index=True, return_inverse=True, return_counts=True),
            ),
            "in order": (
                lambda: da.take_along_axis(d, da.argsort(d, axis=-1), axis=-1),
                lambda: np.take_along_axis(x, np.argsort(x, axis=-1, kind="stable"), axis=-1),
            ),
        }
        name = self.random.choice(list(ways))
        self.attempt(f"{name} {i} {axis}", *ways[name])

    def search(self):
        (i, d, x), (j, e, y) = self.pick(), self.pick()
        axis = self.random.choice([None, self.axis(x)])
        ways = {
            "argmax": (lambda: da.argmax(d, axis=axis), lambda: np.argmax(x, axis=axis)),
            "argmin": (lambda: da.argmin(d, axis=axis), lambda: np.argmin(x, axis=axis)),
            "count": (lambda: da.count_nonzero(d, axis=axis), lambda: np.count_nonzero(x, axis=axis)),
            "searchsorted": (
                lambda: da.searchsorted(da.sort(d, axis=None), e),
                lambda: np.searchsorted(np.sort(x, axis=None), y),
            ),
        }
        name = self.random.choice(list(ways))
        if name.startswith("arg") and x.dtype.kind == "c":
            return
        self.attempt(f"{name} {i} {j} {axis}", *ways[name])

    def multiply(self):
        (i, d, x), (j, e, y) = self.pick_small(), self.pick_small()
        ways = {
            "matmul": (lambda: da.matmul(d, e), lambda: np.matmul(x, y)),
            "matmul transposed": (lambda: da.matmul(d, d.mT), lambda: np.matmul(x, x.mT)),
            "outer": (lambda: da.outer(d, e), lambda: np.outer(x, y)),
            "tensordot": (lambda: da.tensordot(d, e, axes=1), lambda: np.tensordot(x, y, axes=1)),
            "vecdot": (lambda: da.vecdot(d, e), lambda: np.vecdot(x, y)),
        }
        if x.size * y.size <= 100 * SIZE_MAX:
            name = self.random.choice(list(ways))
            self.attempt(f"{name} {i} {j}", *ways[name])

    def accumulate(self):
        i, d, x = self.pick_small()
        axis, first = self.axis(x), self.random.random() < 0.3
        ways = {
            "cumulative_sum": (
                lambda: da.cumulative_sum(d, axis=axis, include_initial=first),
                lambda: np.cumulative_sum(x, axis=axis, include_initial=first),
            ),
            "cumsum": (lambda: da.cumsum(d), lambda: np.cumsum(x)),
            "diff": (lambda: da.diff(d, axis=axis), lambda: np.diff(x, axis=axis)),
        }
        name = self.random.choice(list(ways))
        self.attempt(f"{name} {i} {axis} {first}", *ways[name])

    # Assignment.

    def written(self, i, d, x, ours, theirs):
        """Writes if NumPy lets, and the result is exact; a view that is read-only there must be so here."""
        trial = x.copy()
        try:
            theirs(trial)
        except (ValueError, TypeError, IndexError) as error:
            self.log[-1] += f" refused: {error}"
            return
        if not self.worth_keeping(trial):
            return
        if x.flags.writeable:
            theirs(x)
            ours(d)
        elif x.size and any(size > 1 and stride == 0 for size, stride in zip(x.shape, x.strides, strict=True)):
            with pytest.raises(ValueError, match="read-only"):
                d[...] = 0
                d.wait()

    def value(self, x):
        """Something to assign to x, and the like of x's dtype for NumPy."""
        if self.random.random() < 0.4:
            number = self.random.randint(0, 9)
            return number, number, str(number)
        j, e, y = self.pick()
        if self.random.random() < 0.5 and y.ndim:
            index = self.index(y.shape)
            e, y = e[index], np.array(y[index])
        return e, y.astype(x.dtype), f"{j} {y.shape}"

    def set_chosen(self):
        i, d, x = self.pick()
        ours, theirs = self.chosen(x.shape)
        value, wanted, text = self.value(x)
        self.log.append(f"set {i} {theirs} to {text}")

        def assign(a):
            if not a[theirs].size:  # NumPy does not compare the shapes then
                np.broadcast_to(wanted, a[theirs].shape)
            a[theirs] = wanted

        self.written(i, d, x, lambda a: a.__setitem__(ours, value), assign)

    def set_masked(self):
        i, d, x = self.pick()
        number = self.random.randint(-3, 3)
        value = self.random.randint(0, 9)
        self.log.append(f"set {i} < {number} to {value}")
        self.written(
            i,
            d,
            x,
            lambda a: a.__setitem__(a.real < number if x.dtype.kind == "c" else a < number, value),
            lambda a: a.__setitem__(a.real < number, value),
        )

    def change_in_place(self):
        """x[index] += y: through a view, or, where the index has arrays, through what they choose."""
        i, d, x = self.pick()
        name = self.random.choice(["__iadd__", "__isub__", "__imul__", "__iand__"])
        ours, theirs = self.chosen(x.shape) if self.random.random() < 0.4 else (self.index(x.shape),) * 2
        value, _, text = self.value(x)
        wanted = value if isinstance(value, int) else value.toarray()
        self.log.append(f"{name} {i} {theirs} by {text}")

        def change(a, index, operand):
            if not isinstance(part := a[index], np.generic):  # which has no such methods
                a[index] = getattr(part, name)(operand)
            else:
                raise ValueError("an element")

        self.written(i, d, x, lambda a: change(a, ours, value), lambda a: change(a, theirs, wanted))

    def sort_in_place(self):
        i, d, x = self.pick()
        axis = self.axis(x)
        self.log.append(f"sort {i} in place, axis {axis}")
        self.written(i, d, x, lambda a: a.sort(axis=axis), lambda a: a.sort(axis=axis))


@pytest.mark.parametrize("engines", [1, 4])
def test_random_programs(contexts, engines):
    context = contexts(engines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(PROGRAMS):
            ArrayProgram(context, seed).run()
