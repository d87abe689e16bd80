"""A client in TypeScript with generated code, checked strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from clients.contracts import Contracts
from clients.story import ClientTests, Story, tell
from clients.toolchain import generate, need_node, project_with_packages, run
from support.processes import Deployment

PROJECT = Path(__file__).parent / "typescript"


@pytest.fixture(scope="module")
def program(contracts: Contracts, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    node = need_node()
    project = project_with_packages(PROJECT, tmp_path_factory.mktemp("client"))
    generated = project / "src" / "generated"
    generated.mkdir()
    tools = project / "node_modules" / ".bin"
    outputs = [
        f"--plugin=protoc-gen-es={tools / 'protoc-gen-es'}",
        f"--es_out={generated}",
        "--es_opt=target=ts,import_extension=js",
    ]
    generate(contracts.includes, outputs, contracts.files)
    run([str(tools / "tsc")], folder=project)
    return [node, str(project / "dist" / "client.js")]


@pytest.fixture(scope="module")
def story(program: list[str], deployment: Deployment) -> Story:
    return tell(deployment, program, "typescript")


class TestTypeScriptClient(ClientTests):
    """The client in ``typescript/``."""
