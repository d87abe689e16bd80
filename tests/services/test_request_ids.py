"""A request that carries an id is served once, however often it arrives (AIP-155)."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc import aio
from sqlalchemy import Table, func, select

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_simulator.server import RunningSite
from support import rows
from support.client import ORGANIZATION, TOKEN, Client, make_key, open_channel
from support.databases import database_url
from support.methods import reason_of

__all__ = ["database_url"]

BACKUP = f"{ORGANIZATION}/backups/first"


@dataclass(frozen=True)
class Creation:
    """A method that takes a request_id, a request to it, and the same one with another body."""

    method: Callable[[Client], Any]
    request: Any
    other: Any
    table: Table
    obstacle: rows.Rows
    """What takes the id of the resource away."""

    def with_id(self, request_id: str) -> Any:
        """The request with this id."""
        return _changed(self.request, request_id=request_id)


def _changed(request: Any, **fields: Any) -> Any:
    changed = type(request)()
    changed.CopyFrom(request)
    changed.MergeFrom(type(request)(**fields))
    return changed


CREATE_ORGANIZATION = organization_pb2.CreateOrganizationRequest(
    organization_id="new", organization=organization_pb2.Organization(display_name="New")
)
CREATE_ADMIN = organization_pb2.CreateAdminRequest(
    parent=ORGANIZATION, admin_id="new", admin=organization_pb2.Admin(account_id="somebody")
)
CREATE_PRODUCT = organization_pb2.CreateProductRequest(
    parent=ORGANIZATION,
    product_id="new",
    product=organization_pb2.Product(
        type=organization_pb2.Product.JIRA,
        site_uri="https://example.atlassian.net",
        credentials=organization_pb2.Product.Credentials(email="a@example.com", api_token=TOKEN),
    ),
)
CREATE_POLICY = backup_policy_pb2.CreateBackupPolicyRequest(
    parent=ORGANIZATION,
    backup_policy_id="new",
    backup_policy=backup_policy_pb2.BackupPolicy(product=f"{ORGANIZATION}/products/target"),
)
CREATE_BACKUP = backup_pb2.CreateBackupRequest(
    parent=ORGANIZATION,
    backup_id="new",
    backup=backup_pb2.Backup(backup_policy=f"{ORGANIZATION}/backupPolicies/weekly"),
)
CREATE_RESTORE = restore_pb2.CreateRestoreRequest(
    parent=ORGANIZATION,
    restore_id="new",
    restore=restore_pb2.Restore(backup=BACKUP, product=f"{ORGANIZATION}/products/target"),
)

CREATIONS = {
    "CreateOrganization": Creation(
        lambda client: client.organizations.CreateOrganization,
        CREATE_ORGANIZATION,
        _changed(CREATE_ORGANIZATION, organization=organization_pb2.Organization(enrolled=True)),
        schema.organization,
        lambda identifier, created: rows.organization(identifier, created)[:1],
    ),
    "CreateAdmin": Creation(
        lambda client: client.organizations.CreateAdmin,
        CREATE_ADMIN,
        _changed(CREATE_ADMIN, admin=organization_pb2.Admin(display_name="Some Body")),
        schema.admin,
        rows.admin,
    ),
    "CreateProduct": Creation(
        lambda client: client.organizations.CreateProduct,
        CREATE_PRODUCT,
        _changed(CREATE_PRODUCT, product=organization_pb2.Product(display_name="Other")),
        schema.product,
        rows.product,
    ),
    "CreateBackupPolicy": Creation(
        lambda client: client.policies.CreateBackupPolicy,
        CREATE_POLICY,
        _changed(CREATE_POLICY, backup_policy=backup_policy_pb2.BackupPolicy(display_name="x")),
        schema.backup_policy,
        rows.policy,
    ),
    "CreateBackup": Creation(
        lambda client: client.backups.CreateBackup,
        CREATE_BACKUP,
        _changed(CREATE_BACKUP, backup_id="other"),
        schema.backup,
        rows.backup,
    ),
    "CreateRestore": Creation(
        lambda client: client.restores.CreateRestore,
        CREATE_RESTORE,
        _changed(CREATE_RESTORE, restore=restore_pb2.Restore(skip_users_and_groups=True)),
        schema.restore,
        rows.restore,
    ),
}

every_creation = pytest.mark.parametrize("creation", CREATIONS.values(), ids=CREATIONS)


on_each_database = pytest.mark.usefixtures("database_url")


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    if "database_url" not in request.fixturenames:
        return settings
    return replace(settings, database_url=request.getfixturevalue("database_url"))


@asynccontextmanager
async def _running(settings: Settings, clock: ManualClock) -> AsyncGenerator[Client, None]:
    """Both servers, which end with the block."""
    async with BackupServer(settings, clock) as backup, RestoreServer(settings, clock):
        key = await make_key(backup.database, clock)
        async with (
            open_channel(settings.backup_listen, key) as backup_channel,
            open_channel(settings.restore_listen, key) as restore_channel,
        ):
            yield Client(backup_channel, restore_channel)


async def _inhabit(client: Client, clock: ManualClock, site: RunningSite) -> None:
    """A backup that can be restored, into a product that may be backed up again."""
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site.base_url)
    policy = await client.add_policy("weekly", product)
    await client.add_product("target", "JIRA", site.base_url)
    started = await client.backups.CreateBackup(client.backup_request(policy, backup_id="first"))
    await client.watch(started.name)
    clock.advance(datetime.timedelta(days=8))


async def _count(server: BackupServer, creation: Creation) -> int:
    statement = select(func.count()).where(creation.table.c.id == "new")
    async with server.database.read() as connection:
        return int((await connection.execute(statement)).scalar_one())


async def _settle(client: Client) -> None:
    """Lets what was started end."""
    for request_type, stub in (
        (backup_pb2.ListBackupsRequest, client.backups.ListBackups),
        (restore_pb2.ListRestoresRequest, client.restores.ListRestores),
    ):
        answer = await stub(request_type(parent=ORGANIZATION))
        for item in (*getattr(answer, "backups", ()), *getattr(answer, "restores", ())):
            if item.state == backup_pb2.Backup.IN_PROGRESS:
                await client.watch(item.operation)


@on_each_database
@every_creation
async def test_ten_equal_calls_at_once_make_one_resource_and_get_one_answer(
    client: Client,
    grpc_server: BackupServer,
    clock: ManualClock,
    empty_site: RunningSite,
    creation: Creation,
) -> None:
    await _inhabit(client, clock, empty_site)
    request = creation.with_id(str(uuid.uuid4()))
    calls = [creation.method(client)(request) for _ in range(10)]
    answers: list[Message] = list(await asyncio.gather(*calls))
    assert all(answer == answers[0] for answer in answers)
    assert await _count(grpc_server, creation) == 1
    await _settle(client)


@on_each_database
@every_creation
async def test_ten_calls_at_once_without_an_id_make_one_resource(
    client: Client,
    grpc_server: BackupServer,
    clock: ManualClock,
    empty_site: RunningSite,
    creation: Creation,
) -> None:
    await _inhabit(client, clock, empty_site)
    calls = [_reason(creation.method(client)(creation.request)) for _ in range(10)]
    reasons = await asyncio.gather(*calls)
    assert reasons.count("") == 1
    assert set(reasons) <= {"", *REFUSALS}
    assert await _count(grpc_server, creation) == 1
    await _settle(client)


REFUSALS = {
    *("RESOURCE_ALREADY_EXISTS", "BACKUP_POLICY_EXISTS"),
    *("BACKUP_IN_PROGRESS", "RESTORE_IN_PROGRESS", "BACKUP_TOO_SOON", "RESTORE_TOO_SOON"),
}


async def _reason(call: Any) -> str:
    try:
        await call
    except aio.AioRpcError as error:
        return reason_of(error)
    return ""


@every_creation
async def test_the_first_answer_is_given_again_and_after_a_restart(
    settings: Settings, clock: ManualClock, empty_site: RunningSite, creation: Creation
) -> None:
    request_id = str(uuid.uuid4())
    async with _running(settings, clock) as client:
        await _inhabit(client, clock, empty_site)
        first = await creation.method(client)(creation.with_id(request_id))
        assert await creation.method(client)(creation.with_id(request_id)) == first
        assert await creation.method(client)(creation.with_id(request_id.upper())) == first
    async with _running(settings, clock) as client:
        assert await creation.method(client)(creation.with_id(request_id)) == first
        await _settle(client)
        clock.advance(datetime.timedelta(days=1))
        assert await creation.method(client)(creation.with_id(request_id)) == first


@every_creation
async def test_another_body_is_refused_whatever_else_it_says(
    client: Client, clock: ManualClock, empty_site: RunningSite, creation: Creation
) -> None:
    await _inhabit(client, clock, empty_site)
    request_id = str(uuid.uuid4())
    await creation.method(client)(creation.with_id(request_id))
    other = _changed(creation.other, request_id=request_id.upper())
    refusal = await client.refusal(creation.method(client)(other))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")
    [violation] = refusal.detail(error_details_pb2.BadRequest).field_violations
    assert (violation.field, violation.reason) == ("request_id", "REQUEST_ID_REUSED")
    await _settle(client)


@on_each_database
@every_creation
async def test_a_call_that_failed_used_nothing_up(
    client: Client,
    grpc_server: BackupServer,
    clock: ManualClock,
    empty_site: RunningSite,
    creation: Creation,
) -> None:
    await _inhabit(client, clock, empty_site)
    made = creation.obstacle("new", rows.START)
    await rows.put(grpc_server.database, made)
    request = creation.with_id(str(uuid.uuid4()))
    refusal = await client.refusal(creation.method(client)(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS")
    assert refusal.detail(error_details_pb2.ResourceInfo).resource_name.endswith("/new")
    await rows.remove(grpc_server.database, creation.table, "new")
    await creation.method(client)(request)
    assert await _count(grpc_server, creation) == 1
    await _settle(client)


@pytest.mark.parametrize("name", [name for name in CREATIONS if name != "CreateAdmin"])
async def test_a_call_that_only_validates_uses_nothing_up(
    client: Client,
    grpc_server: BackupServer,
    clock: ManualClock,
    empty_site: RunningSite,
    name: str,
) -> None:
    creation = CREATIONS[name]
    await _inhabit(client, clock, empty_site)
    request = creation.with_id(str(uuid.uuid4()))
    await creation.method(client)(_changed(request, validate_only=True))
    await creation.method(client)(_changed(creation.other, validate_only=True))
    assert await _count(grpc_server, creation) == 0
    await creation.method(client)(request)
    assert await _count(grpc_server, creation) == 1
    await _settle(client)


async def test_each_method_has_ids_of_its_own(
    client: Client, clock: ManualClock, empty_site: RunningSite
) -> None:
    await _inhabit(client, clock, empty_site)
    request_id = str(uuid.uuid4())
    for creation in CREATIONS.values():
        await creation.method(client)(creation.with_id(request_id))
    await _settle(client)


@every_creation
async def test_an_id_that_is_no_uuid_of_version_4_is_refused(
    client: Client, creation: Creation
) -> None:
    await client.add_organization()
    for request_id in (
        "once",
        "00000000-0000-0000-0000-000000000000",
        str(uuid.uuid1()),
        uuid.uuid4().hex,
        f"{uuid.uuid4()} ",
        f"{uuid.uuid4()}\n",
    ):
        refusal = await client.refusal(creation.method(client)(creation.with_id(request_id)))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
        assert refusal.metadata["field"] == "request_id"


async def test_what_only_the_server_sets_makes_no_other_body(
    client: Client, clock: ManualClock, empty_site: RunningSite
) -> None:
    await _inhabit(client, clock, empty_site)
    request = CREATIONS["CreateProduct"].with_id(str(uuid.uuid4()))
    first = await client.organizations.CreateProduct(request)
    garbage = organization_pb2.Product(has_credentials=True, apps=[99])  # type: ignore[list-item]
    again = _changed(request, product=garbage)
    assert await client.organizations.CreateProduct(again) == first


async def test_what_is_kept_of_a_request_has_no_secret(
    client: Client, grpc_server: BackupServer
) -> None:
    await client.add_organization()
    await client.organizations.CreateProduct(CREATIONS["CreateProduct"].with_id(str(uuid.uuid4())))
    async with grpc_server.database.read() as connection:
        [kept] = (await connection.execute(select(schema.request))).all()
    assert TOKEN.encode() not in kept.response
    assert TOKEN not in kept.digest
