"""The Restore server verifies backups by itself, before it is too long ago."""

from __future__ import annotations

import asyncio
import datetime
import logging
from pathlib import Path

import pytest
import pytest_asyncio
from google.longrunning import operations_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import verification_pb2
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client

DAY = datetime.timedelta(days=1)
SECONDS = 60
Verification = verification_pb2.Verification


@pytest_asyncio.fixture
async def backup(client: Client, empty_site: RunningSite) -> backup_pb2.Backup:
    generate(empty_site.site, seed=4, issues=20)
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    return await client.back_up(await client.add_policy("weekly", product))


async def _newest(client: Client) -> operations_pb2.Operation:
    listed = await client.operations.ListOperations(
        operations_pb2.ListOperationsRequest(name=ORGANIZATION)
    )
    verifications = [each for each in listed.operations if "Verify" in each.metadata.type_url]
    newest: operations_pb2.Operation = verifications[0]
    return newest


async def _report(client: Client, operation: str) -> restore_pb2.VerificationReport:
    done = await asyncio.wait_for(client.watch(operation), SECONDS)
    report = restore_pb2.VerificationReport()
    assert done.response.Unpack(report), done
    return report


async def _looked(
    client: Client, server: RestoreServer, clock: ManualClock
) -> tuple[Level, bool] | None:
    """What is verified now, and whether it is sound; None where nothing is due."""
    due = await server.schedule.look()
    if due is None:
        return None
    report = await _report(client, (await _newest(client)).name)
    assert Verification.Level.Name(report.level) == due.level.name
    assert report.backup == due.backup
    assert report.verify_time.ToDatetime(datetime.UTC) == clock.now()
    return due.level, report.sound


async def _shown(client: Client, backup: backup_pb2.Backup) -> backup_pb2.Backup:
    shown: backup_pb2.Backup = await client.backups.GetBackup(
        backup_pb2.GetBackupRequest(name=backup.name)
    )
    return shown


async def _verify(
    client: Client, backup: backup_pb2.Backup, level: Verification.Level.ValueType
) -> restore_pb2.VerificationReport:
    request = restore_pb2.VerifyBackupRequest(name=backup.name, level=level)
    started = await client.restores.VerifyBackup(request)
    return await _report(client, started.name)


async def test_a_backup_is_looked_at_when_it_is_new_and_read_within_each_week(
    client: Client, restore_server: RestoreServer, backup: backup_pb2.Backup, clock: ManualClock
) -> None:
    assert await _looked(client, restore_server, clock) == (Level.STRUCTURE, True)
    shown = await _shown(client, backup)
    assert shown.last_verification.level == Verification.STRUCTURE
    assert shown.last_verification.sound
    assert not shown.HasField("last_verified_time")
    assert await _looked(client, restore_server, clock) is None
    clock.advance(6 * DAY - datetime.timedelta(seconds=1))
    assert await _looked(client, restore_server, clock) is None
    clock.advance(datetime.timedelta(seconds=1))
    assert await _looked(client, restore_server, clock) == (Level.DATA, True)
    shown = await _shown(client, backup)
    assert shown.last_verified_time.ToDatetime(datetime.UTC) == clock.now()
    assert await _looked(client, restore_server, clock) is None
    clock.advance(6 * DAY)
    assert await _looked(client, restore_server, clock) == (Level.DATA, True)
    clock.advance(14 * DAY)
    assert await _looked(client, restore_server, clock) is None


async def test_damage_that_is_found_is_loud_and_stays_until_it_is_gone(
    client: Client,
    backup: backup_pb2.Backup,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    packs = [path for path in (settings.vault_folder / "packs").rglob("*") if path.is_file()]
    lost = max(packs, key=lambda path: path.stat().st_size)
    kept = lost.rename(lost.with_name(f".{lost.name}"))
    with caplog.at_level(logging.WARNING):
        assert not (await _verify(client, backup, Verification.DATA)).sound
    assert any(backup.name in record.getMessage() for record in caplog.records)
    shown = await _shown(client, backup)
    assert shown.damaged
    assert not shown.last_verification.sound
    kept.rename(lost)
    assert (await _verify(client, backup, Verification.STRUCTURE)).sound
    assert (await _shown(client, backup)).damaged
    assert (await _verify(client, backup, Verification.DATA)).sound
    assert not (await _shown(client, backup)).damaged


async def test_one_is_verified_at_a_time_and_one_that_is_cancelled_is_left_alone_for_a_day(
    client: Client,
    restore_server: RestoreServer,
    backup: backup_pb2.Backup,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = InProcessDispatcher.start

    async def nothing(dispatcher: InProcessDispatcher, operation: str) -> None:
        return None

    monkeypatch.setattr(InProcessDispatcher, "start", nothing)
    due = await restore_server.schedule.look()
    assert due is not None
    assert due.backup == backup.name
    assert await restore_server.schedule.look() is None
    started = await _newest(client)
    await client.operations.CancelOperation(
        operations_pb2.CancelOperationRequest(name=started.name)
    )
    monkeypatch.setattr(InProcessDispatcher, "start", start)
    await restore_server.dispatcher.reconcile()
    assert (await asyncio.wait_for(client.watch(started.name), SECONDS)).HasField("error")
    clock.advance(DAY - datetime.timedelta(seconds=1))
    assert await _looked(client, restore_server, clock) is None
    clock.advance(datetime.timedelta(seconds=1))
    assert await _looked(client, restore_server, clock) == (Level.STRUCTURE, True)


@pytest.mark.parametrize(
    ("level", "read"),
    [("STRUCTURE", False), ("STORAGE", True), ("DATA", True), ("LEVEL_UNSPECIFIED", True)],
)
async def test_a_report_says_how_deep_it_looked_and_how_much_it_read(
    client: Client, backup: backup_pb2.Backup, settings: Settings, level: str, read: bool
) -> None:
    asked = Verification.Level.Value(level)
    report = await _verify(client, backup, asked)
    assert report.sound
    assert report.level == (asked or Verification.DATA)
    assert report.read_bytes == (report.total_bytes if read else 0)
    assert report.total_bytes > 0
    assert all(count.done_count == count.expected_count for count in report.counts)
    uid = backup.manifest_key.rpartition("/")[2]
    assert len(_files(settings.vault_folder / "verify" / uid)) == 1


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_no_server_makes_a_drill(client: Client, backup: backup_pb2.Backup) -> None:
    request = restore_pb2.VerifyBackupRequest(name=backup.name, level=Verification.DRILL)
    refusal = await client.refusal(client.restores.VerifyBackup(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert "sitekeep vault drill" in refusal.message
