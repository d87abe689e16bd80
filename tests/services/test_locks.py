"""The locks of products through the contract: shown, listed, released, and what that ends."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.longrunning import operations_pb2
from sqlalchemy import Select, select, text, update

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2 as pb
from sitekeep_backup import backup_run
from sitekeep_backup.server import BackupServer
from sitekeep_shared import locks
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc.logs import JsonFormatter
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.guarded import guarded
from sitekeep_shared.work.records import Operation
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite
from support.client import ADMIN_ACCOUNT, ORGANIZATION, Client, Refusal, details_of, open_channel
from support.databases import needs_postgresql, postgresql_database

LOCK = f"{ORGANIZATION}/operationLocks/jira"
SECONDS = 30.0


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, socket_folder: Path
) -> Generator[Settings, None, None]:
    """As every test of the services has them, on each kind of database."""
    plain = Settings.from_environment({"SITEKEEP_HOME": str(tmp_path / "home")})
    plain = replace(
        plain,
        backup_listen=f"unix:{socket_folder}/backup",
        restore_listen=f"unix:{socket_folder}/restore",
        backup_address=f"unix:{socket_folder}/backup",
    )
    if request.param == "sqlite":
        yield plain
        return
    with postgresql_database() as url:
        yield replace(plain, database_url=url)


async def until(look: Callable[[], Awaitable[str]], wanted: str) -> None:
    """Returns once that is what is seen."""
    async with asyncio.timeout(SECONDS):
        while True:
            if await look() == wanted:
                return
            await asyncio.sleep(0.01)


class Locks:
    """What the tests ask of the locks."""

    def __init__(self, client: Client, database: Database) -> None:
        self.client = client
        self.database = database

    async def get(self, name: str = LOCK) -> pb.OperationLock:
        lock: pb.OperationLock = await self.client.locks.GetOperationLock(
            pb.GetOperationLockRequest(name=name)
        )
        return lock

    async def release(self, etag: str, *, force: bool = False, why: str = "stuck") -> Any:
        return await self.client.locks.ReleaseOperationLock(
            pb.ReleaseOperationLockRequest(name=LOCK, etag=etag, force=force, justification=why)
        )

    async def refused(self, etag: str, *, force: bool = False, why: str = "stuck") -> Refusal:
        return await self.client.refusal(self.release(etag, force=force, why=why))

    async def let_leases_run_out(self) -> None:
        async with self.database.write() as connection:
            await connection.execute(update(schema.operation_lock).values(lease_until_ms=1))

    async def adopted(self, name: str) -> str:
        """Returns once the operation is worked on: from then on its lock stays as it is."""
        statement = select(schema.operation.c.state).where(
            schema.operation.c.id == name.rpartition("/")[2]
        )
        await until(lambda: self.scalar(statement), "RUNNING")
        return name

    async def scalar(self, statement: Select[str]) -> str:
        async with self.database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def operation(self, name: str) -> operations_pb2.Operation:
        """The operation once it is done."""
        async with asyncio.timeout(SECONDS):
            return await self.client.watch(name)


@pytest.fixture
async def held(client: Client, grpc_server: BackupServer) -> Locks:
    await client.add_organization()
    return Locks(client, grpc_server.database)


async def policy_of(client: Client, site: RunningSite, name: str = "jira") -> str:
    return await client.add_policy(name, await client.add_product(name, "JIRA", site.base_url))


async def start(client: Client, policy: str) -> str:
    operation = await client.backups.CreateBackup(client.backup_request(policy))
    return str(operation.name)


@pytest.fixture
async def slow_backup(held: Locks, empty_site: RunningSite) -> str:
    """A backup of the product ``jira`` that goes on for longer than a test."""
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=5.0)
    return await held.adopted(await start(held.client, await policy_of(held.client, empty_site)))


def reason_of(operation: operations_pb2.Operation) -> str:
    """Of the error that it ended with."""
    return str(details_of(operation.error)[0].reason)


async def backup_of(client: Client, operation: operations_pb2.Operation) -> backup_pb2.Backup:
    metadata = backup_pb2.CreateBackupMetadata()
    assert operation.metadata.Unpack(metadata)
    request = backup_pb2.GetBackupRequest(name=metadata.backup)
    backup: backup_pb2.Backup = await client.backups.GetBackup(request)
    return backup


async def visible(vault: Vault) -> list[str]:
    """The backups that the vault shows."""
    return [header.backup_id async for header in vault.backups()]


async def test_a_lock_shows_what_holds_it(held: Locks, slow_backup: str) -> None:
    lock = await held.get()
    assert lock.product == f"{ORGANIZATION}/products/jira"
    assert lock.kind == pb.OperationLock.BACKUP
    assert lock.operation == slow_backup
    assert lock.holder.startswith("backup@")
    assert lock.expire_time.seconds - lock.renew_time.seconds == 60
    assert lock.renew_time.seconds >= lock.acquire_time.seconds
    assert lock.fencing_token >= 1
    assert lock.etag


async def test_a_lock_that_was_never_taken_is_not_found(
    held: Locks, empty_site: RunningSite
) -> None:
    await policy_of(held.client, empty_site)
    for name in (LOCK, f"{ORGANIZATION}/operationLocks/unknown"):
        refusal = await held.client.refusal(held.get(name))
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")


async def test_held_locks_are_listed_page_by_page(held: Locks, empty_site: RunningSite) -> None:
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=5.0)
    for name in ("jira-c", "jira-a", "jira-b"):
        await start(held.client, await policy_of(held.client, empty_site, name))
    await policy_of(held.client, empty_site, "jira-free")
    request = pb.ListOperationLocksRequest(parent=ORGANIZATION, page_size=2)
    first = await held.client.locks.ListOperationLocks(request)
    request.page_token = first.next_page_token
    second = await held.client.locks.ListOperationLocks(request)
    names = [lock.name.rpartition("/")[2] for lock in first.operation_locks]
    assert names == ["jira-a", "jira-b"]
    assert [lock.name.rpartition("/")[2] for lock in second.operation_locks] == ["jira-c"]
    assert not second.next_page_token


async def test_a_live_lease_is_not_released_without_force(held: Locks, slow_backup: str) -> None:
    lock = await held.get()
    refusal = await held.refused(lock.etag)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "LOCK_LEASE_ACTIVE")
    assert refusal.metadata["holder"] == lock.holder
    assert refusal.metadata["leaseExpireTime"].startswith(
        lock.expire_time.ToDatetime().isoformat(timespec="seconds")
    )
    assert (await held.get()).operation == slow_backup


@pytest.mark.parametrize("force", [False, True])
async def test_a_lock_that_changed_hands_since_it_was_read_is_not_released(
    held: Locks, slow_backup: str, force: bool
) -> None:
    refusal = await held.refused('"0-held"', force=force)
    assert (refusal.code, refusal.reason) == ("ABORTED", "ETAG_MISMATCH")
    assert refusal.metadata["etag"] == (await held.get()).etag


@pytest.mark.parametrize(("etag", "why"), [("", "stuck"), ('"1-held"', ""), ('"1-held"', " \n")])
async def test_a_release_needs_an_etag_and_a_reason(
    held: Locks, slow_backup: str, etag: str, why: str
) -> None:
    refusal = await held.refused(etag, force=True, why=why)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert refusal.metadata["field"] == ("justification" if etag else "etag")
    assert (await held.get()).operation == slow_backup


async def test_a_free_lock_has_nothing_to_release(held: Locks, empty_site: RunningSite) -> None:
    policy = await policy_of(held.client, empty_site)
    refusal = await held.refused('"1-held"')
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    await held.operation(await start(held.client, policy))
    free = await held.get()
    assert not free.operation
    refusal = await held.refused(free.etag, force=True)
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert "nothing to release" in refusal.message


class AuditLog(logging.Handler):
    """What the log of a server would say."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(JsonFormatter())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def audit() -> Generator[AuditLog, None, None]:
    handler = AuditLog()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


