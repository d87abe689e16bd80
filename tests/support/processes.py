"""Sitekeep as processes: the simulated sites, both servers, and the ways to end them."""

from __future__ import annotations

import base64
import functools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sitekeep_shared.rpc.health_probe import probe

START_SECONDS = 60.0


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns as soon as the condition holds; fails the test where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.01)


@dataclass
class Deployment:
    """Two servers and a simulator below one folder, each a process of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    processes: dict[str, subprocess.Popen[bytes]] = field(
        default_factory=dict[str, "subprocess.Popen[bytes]"]
    )

    def __post_init__(self) -> None:
        given = self.environment
        self.addresses = {name: f"127.0.0.1:{free_port()}" for name in ("backup", "restore")}
        self.site_ports: dict[str, int] = {}
        self.environment = {
            **os.environ,
            "SITEKEEP_HOME": str(self.folder / "home"),
            "SITEKEEP_BACKUP_LISTEN": self.addresses["backup"],
            "SITEKEEP_RESTORE_LISTEN": self.addresses["restore"],
            "SITEKEEP_BACKUP_ADDRESS": self.addresses["backup"],
            "SITEKEEP_RESTORE_ADDRESS": self.addresses["restore"],
            "SITEKEEP_LEASE_SECONDS": "15",
            "SITEKEEP_ORGANIZATION": "acme",
            "SITEKEEP_API_TOKEN": "simulated-token",
            **given,
        }
        if "SITEKEEP_API_KEY" not in given:
            self.environment["SITEKEEP_API_KEY"] = self.command("init").stdout.strip()

    @property
    def key(self) -> str:
        """The API key that its commands call with: the first one of the server."""
        return self.environment["SITEKEEP_API_KEY"]

    def simulate(
        self, sites: dict[str, str], *arguments: str, start_seconds: float = START_SECONDS
    ) -> None:
        """Serves simulated sites: name → what is in it."""
        self.site_ports = {name: free_port() for name in sites}
        options = [
            f"--site={name}:{self.site_ports[name]}:{content}" for name, content in sites.items()
        ]
        folder = f"--folder={self.folder / 'sites'}"
        self._spawn("simulator", ["simulate", folder, *options, *arguments])
        for port in self.site_ports.values():
            wait_until(functools.partial(listens, port), start_seconds, "the simulated site")

    def site_url(self, name: str) -> str:
        """The address of a simulated site."""
        return f"http://127.0.0.1:{self.site_ports[name]}"

    def start(self, service: str) -> None:
        """Starts a server and waits until it serves."""
        self._spawn(service, ["serve", service])
        address = self.addresses[service]
        wait_until(lambda: probe(address) == 0, START_SECONDS, f"the {service} server")

    def kill(self, service: str) -> None:
        """Ends a process as a power cut would."""
        process = self.processes.pop(service)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Ends everything."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs the ``sitekeep`` command."""
        done = subprocess.run(
            [sys.executable, "-m", "sitekeep_cli.main", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def remove_personal_spaces(self, site: str) -> None:
        """Empties a new Confluence of its default personal space, over its own REST."""
        login = base64.b64encode(b"admin@example.com:simulated-token").decode()
        headers = {"Authorization": f"Basic {login}"}

        def call(method: str, path: str) -> bytes:
            request = urllib.request.Request(
                self.site_url(site) + path, method=method, headers=headers
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                body: bytes = answer.read()
            return body

        listed = json.loads(call("GET", "/wiki/api/v2/spaces?limit=250"))
        for space in listed["results"]:
            call("DELETE", f"/wiki/rest/api/space/{urllib.parse.quote(space['key'])}")

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Reads the database beside the servers."""
        return self._read(self.folder / "home" / "sitekeep.db", statement, values)

    def query_site(self, name: str, statement: str) -> list[tuple[object, ...]]:
        """Reads the database of a simulated site."""
        return self._read(self.folder / "sites" / name / "site.sqlite3", statement, ())

    def _read(
        self, path: Path, statement: str, values: tuple[object, ...]
    ) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def log(self, name: str) -> str:
        """What a process has written to standard error."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _spawn(self, name: str, arguments: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "sitekeep_cli.main", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
