"""Random programs beside NumPy: arrays of several distributions, sliced, assigned, combined, reduced and read in
any order.

Single operations are tested elsewhere; here it is what they do to one another: views and snapshots of arrays that are
lazy, readers of elements that are then overwritten, operands that lie otherwise. Element values are small integers,
so that results are exact. DISTARRAY_TEST_PROGRAMS runs more of them.
"""

from __future__ import annotations

import os
import random
import warnings

import distarray.globalapi as da
import numpy as np
import pytest
from checks import NUMPY_2
from distarray.globalapi import Distribution

pytestmark = pytest.mark.skipif(not NUMPY_2, reason="NumPy 1 promotes by value")

PROGRAMS = int(os.environ.get("DISTARRAY_TEST_PROGRAMS", "400"))
TYPES = ["f8", "f8", "f4", "i4", "i8", "u1", "?", "c16", "i1"]
BINARY = ["add", "subtract", "multiply", "maximum", "less", "equal"]
REDUCTIONS = ["sum", "max", "min", "any", "all", "mean"]


class Program:
    """One random program; `log` tells what it did."""

    def __init__(self, context, seed):
        self.context = context
        self.random = random.Random(seed)
        self.log = [f"seed {seed}"]
        self.pairs = []  # (ours, NumPy's)

    def run(self):
        draw = self.random
        shape = self.shape()
        for _ in range(3):
            self.make(shape)
        steps = self.steps()
        for _ in range(draw.randint(3, 14)):
            draw.choice(steps)()
            if draw.random() < 0.25:
                self.check(draw.randrange(len(self.pairs)))
        for number in range(len(self.pairs)):
            self.check(number)

    def shape(self):
        draw = self.random
        return tuple(draw.randint(0 if draw.random() < 0.1 else 1, 9) for _ in range(draw.randint(1, 3)))

    def steps(self):
        return [
            self.combine,
            self.slice,
            self.set_scalar,
            self.set_array,
            self.add_in_place,
            self.reduce,
            self.deal_out,
        ]

    def check(self, number):
        ours, expected = self.pairs[number]
        got = ours.toarray()
        self.log.append(f"check {number}")
        assert got.dtype == expected.dtype and got.shape == expected.shape, self.log
        tolerance = 1e-5 if any(x.dtype in ("f4", "c8") for _, x in self.pairs) else 1e-12
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance, err_msg="; ".join(self.log))

    def add(self, ours, expected):
        self.pairs.append((ours, np.array(expected)))

    def pick(self):
        number = self.random.randrange(len(self.pairs))
        return number, *self.pairs[number]

    def pick_writable(self):
        while not (picked := self.pick())[2].flags.writeable:
            pass
        return picked

    def distribution(self, shape):
        """Any: by letters, or with odd bounds, block sizes or index lists along one dimension; None for the default."""
        draw = self.random
        targets = draw.sample(range(self.context.nengines), draw.randint(1, self.context.nengines))
        choice = draw.random()
        if choice < 0.2 or not shape:
            return None
        if choice < 0.6:
            kinds = "".join(draw.choice("nbcc") for _ in shape)
            if set(kinds) == {"n"}:
                targets = targets[:1]
            return Distribution(self.context, shape, kinds, targets=targets)
        dimensions = [{"dist_type": "n", "size": size} for size in shape]
        along = draw.randrange(len(shape))
        size = shape[along]
        cuts = [0, *sorted(draw.randint(0, size) for _ in targets[1:]), size]
        order = draw.sample(range(size), size)
        dimensions[along] = draw.choice(
            [
                {"dist_type": "b", "bounds": cuts},
                {"dist_type": "c", "size": size, "proc_grid_size": len(targets), "block_size": draw.randint(1, 3)},
                {"dist_type": "u", "indices": [np.array(order[a:b], dtype=int) for a, b in zip(cuts, cuts[1:])]},
            ]
        )
        return Distribution.from_global_dim_data(self.context, tuple(dimensions), targets=targets)

    def index(self, shape):
        draw = self.random
        entries = []
        for size in shape:
            choice = draw.random()
            if choice < 0.2 and size:
                entries.append(draw.randint(-size, size - 1))
            elif choice < 0.4:
                entries.append(slice(None))
            else:
                bound = [None, draw.randint(-size - 1, size + 1)]
                entries.append(slice(draw.choice(bound), draw.choice(bound), draw.choice([None, 1, 2, 3, -1, -2])))
        if draw.random() < 0.2:
            entries.insert(draw.randint(0, len(entries)), None)
        while entries and draw.random() < 0.2:
            entries.pop()
        return tuple(entries)

    def make(self, shape):
        draw = self.random
        if draw.random() < 0.5:
            shape = tuple(1 if draw.random() < 0.2 else size for size in shape)
        if draw.random() < 0.2:
            shape = shape[1:]
        dtype = draw.choice(TYPES)
        numbers = [draw.randint(-9, 9) for _ in range(int(np.prod(shape)))]
        array = np.array(numbers).reshape(shape).astype(dtype)
        distribution = self.distribution(shape)
        self.log.append(f"make {shape} {dtype} {distribution and (distribution.dist, distribution.targets)}")
        self.add(self.context.fromarray(array, distribution=distribution), array)

    def combine(self):
        (i, d, x), (j, e, y) = self.pick(), self.pick()
        name = self.random.choice([*BINARY, "where"])
        self.log.append(f"{name} {i} {j}")
        ours = (lambda: da.where(d != 0, d, e)) if name == "where" else (lambda: getattr(da, name)(d, e))
        try:
            expected = np.where(x != 0, x, y) if name == "where" else getattr(np, name)(x, y)
        except (ValueError, TypeError) as error:
            with pytest.raises(type(error).__mro__[1] if type(error).__name__.startswith("_") else type(error)):
                ours()
            return
        self.add(ours(), expected)

    def slice(self):
        i, d, x = self.pick()
        index = self.index(x.shape)
        self.log.append(f"slice {i} {index}")
        view = x[index]
        # An element is a snapshot, everything else a view.
        self.pairs.append((d[index], np.array(view) if isinstance(view, np.generic) else view))

    def set_scalar(self):
        i, d, x = self.pick_writable()
        index, value = self.index(x.shape), self.random.randint(0, 9)
        self.log.append(f"set {i} {index} {value}")
        x[index] = value
        d[index] = value

    def set_array(self):
        (i, d, x), (j, e, y) = self.pick_writable(), self.pick()
        index = self.index(x.shape)
        value = y.astype(x.dtype)
        try:
            np.empty_like(x)[index] = value
        except (ValueError, TypeError):
            return
        self.log.append(f"set {i} {index} to {j}")
        x[index] = value
        d[index] = e

    def add_in_place(self):
        i, d, x = self.pick_writable()
        if x.dtype != bool:
            self.log.append(f"add 1 to {i}")
            x += 1
            d += 1

    def reduce(self):
        i, d, x = self.pick()
        name = self.random.choice(REDUCTIONS)
        options = {"axis": self.random.choice([None, *range(x.ndim)]), "keepdims": self.random.random() < 0.3}
        self.log.append(f"{name} {i} {options}")
        try:
            expected = getattr(x, name)(**options)
        except ValueError:
            with pytest.raises(ValueError):
                getattr(d, name)(**options)
            return
        if np.asarray(expected).dtype.kind in "fc" and not np.isfinite(expected).all():
            return
        self.add(getattr(d, name)(**options), expected)

    def deal_out(self):
        i, d, x = self.pick()
        distribution = self.distribution(x.shape)
        if distribution is not None:
            self.log.append(f"deal out {i} {distribution.dist} {distribution.targets}")
            self.add(d.distribute_as(distribution), x)


@pytest.mark.daemon
@pytest.mark.parametrize("engines", [1, 4])
def test_random_programs(contexts, engines):
    context = contexts(engines)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(PROGRAMS):
            Program(context, seed).run()
