"""The contracts as the generators of other languages need them."""

from __future__ import annotations

import runpy
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import descriptor_pb2

from clients.toolchain import run_python

ROOT = Path(__file__).resolve().parents[2]
BUILD_STUBS = ROOT / "protos" / "build_stubs.py"

# Nothing of ours imports it, since it travels inside google.protobuf.Any only.
_DETAILS = "google/rpc/error_details.proto"


@dataclass(frozen=True)
class Contracts:
    """The contracts of both services and what they import."""

    folders: list[str]
    """Where they and their imports are."""
    descriptors: Path
    """All of them compiled, comments included."""
    files: list[str]
    """Their own files and those of Google's APIs that they need, by import name."""

    @property
    def includes(self) -> list[str]:
        """The folders as protoc wants them."""
        return [f"-I{folder}" for folder in self.folders]

    @property
    def own(self) -> list[str]:
        """Their own files."""
        return [name for name in self.files if name.startswith("sitekeep/")]


@contextmanager
def open_contracts(folder: Path) -> Generator[Contracts]:
    """The contracts, until the context ends; what is made of them goes to the folder."""
    descriptors = folder / "contracts.binpb"
    run_python(str(BUILD_STUBS), "--descriptors", str(descriptors))
    compiled = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes())
    # Every generator brings the well-known types itself.
    names = [file.name for file in compiled.file if not file.name.startswith("google/protobuf/")]
    with runpy.run_path(str(BUILD_STUBS))["include_folders"]() as includes:
        folders = [include.removeprefix("-I") for include in includes]
        yield Contracts(folders, descriptors, list(dict.fromkeys([*names, _DETAILS])))
