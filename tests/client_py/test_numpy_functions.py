"""numpy.sin(d), numpy.concatenate([d, e]), numpy.mean(d, axis=0) stay on the server; what has no twin: TypeError."""

import inspect

import distarray as da
import numpy as np
import pytest
from checks import NUMPY_2, same

pytestmark = pytest.mark.daemon

X = np.arange(1.0, 13).reshape(3, 4)
LINE = np.array([3, 1, 2, 3, 0])

# NumPy's functions that have a twin here, by chapter, called with NumPy's arguments: by position and by name.
CALLS = {
    "ufuncs": [
        lambda a: np.sin(a),
        lambda a: np.add(a, 2),
        lambda a: np.power(2, a),
        lambda a: np.negative(a),
        lambda a: np.multiply(a, a, dtype=np.float32),
        lambda a: np.logaddexp(a, a),
        lambda a: np.copysign(a, -1),
        lambda a: np.divmod(a, 5)[1],
        lambda a: np.modf(a / 4)[0],
        lambda a: np.positive(a),
        lambda a: np.clip(a, 2, 5),
        lambda a: np.clip(a, a_min=2, a_max=None),
        lambda a: np.clip(a, min=2) if NUMPY_2 else np.clip(a, 2, None),
        lambda a: np.round(a / 3, 1),
        lambda a: np.around(a / 3),
        lambda a: np.real(a + 1j),
        lambda a: np.imag(a + 1j),
        lambda a: np.float64(3) * a,
        lambda a: np.ones(4) + a,
    ],
    "reductions": [
        lambda a: np.add.reduce(a),
        lambda a: np.add.reduce(a, axis=None),
        lambda a: np.maximum.reduce(a, axis=1, keepdims=True),
        lambda a: np.logical_and.reduce(a > 3, axis=0),
        lambda a: np.sum(a, axis=0),
        lambda a: np.sum(a=a, axis=(0, 1), keepdims=True),
        lambda a: np.prod(a, 1),
        lambda a: np.mean(a, dtype=np.float32),
        lambda a: np.std(a, axis=0, ddof=1),
        lambda a: np.var(a),
        lambda a: np.max(a, axis=-1),
        lambda a: np.amin(a),
        lambda a: np.all(a > 0),
        lambda a: np.any(a > 11, axis=1),
        lambda a: np.ptp(a, axis=0),
        lambda a: np.average(a, axis=0, weights=[1.0, 2, 3]),
        lambda a: np.count_nonzero(a > 4, axis=0),
        lambda a: np.nansum(a, axis=0),
        lambda a: np.nanmean(a),
        lambda a: np.nanmax(a, axis=1),
        lambda a: np.nanstd(a, ddof=1),
        lambda a: np.argmax(a, axis=1),
        lambda a: np.argmin(a),
        lambda a: np.nanargmax(a),
    ],
    "shapes": [
        lambda a: np.reshape(a, (2, 6)),
        lambda a: np.ravel(a),
        lambda a: np.transpose(a),
        lambda a: np.transpose(a, axes=(1, 0)),
        lambda a: np.moveaxis(a, source=0, destination=1),
        lambda a: np.swapaxes(a, 0, 1),
        lambda a: np.expand_dims(a, axis=1),
        lambda a: np.squeeze(a[:1]),
        lambda a: np.flip(a, 0),
        lambda a: np.flipud(a),
        lambda a: np.rot90(a),
        lambda a: np.roll(a, 2, axis=1),
        lambda a: np.tile(a, (2, 1)),
        lambda a: np.broadcast_to(a, (2, 3, 4)),
        lambda a: np.broadcast_arrays(a, a[0])[1],
        lambda a: np.concatenate([a, a], axis=1),
        lambda a: np.concatenate((a, np.ones((1, 4)))),
        lambda a: np.stack([a, a], axis=2),
        lambda a: np.vstack([a, a[0]]),
        lambda a: np.hstack([a, a]),
        lambda a: np.column_stack([a, a]),
        lambda a: np.split(a, 2, axis=1)[1],
        lambda a: np.array_split(a, 2)[0],
        lambda a: np.append(a, a),
        lambda a: np.atleast_3d(a),
        lambda a: np.meshgrid(a[0], a[1])[0],
        lambda a: np.tril(a),
        lambda a: np.triu(a, k=1),
    ],
    "others": [
        lambda a: np.where(a > 5, a, 0),
        lambda a: np.isclose(a, a + 1e-9),
        lambda a: np.zeros_like(a, dtype=int),
        lambda a: np.ones_like(a),
        lambda a: np.full_like(a, 7),
        lambda a: np.copy(a),
        lambda a: np.angle(a - 5),
        lambda a: np.isposinf(np.log(a - 1)),
        lambda a: np.isneginf(np.log(a - 1)),
        lambda a: np.choose((a > 5).astype(int), [a, -a]),
        lambda a: np.select([a > 9, a > 5], [a, -a], 7),
        lambda a: np.histogram(a, bins=3)[0],
        lambda a: np.bincount(a[0].astype(int), minlength=9),
        lambda a: np.empty_like(a) * 0,
    ],
    "positions": [
        lambda a: np.argwhere(a > 4),
        lambda a: np.flatnonzero(a > 4),
        lambda a: np.nonzero(a > 4)[1],
        lambda a: np.take(a, [2, 0], axis=0),
        lambda a: np.take_along_axis(a, np.argsort(-a, axis=1), axis=1),
        lambda a: np.compress([True, False, True], a, axis=0),
        lambda a: np.extract(a > 4, a),
        lambda a: np.repeat(a, 2, axis=1),
        lambda a: np.searchsorted(a[0], a[1], side="right"),
        lambda a: np.sort(-a, axis=0),
        lambda a: np.argsort(-a),
        lambda a: np.unique(a % 3),
        lambda a: np.unique(a % 3, return_counts=True)[1],
        lambda a: np.nanargmin(-a, axis=0),
    ],
    "statistics": [
        lambda a: np.amax(a, axis=0),
        lambda a: np.min(a, axis=1),
        lambda a: np.nanmin(a, axis=0),
        lambda a: np.nanprod(a, axis=1),
        lambda a: np.nanvar(a, axis=0),
        lambda a: np.median(a, axis=0),
        lambda a: np.nanmedian(a, axis=1),
        lambda a: np.percentile(a, 30, axis=0),
        lambda a: np.nanpercentile(a, [30, 60]),
        lambda a: np.quantile(a, 0.3, axis=1),
        lambda a: np.nanquantile(a, 0.3),
        lambda a: np.cov(a),
        lambda a: np.corrcoef(a * a, rowvar=False),
        lambda a: np.cumsum(a, axis=1),
        lambda a: np.cumprod(a[0]),
        lambda a: np.nancumsum(a),
        lambda a: np.nancumprod(a, axis=0),
        lambda a: np.diff(a, axis=0),
    ],
    "products": [
        lambda a: np.dot(a, a[0]),
        lambda a: np.inner(a, a),
        lambda a: np.outer(a[0], a[1]),
        lambda a: np.vdot(a, a),
        lambda a: np.kron(a, a[:2]),
        lambda a: np.tensordot(a, a, axes=2),
        lambda a: np.einsum("ij,kj->ik", a, a),
        lambda a: np.trace(a, offset=1),
        lambda a: np.diagonal(a, 1),
        lambda a: np.matmul(a, a[0]),
        lambda a: np.add.accumulate(a),
    ],
    "more shapes": [
        lambda a: np.atleast_1d(a[0, 0]),
        lambda a: np.atleast_2d(a[0]),
        lambda a: np.dstack([a, a]),
        lambda a: np.fliplr(a),
        lambda a: np.hsplit(a, 2)[1],
        lambda a: np.vsplit(a, 3)[1],
        lambda a: np.dsplit(np.expand_dims(a, 0), 2)[0],
    ],
}
if NUMPY_2:
    CALLS["of the array API"] = [
        lambda a: np.astype(a, np.int8),
        lambda a: np.concat([a, a]),
        lambda a: np.cumulative_sum(a, axis=1, include_initial=True),
        lambda a: np.cumulative_prod(a[0]),
        lambda a: np.matrix_transpose(a),
        lambda a: np.permute_dims(a, (1, 0)),
        lambda a: np.unique_counts(a % 3).counts,
        lambda a: np.unique_inverse(a % 3).inverse_indices,
        lambda a: np.unique_all(a % 3).indices,
        lambda a: np.sort(np.unique_values(a % 3)),
        lambda a: np.unstack(a)[1],
        lambda a: np.vecdot(a, a),
    ]


