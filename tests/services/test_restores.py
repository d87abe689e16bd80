"""The rules about restores, through the real channels: the check and the call agree."""

from __future__ import annotations

import datetime

import pytest
import pytest_asyncio
from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_shared.clock import ManualClock
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client

WEEK = datetime.timedelta(days=7)
MICROSECOND = datetime.timedelta(microseconds=1)


@pytest_asyncio.fixture
async def backup(client: Client, empty_site: RunningSite) -> backup_pb2.Backup:
    """A complete backup of an empty Jira."""
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    return await client.back_up(await client.add_policy("weekly", product))


async def _refused(client: Client, backup: str, product: str) -> str:
    """The reason of a restore that is refused, by the check as well."""
    wanted = restore_pb2.Restore(backup=backup, product=product)
    checked = await client.restores.CheckRestore(
        restore_pb2.CheckRestoreRequest(parent=ORGANIZATION, restore=wanted)
    )
    assert not checked.allowed
    blocked = [
        finding
        for finding in checked.findings
        if finding.outcome == restore_pb2.CheckRestoreResponse.Finding.BLOCKED
    ]
    request = client.restore_request(backup, product)
    refusal = await client.refusal(client.restores.CreateRestore(request))
    assert refusal.message in {finding.status.message for finding in blocked}
    assert ".." not in refusal.message
    assert refusal.message.endswith(".")
    listed = await client.restores.ListRestores(
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION, product=product)
    )
    assert not listed.restores or all(each.end_time.seconds for each in listed.restores)
    return refusal.reason


async def test_a_destination_that_holds_something_is_refused_and_named(
    client: Client, backup: backup_pb2.Backup, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=2, issues=5)
    assert await _refused(client, backup.name, backup.product) == "TARGET_NOT_EMPTY"
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(backup.name, backup.product))
    )
    found = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert len(found) == int(refusal.metadata["findingCount"])
    assert "There is the project " in refusal.message


async def test_a_backup_of_jira_does_not_go_to_confluence(
    client: Client, backup: backup_pb2.Backup, empty_site: RunningSite
) -> None:
    wiki = await client.add_product("wiki", "CONFLUENCE", empty_site.base_url)
    assert await _refused(client, backup.name, wiki) == "TARGET_TYPE_MISMATCH"


async def test_a_backup_is_restored_once_in_seven_days(
    client: Client, clock: ManualClock, backup: backup_pb2.Backup
) -> None:
    started = await client.restores.CreateRestore(
        client.restore_request(backup.name, backup.product)
    )
    restore = restore_pb2.Restore()
    assert (await client.watch(started.name)).response.Unpack(restore)
    assert restore.state == restore_pb2.Restore.COMPLETE
    clock.advance(WEEK - MICROSECOND)
    assert await _refused(client, backup.name, backup.product) == "RESTORE_TOO_SOON"
    clock.advance(MICROSECOND)
    wanted = restore_pb2.Restore(backup=backup.name, product=backup.product)
    checked = await client.restores.CheckRestore(
        restore_pb2.CheckRestoreRequest(parent=ORGANIZATION, restore=wanted)
    )
    assert checked.allowed
    validated = await client.restores.CreateRestore(
        client.restore_request(backup.name, backup.product), timeout=30
    )
    assert not (await client.watch(validated.name)).HasField("error")


async def test_a_restored_backup_is_held_no_longer_than_it_is_read(
    client: Client, backup: backup_pb2.Backup
) -> None:
    started = await client.restores.CreateRestore(
        client.restore_request(backup.name, backup.product)
    )
    await client.watch(started.name)
    await client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup.name))
    assert await _refused(client, backup.name, backup.product) == "BACKUP_EXPIRED"


async def test_an_expired_backup_is_refused_from_its_very_instant(
    client: Client, clock: ManualClock, backup: backup_pb2.Backup
) -> None:
    clock.advance(backup.expire_time.ToDatetime(datetime.UTC) - clock.now())
    assert await _refused(client, backup.name, backup.product) == "BACKUP_EXPIRED"


@pytest.mark.parametrize("length", [300, 5_000, 100_000])
async def test_a_name_of_any_length_is_refused_in_words_that_fit(
    client: Client, backup: backup_pb2.Backup, length: int
) -> None:
    name = f"{ORGANIZATION}/backups/" + "ä" * length
    request = client.restore_request(name, backup.product)
    refusal = await client.refusal(client.restores.CreateRestore(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert f"({len(name)} characters)" in refusal.message


async def test_hundreds_of_things_in_the_way_still_fit_into_the_answer(
    client: Client, backup: backup_pb2.Backup, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=2, issues=1)
    (row,) = empty_site.site.store.rows("SELECT * FROM jira_project LIMIT 1")
    project = dict(row)
    marks = ",".join("?" * len(project))
    for number in range(200):
        copy = project | {"id": 50_000 + number, "key": f"COPY{number}", "name": f"Ключ {number}"}
        empty_site.site.store.execute(
            f"INSERT INTO jira_project VALUES ({marks})", list(copy.values())
        )
    refusal = await client.refusal(
        client.restores.CreateRestore(client.restore_request(backup.name, backup.product))
    )
    assert refusal.reason == "TARGET_NOT_EMPTY"
    assert int(refusal.metadata["findingCount"]) > 200
    assert refusal.detail(error_details_pb2.PreconditionFailure).violations
