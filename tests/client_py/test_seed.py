"""The session that DistArray was first shown with, up to input and output."""

import distarray.globalapi as da
import numpy as np
import pytest
from checks import same
from distarray.globalapi import Context

NPARR = np.array(
    [
        [0.48, 0.75, 0.0, 0.71, 0.06],
        [0.21, 0.74, 0.79, 0.23, 0.54],
        [0.84, 0.33, 0.71, 0.62, 0.98],
        [0.46, 0.13, 0.12, 0.61, 0.35],
    ]
)


@pytest.mark.daemon
def test_the_seed(daemons, tmp_path, capsys):
    context = Context(daemons(4))
    darr = context.fromarray(NPARR)
    assert repr(darr) == "<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>"

    for i, a in enumerate(darr.get_localarrays()):
        print(i, a)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "0 [[0.48 0.75 0.   0.71 0.06]]",
        "1 [[0.21 0.74 0.79 0.23 0.54]]",
        "2 [[0.84 0.33 0.71 0.62 0.98]]",
        "3 [[0.46 0.13 0.12 0.61 0.35]]",
    ]

    print("type:", type(darr))
    print("dtype:", darr.dtype)
    print("ndim:", darr.ndim)
    print("shape:", darr.shape)
    print("itemsize:", darr.itemsize)
    print("nbytes:", darr.nbytes)
    print("targets:", darr.targets)
    assert capsys.readouterr().out.splitlines() == [
        "type: <class 'distarray.globalapi.distarray.DistArray'>",
        "dtype: float64",
        "ndim: 2",
        "shape: (4, 5)",
        "itemsize: 8",
        "nbytes: 160",
        "targets: [0, 1, 2, 3]",
    ]
    assert darr.context is context
    assert isinstance(darr.distribution, da.Distribution)

    assert repr(da.sin(darr)) == "<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>"
    np.testing.assert_allclose(da.sin(darr).toarray(), np.sin(NPARR), rtol=1e-15)

    assert darr.localshapes() == [(1, 5), (1, 5), (1, 5), (1, 5)]
    assert str(darr[:, 2::2]) == "<DistArray(shape=(4, 2), targets=[0, 1, 2, 3])>"
    np.testing.assert_array_equal(darr[:-1, 2::2].toarray(), [[0.0, 0.06], [0.79, 0.54], [0.71, 0.98]])
    assert darr[:, 2:2].shape == (4, 0)
    with pytest.raises(IndexError):
        darr[:, -1, 2:2]

    assert str(darr.sum()) == "<DistArray(shape=(), targets=[0])>"
    assert float(darr.sum()) == pytest.approx(9.66, abs=1e-12)
    assert str(darr.sum(axis=1)) == "<DistArray(shape=(4,), targets=[0, 1, 2, 3])>"
    np.testing.assert_allclose(darr.sum(axis=1).toarray(), [2.0, 2.51, 3.48, 1.67])

    distribution = da.Distribution(context, (4, 5), "nb")
    context.save_hdf5(tmp_path / "outfile.hdf5", darr, mode="w")
    loaded = context.load_hdf5(tmp_path / "outfile.hdf5", distribution)
    same(loaded, NPARR)
    assert loaded.distribution == distribution

    darr[:, 3][3] = -0.99
    assert float(darr[3, 3]) == -0.99 and darr.get_ndarrays()[3][0, 3] == -0.99
    context.close()