async def test_a_forced_release_ends_the_operation_and_lets_a_new_backup_start(
    held: Locks,
    slow_backup: str,
    empty_site: RunningSite,
    grpc_server: BackupServer,
    audit: AuditLog,
) -> None:
    before = await held.get()
    answer = await held.release(before.etag, force=True, why="the site is being moved")
    after = answer.operation_lock
    assert not after.operation
    assert after.fencing_token == before.fencing_token + 1
    empty_site.site.faults.clear()
    # At once: what the released operation still writes down is its own affair.
    again = await start(held.client, f"{ORGANIZATION}/backupPolicies/jira")
    ended = await held.operation(slow_backup)
    assert reason_of(ended) == "LOCK_LOST"
    backup = await backup_of(held.client, ended)
    assert backup.state == backup.final_state == backup_pb2.Backup.FAILED
    done = await held.operation(again)
    assert done.response.Is(backup_pb2.Backup.DESCRIPTOR)
    assert await visible(grpc_server.vault) == [(await backup_of(held.client, done)).uid]
    [line] = [line for line in audit.lines if line.get("audit")]
    assert line["account"] == ADMIN_ACCOUNT
    assert line["lock"] == LOCK
    assert line["operation"] == slow_backup
    assert line["justification"] == "the site is being moved"
    assert line["forced"] is True


async def test_a_lease_that_is_over_is_released_without_force(
    held: Locks, slow_backup: str
) -> None:
    await held.let_leases_run_out()
    answer = await held.release((await held.get()).etag)
    assert not answer.operation_lock.operation
    assert reason_of(await held.operation(slow_backup)) == "LOCK_LOST"


async def test_an_operation_whose_lease_was_over_and_taken_over_ends(
    held: Locks, slow_backup: str
) -> None:
    await held.let_leases_run_out()
    product = await held.scalar(select(schema.product.c.uid))
    async with held.database.write() as connection:
        lease = await locks.acquire(
            connection, product, "another", kind="restore", holder="another server"
        )
    assert lease is not None
    assert reason_of(await held.operation(slow_backup)) == "LOCK_LOST"
    lock = await held.get()
    assert (lock.kind, lock.fencing_token) == (pb.OperationLock.RESTORE, lease.fence)
    refusal = await held.client.refusal(
        held.client.backups.CreateBackup(
            held.client.backup_request(f"{ORGANIZATION}/backupPolicies/jira")
        )
    )
    assert refusal.reason == "RESTORE_IN_PROGRESS"


