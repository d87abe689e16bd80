"""What the demonstration runs on: the simulated sites and both servers, as child processes."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from sitekeep_cli import local_api_keys
from sitekeep_cli.errors import CommandError
from sitekeep_cli.supervision import Child, Supervisor, child_command
from sitekeep_shared.config import Settings
from sitekeep_shared.first_key import KeyRequest

SOURCE = "acme"
DESTINATION = "acme-restored"
READY_SECONDS = 60.0
"""How long a child may take until it listens."""
_LINES_OF_LOG = 15


@dataclass(frozen=True)
class Size:
    """How much content the source site has."""

    issues: int = 300
    pages: int = 120
    seed: int = 1
    data: Path | None = None
    """A folder with real Jira content that the source gets instead of generated issues."""


@dataclass
class Stage:
    """The child processes of a demonstration. A context manager."""

    sites: ClassVar[Sequence[str]] = (SOURCE, DESTINATION)
    """The simulated sites."""

    folder: Path
    size: Size = field(default_factory=Size)
    ports: dict[str, int] = field(default_factory=dict[str, int])
    api_key: str = ""
    """What the demonstration calls with, once the stage is set."""
    _supervisor: Supervisor = field(default_factory=Supervisor)

    def __enter__(self) -> Self:
        names = (*self.sites, "backup", "restore")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        try:
            self._start()
        except BaseException:
            self._supervisor.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._supervisor.stop()

    def url(self, site: str) -> str:
        """The address of a simulated site."""
        return f"http://127.0.0.1:{self.ports[site]}"

    def address(self, server: str) -> str:
        """The address of a server."""
        return f"127.0.0.1:{self.ports[server]}"

    def _start(self) -> None:
        environment = self.environment()
        simulator = self._supervisor.start(
            "simulator",
            child_command(*self.simulate()),
            environment,
            log=self.folder / "simulator.log",
        )
        self.api_key = _first_key(environment)
        servers = [
            self._supervisor.start(
                name, child_command("serve", name), environment, log=self.folder / f"{name}.log"
            )
            for name in ("backup", "restore")
        ]
        for child, name in zip(servers, ("backup", "restore"), strict=True):
            await_listening(child, self.ports[name])
        for name in self.sites:
            await_listening(simulator, self.ports[name])

    def simulate(self) -> Sequence[str]:
        """The words that run the simulated sites."""
        content = "data" if self.size.data else "generated"
        words = ["simulate", "--folder", str(self.folder / "sites")]
        words += ["--site", f"{SOURCE}:{self.ports[SOURCE]}:{content}"]
        words += ["--site", f"{DESTINATION}:{self.ports[DESTINATION]}:empty"]
        words += ["--seed", str(self.size.seed)]
        words += ["--issues", str(self.size.issues), "--pages", str(self.size.pages)]
        return [*words, "--data", str(self.size.data)] if self.size.data else words

    def environment(self) -> dict[str, str]:
        """Nothing of the person's own settings: the demonstration never touches their data."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("SITEKEEP_")
        }
        return kept | {
            "SITEKEEP_HOME": str(self.folder / "sitekeep"),
            "SITEKEEP_BACKUP_LISTEN": self.address("backup"),
            "SITEKEEP_BACKUP_ADDRESS": self.address("backup"),
            "SITEKEEP_RESTORE_LISTEN": self.address("restore"),
        }


def _first_key(environment: Mapping[str, str]) -> str:
    request = KeyRequest("demo", "The demonstration")
    settings = Settings.from_environment(environment)
    return local_api_keys.issue(settings, request, only_first=True).key_string


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def await_listening(child: Child, port: int) -> None:
    """Waits until a child listens.

    Raises:
        CommandError: it ended or takes too long; the end of its log is in the message.
    """
    deadline = time.monotonic() + READY_SECONDS
    while child.exit_code is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise CommandError(f"The {child.name} does not start.\n{_end_of_log(child)}")


def _end_of_log(child: Child) -> str:
    if child.log is None or not child.log.exists():
        return ""
    text = child.log.read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-_LINES_OF_LOG:])
