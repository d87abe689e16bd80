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
from sitekeep_shared.vault.local_store import LEFT_OVER_SECONDS, TEMPORARY_FOLDER

KILLS = int(os.environ.get("SITEKEEP_TEST_VAULT_KILLS", "12"))


@pytest.fixture
def lives(tmp_path: Path) -> Generator[Lives, None, None]:
    lives = Lives(tmp_path)
    yield lives
    lives.close()


async def test_a_backup_that_is_killed_at_any_instant_loses_nothing(
    lives: Lives, tmp_path: Path
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
    _check_left_overs(lives, tmp_path / "vault" / TEMPORARY_FOLDER)


def _check_left_overs(lives: Lives, temporary: Path) -> None:
    """They are few, and a day later the next backup removes them."""
    left_over = list(temporary.iterdir())
    assert len(left_over) <= 4 * KILLS
    for file in left_over:
        written = file.stat().st_mtime - LEFT_OVER_SECONDS - 1
        os.utime(file, (written, written))
    assert lives.run("a-day-later") == 0
    assert list(temporary.iterdir()) == []
