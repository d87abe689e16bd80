"""kill -9 at random instants of a backup: what was committed stays, what was not goes on.

``SITEKEEP_TEST_VAULT_KILLS`` sets how many.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from crash.life_server import Lives, check_whole
from crash.vault_lives import SITE, open_vault
from sitekeep_shared.vault import local_store
from sitekeep_shared.vault.local_store import TEMPORARY_FOLDER, DurableLocalStore

KILLS = int(os.environ.get("SITEKEEP_TEST_VAULT_KILLS", "12"))


@pytest.fixture
def lives(tmp_path: Path) -> Generator[Lives, None, None]:
    lives = Lives(tmp_path)
    yield lives
    lives.close()


async def test_a_backup_that_is_killed_at_any_instant_loses_nothing(
    lives: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random()
    begun = time.monotonic()
    assert lives.run("undisturbed") == 0
    duration = time.monotonic() - begun
    vault = await open_vault(tmp_path)
    committed = ["undisturbed"]
    number = kills = 0
    while kills < KILLS:
        backup_id = f"backup{number}"
        kills += lives.run(backup_id, chance.uniform(0.0, duration)) == -signal.SIGKILL
        assert [header.backup_id async for header in vault.backups()] in (
            sorted(committed),
            sorted([*committed, backup_id]),
        )
        if await vault.find_backup(SITE, backup_id) is not None:
            committed.append(backup_id)
        if committed[-1] == backup_id or chance.random() < 0.2:
            number += 1
    for backup_id in (f"backup{number}", "last"):
        assert lives.run(backup_id) == 0
        committed.append(backup_id)
    for backup_id in committed:
        await check_whole(vault, backup_id)
    await _check_left_overs(tmp_path / "vault", monkeypatch)


async def _check_left_overs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are few, and once they are old the next one who writes removes them."""
    assert len(list((folder / TEMPORARY_FOLDER).iterdir())) <= 4 * KILLS
    monkeypatch.setattr(local_store, "LEFT_OVER_SECONDS", -1.0)
    await DurableLocalStore(folder).put_new("index/other.0", [b"x"])
    assert list((folder / TEMPORARY_FOLDER).iterdir()) == []
