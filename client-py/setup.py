"""Generates distarray/_proto from proto/ when the package is built; pyproject.toml says the rest."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
PACKAGE = "distarray/v1"


def proto_root() -> Path:
    """The folder that holds distarray/v1/*.proto: the copy in a source distribution, else the checkout's."""
    for root in (HERE / "proto", HERE.parent / "proto"):
        if (root / PACKAGE).is_dir():
            return root
    raise FileNotFoundError(f"no {PACKAGE}/*.proto in {HERE / 'proto'} or {HERE.parent / 'proto'}")


def generate(target: Path) -> None:
    """Writes the message classes and their types to `target`, as modules of the package distarray._proto."""
    import grpc_tools
    from grpc_tools import protoc

    root = proto_root()
    protos = sorted(path.relative_to(root).as_posix() for path in (root / PACKAGE).glob("*.proto"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        well_known = Path(grpc_tools.__file__).parent / "_proto"
        arguments = [
            "protoc",
            f"-I{root}",
            f"-I{well_known}",
            f"--python_out={scratch}",
            f"--pyi_out={scratch}",
            *protos,
        ]
        if protoc.main(arguments) != 0:
            raise RuntimeError("protoc failed; its messages are above")
        for generated in sorted((Path(scratch) / PACKAGE).iterdir()):
            text = re.sub(
                r"^from distarray\.v1 import", "from distarray._proto import", generated.read_text(), flags=re.M
            )
            (target / generated.name).write_text(text)
    (target / "__init__.py").write_text('"""Generated from proto/distarray/v1."""\n')


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        generate((HERE if self.editable_mode else Path(self.build_lib)) / "distarray" / "_proto")


class SourceDistribution(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        shutil.copytree(proto_root() / PACKAGE, Path(base_dir) / "proto" / PACKAGE, dirs_exist_ok=True)


class Generate(Command):
    """`python setup.py generate`: the generated modules, in the checkout."""

    user_options: list[tuple[str, str, str]] = []

    def initialize_options(self) -> None: ...

    def finalize_options(self) -> None: ...

    def run(self) -> None:
        generate(HERE / "distarray" / "_proto")


setup(cmdclass={"build_py": BuildPy, "sdist": SourceDistribution, "generate": Generate})