def never_fetches(array, *args, **kwargs):
    raise AssertionError("fetched")


@pytest.fixture
def unfetched(monkeypatch):
    """Whatever is fetched by an implicit conversion fails."""
    monkeypatch.setattr(da.globalapi.DistArray, "__array__", never_fetches)


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("chapter", CALLS)
@pytest.mark.filterwarnings("ignore:Conversion of an array")
def test_numpys_functions(contexts, unfetched, chapter, engines):
    context = contexts(engines)
    for kinds in ("b", "nc", "bb"):
        d = context.fromarray(X, dist=kinds)
        for call in CALLS[chapter]:
            result = call(d)
            assert isinstance(result, da.DistArray), inspect.getsource(call)
            same(result, call(X), 8)


@pytest.mark.filterwarnings("ignore")
def test_every_twin_is_tried(context, monkeypatch):
    """NumPy's functions that come to have a twin are in the table above, or tried with what is no array."""
    from distarray.globalapi import _numpy_protocol

    dispatched = set()
    own = _numpy_protocol.function
    noted = lambda function, *rest: (dispatched.add(function), own(function, *rest))[1]  # noqa: E731
    monkeypatch.setattr(_numpy_protocol, "function", noted)
    d = context.fromarray(X)
    for call in (one for calls in CALLS.values() for one in calls):
        call(d)
    elsewhere = "allclose array_equal array_equiv can_cast ndim put result_type shape size"
    left = {function.__name__ for function in set(_numpy_protocol._functions()) - dispatched}
    assert left == set(elsewhere.split())


