"""Verifications through the real channels: what is damaged is found, named, and not restored."""

from __future__ import annotations

import asyncio
import datetime
import random
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.longrunning import operations_pb2
from google.rpc import code_pb2, error_details_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2 as restore_content_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault import verify
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.verify import Slice, Verified, Verifier
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION, Client, details_of, open_channel

SECONDS = 60


@pytest_asyncio.fixture
async def backup(client: Client, empty_site: RunningSite) -> backup_pb2.Backup:
    """A backup with something in it."""
    generate(empty_site.site, seed=4, issues=120)
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    return await client.back_up(await client.add_policy("weekly", product))


@pytest_asyncio.fixture
async def target_site() -> AsyncGenerator[RunningSite, None]:
    """A site to restore to."""
    site = SimulatedSite("target")
    running = await start_site(site)
    yield running
    await running.close()
    site.close()


async def _start(client: Client, backup: str, request_id: str = "") -> operations_pb2.Operation:
    request = restore_pb2.VerifyBackupRequest(name=backup, request_id=request_id)
    answer: operations_pb2.Operation = await client.restores.VerifyBackup(request)
    return answer


async def _report(client: Client, operation: str) -> restore_pb2.VerificationReport:
    done = await asyncio.wait_for(client.watch(operation), SECONDS)
    assert not done.HasField("error"), done.error
    report = restore_pb2.VerificationReport()
    assert done.response.Unpack(report)
    return report


async def _verify(client: Client, backup: str) -> restore_pb2.VerificationReport:
    return await _report(client, (await _start(client, backup)).name)


async def _attachments(client: Client, backup: str) -> list[restore_content_pb2.Entity]:
    request = restore_content_pb2.ListEntitiesRequest(
        parent=backup, kinds=[content_pb2.ENTITY_KIND_ATTACHMENT], page_size=1000
    )
    return list((await client.contents.ListEntities(request)).entities)


def _metadata(operation: operations_pb2.Operation) -> restore_pb2.VerifyBackupMetadata:
    metadata = restore_pb2.VerifyBackupMetadata()
    assert operation.metadata.Unpack(metadata)
    return metadata


def _packs(settings: Settings) -> list[Path]:
    """The packs of the vault, the largest first."""
    found = [path for path in (settings.vault_folder / "packs").rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_size, reverse=True)


