"""The servers of the store tests, started when the first test needs them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from support import store_emulators as emulators
from support.stores import Stores, azurite_program


@pytest.fixture(scope="session")
def moto_url() -> Generator[str]:
    with emulators.moto() as url:
        yield url


@pytest.fixture(scope="session")
def localbucket_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with emulators.localbucket(tmp_path_factory.mktemp("localbucket")) as url:
        yield url


@pytest.fixture(scope="session")
def azurite_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    program = azurite_program(tmp_path_factory.mktemp("azurite"))
    with emulators.azurite(program) as url:
        yield url


@pytest.fixture
def stores(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Stores:
    return Stores(request, monkeypatch, tmp_path)
