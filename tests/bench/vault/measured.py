"""Runs a command to its end and says what it took, its children included."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int


class CommandFailed(Exception):
    """A command that was to be measured did not succeed."""


def measure(
    command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path
) -> Cost:
    """Runs a command in a folder; its output goes to the log.

    Raises:
        CommandFailed: it ended with another status than 0.
    """
    start = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | environment, cwd=folder
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}; see {log}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024)
