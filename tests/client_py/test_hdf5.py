"""HDF5 files, against h5py."""

import numpy as np
import pytest
from checks import arrays, dealt, distributions, dtypes, same
from hypothesis import given, settings
from hypothesis import strategies as st

h5py = pytest.importorskip("h5py")
pytestmark = pytest.mark.daemon


@settings(max_examples=25)
@given(st.data(), dtypes)
def test_there_and_back(context, tmp_path_factory, data, dtype):
    path = tmp_path_factory.mktemp("hdf5") / "file.hdf5"
    d, x = data.draw(dealt(context, arrays(dtype=dtype)))
    context.save_hdf5(path, d, key="a/b", mode="w")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["a/b"][()], x)
    same(context.load_hdf5(path, key="a/b"), x)
    wanted = data.draw(distributions(context, x.shape))
    loaded = context.load_hdf5(path, wanted, key="a/b")
    same(loaded, x)
    assert loaded.distribution == wanted
    if x.ndim:
        with h5py.File(path) as file:
            assert file["a/b"].dtype == (x.dtype if x.dtype != bool else file["a/b"].dtype)


@pytest.mark.parametrize("engines", [1, 2, 3, 4])
def test_compressed_chunks(contexts, tmp_path, engines):
    """The form of gravitational-wave strain files: float64 samples in compressed chunks inside a group."""
    context = contexts(engines)
    strain = np.random.default_rng(0).standard_normal(131072) * 1e-19
    with h5py.File(tmp_path / "strain.hdf5", "w") as file:
        file.create_dataset("strain/Strain", data=strain, chunks=(4096,), compression="gzip", shuffle=True)
    for dist in ("b", "c"):
        d = context.load_hdf5(tmp_path / "strain.hdf5", key="strain/Strain", dist=dist)
        same(d, strain)
        assert float(d.min()) == strain.min() and float(d.max()) == strain.max()
        np.testing.assert_allclose([float(d.mean()), float(d.std())], [strain.mean(), strain.std()], rtol=1e-12)


def test_modes(context, tmp_path):
    path = tmp_path / "file.hdf5"
    x, y = np.arange(6.0), np.arange(4)
    context.save_hdf5(path, context.fromarray(x))
    context.save_hdf5(path, context.fromarray(y), key="group/y")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["buffer"][()], x)
        np.testing.assert_array_equal(file["group/y"][()], y)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="buffer"):
        context.save_hdf5(path, context.fromarray(y))
    with pytest.raises(FileExistsError):
        context.save_hdf5(path, context.fromarray(y), mode="w-")
    with pytest.raises(ValueError, match="mode"):
        context.save_hdf5(path, context.fromarray(y), mode="r")
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["file.hdf5"]
    context.save_hdf5(path, context.fromarray(y), mode="w")
    with h5py.File(path) as file:
        assert list(file) == ["buffer"]
    context.save_hdf5(tmp_path / "new.hdf5", context.fromarray(y), mode="w-")
    same(context.load_hdf5(tmp_path / "new.hdf5"), y)


def test_files_that_are_not_right(context, tmp_path):
    text = tmp_path / "text.hdf5"
    text.write_text("this is not an HDF5 file, whatever its name says\n" * 100)
    good = tmp_path / "good.hdf5"
    with h5py.File(good, "w") as file:
        file["x"] = np.arange(3)
        file["group/y"] = 1
        file["text"] = np.array([b"a", b"bc"])
        file["half"] = np.zeros(3, np.float16)
    truncated = tmp_path / "truncated.hdf5"
    truncated.write_bytes(good.read_bytes()[:700])
    for arguments, kind in (
        ((tmp_path / "missing.hdf5",), FileNotFoundError),
        ((text,), OSError),
        ((truncated,), OSError),
        ((good, None, "z"), KeyError),
        ((good, None, "group"), KeyError),
        ((good, None, "text"), TypeError),
        ((tmp_path,), OSError),
    ):
        with pytest.raises(kind):
            context.load_hdf5(*arguments)
    import distarray.globalapi as da

    with pytest.raises(ValueError):
        context.load_hdf5(good, da.Distribution(context, (4,)), key="x")
    with pytest.raises(OSError):
        context.save_hdf5(tmp_path / "no" / "such" / "folder.hdf5", context.ones(3), mode="w")
    with pytest.raises(OSError):
        context.save_hdf5(text, context.ones(3), mode="a")
    assert text.read_text().startswith("this is not")
    with pytest.raises(TypeError):
        context.save_hdf5(good, np.ones(3))
    same(context.load_hdf5(good, key="x"), np.arange(3))


def test_saving_a_failed_array_leaves_the_file(context, tmp_path):
    path = tmp_path / "file.hdf5"
    context.save_hdf5(path, context.ones(3))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="negative"):
        context.save_hdf5(path, context.arange(3) ** context.fromarray([-1, -1, -1]), mode="w")
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
