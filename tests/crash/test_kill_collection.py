"""kill -9 at random instants of a collection: nothing that a backup needs is lost, and it ends."""

from __future__ import annotations

import datetime
import os
import random
import shutil
from pathlib import Path

import pytest

from sitekeep_shared.vault.verify import Verifier
from support.vault_processes import collect_in_process, open_folder
from unit.vault.vault_helpers import SITE, START, facts, issues, read_all, write_unit

KILLS = int(os.environ.get("SITEKEEP_TEST_VAULT_KILLS", "4"))
HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
EXPIRED, KEPT = 12, 4


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault of which most was condemned a day ago; there is much to sweep and to merge."""
    import asyncio

    folder = Path(tmp_path_factory.mktemp("template")) / "vault"
    asyncio.run(_prepare(folder))
    return folder


async def _prepare(folder: Path) -> None:
    vault = await open_folder(folder, START, create=True)
    for number in range(EXPIRED + KEPT):
        await _back_up(folder, START, f"b{number:02d}", number)
    session = await vault.begin_backup("unfinished", site=SITE, fence=1)
    await write_unit(session.unit("u"), issues(9000, 40, text="unfinished"))
    await session.close()
    later = await open_folder(folder, START + 14 * DAY)
    for number in range(EXPIRED):
        await later.expire(SITE, f"b{number:02d}", "its time is over")
    report = await later.collect()
    assert report.condemned_backups_count == EXPIRED


async def _back_up(folder: Path, now: datetime.datetime, backup_id: str, number: int) -> None:
    vault = await open_folder(folder, now)
    session = await vault.begin_backup(backup_id, site=SITE, fence=1)
    # Half of it is what the one before has.
    pages = await write_unit(session.unit("u"), issues(100 * number, 200))
    await session.commit(pages, facts())
    await session.close()


async def test_a_collection_that_is_killed_at_any_instant_loses_nothing_and_is_finished_later(
    template: Path, tmp_path: Path
) -> None:
    now = START + 15 * DAY
    whole = shutil.copytree(template, tmp_path / "whole")
    duration = collect_in_process(whole, now, 60.0)
    generator = random.Random(KILLS)
    killed = 0
    for attempt in range(KILLS):
        folder = shutil.copytree(template, tmp_path / str(attempt))
        # Two collections in a row, as a server that is started again would; both are killed.
        for _ in range(2):
            after = generator.uniform(0.0, duration)
            killed += collect_in_process(folder, now, after) >= after
        await _nothing_is_lost(folder, now)
        await _the_next_ones_work(folder, now)
        assert _left(folder) == {"FORMAT", "backups", "index", "keys", "packs"}
        shutil.rmtree(folder)
    assert killed >= KILLS // 2, "the kills came when nothing was left to be killed"


async def _nothing_is_lost(folder: Path, now: datetime.datetime) -> None:
    vault = await open_folder(folder, now)
    for number in range(EXPIRED, EXPIRED + KEPT):
        backup_id = f"b{number:02d}"
        assert (await vault.check(SITE, backup_id)).is_sound
        reader = await vault.open_backup(SITE, backup_id)
        verifier = Verifier(reader)
        for part in verifier.slices():
            assert [found.problem async for found in verifier.verify(part) if found.problem] == []
        await reader.close()


async def _the_next_ones_work(folder: Path, now: datetime.datetime) -> None:
    await _back_up(folder, now, "next", 3)
    for days in (1, 2, 3):
        vault = await open_folder(folder, now + days * DAY + days * HOUR)
        await vault.collect()
    await _nothing_is_lost(folder, now + 4 * DAY)
    vault = await open_folder(folder, now + 4 * DAY)
    assert (await read_all(vault, "next")).records == issues(300, 200).records
    assert len([header async for header in vault.backups(include_expired=True)]) == KEPT + 1
    report = await vault.collect(dry_run=True)
    assert report.condemned_packs_count == 0
    assert not report.pending
    packs = sum(1 for path in (folder / "packs").rglob("*") if path.is_file())
    assert packs == report.live_packs_count


def _left(folder: Path) -> set[str]:
    """The kinds of objects. A file that was being written lies in ``.temporary``: no object."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {file.parts[0] for file in files if not file.parts[0].startswith(".")}
