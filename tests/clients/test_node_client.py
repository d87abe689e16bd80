"""A client in JavaScript that reads the contracts when it starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clients.contracts import Contracts
from clients.story import ClientTests, Story, tell
from clients.toolchain import need_node, project_with_packages
from support.processes import Deployment

PROJECT = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    node = need_node()
    project = project_with_packages(PROJECT, tmp_path_factory.mktemp("client"))
    return [node, str(project / "client.js")]


@pytest.fixture(scope="module")
def story(program: list[str], deployment: Deployment, contracts: Contracts) -> Story:
    return tell(deployment, program, "node", os.pathsep.join(contracts.folders))


class TestNodeClient(ClientTests):
    """The client in ``node/``."""
