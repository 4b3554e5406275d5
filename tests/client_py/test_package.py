"""The package itself."""

import importlib
import inspect
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata, resources
from pathlib import Path

import distarray
import distarray.globalapi as da
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name",
    ["distarray", "distarray.globalapi", "distarray.error", "distarray.globalapi.functions", "distarray.globalapi.maps",
     "distarray.globalapi.creation", "distarray.globalapi.context", "distarray.localapi", "distarray.globalapi.random"],
)  # fmt: skip
def test_all_is_sorted_and_true(name):
    module = importlib.import_module(name)
    assert list(module.__all__) == sorted(module.__all__)
    assert all(hasattr(module, one) for one in module.__all__)


def test_every_error_is_a_distarrayerror():
    from distarray import error

    for name in error.__all__:
        assert issubclass(getattr(error, name), (distarray.DistArrayError, Warning))
        assert getattr(error, name).__name__ in (error.__doc__ or "") or name == "LargeTransferWarning"


def test_names_that_users_import():
    from distarray.globalapi.context import Context, ContextCreationError
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

    assert (Context, DistArray, Distribution) == (da.Context, da.DistArray, da.Distribution)
    assert str(DistArray) == "<class 'distarray.globalapi.distarray.DistArray'>" and ContextCreationError


def test_what_is_public_is_documented():
    for owner in (da.Context, da.DistArray, da.Distribution, distarray.localapi.LocalArray):
        for name, member in inspect.getmembers(owner):
            if (
                not name.startswith("_")
                and (inspect.isfunction(member) or isinstance(member, property))
                and name != "shape"
            ):
                assert inspect.getdoc(member) or name in {
                    "dtype",
                    "ndim",
                    "local_shape",
                    "local_size",
                    "global_shape",
                }, (owner, name)


def test_later_functions_say_so(fake_context):
    for call in (
        lambda: fake_context.push_function("f", len),
        lambda: fake_context.save_dnpy("x", None),
        lambda: fake_context.load_dnpy("x"),
        lambda: fake_context.load_npy("x", None),
    ):
        with pytest.raises(NotImplementedError, match="not supported"):
            call()


def test_import_is_light():
    """Ten times the promised half second."""
    code = "import time; t = time.perf_counter(); import distarray.globalapi; print(time.perf_counter() - t)"
    seconds = min(float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(2))
    assert seconds < 5
    light = "import sys, distarray.globalapi; print([m for m in ('grpc', 'cloudpickle') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", light], text=True).strip() == "[]"


def test_metadata():
    try:
        installed = metadata.distribution("distarray-client")
    except metadata.PackageNotFoundError:
        pytest.skip("runs from the source folder")
    assert installed.version == distarray.__version__
    needed = {line.split()[0].split(">")[0].split("<")[0] for line in installed.requires if "extra" not in line}
    assert needed == {"cloudpickle", "grpcio", "numpy", "protobuf"}
    assert resources.files("distarray").joinpath("py.typed").is_file()


def test_the_names_of_the_original():
    assert distarray.DISTARRAY_BASE_NAME == "__distarray__"
    assert hasattr(distarray.localapi.LocalArray, distarray.DISTARRAY_BASE_NAME)


def test_a_source_distribution_carries_the_protos_and_the_licence(tmp_path):
    pytest.importorskip("setuptools", minversion="77", reason="the package is built with setuptools 77 or later")
    copied = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", ".*")
    for folder in ("client-py", "proto"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=copied)
    build = "import setuptools.build_meta as backend; backend.build_sdist('../built')"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path / "client-py", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = (tmp_path / "built").iterdir()
    with tarfile.open(archive) as opened:
        top = archive.name.removesuffix(".tar.gz")
        carried = {
            member.name.removeprefix(f"{top}/"): opened.extractfile(member).read()
            for member in opened.getmembers()
            if member.isfile()
        }
    protos = sorted((ROOT / "proto").rglob("*.proto"))
    assert len(protos) == 6
    for proto in protos:
        assert carried[proto.relative_to(ROOT).as_posix()] == proto.read_bytes()
    assert carried["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert {"setup.py", "pyproject.toml", "README.md", "distarray/py.typed", "distarray/globalapi/maps.py"} <= set(
        carried
    )
    assert not [name for name in carried if "/_proto/" in name]
    described = carried["PKG-INFO"].decode().split("\n\n")[0].splitlines()
    assert {"License-Expression: BSD-3-Clause", "License-File: LICENSE"} <= set(described)
