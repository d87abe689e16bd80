"""Whatever a client sends to whatever method, it is answered within the contract.

``SITEKEEP_TEST_HOSTILE_EXAMPLES`` sets how many requests each method gets.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sitekeep.backup.v1 import api_key_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import error_reason_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.rpc import pages
from sitekeep_shared.rpc.status import DOMAIN
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION, Client, details_of, make_key, open_channel
from support.databases import needs_postgresql, postgresql_database
from support.messages_of import Known, any_message, damaged, likely_message
from support.methods import Method, every_method

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_HOSTILE_EXAMPLES", "20"))
CALL_SECONDS = 10.0
STREAMED_SECONDS = 1.0

DOCUMENTED = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "ABORTED",
    "UNAVAILABLE",
    "DATA_LOSS",
}
UNFINISHED = ("DeleteOperation", "PlanRestore", "CreateRestore", "ListOperations")
"""Those that may say so: about the digest of a plan, and about partial success, too."""
REASONS = {value.name for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values}
WAITING = {"WatchOperation", "WaitOperation"}
DESTRUCTIVE = ("Delete", "Release", "Revoke")

# What an exception, a type or a module of Python looks like in a text.
PYTHON = re.compile(
    r"Traceback|(Error|Exception)\(|<class|<\w[\w.]* object|site-packages|\.py\b|sqlalchemy|psycopg"
    r"|sqlite3|google\.protobuf|_pb2|sitekeep_(shared|backup|restore)\b"
)


@dataclass
class Pair:
    """Both servers, and what is there to be asked about."""

    channels: dict[str, aio.Channel]
    known: Known

    async def send(self, method: Method, content: bytes) -> None:
        """Sends the bytes; an error is checked, and that both servers are well afterwards."""
        seconds = STREAMED_SECONDS if method.name in WAITING else CALL_SECONDS
        channel: Any = self.channels[method.server]
        try:
            if method.streams:
                async for _ in channel.unary_stream(method.path)(content, timeout=seconds):
                    pass
            else:
                await channel.unary_unary(method.path)(content, timeout=seconds)
        except aio.AioRpcError as error:
            _check(method, error)
        for each in self.channels.values():
            health = cast(Any, health_pb2_grpc.HealthStub(each))
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_SECONDS)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def _check(method: Method, error: aio.AioRpcError) -> None:
    code = error.code().name
    if code == grpc.StatusCode.DEADLINE_EXCEEDED.name and method.name in WAITING:
        return
    status = cast(Any, rpc_status).from_call(error)
    assert status is not None, error
    details = details_of(status)
    assert len(details) == len(status.details), status
    [info] = [item for item in details if isinstance(item, error_details_pb2.ErrorInfo)]
    assert info.domain == DOMAIN
    assert info.reason in REASONS
    assert not PYTHON.search(str(status)), status
    unfinished = code == "UNIMPLEMENTED" and method.name in UNFINISHED
    assert code in DOCUMENTED or unfinished, status


def _identity(method: Method) -> str:
    return f"{method.server}{method.path}"


def _methods() -> list[Method]:
    """Those that take something away come last."""
    return sorted(every_method(), key=lambda method: method.name.startswith(DESTRUCTIVE))


@pytest.fixture(scope="module")
def socket_folder_of_module() -> Generator[Path, None, None]:
    folder = Path(tempfile.mkdtemp(prefix="sk"))
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site_of_module() -> AsyncGenerator[RunningSite, None]:
    site = SimulatedSite("empty")
    running = await start_site(site)
    yield running
    await running.close()
    site.close()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)]
)
def database_of_module(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str, None, None]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'sitekeep.db'}"
        return
    with postgresql_database() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(
    tmp_path_factory: pytest.TempPathFactory,
    database_of_module: str,
    socket_folder_of_module: Path,
    site_of_module: RunningSite,
) -> AsyncGenerator[Pair, None]:
    settings = replace(
        Settings.from_environment({"SITEKEEP_HOME": str(tmp_path_factory.mktemp("home"))}),
        database_url=database_of_module,
        backup_listen=f"unix:{socket_folder_of_module}/backup",
        restore_listen=f"unix:{socket_folder_of_module}/restore",
        backup_address=f"unix:{socket_folder_of_module}/backup",
    )
    clock = ManualClock(datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC))
    async with BackupServer(settings, clock) as backup, RestoreServer(settings, clock):
        key = await make_key(backup.database, clock)
        async with (
            open_channel(settings.backup_listen, key) as backup_channel,
            open_channel(settings.restore_listen, key) as restore_channel,
        ):
            client = Client(backup_channel, restore_channel)
            known = await _inhabit(client, site_of_module.base_url)
            yield Pair({"backup": backup_channel, "restore": restore_channel}, known)


async def _inhabit(client: Client, site: str) -> Known:
    """Fills the servers; gives what is there, by the type of the resource or the field."""
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site)
    policy = await client.add_policy("weekly", product)
    backup = await client.back_up(policy)
    restore = await client.restores.CreateRestore(client.restore_request(backup.name, product))
    await client.watch(restore.name)
    for number in range(3):
        await client.add_product(f"spare-{number}", "CONFLUENCE", "http://127.0.0.1:9")
    admin = await client.organizations.CreateAdmin(
        organization_pb2.CreateAdminRequest(
            parent=ORGANIZATION, admin_id="second", admin=organization_pb2.Admin(account_id="a")
        )
    )
    key = await client.keys.CreateApiKey(
        api_key_pb2.CreateApiKeyRequest(api_key=api_key_pb2.ApiKey(display_name="spare"))
    )
    listed = await client.restores.ListRestores(
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION)
    )
    [restored] = [found.name for found in listed.restores]
    products = [product, *(f"{ORGANIZATION}/products/spare-{number}" for number in range(3))]
    resources = {
        "Organization": [ORGANIZATION],
        "Admin": [admin.name],
        "ApiKey": [key.name],
        "Product": products,
        "BackupPolicy": [policy, f"{ORGANIZATION}/backupPolicies/none"],
        "Backup": [backup.name, f"{ORGANIZATION}/backups/none"],
        "Restore": [restored],
        "Entity": [f"{backup.name}/entities/{text}" for text in ("user.YQ", "x", "user._w", ".")],
        "OperationLock": [f"{ORGANIZATION}/operationLocks/jira"],
    }
    return {
        **{f"sitekeep.dev/{kind}": names for kind, names in resources.items()},
        **{f"{kind}_id": ["jira", "weekly", "new", "spare-1"] for kind in _CREATED},
        # Google's requests and some parents carry no annotation.
        "name": [backup.operation, restore.name, ORGANIZATION],
        "parent": [ORGANIZATION, backup.name, restored],
        "account_id": ["account-a"],
        "display_name": ["A name", "\n\tlines"],
        "email": ["admin@example.com"],
        "api_token": ["simulated-token"],
        "site_uri": [site, "http://127.0.0.1:9", "https://[", "http://\t", "http://a:99999/"],
        "schedule": ["0 3 * * *"],
        "etag": [backup.etag, "", '""', "*"],
        "paths": ["*", "display_name", "credentials.email", "create_time", "schedule", "a.b.c.d"],
        "page_size": [0, 1, 2, 5_000, -1],
        "request_id": [str(uuid.uuid4()), str(uuid.uuid4()).upper()],
        "hold_id": ["0" * 32],
        "holder": ["a reader"],
        "justification": ["because"],
        "seconds": [0, 1, 1_800_000_000, 315_576_000_000],
        "nanos": [0, 1, 999_999_999],
        "plan_digest": [""],
    }


_CREATED = ("organization", "admin", "product", "backup_policy", "backup", "restore", "api_key")


@st.composite
def _with_token(draw: st.DrawFn, messages: st.SearchStrategy[Message]) -> Message:
    """Messages with a token as this server would issue it, but for the position."""
    message = draw(messages)
    positions = st.lists(st.one_of(_PARTS, st.text(max_size=3)), min_size=1, max_size=3)
    for field in ("page_token", "resume_token"):
        if field in message.DESCRIPTOR.fields_by_name:
            setattr(message, field, pages.encode(message, *draw(positions)))
    return message


_PARTS: st.SearchStrategy[str | int] = st.sampled_from(
    [0, -1, 2**62, -(2**63), 2**64, "", "a", "\x00", "user", "\U0010ffff"]
)


def _requests(method: Method, known: Known) -> st.SearchStrategy[bytes]:
    likely = likely_message(method.request, known)
    messages = st.one_of(any_message(method.request), likely, likely, likely, _with_token(likely))
    encoded = messages.map(lambda message: message.SerializeToString())
    return st.one_of(encoded, encoded, encoded, st.binary(max_size=120), damaged(likely))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("method", _methods(), ids=_identity)
@hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(data=st.data())
async def test_a_hostile_request_is_answered_within_the_contract(
    pair: Pair, method: Method, data: st.DataObject
) -> None:
    await pair.send(method, data.draw(_requests(method, pair.known)))
