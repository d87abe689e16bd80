"""Operations that are cancelled, locks that are taken away, and what runs beside them."""

from __future__ import annotations

import asyncio
import datetime
import time
from typing import Any

from google.longrunning import operations_pb2
from google.rpc import code_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client, details_of, open_channel

LOCK = f"{ORGANIZATION}/operationLocks/jira"


async def _slow_backup(client: Client, site: RunningSite) -> tuple[str, operations_pb2.Operation]:
    """A backup that has begun and does not end before the site lets it."""
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site.base_url)
    policy = await client.add_policy("weekly", product)
    site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.5)
    return policy, await client.backups.CreateBackup(client.backup_request(policy))


def _quick(site: RunningSite) -> None:
    site.site.faults.clear()


async def test_a_cancelled_backup_ends_cancelled_and_the_next_may_start_at_once(
    client: Client, empty_site: RunningSite
) -> None:
    policy, started = await _slow_backup(client, empty_site)
    await client.operations.CancelOperation(
        operations_pb2.CancelOperationRequest(name=started.name)
    )
    done = await client.watch(started.name)
    assert done.error.code == code_pb2.ABORTED
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"
    [backup] = (
        await client.backups.ListBackups(backup_pb2.ListBackupsRequest(parent=ORGANIZATION))
    ).backups
    assert backup.state == backup.final_state == backup_pb2.Backup.CANCELLED
    target = await client.add_product("target", "JIRA", empty_site.base_url)
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(backup.name, target))
    )
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_CANCELLED")
    _quick(empty_site)
    assert (await client.back_up(policy)).state == backup_pb2.Backup.COMPLETE
    # An operation that has ended stays as it was.
    await client.operations.CancelOperation(
        operations_pb2.CancelOperationRequest(name=started.name)
    )
    assert (await client.watch(started.name)).error.code == code_pb2.ABORTED


async def test_nothing_starts_beside_a_running_backup(
    client: Client, empty_site: RunningSite
) -> None:
    policy, started = await _slow_backup(client, empty_site)
    refusal = await client.refusal(client.backups.CreateBackup(client.backup_request(policy)))
    assert (refusal.code, refusal.reason) == ("ABORTED", "BACKUP_IN_PROGRESS")
    assert started.name in refusal.message
    metadata = backup_pb2.CreateBackupMetadata()
    assert started.metadata.Unpack(metadata)
    target = await client.add_product("target", "JIRA", empty_site.base_url)
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(metadata.backup, target))
    )
    assert refusal.reason == "BACKUP_NOT_FINISHED"
    refusal = await client.refusal(
        client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=metadata.backup))
    )
    assert refusal.reason == "BACKUP_IN_PROGRESS"
    _quick(empty_site)
    await client.watch(started.name)


async def test_a_live_lock_is_released_only_by_force(
    client: Client, empty_site: RunningSite
) -> None:
    _, started = await _slow_backup(client, empty_site)
    lock = await client.locks.GetOperationLock(operation_pb2.GetOperationLockRequest(name=LOCK))
    assert lock.operation == started.name
    refusal = await client.refusal(client.locks.ReleaseOperationLock(_release(lock.etag)))
    assert refusal.reason in ("LOCK_LEASE_ACTIVE", "ETAG_MISMATCH")
    assert refusal.message.endswith(".")
    lock = await client.locks.GetOperationLock(operation_pb2.GetOperationLockRequest(name=LOCK))
    released = await client.locks.ReleaseOperationLock(_release(lock.etag, force=True))
    assert not released.operation_lock.operation
    _quick(empty_site)
    done = await asyncio.wait_for(client.watch(started.name), 60)
    assert done.error.code == code_pb2.ABORTED
    assert details_of(done.error)[0].reason == "LOCK_LOST"
    assert done.error.message.endswith("Start it again.")


def _release(etag: str, *, force: bool = False) -> operation_pb2.ReleaseOperationLockRequest:
    return operation_pb2.ReleaseOperationLockRequest(
        name=LOCK, etag=etag, force=force, justification="a test"
    )


async def test_a_cancelled_restore_gives_its_hold_and_its_locks_back(
    client: Client, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=5, issues=5)
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    backup = await client.back_up(await client.add_policy("weekly", product))
    _remove_content(empty_site)
    slow = empty_site.site.faults.add(Fault(FaultKind.DELAY, "/rest/", "POST", times=100_000))
    slow.delay = 0.5
    started = await client.restores.CreateRestore(client.restore_request(backup.name, product))
    request = operation_pb2.WatchOperationRequest(name=started.name)
    async for operation in client.events.WatchOperation(request):
        metadata = restore_pb2.CreateRestoreMetadata()
        assert operation.metadata.Unpack(metadata)
        if metadata.phase > restore_pb2.CreateRestoreMetadata.QUEUED and not operation.done:
            refusal = await client.refusal(
                client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))
            )
            assert refusal.reason == "BACKUP_HELD"
            await client.operations.CancelOperation(
                operations_pb2.CancelOperationRequest(name=started.name)
            )
    done = await client.watch(started.name)
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"
    [restore] = (
        await client.restores.ListRestores(restore_pb2.ListRestoresRequest(parent=ORGANIZATION))
    ).restores
    assert restore.state == restore_pb2.Restore.CANCELLED
    listed = await client.locks.ListOperationLocks(
        operation_pb2.ListOperationLocksRequest(parent=ORGANIZATION)
    )
    assert not listed.operation_locks
    await client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))


