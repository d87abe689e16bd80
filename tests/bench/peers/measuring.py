"""What one way of pulling the issues of a site took. Plain Python: every peer's process has it."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

EMAIL, TOKEN = "admin@example.com", "simulated-token"
PAGE = 100
"""Issues with all their fields in a page of a search, and comments in a page of an issue."""


@dataclass
class Haul:
    """What was fetched: the issues and their comments, each counted once."""

    issues: set[str] = field(default_factory=set[str])
    comments: set[str] = field(default_factory=set[str])


def measure(pull: Callable[[str], Haul]) -> None:
    """Pulls from the site of the command line and prints times, memory and what was fetched."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    haul = pull(sys.argv[1])
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report(len(haul.issues), len(haul.comments), wall, cpu)


def _peak_megabytes() -> float:
    # Not from getrusage: that is the larger one of this program and of what started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


def report(issues: int, comments: int, wall: float, cpu: float) -> None:
    """Prints a measurement. Times in seconds."""
    taken = {"wall_seconds": wall, "cpu_seconds": cpu, "peak_megabytes": _peak_megabytes()}
    print(json.dumps({"issues": issues, "comments": comments, **taken}))
