"""Stores of every kind, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.location import BucketLocation, Cloud
from sitekeep_shared.vault.object_store import ObjectStore
from sitekeep_shared.vault.store import Store
from support import store_emulators as emulators
from support.fault_proxy import Answer, FaultProxy, Headers
from unit.vault.vault_helpers import MemoryStore

QUICK = Limits(
    retry_first_seconds=0.01,
    retry_most_seconds=0.05,
    idle_seconds=1.0,
    put_seconds=5.0,
    request_seconds=5.0,
    transfer_seconds=20.0,
)
"""So that a test of a stalled answer does not take as long as one."""

Opened = AbstractAsyncContextManager[Store]


@dataclass
class Stores:
    """Opens an empty store of a kind; the servers run for the whole session."""

    request: pytest.FixtureRequest
    patch: pytest.MonkeyPatch
    folder: Path
    clock: SystemClock = field(default_factory=SystemClock)

    def open(self, kind: str) -> Opened:
        """The store of that kind; skips the test where its server is not installed."""
        opens: dict[str, Callable[[], Opened]] = {
            "memory": self._memory,
            "folder": self._local,
            "s3-moto": lambda: self._s3("moto_url"),
            "s3-localbucket": lambda: self._s3("localbucket_url"),
            "gcs-translated": self._gcs,
            "azure-azurite": self._azure,
        }
        return opens[kind]()

    @property
    def bucket(self) -> str:
        """A name that no other test uses."""
        # Without hyphens: obstore escapes them for Google, which moto does not undo.
        return f"bucket{abs(hash((self.folder, self.request.node.name))):x}"

    def use_s3(self, endpoint: str) -> None:
        """Sets the environment as an operator would."""
        for name, value in emulators.S3_ENVIRONMENT.items():
            self.patch.setenv(name, value)
        self.patch.setenv("AWS_ENDPOINT_URL", endpoint)

    @asynccontextmanager
    async def _memory(self) -> AsyncGenerator[Store]:
        yield MemoryStore()

    @asynccontextmanager
    async def _local(self) -> AsyncGenerator[Store]:
        yield DurableLocalStore(self.folder / "vault")

    @asynccontextmanager
    async def _s3(self, server: str) -> AsyncGenerator[Store]:
        endpoint: str = self.request.getfixturevalue(server)
        emulators.make_s3_bucket(endpoint, self.bucket)
        self.use_s3(endpoint)
        yield ObjectStore(BucketLocation(Cloud.S3, self.bucket, "some/prefix"), QUICK)

    @asynccontextmanager
    async def _azure(self) -> AsyncGenerator[Store]:
        endpoint: str = self.request.getfixturevalue("azurite_url")
        emulators.make_azure_container(endpoint, self.bucket)
        self.patch.setenv("AZURE_STORAGE_ENDPOINT", endpoint)
        self.patch.setenv("AZURE_STORAGE_ACCOUNT_NAME", emulators.AZURE_ACCOUNT)
        self.patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", emulators.AZURE_KEY)
        yield ObjectStore(BucketLocation(Cloud.AZURE, self.bucket, "some/prefix"), QUICK)

    @asynccontextmanager
    async def _gcs(self) -> AsyncGenerator[Store]:
        """Google's XML interface is S3's with another condition: moto behind a translator.

        No emulator of a registry speaks it (gcp-storage-emulator and fake-gcs-server know
        its upload at most, and no condition on it).
        """
        endpoint: str = self.request.getfixturevalue("moto_url")
        emulators.make_s3_bucket(endpoint, self.bucket)
        proxy = FaultProxy(endpoint, rewrite=_from_gcs, mend=_to_gcs)
        async with proxy.running():
            self.patch.setenv("GOOGLE_BASE_URL", proxy.url)
            self.patch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", emulators.GCS_ACCOUNT)
            yield ObjectStore(BucketLocation(Cloud.GCS, self.bucket, "some/prefix"), QUICK)


def azurite_program(folder: Path) -> Path:
    """Azurite from npm, kept in a cache; skips the test where it cannot be had."""
    # Its own tests have it rewritten for pytest before anybody imports it.
    from clients.toolchain import need_node, project_with_packages

    need_node()
    project = Path(__file__).parent.parent / "contract" / "azurite"
    packages = project_with_packages(project, folder) / "node_modules"
    return packages / "azurite" / "dist" / "src" / "blob" / "main.js"


def _from_gcs(_: str, headers: Headers) -> None:
    # Moto looks for whose request it is, and does not check it.
    headers["Authorization"] = (
        "AWS4-HMAC-SHA256 Credential=AKIAEMULATED/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host, Signature=00"
    )
    if headers.popall("x-goog-if-generation-match", None) == ["0"]:
        headers["If-None-Match"] = "*"


def _to_gcs(_: str, answer: Answer) -> Answer:
    answer.headers["x-goog-generation"] = "1"
    return answer
