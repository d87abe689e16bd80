"""kill -9 at random instants of a backup: what was committed stays, what was not goes on.

``SITEKEEP_TEST_VAULT_KILLS`` sets how many.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from crash.vault_lives import SITE, UNITS, Content, content_of, open_vault
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.local_store import LEFT_OVER_SECONDS, TEMPORARY_FOLDER
from sitekeep_shared.vault.vault import Vault

KILLS = int(os.environ.get("SITEKEEP_TEST_VAULT_KILLS", "12"))


class Lives:
    """Runs lives of a backup; ends them when told."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("vault_lives.py")
        self._server = subprocess.Popen(
            [sys.executable, str(script), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, backup_id: str, kill_after_seconds: float | None = None) -> int:
        """The status with which a life ended: 0, or -9 when it was killed."""
        process = int(self._ask(backup_id))
        if kill_after_seconds is not None:
            time.sleep(kill_after_seconds)
            # Nobody has waited for it, so the number is still its own, dead or alive.
            os.kill(process, signal.SIGKILL)
        return int(self._ask("wait"))

    def close(self) -> None:
        """Ends the server of lives."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
        assert self._server.stdout is not None
        self._server.stdout.close()

    def _ask(self, line: str) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()


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
        await _is_whole(vault, backup_id)
    _check_left_overs(lives, tmp_path / "vault" / TEMPORARY_FOLDER)


async def _is_whole(vault: Vault, backup_id: str) -> None:
    assert (await vault.check(SITE, backup_id)).is_sound
    reader = await vault.open_backup(SITE, backup_id)
    found: dict[tuple[Kind, str], bytes] = {}
    for kind in (Kind.ISSUE, Kind.ATTACHMENT):
        async for entry in reader.entries(kind):
            found[(kind, entry.key)] = await reader.read(entry)
    await reader.close()
    expected: dict[tuple[Kind, str], bytes] = {}
    for unit in range(UNITS):
        content: Content = content_of(backup_id, unit)
        expected |= content
    assert found == expected


def _check_left_overs(lives: Lives, temporary: Path) -> None:
    """They are few, and a day later the next backup removes them."""
    left_over = list(temporary.iterdir())
    assert len(left_over) <= 4 * KILLS
    for file in left_over:
        written = file.stat().st_mtime - LEFT_OVER_SECONDS - 1
        os.utime(file, (written, written))
    assert lives.run("a-day-later") == 0
    assert list(temporary.iterdir()) == []
