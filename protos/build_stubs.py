"""Generates the typed Python stubs under shared/sitekeep from the contracts beside this file.

Runs as hatchling's build hook, so that every install has them; by hand:
``python protos/build_stubs.py``. With ``--descriptors FILE`` it writes the
descriptor set that ``buf lint`` reads instead.

``python protos/build_stubs.py --release tests/contract/released/sitekeep-X.Y.Z.binpb``
keeps the contracts of a release; later ones may not break them. Run it once for
each release, with its version, and commit the file.
"""

from __future__ import annotations

import importlib
import importlib.resources
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

PROTOS = pathlib.Path(__file__).parent
STUBS = PROTOS.parent / "shared" / "sitekeep"


@contextmanager
def include_folders() -> Generator[list[str]]:
    """The folders that protoc looks for imports in."""
    google_api = pathlib.Path(next(iter(importlib.import_module("google.rpc").__path__))).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        vendored = pathlib.Path(folder) / "google" / "longrunning"
        vendored.mkdir(parents=True)
        # The package ships this contract under a file name that no import has.
        shutil.copy(
            google_api / "google/longrunning/operations_proto.proto",
            vendored / "operations.proto",
        )
        well_known = importlib.resources.files("grpc_tools") / "_proto"
        yield [f"-I{PROTOS}", f"-I{folder}", f"-I{google_api}", f"-I{well_known}"]


def run_protoc(*outputs: str) -> None:
    """Runs protoc over every contract; exits with its message where it fails."""
    protoc: Any = importlib.import_module("grpc_tools.protoc")
    # A plugin sits beside the interpreter, also where the environment is not activated.
    os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    contracts = [str(path.relative_to(PROTOS)) for path in sorted(PROTOS.rglob("*.proto"))]
    with include_folders() as includes:
        status = protoc.main(["protoc", *includes, *outputs, *contracts])
    if status:
        sys.exit(f"protoc exited {status}")


def generate() -> None:
    """Writes the stubs anew."""
    shutil.rmtree(STUBS, ignore_errors=True)
    out = STUBS.parent
    run_protoc(
        f"--python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--grpc_python_out={out}",
        f"--mypy_grpc_out=quiet:{out}",
    )
    (STUBS / "py.typed").touch()


def describe(path: str) -> None:
    """Writes the descriptor set of all contracts, and of what errors carry, to the file."""
    run_protoc(
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={path}",
        "google/rpc/error_details.proto",
    )


def release(path: str) -> None:
    """Writes what ``buf breaking`` compares with: the descriptor set, without comments."""
    run_protoc("--include_imports", f"--descriptor_set_out={path}")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:
    pass
else:

    class StubsHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
        """Hatchling calls this before it packs or links the project."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Generates the stubs."""
            generate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--descriptors"]:
        describe(sys.argv[2])
    elif sys.argv[1:2] == ["--release"]:
        release(sys.argv[2])
    else:
        generate()
