"""Starts lives of a process that backs up, and ends them when told. See ``vault_lives``."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from crash.vault_lives import SITE, UNITS, content_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.vault import Vault


class Lives:
    """Lives of backups below one folder; what they complain of goes to ``complaints``."""

    def __init__(self, folder: Path) -> None:
        self.complaints = folder / "complaints"
        script = Path(__file__).with_name("vault_lives.py")
        with self.complaints.open("wb") as complaints:
            self._server = subprocess.Popen(
                [sys.executable, str(script), str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )

    def run(self, backup_id: str, kill_after_seconds: float | None = None) -> int:
        """The status with which a life ended: 0, 1 when it failed, -9 when it was killed."""
        process = int(self._ask(backup_id))
        if kill_after_seconds is not None:
            time.sleep(kill_after_seconds)
            # Nobody has waited for it, so the number is still its own, dead or alive.
            os.kill(process, signal.SIGKILL)
        return int(self._ask("wait"))

    def limit_file_size(self, size_bytes: int) -> None:
        """From now on no life can write a longer file; RLIM_INFINITY lets it again."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(self._server.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))

    def close(self) -> None:
        """Ends the server of lives."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def _ask(self, line: str) -> str:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()
        return self._server.stdout.readline()


async def check_whole(vault: Vault, backup_id: str) -> None:
    """Fails where a backup does not hold what its life put into it."""
    assert (await vault.check(SITE, backup_id)).is_sound
    reader = await vault.open_backup(SITE, backup_id)
    found: dict[tuple[Kind, str], bytes] = {}
    for kind in (Kind.ISSUE, Kind.ATTACHMENT):
        async for entry in reader.entries(kind):
            found[(kind, entry.key)] = await reader.read(entry)
    await reader.close()
    expected: dict[tuple[Kind, str], bytes] = {}
    for unit in range(UNITS):
        expected |= content_of(backup_id, unit)
    assert found == expected