def test_what_is_no_array(context, unfetched):
    d = context.fromarray(X)
    assert np.shape(d) == (3, 4) and np.ndim(d) == 2 and np.size(d) == 12 and np.size(d, 1) == 4
    assert np.allclose(d, d) and np.array_equal(d, d) and np.array_equiv(d, d[:1] * 0 + d)
    assert np.result_type(d, np.complex64) == np.complex128 and np.can_cast(d.dtype, np.complex128)
    assert np.can_cast(d, np.complex128) and not np.can_cast(d, np.float32)
    np.put(d, [1, -1], [50, 60])
    assert d[0, 1].item() == 50 and d[2, 3].item() == 60


def test_out(context, unfetched):
    d = context.fromarray(X)
    out = context.zeros((3, 4))
    for call in (
        lambda a, o: np.sin(a, out=o),
        lambda a, o: np.add(a, 1, o),
        lambda a, o: np.clip(a, 2, 5, out=o),
        lambda a, o: np.round(a / 3, out=o),
        lambda a, o: np.concatenate([a[:1], a[1:]], out=o),
        lambda a, o: np.multiply(o, a, out=o),
    ):
        expected = out.toarray()
        assert call(d, out) is out
        call(X, expected)
        same(out, expected, 8)
    line = context.zeros(4)
    assert np.sum(d, axis=0, out=line) is line and np.add.reduce(d, out=line) is line
    same(line, X.sum(axis=0))


def test_what_has_no_twin_is_a_type_error(context, unfetched):
    d = context.fromarray(X)
    for call in (
        lambda: d.__array_ufunc__(np.subtract, "accumulate", d),  # NumPy 2.4 itself leaks d when it raises
        lambda: np.add.at(d, 0, 1),
        lambda: d.__array_ufunc__(np.subtract, "reduce", d),
        lambda: np.frexp(d),
        lambda: np.pad(d, 1),
        lambda: np.convolve(d[0], d[1]),
        lambda: np.fft.fft(d),
        lambda: np.linalg.inv(d[:3, :3]),
        lambda: np.array2string(d),
        lambda: np.savetxt("/dev/null", d),
        lambda: np.sum(d, where=d > 1),
        lambda: np.sum(d, initial=5),
        lambda: np.add(d, 1, where=d > 1),
        lambda: np.add(d, 1, out=np.zeros((3, 4))),
        lambda: np.sum(d, axis=0, out=np.zeros(4)),
        lambda: np.concatenate([d, d], casting="unsafe"),
        lambda: np.zeros_like(d, shape=(2, 2)),
        lambda: np.where(d),
        lambda: np.reshape(d),
        lambda: np.linspace(d, 3),
        lambda: context.linspace(d, 3),
    ):
        with pytest.raises(
            TypeError, match="available|takes|argument|must be a DistArray|cannot go|number was expected"
        ):
            call()


def test_every_twin_takes_numpys_first_parameters():
    """By position: what NumPy names a, we may not name at all."""
    from distarray.globalapi._numpy_protocol import _functions

    twins = _functions()
    assert len(twins) > 70
    for theirs, (ours, names) in twins.items():
        positional = [
            parameter
            for parameter in inspect.signature(ours).parameters.values()
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY
        ]
        assert len(names) in (0, len(positional)), theirs.__name__
