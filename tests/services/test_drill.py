"""A drill restores a backup for real, without a touch to what is the user's own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from sitekeep.backup.v1 import backup_pb2
from sitekeep.type.v1 import verification_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_cli import main
from sitekeep_cli.drill import drill
from sitekeep_cli.drill.report import Report
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.opening import open_vault
from sitekeep_simulator import confluence
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import Client, make_key, open_channel

EVERY_PRODUCT = bool(os.environ.get("SITEKEEP_TEST_DRILL_EVERY_PRODUCT"))
PRODUCTS = ["JIRA", "CONFLUENCE"] if EVERY_PRODUCT else ["JIRA"]


@pytest_asyncio.fixture
async def source() -> AsyncGenerator[RunningSite]:
    """A small site with a Jira and a Confluence."""
    site = SimulatedSite("source")
    jira_generator.generate(site, seed=3, issues=30)
    confluence.install(site)
    confluence_generator.generate(site, 3, 15)
    running = await start_site(site)
    yield running
    await running.close()
    site.close()


async def _backed_up(settings: Settings, source: RunningSite, product: str) -> backup_pb2.Backup:
    async with BackupServer(settings) as server:
        key = await make_key(server.database, SystemClock())
        async with open_channel(settings.backup_listen, key) as channel:
            client = Client(channel, channel)
            await client.add_organization()
            name = await client.add_product("product", product, source.base_url)
            return await client.back_up(await client.add_policy("weekly", name))


async def _shown(settings: Settings, name: str) -> backup_pb2.Backup:
    async with BackupServer(settings) as server:
        key = await make_key(server.database, SystemClock())
        async with open_channel(settings.backup_listen, key) as channel:
            client = Client(channel, channel)
            shown: backup_pb2.Backup = await client.backups.GetBackup(
                backup_pb2.GetBackupRequest(name=name)
            )
            return shown


async def _drilled(settings: Settings, backup: backup_pb2.Backup) -> ExitCode:
    which = backup.manifest_key.removeprefix("backups/")
    words = ["vault", "drill", which, "--home", str(settings.home), "--json"]
    return await asyncio.to_thread(main.run, words)


def _listing(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("product", PRODUCTS)
async def test_a_sound_backup_restores_to_what_it_was_and_only_a_record_is_new(
    settings: Settings, source: RunningSite, product: str, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = await _backed_up(settings, source, product)
    before = await asyncio.to_thread(_listing, settings.vault_folder)
    asked = len(source.site.request_log.to_json()["requests"])
    code = await _drilled(settings, backup)
    report = json.loads(capsys.readouterr().out)
    assert (code, report["broken"]) == (ExitCode.OK, [])
    assert report["undeclared"] == 0
    assert sum(kind["exact"] for kind in report["kinds"]) > 30
    assert len(source.site.request_log.to_json()["requests"]) == asked
    after = await asyncio.to_thread(_listing, settings.vault_folder)
    new = sorted(after.keys() - before.keys())
    assert [name.split("/")[0] for name in new] == ["verify"]
    assert before.items() <= after.items()
    shown = await _shown(settings, backup.name)
    assert shown.last_verification.level == verification_pb2.Verification.DRILL
    assert shown.last_verification.sound
    assert shown.HasField("last_verified_time")


async def test_a_damaged_backup_fails_the_drill_and_what_is_damaged_is_named(
    settings: Settings, source: RunningSite, capsys: pytest.CaptureFixture[str]
) -> None:
    backup = await _backed_up(settings, source, "JIRA")
    pack = await asyncio.to_thread(_flip_largest, settings.vault_folder)
    assert await _drilled(settings, backup) == ExitCode.FAILED
    report = json.loads(capsys.readouterr().out)
    assert not report["sound"]
    assert report["damagedEntities"]
    assert all(pack in each["description"] for each in report["damagedEntities"])
    vault = await open_vault(settings, SystemClock())
    [record] = await vault.records(backup.manifest_key.rpartition("/")[2])
    assert (record.level, record.sound, record.found_damage) == ("DRILL", False, True)
    assert (await _shown(settings, backup.name)).damaged


def _flip_largest(folder: Path) -> str:
    packs = [path for path in (folder / "packs").rglob("*") if path.is_file()]
    pack = max(packs, key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 3] ^= 0x10
    os.chmod(pack, 0o600)
    pack.write_bytes(data)
    return pack.name


async def test_a_drill_that_ends_otherwise_is_kept_as_failed_and_blames_no_damage(
    settings: Settings,
    source: RunningSite,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backup = await _backed_up(settings, source, "JIRA")

    def differs(
        beside: object, output: object, stage: object, reader: object, report: Report
    ) -> None:
        report.broken.append("3 differences that nothing declares")

    monkeypatch.setattr(drill, "_restore_and_compare", differs)
    assert await _drilled(settings, backup) == ExitCode.FAILED
    assert json.loads(capsys.readouterr().out)["broken"] == ["3 differences that nothing declares"]
    shown = await _shown(settings, backup.name)
    assert (shown.last_verification.sound, shown.damaged) == (False, False)
