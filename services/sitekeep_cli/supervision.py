"""Child processes that live and end together."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

STOP_SECONDS = 30.0
"""How long a child may take to end before it is killed."""
_TICK_SECONDS = 0.2


def child_command(*words: str) -> list[str]:
    """The command line that runs this same command with other words."""
    return [sys.executable, "-m", "sitekeep_cli.main", *words]


@dataclass
class Child:
    """A child process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None = None

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """Asks it to end, and kills it where it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Supervisor:
    """Starts children and ends all of them when one ends or when it is told to."""

    children: list[Child] = field(default_factory=list[Child])
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        log: Path | None = None,
    ) -> Child:
        """Starts a child; its output goes to the log file where one is named."""
        with _output(log) as output:
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        child = Child(name, process, log)
        self.children.append(child)
        return child

    def wait(self) -> Child | None:
        """Waits for a signal or the end of a child, then ends them all.

        Answers the child that ended by itself; None where it was told to stop.
        """
        ended: Child | None = None
        with _signals(self._stopping.set):
            while ended is None and not self._stopping.wait(_TICK_SECONDS):
                ended = next((one for one in self.children if one.exit_code is not None), None)
            self.stop()
        return ended

    def stop(self) -> None:
        """Ends all children, the last one started first."""
        for child in reversed(self.children):
            if child.exit_code is None:
                child.process.terminate()
        for child in reversed(self.children):
            child.stop()


@contextlib.contextmanager
def _output(log: Path | None) -> Generator[IO[bytes] | None, None, None]:
    if log is None:
        yield None
        return
    with log.open("ab") as file:
        yield file


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    def handle(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
