"""`import distarray` is the array API's namespace: its names, and what the standard asks of them besides results."""

import inspect
import subprocess
import sys

import distarray
import numpy as np
import pytest
from checks import NUMPY_2, same
from distarray import globalapi as da

# The main namespace of the array API standard 2024.12, chapter by chapter.
STANDARD = {
    "constants": "e inf nan newaxis pi",
    "creation": """arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like
    tril triu zeros zeros_like""",
    "data types": """bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
    astype can_cast finfo iinfo isdtype result_type""",
    "elementwise": """abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
    bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp
    expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal
    log log1p log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum
    multiply negative nextafter not_equal positive pow real reciprocal remainder round sign signbit
    sin sinh square sqrt subtract tan tanh trunc""",
    "indexing": "take take_along_axis",
    "inspection": "__array_namespace_info__",
    "linear algebra": "matmul matrix_transpose tensordot vecdot",
    "manipulation": """broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll
    squeeze stack tile unstack""",
    "searching": "argmax argmin count_nonzero nonzero searchsorted where",
    "sets": "unique_all unique_counts unique_inverse unique_values",
    "sorting": "argsort sort",
    "statistics": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "utility": "all any diff",
    "version": "__array_api_version__",
}
METHODS = """__abs__ __add__ __and__ __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__
    __eq__ __float__ __floordiv__ __ge__ __getitem__ __gt__ __index__ __int__ __invert__ __le__
    __lshift__ __lt__ __matmul__ __mod__ __mul__ __ne__ __neg__ __or__ __pos__ __pow__ __rshift__
    __setitem__ __sub__ __truediv__ __xor__ to_device __iadd__ __isub__ __imul__ __itruediv__
    __ifloordiv__ __ipow__ __imod__ __imatmul__ __iand__ __ior__ __ixor__ __ilshift__ __irshift__
    __radd__ __rsub__ __rmul__ __rtruediv__ __rfloordiv__ __rpow__ __rmod__ __rmatmul__ __rand__
    __ror__ __rxor__ __rlshift__ __rrshift__ dtype device mT ndim shape size T"""

# What NumPy calls otherwise, or has besides.
NUMPY = """absolute amax amin angle append arccos arccosh arcsin arcsinh arctan arctan2 arctanh around
    array array_equal array_equiv array_split allclose atleast_1d atleast_2d atleast_3d average
    bitwise_not bool broadcast_shapes cbrt column_stack concatenate conjugate copy corrcoef cov deg2rad degrees
    divmod dsplit dstack exp2 fabs fliplr flipud float_power fmax fmin fmod gcd heaviside hsplit
    hstack identity indices invert isclose isneginf isposinf lcm left_shift logaddexp2 mod modf
    nanargmax nanargmin nanmax nanmean nanmin nanprod nanstd nansum nanvar power ptp rad2deg radians
    ravel right_shift rint rot90 spacing split swapaxes transpose true_divide vsplit vstack"""


def test_the_standards_names():
    missing = [name for names in STANDARD.values() for name in names.split() if not hasattr(distarray, name)]
    assert not missing
    methods = [name for name in METHODS.split() if not hasattr(da.DistArray, name)]
    assert not methods
    assert distarray.__array_api_version__ == "2024.12"


def test_numpys_names():
    assert not [name for name in NUMPY.split() if not hasattr(distarray, name)]
    assert not [name for name in NUMPY.split() if NUMPY_2 and not hasattr(np, name)]


def test_both_modules_have_the_same():
    assert list(da.__all__) == sorted(set(da.__all__)) and distarray.__all__ == sorted(set(distarray.__all__))
    assert set(distarray.__all__) - set(da.__all__) == {
        "DISTARRAY_BASE_NAME",
        "DistArrayError",
        "Key",
        "__version__",
        "readonly",
    }
    assert all(getattr(distarray, name) is getattr(da, name) for name in da.__all__)
    assert set(distarray.__all__) <= set(dir(distarray))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        distarray.nothing  # noqa: B018


def test_functions_are_documented_and_typed():
    for name in da.__all__:
        value = getattr(da, name)
        if inspect.isfunction(value):
            assert inspect.getdoc(value), name
            assert "return" in inspect.get_annotations(value), name


