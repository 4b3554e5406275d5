"""--data-root: nothing outside it is read or written, however the path is spelt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
da = pytest.importorskip("distarray.globalapi")
h5py = pytest.importorskip("h5py")
distarray = pytest.importorskip("distarray")

from tests.support.daemon import Daemon  # noqa: E402

NUMBERS = np.arange(12.0).reshape(3, 4)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder; beside it one that is not to be touched, and inside it links to that."""
    folder, outside = tmp_path / "root", tmp_path / "outside"
    (folder / "inner").mkdir(parents=True)
    outside.mkdir()
    with h5py.File(outside / "secret.hdf5", "w") as file:
        file["buffer"] = NUMBERS
    (folder / "folder").symlink_to(outside)
    (folder / "file.hdf5").symlink_to(outside / "secret.hdf5")
    return folder


@pytest.fixture
def context(start: Callable[..., Daemon], root: Path) -> object:
    with da.Context(start("--data-root", str(root)).address) as made:
        yield made


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OUTSIDE = {
    "absolute": "{outside}/secret.hdf5",
    "beside, with the same beginning": "{root}x.hdf5",
    "dots": "{root}/../outside/secret.hdf5",
    "dots through a folder that is not there": "{root}/none/../../outside/secret.hdf5",
    "linked folder": "{root}/folder/secret.hdf5",
    "linked file": "{root}/file.hdf5",
    "relative": "secret.hdf5",
}


def test_outside_is_denied_and_untouched(context, root: Path) -> None:  # noqa: ANN001
    array = context.fromarray(NUMBERS)
    before = everything(root.parent)
    for how, spelt in OUTSIDE.items():
        path = spelt.format(root=root, outside=root.parent / "outside")
        calls = [lambda path=path: context.load_hdf5(path)]
        calls += [lambda path=path, mode=mode: context.save_hdf5(path, array, mode=mode) for mode in ("w", "w-", "a")]
        for call in calls:
            with pytest.raises(PermissionError) as caught:
                call()
            assert isinstance(caught.value, distarray.DistArrayError), how
            assert path in str(caught.value) and str(root) in str(caught.value), how
    new = root / "folder" / "new.hdf5"
    with pytest.raises(PermissionError):
        context.save_hdf5(str(new), array, mode="w")
    assert everything(root.parent) == before
    assert not list(Path.cwd().glob("secret.hdf5"))
    assert float(array.sum()) == NUMBERS.sum()


def test_inside_is_served(context, root: Path) -> None:  # noqa: ANN001
    array = context.fromarray(NUMBERS)
    for path in (root / "x.hdf5", root / "inner" / "y.hdf5", root / "inner" / ".." / "z.hdf5"):
        context.save_hdf5(str(path), array, mode="w")
        assert np.array_equal(context.load_hdf5(str(path)).toarray(), NUMBERS)
    (root / "link.hdf5").symlink_to(root / "inner" / "y.hdf5")
    assert np.array_equal(context.load_hdf5(str(root / "link.hdf5")).toarray(), NUMBERS)
    with pytest.raises(FileNotFoundError):
        context.load_hdf5(str(root / "none.hdf5"))


def test_a_link_to_nothing_outside_makes_nothing_there(context, root: Path) -> None:  # noqa: ANN001
    target = root.parent / "outside" / "made.hdf5"
    (root / "dangling.hdf5").symlink_to(target)
    for mode in ("w-", "a", "w"):
        try:
            context.save_hdf5(str(root / "dangling.hdf5"), context.fromarray(NUMBERS), mode=mode)
        except distarray.DistArrayError:
            pass
        assert not target.exists(), mode


def test_a_file_inside_does_not_lead_outside(context, root: Path) -> None:  # noqa: ANN001
    secret = root.parent / "outside" / "secret.hdf5"
    with h5py.File(root / "linked.hdf5", "w") as file:
        file["external"] = h5py.ExternalLink(str(secret), "/buffer")
        layout = h5py.VirtualLayout(NUMBERS.shape, float)
        layout[...] = h5py.VirtualSource(str(secret), "buffer", NUMBERS.shape)
        file.create_virtual_dataset("virtual", layout)
    before = everything(root.parent / "outside")
    for key in ("external", "virtual"):
        with pytest.raises(distarray.DistArrayError):
            context.load_hdf5(str(root / "linked.hdf5"), key=key).toarray()
    with pytest.raises(distarray.DistArrayError):
        context.save_hdf5(str(root / "linked.hdf5"), context.fromarray(NUMBERS), key="external/x")
    assert everything(root.parent / "outside") == before


def test_the_root_itself_may_be_given_through_a_link(start: Callable[..., Daemon], root: Path) -> None:
    linked = root.parent / "linked"
    linked.symlink_to(root)
    with da.Context(start("--data-root", str(linked)).address) as context:
        for folder in (linked, root):
            context.save_hdf5(str(folder / "x.hdf5"), context.fromarray(NUMBERS), mode="w")
            assert np.array_equal(context.load_hdf5(str(folder / "x.hdf5")).toarray(), NUMBERS)
        with pytest.raises(PermissionError):
            context.load_hdf5(str(linked / "file.hdf5"))
