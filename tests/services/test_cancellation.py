"""Operations that are cancelled, locks that are taken away, and what runs beside them."""

from __future__ import annotations

import asyncio

from google.longrunning import operations_pb2
from google.rpc import code_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client, details_of

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
    empty_site.site.store.execute("DELETE FROM jira_issue")
    empty_site.site.store.execute("DELETE FROM jira_project")
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
