"""One deployment for every client, reached as other people's programs reach it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from support.processes import Deployment

pytest.register_assert_rewrite("clients.story", "clients.toolchain", "clients.grpcurl")

from clients.contracts import Contracts, open_contracts  # noqa: E402
from clients.grpcurl import Grpcurl, find_grpcurl  # noqa: E402

# So many that a backup is still running when a client begins to watch it.
ISSUES = 1000


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployment, None, None]:
    deployment = Deployment(
        tmp_path_factory.mktemp("clients"), {"SITEKEEP_ORGANIZATION": "clients"}
    )
    try:
        deployment.simulate({"source": "generated"}, f"--issues={ISSUES}", "--pages=0")
        deployment.start("backup")
        deployment.start("restore")
        deployment.command("organization", "create", "clients", "--enroll")
        yield deployment
    finally:
        deployment.stop()


@pytest.fixture(scope="session")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Generator[Contracts, None, None]:
    with open_contracts(tmp_path_factory.mktemp("contracts")) as contracts:
        yield contracts


@pytest.fixture(scope="session")
def grpcurl(deployment: Deployment) -> Grpcurl:
    """Grpcurl against the Backup server."""
    return Grpcurl(find_grpcurl(), deployment.environment, deployment.addresses["backup"])
