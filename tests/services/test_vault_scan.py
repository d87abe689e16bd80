"""After the database is lost, the vault alone is enough to restore."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Table, delete, select

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.catalog.scan import Outcome, Scan, scan
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.vault.opening import open_vault
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ADMIN_EMAIL, ORGANIZATION, TOKEN, Client, make_key, open_channel

SECONDS = 120
REBUILT = (
    schema.organization,
    schema.product,
    schema.backup_policy,
    schema.backup,
    schema.finding,
)
FORGOTTEN = {"etag", "update_time", "credentials"}
"""Columns that the vault does not hold."""


@pytest_asyncio.fixture
async def target_site() -> AsyncGenerator[RunningSite]:
    site = SimulatedSite("target")
    running = await start_site(site)
    yield running
    await running.close()
    site.close()


async def _rows(database: Database, table: Table) -> list[dict[str, Any]]:
    async with database.read() as connection:
        rows = (await connection.execute(select(table))).mappings().all()
    kept = [{name: row[name] for name in row if name not in FORGOTTEN} for row in rows]
    return sorted(kept, key=str)


async def _scanned(settings: Settings, clock: ManualClock, *, write: bool = True) -> Scan:
    vault = await open_vault(settings, clock)
    database = Database(settings.database_url)
    try:
        await migrate(database)
        return await scan(vault, database, clock, await vault.backup_names(), write=write)
    finally:
        await database.close()


def _outcomes(found: Scan) -> list[Outcome]:
    return [one.outcome for one in found.manifests]


def _lose_database(settings: Settings) -> None:
    for path in settings.home.glob("sitekeep.db*"):
        path.unlink()


async def _backed_up(
    settings: Settings, clock: ManualClock, site: RunningSite
) -> tuple[backup_pb2.Backup, dict[str, list[dict[str, Any]]]]:
    """A backup that was verified, and everything that the database then holds."""
    async with BackupServer(settings, clock) as backups, RestoreServer(settings, clock):
        key = await make_key(backups.database, clock)
        async with (
            open_channel(settings.backup_listen, key) as channel,
            open_channel(settings.restore_listen, key) as restore_channel,
        ):
            client = Client(channel, restore_channel)
            await client.add_organization()
            product = await client.add_product("jira", "JIRA", site.base_url)
            made = await client.back_up(await client.add_policy("weekly", product))
            request = restore_pb2.VerifyBackupRequest(name=made.name)
            started = await client.restores.VerifyBackup(request)
            await asyncio.wait_for(client.watch(started.name), SECONDS)
            shown: backup_pb2.Backup = await client.backups.GetBackup(
                backup_pb2.GetBackupRequest(name=made.name)
            )
        return shown, {table.name: await _rows(backups.database, table) for table in REBUILT}


async def test_a_lost_database_comes_back_and_its_backup_is_restored(
    settings: Settings, clock: ManualClock, empty_site: RunningSite, target_site: RunningSite
) -> None:
    generate(empty_site.site, seed=4, issues=30)
    before, rows = await _backed_up(settings, clock, empty_site)
    await asyncio.to_thread(_lose_database, settings)

    async with BackupServer(settings, clock) as backups, RestoreServer(settings, clock):
        key = await make_key(backups.database, clock)
        found = await _scanned(settings, clock)
        assert _outcomes(found) == [Outcome.ADDED]
        assert found.adopted == [ORGANIZATION]
        [scanned] = found.manifests
        assert (scanned.backup, scanned.state) == (before.name, "COMPLETE")
        assert set(scanned.also_added) == {ORGANIZATION, before.product, before.backup_policy}
        for table in REBUILT:
            again = await _rows(backups.database, table)
            created = {"create_time"} if table is not schema.backup else set[str]()
            assert _without(again, created) == _without(rows[table.name], created), table.name
        assert _outcomes(await _scanned(settings, clock)) == [Outcome.THERE]
        async with (
            open_channel(settings.backup_listen, key) as channel,
            open_channel(settings.restore_listen, key) as restore_channel,
        ):
            client = Client(channel, restore_channel)
            await _is_as_before(client, before)
            await _can_be_restored(client, before, target_site)
            await _is_backed_up_again(client, before, clock)


def _without(rows: Sequence[dict[str, Any]], names: set[str]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name not in names} for row in rows]


async def _is_as_before(client: Client, before: backup_pb2.Backup) -> None:
    shown = await client.backups.GetBackup(backup_pb2.GetBackupRequest(name=before.name))
    shown.etag = before.etag
    assert shown == before
    product = await client.organizations.GetProduct(
        organization_pb2.GetProductRequest(name=before.product)
    )
    assert not product.has_credentials


async def _can_be_restored(client: Client, backup: backup_pb2.Backup, site: RunningSite) -> None:
    target = await client.add_product("target", "JIRA", site.base_url)
    started = await client.restores.CreateRestore(client.restore_request(backup.name, target))
    done = await asyncio.wait_for(client.watch(started.name), SECONDS)
    restore = restore_pb2.Restore()
    assert done.response.Unpack(restore), done
    assert restore.state == restore_pb2.Restore.COMPLETE


async def _is_backed_up_again(
    client: Client, backup: backup_pb2.Backup, clock: ManualClock
) -> None:
    """The product has its uid, so that its backups lie beside each other as before."""
    product = organization_pb2.Product(name=backup.product)
    product.credentials.email, product.credentials.api_token = ADMIN_EMAIL, TOKEN
    request = organization_pb2.UpdateProductRequest(product=product)
    request.update_mask.paths.append("credentials")
    await client.organizations.UpdateProduct(request)
    refused = await client.refusal(
        client.backups.CreateBackup(client.backup_request(backup.backup_policy))
    )
    assert refused.reason == "BACKUP_TOO_SOON"
    clock.advance(datetime.timedelta(days=7))
    again = await client.back_up(backup.backup_policy)
    assert again.state == backup_pb2.Backup.COMPLETE
    assert again.manifest_key.rpartition("/")[0] == backup.manifest_key.rpartition("/")[0]


async def test_a_scan_that_only_looks_changes_nothing(
    settings: Settings, clock: ManualClock, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=4, issues=5)
    await _backed_up(settings, clock, empty_site)
    await asyncio.to_thread(_lose_database, settings)
    assert _outcomes(await _scanned(settings, clock, write=False)) == [Outcome.ADDED]
    database = Database(settings.database_url)
    for table in REBUILT:
        assert not await _rows(database, table)
    await database.close()


@pytest.mark.parametrize("lost", [schema.backup_policy, schema.backup])
async def test_of_a_database_that_is_half_lost_only_what_is_missing_comes_back(
    settings: Settings, clock: ManualClock, empty_site: RunningSite, lost: Table
) -> None:
    generate(empty_site.site, seed=4, issues=5)
    _, rows = await _backed_up(settings, clock, empty_site)
    database = Database(settings.database_url)
    async with database.write() as connection:
        await connection.execute(delete(lost))
    found = await _scanned(settings, clock)
    assert _outcomes(found) == [Outcome.ADDED if lost is schema.backup else Outcome.THERE]
    for table in REBUILT:
        again = await _rows(database, table)
        names = {"create_time"} if table is schema.backup_policy else set[str]()
        assert _without(again, names) == _without(rows[table.name], names), table.name
    await database.close()


async def test_a_manifest_that_cannot_be_opened_is_named_and_passed_over(
    settings: Settings, clock: ManualClock, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=4, issues=5)
    before, _ = await _backed_up(settings, clock, empty_site)
    site = before.manifest_key.split("/")[1]
    await asyncio.to_thread(_write, settings.vault_folder / "backups" / site / "damaged")
    await asyncio.to_thread(_lose_database, settings)
    found = await _scanned(settings, clock)
    by_name = {one.manifest.rpartition("/")[2]: one for one in found.manifests}
    assert by_name.pop("damaged").outcome is Outcome.UNREADABLE
    assert [one.outcome for one in by_name.values()] == [Outcome.ADDED]
    assert not found.whole


def _write(path: Path) -> None:
    path.write_bytes(b"SKMANIF1 and nothing that follows from it")


async def test_a_backup_whose_name_another_one_has_is_refused_by_name(
    settings: Settings, clock: ManualClock, empty_site: RunningSite
) -> None:
    generate(empty_site.site, seed=4, issues=5)
    before, _ = await _backed_up(settings, clock, empty_site)
    database = Database(settings.database_url)
    async with database.write() as connection:
        await connection.execute(schema.backup.update().values(uid="another"))
    await database.close()
    found = await _scanned(settings, clock)
    assert _outcomes(found) == [Outcome.REFUSED]
    assert before.name in found.manifests[0].why


async def test_what_a_backup_misses_comes_back_by_name_and_the_command_says_what_it_adds(
    settings: Settings,
    clock: ManualClock,
    empty_site: RunningSite,
    capsys: pytest.CaptureFixture[str],
) -> None:
    generate(empty_site.site, seed=4, issues=30)
    fault = empty_site.site.faults.plan(FaultKind.MISSING, "/attachment/content/", times=1)
    before, rows = await _backed_up(settings, clock, empty_site)
    assert fault.fired
    assert before.state == backup_pb2.Backup.INCOMPLETE
    assert rows["finding"]
    await asyncio.to_thread(_lose_database, settings)
    words = ["vault", "scan", "--home", str(settings.home)]

    assert await asyncio.to_thread(main.run, words) == ExitCode.OK
    looked = capsys.readouterr()
    assert "Nothing was changed" in looked.err
    assert "products/jira" in looked.out
    assert await asyncio.to_thread(main.run, [*words, "--write"]) == ExitCode.OK
    added = capsys.readouterr()
    assert "acme has no admin" in added.err
    assert "without their credentials" in added.err

    database = Database(settings.database_url)
    for table in REBUILT:
        again = await _rows(database, table)
        created = {"create_time"} if table is not schema.backup else set[str]()
        assert _without(again, created) == _without(rows[table.name], created), table.name
    await database.close()
    assert await asyncio.to_thread(main.run, [*words, "--write", "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in document["backups"]] == ["THERE"]