def test_workers_import_it_without_the_client():
    code = "import sys, distarray, distarray.localapi; print([m for m in sys.modules if m.startswith('distarray.')])"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "distarray.localapi" in loaded and "globalapi" not in loaded and "_proto" not in loaded


@pytest.fixture
def default(context):
    """The context as the default one, without being closed at the end."""
    from distarray.globalapi import context as module

    module._entered.append(context)
    yield context
    module._entered.remove(context)


def test_the_namespace_of_an_array(default, daemons):
    x = distarray.ones(3)
    assert x.device is default and x.__array_namespace__() is distarray
    assert x.__array_namespace__(api_version="2024.12") is distarray
    with pytest.raises(ValueError, match=r"api_version must be one of .*, '2020\.01'"):
        x.__array_namespace__(api_version="2020.01")
    with da.Context(daemons(1)) as other:
        assert x.__array_namespace__() is not distarray
        bound = x.__array_namespace__()
        assert bound is x.__array_namespace__() and bound.float32 == np.float32
        for made in (
            bound.zeros(3),
            bound.asarray([1, 2, 3]),
            bound.linspace(0, 1, 3),
            bound.full(3, 1, device=default),
        ):
            assert made.device is default
            same(made + x, made.toarray() + 1.0)
        assert bound.asarray([1], device=other).device is other
        assert bound.sin is distarray.sin and bound.__array_namespace_info__().default_device() is default
        assert distarray.ones(3).device is other


def test_inspection(default):
    info = distarray.__array_namespace_info__()
    assert info.capabilities() == {
        "boolean indexing": True,
        "data-dependent shapes": True,
        "max dimensions": default.server_info().dimensions_max,
    }
    assert info.default_device() is default and info.devices()[0] is default
    assert info.default_dtypes() == {
        "real floating": np.float64,
        "complex floating": np.complex128,
        "integral": np.int64,
        "indexing": np.int64,
    }
    assert len(info.dtypes()) == 13 and info.dtypes(kind="bool") == {"bool": distarray.bool}
    assert set(info.dtypes(kind=("real floating", "complex floating"))) == {
        "float32",
        "float64",
        "complex64",
        "complex128",
    }
    with pytest.raises(ValueError, match="kind must be"):
        info.dtypes(kind="colourful")


def test_dtypes():
    assert distarray.float32 is np.float32 and distarray.bool == np.dtype("bool") and distarray.float64(1.5) == 1.5
    limits = distarray.finfo(np.complex64)
    assert type(limits.eps) is float and limits.eps == np.finfo(np.float32).eps and limits.dtype == np.float32
    assert limits.tiny == limits.smallest_normal == np.finfo(np.float32).tiny and limits.bits == 32
    assert (distarray.iinfo("int8").min, distarray.iinfo("int8").max, distarray.iinfo("int8").bits) == (-128, 127, 8)
    for wrong in (lambda: distarray.finfo(int), lambda: distarray.iinfo(float)):
        with pytest.raises(ValueError, match="takes an? "):
            wrong()
    assert distarray.isdtype(int, ("bool", "integral")) and not distarray.isdtype(np.uint8, "signed integer")
    assert distarray.isdtype(np.complex64, "numeric") and distarray.isdtype(float, distarray.float64)
    with pytest.raises(ValueError, match="kind must be"):
        distarray.isdtype(int, "whole")
    assert distarray.can_cast(np.int8, np.int16) and not distarray.can_cast(np.float64, np.float32)


def test_result_type(context):
    x = context.ones(3, np.float32)
    for given, expected in (
        ((x, 1), np.float32),
        ((x, 1j), np.complex64),
        ((x, np.float64), np.float64),
        ((np.int8, 1.0), np.float64),
        ((np.int8, 1), np.int8),
        ((np.uint64, np.int8), np.float64),
        ((1, 2.0), np.float64),
        ((True,), np.bool_),
        ((True, np.uint8), np.uint8),
        ((np.int8, np.uint16, np.float32), np.float32),  # which are not promoted one after another
    ):
        assert distarray.result_type(*given) == expected
    with pytest.raises(ValueError, match="at least one"):
        distarray.result_type()


