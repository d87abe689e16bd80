"""What is kept, until when, and what is given up then: each sentence through the real channel."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from google.rpc import error_details_pb2
from sqlalchemy import event, select

from sitekeep.backup.v1 import backup_pb2
from sitekeep.type.v1 import verification_pb2
from sitekeep_backup.expiry import Expiry
from sitekeep_backup.holds import HOLD_DURATION
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.levels import Level
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION
from support.rule_world import DAY, MICROSECOND, World

JIRA = f"{ORGANIZATION}/products/jira"


@pytest.fixture
def expiry(grpc_server: BackupServer) -> Expiry:
    return grpc_server.expiry


async def _hold(world: World, backup: str, holder: str = "a restore") -> backup_pb2.Hold:
    request = backup_pb2.HoldBackupRequest(name=backup, holder=holder)
    answer = await world.client.backups.HoldBackup(request)
    assert isinstance(answer.hold, backup_pb2.Hold)
    return answer.hold


async def _renew(world: World, backup: str, hold: backup_pb2.Hold) -> backup_pb2.Hold:
    request = backup_pb2.RenewHoldRequest(name=backup, hold_id=hold.hold_id)
    answer = await world.client.backups.RenewHold(request)
    assert isinstance(answer.hold, backup_pb2.Hold)
    return answer.hold


async def _is_given_up(world: World, server: BackupServer, backup: str) -> bool:
    row = await world.backup_row(backup)
    marked = await server.vault.expiry(row.uid) is not None
    assert marked == (row.release_time is not None)
    return marked


async def test_a_backup_is_kept_for_fourteen_days_from_its_end(
    world: World, policy: str, expiry: Expiry
) -> None:
    backup = await world.client.back_up(policy)
    expires = backup.expire_time.ToDatetime(datetime.UTC)
    assert expires == backup.end_time.ToDatetime(datetime.UTC) + 14 * DAY
    world.clock.advance(expires - world.now - MICROSECOND)
    assert await expiry.sweep() == 0
    world.clock.advance(MICROSECOND)
    assert await expiry.sweep() == 1


async def test_the_sweep_says_expired_and_keeps_what_the_backup_ended_in(
    world: World, expiry: Expiry
) -> None:
    names = [await world.backup(state) for state in ("COMPLETE", "INCOMPLETE")]
    world.clock.advance(14 * DAY)
    assert await expiry.sweep() == 2
    shown = [await world.shown(name) for name in names]
    assert {each.state for each in shown} == {backup_pb2.Backup.EXPIRED}
    assert [each.final_state for each in shown] == [
        backup_pb2.Backup.COMPLETE,
        backup_pb2.Backup.INCOMPLETE,
    ]
    assert all(each.etag != '"written"' for each in shown)


async def test_what_did_not_end_well_does_not_expire(world: World, expiry: Expiry) -> None:
    for state in ("IN_PROGRESS", "FAILED", "CANCELLED"):
        await world.backup(state)
    world.clock.advance(100 * DAY)
    assert await expiry.sweep() == 0


async def test_the_data_of_an_expired_backup_is_given_up(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    assert not await _is_given_up(world, grpc_server, backup.name)
    world.clock.advance(14 * DAY)
    await expiry.sweep()
    assert await _is_given_up(world, grpc_server, backup.name)
    assert (await world.backup_row(backup.name)).release_time == world.now


async def test_the_data_of_a_deleted_backup_is_given_up(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    await world.client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))
    assert not await _is_given_up(world, grpc_server, backup.name)
    assert await expiry.sweep() == 0
    assert await _is_given_up(world, grpc_server, backup.name)


async def test_a_deleted_backup_that_failed_has_nothing_to_give_up(
    world: World, expiry: Expiry
) -> None:
    backup = await world.backup("FAILED")
    await world.client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup))
    await expiry.sweep()
    assert (await world.backup_row(backup)).release_time is not None


async def test_deleting_an_expired_backup_again_changes_nothing(
    world: World, expiry: Expiry
) -> None:
    backup = await world.backup()
    world.clock.advance(14 * DAY)
    await expiry.sweep()
    before = await world.backup_row(backup)
    world.clock.advance(DAY)
    await world.client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup))
    assert await world.backup_row(backup) == before


async def test_a_sweep_that_is_repeated_changes_nothing(
    world: World, policy: str, expiry: Expiry
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY)
    await expiry.sweep()
    before = await world.backup_row(backup.name)
    world.clock.advance(DAY)
    assert await expiry.sweep() == 0
    assert await world.backup_row(backup.name) == before


async def test_a_sweep_that_died_before_it_noted_what_it_gave_up_does_it_again(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY)
    row = await world.backup_row(backup.name)
    await grpc_server.vault.expire(row.product_uid, row.uid, "expired")
    await expiry.sweep()
    assert await _is_given_up(world, grpc_server, backup.name)


async def test_a_vault_that_does_not_answer_puts_off_what_it_is_asked_and_nothing_else(
    world: World,
    policy: str,
    expiry: Expiry,
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backup = await world.client.back_up(policy)
    other = await world.backup()
    world.clock.advance(14 * DAY)
    expire = grpc_server.vault.expire

    async def fails_for_one(site: str, backup_id: str, reason: str) -> None:
        if backup_id == backup.uid:
            raise StoreUnavailable("the disk is away")
        await expire(site, backup_id, reason)

    with monkeypatch.context() as patched:
        patched.setattr(grpc_server.vault, "expire", fails_for_one)
        assert await expiry.sweep() == 2
    assert not await _is_given_up(world, grpc_server, backup.name)
    assert (await world.backup_row(other)).release_time is not None
    await expiry.sweep()
    assert await _is_given_up(world, grpc_server, backup.name)


async def test_a_held_backup_expires_and_keeps_its_data(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY - HOLD_DURATION / 2)
    await _hold(world, backup.name)
    world.clock.advance(HOLD_DURATION / 2)
    assert await expiry.sweep() == 1
    assert (await world.shown(backup.name)).state == backup_pb2.Backup.EXPIRED
    assert not await _is_given_up(world, grpc_server, backup.name)
    world.clock.advance(HOLD_DURATION / 2 - MICROSECOND)
    await expiry.sweep()
    assert not await _is_given_up(world, grpc_server, backup.name)
    world.clock.advance(MICROSECOND)
    await expiry.sweep()
    assert await _is_given_up(world, grpc_server, backup.name)


async def test_the_data_is_given_up_once_the_last_hold_is_released(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY - MICROSECOND)
    holds = [await _hold(world, backup.name, holder) for holder in ("one", "two")]
    world.clock.advance(MICROSECOND)
    for hold in holds:
        await expiry.sweep()
        assert not await _is_given_up(world, grpc_server, backup.name)
        await world.client.backups.ReleaseHold(
            backup_pb2.ReleaseHoldRequest(name=backup.name, hold_id=hold.hold_id)
        )
    await expiry.sweep()
    assert await _is_given_up(world, grpc_server, backup.name)


async def test_whoever_holds_a_backup_goes_on_holding_it_after_its_expiry(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY - MICROSECOND)
    hold = await _hold(world, backup.name)
    world.clock.advance(MICROSECOND)
    for _ in range(3):
        world.clock.advance(HOLD_DURATION - 2 * MICROSECOND)
        await expiry.sweep()
        assert (await _renew(world, backup.name, hold)).hold_id == hold.hold_id
        # A restore whose server died takes it again under its own name.
        assert (await _hold(world, backup.name)).hold_id == hold.hold_id
    assert not await _is_given_up(world, grpc_server, backup.name)


async def test_a_restore_that_was_interrupted_goes_on_after_the_expiry_of_its_backup(
    world: World,
    policy: str,
    expiry: Expiry,
    empty_site: RunningSite,
    restore_server: RestoreServer,
    settings: Settings,
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY - MICROSECOND)
    fault = empty_site.site.faults.plan(FaultKind.DELAY, "/mypreferences", delay=60.0)
    request = world.client.restore_request(backup.name, JIRA)
    started = await world.client.restores.CreateRestore(request)
    async with asyncio.timeout(30):
        while not fault.fired:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await restore_server.__aexit__()
    world.clock.advance(HOLD_DURATION - MICROSECOND)
    assert await expiry.sweep() == 1
    async with RestoreServer(settings, world.clock):
        done = await world.client.watch(started.name)
    assert not done.HasField("error"), done.error


@pytest.mark.parametrize("swept", [False, True])
async def test_nobody_else_takes_a_hold_after_the_expiry(
    world: World, expiry: Expiry, swept: bool
) -> None:
    backup = await world.backup()
    await _hold(world, backup, "the first")
    world.clock.advance(14 * DAY - HOLD_DURATION / 2)
    await _hold(world, backup, "the first")
    world.clock.advance(HOLD_DURATION / 2)
    if swept:
        await expiry.sweep()
    request = backup_pb2.HoldBackupRequest(name=backup, holder="the second")
    refusal = await world.client.refusal(world.client.backups.HoldBackup(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_EXPIRED")


async def test_a_backup_is_held_until_the_instant_of_its_expiry_and_not_at_it(
    world: World,
) -> None:
    backup = await world.backup()
    world.clock.advance(14 * DAY - MICROSECOND)
    assert await _hold(world, backup, "in time")
    world.clock.advance(MICROSECOND)
    request = backup_pb2.HoldBackupRequest(name=backup, holder="too late")
    refusal = await world.client.refusal(world.client.backups.HoldBackup(request))
    assert refusal.reason == "BACKUP_EXPIRED"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("IN_PROGRESS", "BACKUP_NOT_FINISHED"),
        ("FAILED", "BACKUP_FAILED"),
        ("CANCELLED", "BACKUP_CANCELLED"),
    ],
)
async def test_only_what_can_be_read_is_held(world: World, state: str, reason: str) -> None:
    request = backup_pb2.HoldBackupRequest(name=await world.backup(state), holder="a reader")
    refusal = await world.client.refusal(world.client.backups.HoldBackup(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", reason)


async def test_a_hold_lives_until_its_very_instant_and_is_void_then(world: World) -> None:
    backup = await world.backup()
    hold = await _hold(world, backup)
    assert hold.expire_time.ToDatetime(datetime.UTC) == world.now + HOLD_DURATION
    world.clock.advance(HOLD_DURATION - MICROSECOND)
    hold = await _renew(world, backup, hold)
    world.clock.advance(HOLD_DURATION)
    request = backup_pb2.RenewHoldRequest(name=backup, hold_id=hold.hold_id)
    refusal = await world.client.refusal(world.client.backups.RenewHold(request))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert "expired hold is void" in refusal.message
    assert refusal.detail(error_details_pb2.ResourceInfo).resource_name == backup
    again = await _hold(world, backup)
    assert again.hold_id != hold.hold_id


async def test_a_hold_that_ran_out_after_the_expiry_is_not_taken_again(world: World) -> None:
    backup = await world.backup()
    world.clock.advance(14 * DAY - MICROSECOND)
    await _hold(world, backup)
    world.clock.advance(HOLD_DURATION)
    request = backup_pb2.HoldBackupRequest(name=backup, holder="a restore")
    refusal = await world.client.refusal(world.client.backups.HoldBackup(request))
    assert refusal.reason == "BACKUP_EXPIRED"


async def test_a_held_backup_is_not_deleted(world: World) -> None:
    backup = await world.backup()
    await _hold(world, backup, "a reader")
    request = backup_pb2.DeleteBackupRequest(name=backup)
    refusal = await world.client.refusal(world.client.backups.DeleteBackup(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_HELD")
    assert refusal.metadata["holder"] == "a reader"
    world.clock.advance(HOLD_DURATION)
    await world.client.backups.DeleteBackup(request)


async def test_a_backup_in_progress_is_not_deleted(world: World) -> None:
    request = backup_pb2.DeleteBackupRequest(name=await world.backup("IN_PROGRESS"))
    refusal = await world.client.refusal(world.client.backups.DeleteBackup(request))
    assert (refusal.code, refusal.reason) == ("ABORTED", "BACKUP_IN_PROGRESS")


async def test_holds_and_a_sweep_side_by_side_end_in_one_order(
    world: World, policy: str, expiry: Expiry, grpc_server: BackupServer
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(14 * DAY - MICROSECOND)
    hold = await _hold(world, backup.name)
    world.clock.advance(HOLD_DURATION - MICROSECOND)
    await asyncio.gather(expiry.sweep(), _renew(world, backup.name, hold), expiry.sweep())
    world.clock.advance(MICROSECOND)
    await expiry.sweep()
    # Renewed in time, it is alive, so that nothing was given up.
    assert not await _is_given_up(world, grpc_server, backup.name)


@pytest.mark.parametrize("profile", ["self-hosted"])
async def test_the_last_complete_backup_is_never_removed(
    world: World, policy: str, expiry: Expiry
) -> None:
    backup = await world.client.back_up(policy)
    assert not (await world.shown(backup.name)).HasField("expire_time")
    world.clock.advance(300 * DAY)
    assert await expiry.sweep() == 0
    assert await world.allows_restore(backup.name)
    assert await _hold(world, backup.name)
    check = await world.check(backup.name)
    assert check.outcome("backup_is_not_expired") == "PASSED"


@pytest.mark.parametrize("profile", ["self-hosted"])
async def test_an_older_complete_backup_goes_once_there_is_a_newer_one(
    world: World, expiry: Expiry
) -> None:
    older = await world.backup()
    world.clock.advance(300 * DAY)
    await world.backup("INCOMPLETE")
    assert await expiry.sweep() == 0
    await world.backup()
    assert (await world.refused_restore(older)).reason == "BACKUP_EXPIRED"
    assert await expiry.sweep() == 1
    assert (await world.shown(older)).state == backup_pb2.Backup.EXPIRED


@pytest.mark.parametrize("profile", ["self-hosted"])
async def test_an_incomplete_backup_is_not_kept_as_the_last_one(
    world: World, expiry: Expiry
) -> None:
    await world.backup("INCOMPLETE")
    world.clock.advance(14 * DAY)
    assert await expiry.sweep() == 1


@pytest.mark.parametrize("profile", ["self-hosted"])
async def test_the_last_complete_backup_of_each_product_is_kept(
    world: World, expiry: Expiry
) -> None:
    await world.backup()
    world.clock.advance(DAY)
    await world.backup(product="wiki", product_type="CONFLUENCE")
    world.clock.advance(300 * DAY)
    assert await expiry.sweep() == 0


@pytest.mark.parametrize("profile", ["closed-beta", "general-availability"])
async def test_the_last_complete_backup_expires_like_any_other(
    world: World, expiry: Expiry
) -> None:
    await world.backup(expire_time=world.now + 30 * DAY)
    world.clock.advance(30 * DAY)
    assert await expiry.sweep() == 1


@pytest.fixture
def statements(grpc_server: BackupServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many statements of the Backup server the reading of backups took so far."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "FROM backup" in statement or "FROM restore" in statement:
            seen.append(statement)

    database = grpc_server.database
    fetch = database.fetch

    async def fetched(statement: Any, **parameters: Any) -> Any:
        note(None, None, str(statement))
        return await fetch(statement, **parameters)

    monkeypatch.setattr(database, "fetch", fetched)
    for engine in (database._writer.sync_engine, database._reader.sync_engine):  # pyright: ignore[reportPrivateUsage]
        event.listen(engine, "before_cursor_execute", note)
    return lambda: len(seen)


async def test_a_list_of_backups_takes_one_statement_however_long_it_is(
    world: World, statements: Callable[[], int]
) -> None:
    for _ in range(20):
        await world.restore(await world.backup())
    before = statements()
    request = backup_pb2.ListBackupsRequest(parent=ORGANIZATION)
    listed = (await world.client.backups.ListBackups(request)).backups
    assert len(listed) == 20
    assert all(each.HasField("next_restore_time") for each in listed)
    assert statements() - before == 1


async def test_a_backup_is_read_in_one_statement(
    world: World, statements: Callable[[], int]
) -> None:
    backup = await world.backup()
    before = statements()
    await world.shown(backup)
    assert statements() - before == 1


async def test_a_backup_shows_when_it_was_last_verified(world: World) -> None:
    backup = await world.backup()
    levels = (Level.DATA, Level.DRILL, Level.STORAGE, Level.STRUCTURE)
    for hours, level in enumerate(levels):
        end = world.now + datetime.timedelta(hours=hours)
        await world.verification(backup, level, verify_time=end)
    shown = await world.shown(backup)
    verified = shown.last_verified_time.ToDatetime(datetime.UTC)
    assert verified == world.now + datetime.timedelta(hours=1)
    last = shown.last_verification
    assert (last.level, last.sound) == (verification_pb2.Verification.STRUCTURE, True)
    assert last.verify_time.ToDatetime(datetime.UTC) == world.now + datetime.timedelta(hours=3)
    assert not shown.damaged


async def test_what_is_void_does_not_pile_up(world: World, expiry: Expiry) -> None:
    backup = await world.backup()
    world.clock.advance(14 * DAY - MICROSECOND)
    await _hold(world, backup)
    world.clock.advance(HOLD_DURATION)
    await expiry.sweep()
    async with world.database.read() as connection:
        assert not (await connection.execute(select(schema.hold))).all()
