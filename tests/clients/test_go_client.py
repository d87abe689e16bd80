"""A client in Go, built with the packages of Debian."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from clients.contracts import Contracts
from clients.story import ClientTests, Story, tell
from clients.toolchain import cache_folder, generate, need, run
from support.processes import Deployment

SOURCE = Path(__file__).parent / "go" / "client.go"
LIBRARIES = Path("/usr/share/gocode")
PACKAGES = (
    "apt-get install golang-go golang-google-grpc-dev golang-google-genproto-dev "
    "golang-google-protobuf-dev golang-github-golang-protobuf-1-5-dev protoc-gen-go "
    "protoc-gen-go-grpc"
)
# Where Debian's package has what Google has moved elsewhere since.
MOVED = "Mgoogle/longrunning/operations.proto=google.golang.org/genproto/googleapis/longrunning"


def _need_go() -> str:
    for package in ("grpc", "genproto", "protobuf"):
        if not (LIBRARIES / "src" / "google.golang.org" / package).exists():
            pytest.skip(f"Go's {package} is not installed as source: {PACKAGES}")
    for generator in ("protoc-gen-go", "protoc-gen-go-grpc"):
        need(generator, PACKAGES)
    return need("go", PACKAGES)


@pytest.fixture(scope="module")
def program(contracts: Contracts, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    go = _need_go()
    workspace = tmp_path_factory.mktemp("client")
    sources = workspace / "src"
    (sources / "client").mkdir(parents=True)
    shutil.copy(SOURCE, sources / "client")
    outputs = [
        option
        for generator in ("go", "go-grpc")
        for option in (f"--{generator}_out={sources}", f"--{generator}_opt={MOVED}")
    ]
    generate(contracts.includes, outputs, contracts.own)
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GO111MODULE": "off",
        "GOPATH": f"{workspace}{os.pathsep}{LIBRARIES}",
        "GOCACHE": str(cache_folder() / "go-build"),
        "GOFLAGS": "",
    }
    run([go, "build", "-o", "client", "client"], folder=workspace, environment=environment)
    return [str(workspace / "client")]


@pytest.fixture(scope="module")
def story(program: list[str], deployment: Deployment) -> Story:
    return tell(deployment, program, "go")


class TestGoClient(ClientTests):
    """The client in ``go/``."""
