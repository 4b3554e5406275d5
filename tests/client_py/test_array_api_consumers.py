"""Unmodified functions of other libraries, written to the array API standard, on distributed arrays: SciPy's,
scikit-learn's and array-api-extra's. What comes out is what they make of NumPy's arrays, and nothing is fetched on
the way but the numbers that they ask for themselves.
"""

import os

import distarray as da
import numpy as np
import pytest
from checks import NUMPY_2

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported: with it, SciPy looks at the arrays' namespace
extra = pytest.importorskip("array_api_extra")
pytest.importorskip("scipy")
pytest.importorskip("sklearn")

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.skipif(not NUMPY_2, reason="these libraries' array API mode needs NumPy 2"),
]

RNG = np.random.default_rng(7)
X = RNG.random((40, 6))
Y = RNG.random(40)
Z = RNG.random(40)


def scipy_functions():
    from scipy import special, stats
    from scipy.integrate import trapezoid

    return {
        "softmax": lambda xp: special.softmax(xp.x, axis=1),
        "xlogy": lambda xp: special.xlogy(xp.y, xp.z),
        "skew": lambda xp: stats.skew(xp.x, axis=1),
        "kurtosis": lambda xp: stats.kurtosis(xp.x),
        "gmean": lambda xp: stats.gmean(xp.x, axis=0),
        "hmean": lambda xp: stats.hmean(xp.y),
        "sem": lambda xp: stats.sem(xp.x),
        "moment": lambda xp: stats.moment(xp.x, order=4),
        "trapezoid": lambda xp: trapezoid(xp.x, dx=0.5, axis=0),
    }


def sklearn_functions():
    import sklearn
    from sklearn import metrics

    def dispatched(function):
        def call(xp):
            with sklearn.config_context(array_api_dispatch=True):
                return function(xp.y, xp.z)

        return call

    names = ["mean_squared_error", "mean_absolute_error", "max_error", "mean_absolute_percentage_error"]
    return {name: dispatched(getattr(metrics, name)) for name in names}


def extra_functions():
    return {
        "kron": lambda xp: extra.kron(xp.y[:4], xp.z[:5]),
        "sinc": lambda xp: extra.sinc(xp.x),
        "pad": lambda xp: extra.pad(xp.x, 2),
        "create_diagonal": lambda xp: extra.create_diagonal(xp.y, offset=1),
        "atleast_nd": lambda xp: extra.atleast_nd(xp.y, ndim=3),
    }


class Arrays:
    def __init__(self, make):
        self.x, self.y, self.z = make(X), make(Y), make(Z)


@pytest.fixture
def guard(monkeypatch):
    """No array of more than a few elements is fetched while the guard is on."""

    class Guard:
        read = da.DistArray._read
        array = da.DistArray.__array__
        on = True

    state = Guard()

    def few(array):
        assert not state.on or array.size <= 8, f"an array of shape {array.shape} was fetched"
        return Guard.read(array)

    def explicit(array, *args, **kwargs):
        assert not state.on, "an array was fetched by numpy.asarray"
        return Guard.array(array, *args, **kwargs)

    monkeypatch.setattr(da.DistArray, "_read", few)
    monkeypatch.setattr(da.DistArray, "__array__", explicit)
    return state


@pytest.mark.parametrize("engines", [1, 4])
@pytest.mark.parametrize("library", [scipy_functions, sklearn_functions, extra_functions])
def test_functions_of_other_libraries(contexts, guard, library, engines):
    context = contexts(engines)
    for name, function in library().items():
        expected = function(Arrays(np.asarray))
        for dist in ("b", "c"):
            ours = Arrays(lambda array, dist=dist: context.fromarray(array, dist=dist))
            guard.on = True
            result = function(ours)
            guard.on = False
            if isinstance(result, da.DistArray):
                assert result.context is context, name
                result = result.toarray()
            np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-14, err_msg=name)