def test_dlpack(context, daemons):
    x = context.arange(6, dtype=np.float32).reshape(2, 3)
    assert x.__dlpack_device__() == (1, 0)
    fetched = np.from_dlpack(x)
    assert isinstance(fetched, np.ndarray) and (fetched == np.arange(6).reshape(2, 3)).all()
    same(distarray.from_dlpack(np.arange(3), device=context), np.arange(3))
    view = distarray.from_dlpack(x, copy=False)
    view[0, 0] = 9
    assert x[0, 0].item() == 9
    copied = distarray.from_dlpack(x, copy=True)
    copied[0, 0] = 1
    assert x[0, 0].item() == 9
    with da.Context(daemons(1)) as other:
        assert distarray.from_dlpack(x, device=other).device is other
        with pytest.raises(BufferError, match="copy"):
            distarray.from_dlpack(x, device=other, copy=False)
    with pytest.raises(BufferError, match="main memory"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(BufferError, match="copy"):
        distarray.from_dlpack(np.arange(3), copy=False)
    with pytest.raises(TypeError, match="__dlpack__"):
        distarray.from_dlpack([1, 2])


def test_asarray(context, daemons):
    x = context.arange(4)
    assert distarray.asarray(x) is x and distarray.asarray(x, dtype=int, copy=False) is x
    assert distarray.asarray(x, copy=True) is not x and distarray.asarray(x, dtype=float).dtype == float
    with pytest.raises(ValueError, match="copy=False"):
        distarray.asarray(x, dtype=float, copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        distarray.asarray([1, 2], copy=False, device=context)
    same(distarray.asarray([[1, 2], [3, 4]], dtype=np.uint8, device=context), np.array([[1, 2], [3, 4]], np.uint8))
    same(distarray.asarray([x, [x[0], 7, 8.5, x[3]]]), np.array([[0, 1, 2, 3], [0, 7, 8.5, 3]]))
    with pytest.raises(TypeError, match="float16"):
        distarray.asarray(np.ones(3, np.float16), device=context)
    with pytest.raises(OverflowError):
        distarray.asarray([300], dtype=np.uint8, device=context)
    with da.Context(daemons(1)) as other:
        moved = distarray.asarray(x, device=other)
        assert moved.device is other and x.to_device(context) is x
        same(moved, np.arange(4))
        with pytest.raises(ValueError, match="copy=False"):
            distarray.asarray(x, device=other, copy=False)
    with pytest.raises(TypeError, match="device must be a Context"):
        x.to_device("cpu")


def test_methods_and_attributes(context):
    n = np.arange(24.0).reshape(2, 3, 4)
    x = context.fromarray(n)
    same(x.T, n.T)
    same(x.mT, np.swapaxes(n, -1, -2))
    with pytest.raises(ValueError, match="2 dimensions"):
        x[0, 0].mT  # noqa: B018
    same(x.ravel(), n.ravel())
    same(x.flatten("F"), n.flatten("F"))
    same(x.transpose(2, 0, 1), n.transpose(2, 0, 1))
    same(x.transpose((1, 0, 2)), n.transpose(1, 0, 2))
    same(x.swapaxes(0, 2), n.swapaxes(0, 2))
    same(x.reshape(4, 6), n.reshape(4, 6))
    same(x[:1].squeeze(), n[:1].squeeze())
    same(x.clip(2, 20), n.clip(2, 20))
    same((x / 7).round(2), (n / 7).round(2), 2)
    assert x.tolist() == n.tolist() and x.item(5) == 5 and x.item(-1) == 23 and x.item(1, 2, 3) == 23
    assert x[0, 0].item(2) == 2
    for wrong in (lambda: x.item(), lambda: x.item(1, 2), lambda: x.item(24)):
        with pytest.raises(ValueError, match="array|indices|out of bounds"):
            wrong()
    assert complex(x[0, 0, 1]) == 1 and x.real is x
    z = x + 1j
    same(z.real, n)
    same(z.imag, np.ones_like(n))
    same(z.conj(), n - 1j)
    same(x.ptp(axis=1), np.ptp(n, axis=1))