SOON_SECONDS = 5.0
"""A worker looks every second; the rest is for a busy machine."""


def _cancel(name: str) -> operations_pb2.CancelOperationRequest:
    return operations_pb2.CancelOperationRequest(name=name)


async def _stands(client: Client, name: str) -> operations_pb2.Operation:
    operation: operations_pb2.Operation = await client.operations.GetOperation(
        operations_pb2.GetOperationRequest(name=name)
    )
    return operation


def _metadata(operation: operations_pb2.Operation, kind: type[Any]) -> Any:
    metadata = kind()
    assert operation.metadata.Unpack(metadata)
    return metadata


async def test_a_second_cancellation_changes_nothing_and_is_no_error(
    client: Client, empty_site: RunningSite, clock: ManualClock
) -> None:
    _, started = await _slow_backup(client, empty_site)
    first = clock.now()
    await client.operations.CancelOperation(_cancel(started.name))
    clock.advance(datetime.timedelta(minutes=1))
    await client.operations.CancelOperation(_cancel(started.name))
    done = await client.watch(started.name)
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"
    metadata = _metadata(done, backup_pb2.CreateBackupMetadata)
    assert metadata.cancel_time.ToDatetime(datetime.UTC) == first


async def test_an_operation_that_is_done_is_left_as_it_is(
    client: Client, empty_site: RunningSite
) -> None:
    _, started = await _slow_backup(client, empty_site)
    _quick(empty_site)
    done = await client.watch(started.name)
    assert done.response.Is(backup_pb2.Backup.DESCRIPTOR)
    await client.operations.CancelOperation(_cancel(started.name))
    assert await _stands(client, started.name) == done


async def test_what_is_not_there_cannot_be_cancelled(client: Client) -> None:
    await client.add_organization()
    for name, code, reason in (
        (f"{ORGANIZATION}/operations/none", "NOT_FOUND", "RESOURCE_NOT_FOUND"),
        (f"{ORGANIZATION}/backups/b", "INVALID_ARGUMENT", "REQUEST_INVALID"),
        ("", "INVALID_ARGUMENT", "REQUEST_INVALID"),
    ):
        refusal = await client.refusal(client.operations.CancelOperation(_cancel(name)))
        assert (refusal.code, refusal.reason) == (code, reason)


async def test_a_backup_is_cancelled_through_the_restore_server_soon(
    client: Client, empty_site: RunningSite, settings: Settings, key: str
) -> None:
    _, started = await _slow_backup(client, empty_site)
    async with open_channel(settings.restore_listen, key) as channel:
        other = Client(channel, channel)
        since = time.monotonic()
        await other.operations.CancelOperation(_cancel(started.name))
        done = await other.watch(started.name)
    assert time.monotonic() - since < SOON_SECONDS
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"


async def _slow_restore(client: Client, site: RunningSite) -> operations_pb2.Operation:
    """A restore that has begun to write and does not end before the site lets it."""
    generate(site.site, seed=5, issues=5)
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site.base_url)
    backup = await client.back_up(await client.add_policy("weekly", product))
    _remove_content(site)
    slow = site.site.faults.add(Fault(FaultKind.DELAY, "/rest/", "POST", times=100_000))
    slow.delay = 0.5
    started: operations_pb2.Operation = await client.restores.CreateRestore(
        client.restore_request(backup.name, product)
    )
    return started


async def test_a_restore_is_cancelled_through_the_backup_server_soon(
    client: Client, empty_site: RunningSite
) -> None:
    started = await _slow_restore(client, empty_site)
    async for seen in client.events.WatchOperation(
        operation_pb2.WatchOperationRequest(name=started.name)
    ):
        metadata = _metadata(seen, restore_pb2.CreateRestoreMetadata)
        if metadata.phase > restore_pb2.CreateRestoreMetadata.CHECKING:
            break
    since = time.monotonic()
    await client.operations.CancelOperation(_cancel(started.name))
    done = await client.watch(started.name)
    assert time.monotonic() - since < SOON_SECONDS
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"


async def test_an_operation_is_cancelled_while_its_server_is_away(
    grpc_server: BackupServer,
    settings: Settings,
    clock: ManualClock,
    key: str,
    empty_site: RunningSite,
) -> None:
    async with open_channel(settings.backup_listen, key) as backup:
        async with (
            RestoreServer(settings, clock),
            open_channel(settings.restore_listen, key) as restore,
        ):
            started = await _slow_restore(Client(backup, restore), empty_site)
        client = Client(backup, backup)
        await client.operations.CancelOperation(_cancel(started.name))
        stands = await _stands(client, started.name)
        assert not stands.done
        assert _metadata(stands, restore_pb2.CreateRestoreMetadata).HasField("cancel_time")
        async with RestoreServer(settings, clock):
            done = await asyncio.wait_for(client.watch(started.name), 60)
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"


def _remove_content(site: RunningSite) -> None:
    """Makes a site empty that a backup was made of."""
    site.site.store.execute("DELETE FROM jira_issue")
    site.site.store.execute("DELETE FROM jira_project")
    site.site.store.execute(
        "DELETE FROM jira_object WHERE kind IN "
        "('filter', 'board', 'dashboard', 'plan', 'organization', 'asset_schema')"
    )