def _overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[random.Random(3).randrange(len(data) // 4, len(data) // 2)] ^= 0x20
    _overwrite(path, bytes(data))


class Gate:
    """Lets so many entries be verified, then holds verifications up until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.passed: list[str] = []
        verify_slice = Verifier.verify

        async def held_up(verifier: Verifier, wanted: Slice) -> AsyncGenerator[Verified]:
            async with aclosing(verify_slice(verifier, wanted)) as found:
                async for each in found:
                    await self._pass(each)
                    yield each

        monkeypatch.setattr(Verifier, "verify", held_up)

    async def _pass(self, verified: Verified) -> None:
        self.left -= 1
        if self.left < 0:
            self.reached.set()
            await self.opened.wait()
        self.passed.append(verified.name)


@pytest_asyncio.fixture
async def gate(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Gate, None]:
    """A gate that is shut from the start, and units of a page each."""
    gate = Gate(monkeypatch)

    def a_page_each(pages: Sequence[PageReference], limits: Limits) -> list[Slice]:
        return [Slice(number, 1) for number in range(len(pages))]

    monkeypatch.setattr(verify, "slices", a_page_each)
    yield gate
    gate.opened.set()


async def test_a_sound_backup_is_read_whole_and_said_to_be_sound(
    client: Client, backup: backup_pb2.Backup
) -> None:
    started = await _start(client, backup.name)
    assert not started.done
    assert _metadata(started).backup == backup.name
    report = await _report(client, started.name)
    assert report.sound
    assert report.backup == backup.name
    assert not report.damaged_count
    assert not report.damaged_entities
    assert not report.damaged_packs
    read = {count.kind: count for count in report.counts}
    assert all(
        count.done_count == count.expected_count and not count.missing_count
        for count in report.counts
    )
    stored = {count.kind: count.done_count for count in backup.contents}
    for kind in (content_pb2.ENTITY_KIND_ISSUE, content_pb2.ENTITY_KIND_ATTACHMENT):
        assert read[kind].done_count == stored[kind] > 0
        assert read[kind].size_bytes > 0


async def test_a_verification_is_an_operation_like_the_others(
    client: Client, backup: backup_pb2.Backup, clock: ManualClock
) -> None:
    clock.advance(datetime.timedelta(hours=1))
    report = await _verify(client, backup.name)
    assert report.verify_time.ToDatetime(datetime.UTC) == clock.now()
    listed = await client.operations.ListOperations(
        operations_pb2.ListOperationsRequest(name=ORGANIZATION)
    )
    shown = listed.operations[0]
    metadata = _metadata(shown)
    assert metadata.progress_percent == 100
    assert metadata.phase == restore_pb2.VerifyBackupMetadata.REPORTING
    assert metadata.unit_count == metadata.done_unit_count > 1
    assert list(metadata.counts) == list(report.counts)
    assert not metadata.HasField("cancel_time")
    seen = await client.backups.GetBackup(backup_pb2.GetBackupRequest(name=backup.name))
    assert seen.last_verified_time == report.verify_time
    assert not backup.HasField("last_verified_time")


async def test_a_flipped_bit_is_found_and_what_it_hit_is_named(
    client: Client, backup: backup_pb2.Backup, settings: Settings
) -> None:
    # The files of this backup are the largest part of it.
    pack = _packs(settings)[0]
    _flip(pack)
    report = await _verify(client, backup.name)
    assert not report.sound
    assert report.damaged_count == len(report.damaged_entities) > 0
    names = {
        f"of {entity.attributes['issue']} ({entity.attributes['filename']})"
        for entity in await _attachments(client, backup.name)
    }
    for damaged in report.damaged_entities:
        assert any(damaged.entity.endswith(name) for name in names)
        assert pack.name in damaged.description
    assert [name.rpartition("/")[2] for name in report.damaged_packs] == [pack.name]
    assert report.damaged_count == sum(count.missing_count for count in report.counts)
    assert all(
        count.done_count + count.missing_count == count.expected_count for count in report.counts
    )


@pytest.mark.parametrize("damage", ["gone", "cut"])
async def test_a_pack_that_is_gone_or_cut_is_named_with_everything_that_it_held(
    client: Client, backup: backup_pb2.Backup, settings: Settings, damage: str
) -> None:
    packs = _packs(settings)
    for pack in packs:
        if damage == "gone":
            pack.unlink()
        else:
            _overwrite(pack, pack.read_bytes()[:-7])
    report = await _verify(client, backup.name)
    assert not report.sound
    assert sorted(name.rpartition("/")[2] for name in report.damaged_packs) == sorted(
        pack.name for pack in packs
    )
    assert report.damaged_count == sum(count.expected_count for count in report.counts) > 100
    assert 0 < len(report.damaged_entities) <= 100


async def test_a_pack_that_only_grew_makes_a_backup_unsound_though_all_of_it_can_be_read(
    client: Client, backup: backup_pb2.Backup, settings: Settings
) -> None:
    pack = _packs(settings)[0]
    _overwrite(pack, pack.read_bytes() + b"more")
    report = await _verify(client, backup.name)
    assert not report.sound
    assert not report.damaged_count
    assert [name.rpartition("/")[2] for name in report.damaged_packs] == [pack.name]


async def test_a_backup_whose_manifest_is_damaged_cannot_be_verified(
    client: Client, backup: backup_pb2.Backup, settings: Settings
) -> None:
    manifest = settings.vault_folder / backup.manifest_key
    _flip(manifest)
    done = await client.watch((await _start(client, backup.name)).name)
    assert done.error.code == code_pb2.DATA_LOSS
    assert details_of(done.error)[0].reason == "ARCHIVE_CORRUPT"
    assert backup.manifest_key in done.error.message
    seen = await client.backups.GetBackup(backup_pb2.GetBackupRequest(name=backup.name))
    assert not seen.HasField("last_verified_time")


async def test_a_cancelled_verification_says_so_and_gives_the_backup_back(
    client: Client, backup: backup_pb2.Backup, gate: Gate, clock: ManualClock
) -> None:
    gate.left = 20
    started = await _start(client, backup.name)
    await asyncio.wait_for(gate.reached.wait(), SECONDS)
    refusal = await client.refusal(
        client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))
    )
    assert refusal.reason == "BACKUP_HELD"
    assert refusal.metadata["holder"] == started.name
    asked = clock.now()
    await client.operations.CancelOperation(
        operations_pb2.CancelOperationRequest(name=started.name)
    )
    clock.advance(datetime.timedelta(minutes=1))
    done = await asyncio.wait_for(client.watch(started.name), SECONDS)
    assert done.error.code == code_pb2.ABORTED
    assert details_of(done.error)[0].reason == "OPERATION_CANCELLED"
    assert _metadata(done).cancel_time.ToDatetime(datetime.UTC) == asked
    gate.opened.set()
    assert (await _verify(client, backup.name)).sound
    await client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))


async def test_a_backup_is_verified_by_one_operation_at_a_time(
    client: Client, backup: backup_pb2.Backup, gate: Gate
) -> None:
    answers = await asyncio.gather(
        *(_start(client, backup.name) for _ in range(5)), return_exceptions=True
    )
    [started] = [each for each in answers if isinstance(each, operations_pb2.Operation)]
    refusal = await client.refusal(_start(client, backup.name))
    assert (refusal.code, refusal.reason) == ("ABORTED", "VERIFICATION_IN_PROGRESS")
    named = refusal.detail(error_details_pb2.ResourceInfo)
    assert (named.resource_type, named.resource_name) == (
        "google.longrunning.Operation",
        started.name,
    )
    assert started.name in refusal.message
    gate.opened.set()
    assert (await _report(client, started.name)).sound
    assert (await _verify(client, backup.name)).sound


async def test_a_verification_runs_beside_a_backup_and_a_restore_of_the_same_product(
    client: Client,
    backup: backup_pb2.Backup,
    gate: Gate,
    target_site: RunningSite,
    clock: ManualClock,
) -> None:
    started = await _start(client, backup.name)
    await asyncio.wait_for(gate.reached.wait(), SECONDS)
    locks = await client.locks.ListOperationLocks(
        operation_pb2.ListOperationLocksRequest(parent=ORGANIZATION)
    )
    assert not locks.operation_locks
    clock.advance(datetime.timedelta(days=7))
    another = await client.back_up(backup.backup_policy)
    assert another.state == backup_pb2.Backup.COMPLETE
    target = await client.add_product("target", "JIRA", target_site.base_url)
    restored = await client.restores.CreateRestore(client.restore_request(backup.name, target))
    restore = restore_pb2.Restore()
    assert (await asyncio.wait_for(client.watch(restored.name), SECONDS)).response.Unpack(restore)
    assert restore.state == restore_pb2.Restore.COMPLETE
    # The other one is verified meanwhile, too: the lock is that of a backup.
    second = await _start(client, another.name)
    gate.opened.set()
    assert (await _report(client, started.name)).sound
    assert (await _report(client, second.name)).sound


async def test_a_verification_goes_on_where_a_restarted_server_left_it(
    grpc_server: BackupServer,
    grpc_channel: Any,
    settings: Settings,
    clock: ManualClock,
    key: str,
    gate: Gate,
    empty_site: RunningSite,
) -> None:
    generate(empty_site.site, seed=4, issues=120)
    async with (
        RestoreServer(settings, clock),
        open_channel(settings.restore_listen, key) as channel,
    ):
        client = Client(grpc_channel, channel)
        await client.add_organization()
        product = await client.add_product("jira", "JIRA", empty_site.base_url)
        backup = await client.back_up(await client.add_policy("weekly", product))
        gate.left = 200
        started = await _start(client, backup.name)
        await asyncio.wait_for(gate.reached.wait(), SECONDS)
    before = set(gate.passed)
    shown = await client.operations.GetOperation(
        operations_pb2.GetOperationRequest(name=started.name)
    )
    assert not shown.done
    gate.opened.set()
    gate.passed.clear()
    async with (
        RestoreServer(settings, clock),
        open_channel(settings.restore_listen, key) as channel,
    ):
        client = Client(grpc_channel, channel)
        report = await _report(client, started.name)
    assert report.sound
    total = sum(count.expected_count for count in report.counts)
    assert sum(count.done_count for count in report.counts) == total
    # What was committed before is not read again.
    assert 0 < len(gate.passed) < total
    assert before - set(gate.passed)


async def test_only_what_can_be_restored_can_be_verified(
    client: Client, backup: backup_pb2.Backup, empty_site: RunningSite, clock: ManualClock
) -> None:
    missing = await client.refusal(_start(client, f"{ORGANIZATION}/backups/none"))
    assert (missing.code, missing.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.5)
    clock.advance(datetime.timedelta(days=7))
    started = await client.backups.CreateBackup(client.backup_request(backup.backup_policy))
    metadata = backup_pb2.CreateBackupMetadata()
    assert started.metadata.Unpack(metadata)
    refusal = await client.refusal(_start(client, metadata.backup))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_NOT_FINISHED")
    await client.operations.CancelOperation(
        operations_pb2.CancelOperationRequest(name=started.name)
    )
    await client.watch(started.name)
    empty_site.site.faults.clear()
    refusal = await client.refusal(_start(client, metadata.backup))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_CANCELLED")


async def test_an_expired_backup_is_not_verified_from_its_very_instant(
    client: Client, backup: backup_pb2.Backup, clock: ManualClock
) -> None:
    expires = backup.expire_time.ToDatetime(datetime.UTC)
    microsecond = datetime.timedelta(microseconds=1)
    clock.advance(expires - microsecond - clock.now())
    assert (await _verify(client, backup.name)).sound
    clock.advance(microsecond)
    refusal = await client.refusal(_start(client, backup.name))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_EXPIRED")


async def test_a_request_that_is_repeated_starts_nothing_anew(
    client: Client, backup: backup_pb2.Backup, clock: ManualClock
) -> None:
    identifier = str(uuid.uuid4())
    first = await _start(client, backup.name, identifier)
    assert await _start(client, backup.name, identifier) == first
    assert (await _report(client, first.name)).sound
    clock.advance(datetime.timedelta(days=15))
    assert await _start(client, backup.name, identifier) == first
    refusal = await client.refusal(_start(client, f"{ORGANIZATION}/backups/other", identifier))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")
    listed = await client.operations.ListOperations(
        operations_pb2.ListOperationsRequest(name=ORGANIZATION)
    )
    assert len(listed.operations) == 2


@pytest.mark.parametrize("damage", ["gone", "cut"])
async def test_a_damaged_backup_is_not_restored_and_nothing_is_written(
    client: Client,
    backup: backup_pb2.Backup,
    target_site: RunningSite,
    settings: Settings,
    damage: str,
) -> None:
    target = await client.add_product("target", "JIRA", target_site.base_url)
    pack = _packs(settings)[0]
    if damage == "gone":
        pack.unlink()
    else:
        _overwrite(pack, pack.read_bytes()[:-1])
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(backup.name, target))
    )
    assert (refusal.code, refusal.reason) == ("DATA_LOSS", "ARCHIVE_CORRUPT")
    assert pack.name in refusal.message
    expected = "1 are missing" if damage == "gone" else "1 have another length"
    assert expected in refusal.message
    assert "`salvage`" in refusal.message
    listed = await client.restores.ListRestores(
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION)
    )
    assert not listed.restores
    asked = target_site.site.request_log.to_json()["requests"]
    assert not [each for each in asked if each["method"] != "GET"]