async def test_an_operation_whose_lock_is_released_while_its_server_is_down_ends_at_the_next_start(
    settings: Settings,
    clock: ManualClock,
    key: str,
    held: Locks,
    slow_backup: str,
    grpc_server: BackupServer,
) -> None:
    await grpc_server.__aexit__()
    async with open_channel(settings.restore_listen, key) as channel:
        other = Locks(Client(channel, channel), held.database)
        await other.release((await other.get()).etag, force=True)
        async with BackupServer(settings, clock) as server:
            other.database = server.database
            ended = await other.operation(slow_backup)
    assert reason_of(ended) == "LOCK_LOST"


class Gate:
    """Holds the write of a manifest until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    def close(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = DurableLocalStore.put_new

        async def put_new(store: DurableLocalStore, key: str, parts: Sequence[bytes]) -> bool:
            if key.startswith("backups/"):
                self.reached.set()
                await self.opened.wait()
            return await original(store, key, parts)

        monkeypatch.setattr(DurableLocalStore, "put_new", put_new)


async def release_by_force(database: Database) -> None:
    async with database.read() as connection:
        row = (await connection.execute(text("SELECT product FROM operation_lock"))).one()
        state = await locks.read(connection, row.product)
    assert state is not None
    async with database.write() as connection:
        await locks.release_by_admin(connection, row.product, etag=state.etag, force=True)


async def test_a_lock_that_is_released_right_before_the_commit_leaves_no_manifest(
    held: Locks,
    empty_site: RunningSite,
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released: list[str] = []

    @asynccontextmanager
    async def late(database: Database, operation: Operation) -> AsyncGenerator[object, None]:
        released.append(operation.id)
        await release_by_force(database)
        async with guarded(database, operation) as connection:
            yield connection

    monkeypatch.setattr(backup_run, "guarded", late)
    ended = await held.operation(await start(held.client, await policy_of(held.client, empty_site)))
    assert len(released) == 1
    assert reason_of(ended) == "LOCK_LOST"
    backup = await backup_of(held.client, ended)
    assert backup.state == backup_pb2.Backup.FAILED
    product = await held.scalar(select(schema.product.c.uid))
    assert await grpc_server.vault.find_backup(product, backup.uid) is None


async def test_a_release_waits_while_the_manifest_is_written(
    held: Locks,
    empty_site: RunningSite,
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate()
    gate.close(monkeypatch)
    name = await start(held.client, await policy_of(held.client, empty_site))
    await gate.reached.wait()
    lock = await held.get()
    release: asyncio.Future[Any] = asyncio.ensure_future(held.release(lock.etag, force=True))
    await asyncio.sleep(0.3)
    assert not release.done()
    assert (await held.get()).operation == name
    gate.opened.set()
    await asyncio.wait({release})
    ended = await held.operation(name)
    backup = await backup_of(held.client, ended)
    if release.exception() is not None:
        # The operation was faster: it has ended and given up the lock.
        assert backup.state == backup_pb2.Backup.COMPLETE
        assert await visible(grpc_server.vault) == [backup.uid]
    else:
        assert reason_of(ended) == "LOCK_LOST"
        assert backup.state == backup_pb2.Backup.FAILED
        assert await visible(grpc_server.vault) == []


async def test_a_release_between_the_manifest_and_the_end_hides_the_manifest(
    held: Locks,
    empty_site: RunningSite,
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = backup_run.BackupRun.close

    async def close(run: backup_run.BackupRun) -> None:
        await original(run)
        if await visible(grpc_server.vault):
            await release_by_force(held.database)

    monkeypatch.setattr(backup_run.BackupRun, "close", close)
    ended = await held.operation(await start(held.client, await policy_of(held.client, empty_site)))
    assert reason_of(ended) == "LOCK_LOST"
    assert (await backup_of(held.client, ended)).state == backup_pb2.Backup.FAILED
    assert await visible(grpc_server.vault) == []


@needs_postgresql
@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_guard_that_the_database_ended_too_early_leaves_no_manifest_in_sight(
    held: Locks,
    empty_site: RunningSite,
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a process meets that was frozen within the commit for longer than is waited for."""
    gate = Gate()
    gate.close(monkeypatch)
    name = await start(held.client, await policy_of(held.client, empty_site))
    await gate.reached.wait()
    idle = "state = 'idle in transaction' AND datname = current_database()"
    async with held.database.write() as connection:
        terminate = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {idle}"
        ended = (await connection.execute(text(terminate))).all()
    assert len(ended) == 1
    await release_by_force(held.database)
    gate.opened.set()
    assert reason_of(await held.operation(name)) == "LOCK_LOST"
    assert await visible(grpc_server.vault) == []
