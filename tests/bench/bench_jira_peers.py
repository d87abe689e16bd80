"""All issues of a site with their comments: the raw ceiling, this exporter, other people's tools.

``python tests/bench/bench_jira_peers.py --issues 5000 --latency 0 0.15 --environments /tmp/peers``

Everything of one latency is measured in one run on one machine, each in a process of its own; the
ratios are what counts. A peer's environment is made below ``--environments`` from the package
registry; without that option only those peers run whose packages are installed already. dlt's
verified source for Jira is in no registry: ``--dlt-sources`` is the folder that has it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.bench_export import END_SECONDS, Bench, set_up
from sitekeep_shared.kinds import Kind
from support.processes import Deployment

TESTS = Path(__file__).parents[1]
PEERS = Path(__file__).with_name("peers")
SITE = "source"


@dataclass(frozen=True)
class Peer:
    """Somebody else's way to pull issues."""

    name: str
    script: str
    module: str
    """What has to be importable."""
    packages: Sequence[str]
    needs_sources: bool = False


OTHERS = (
    Peer("pycontribs jira", "pycontribs.py", "jira", ["jira==3.10.5"]),
    Peer("atlassian-python-api", "atlassian_api.py", "atlassian", ["atlassian-python-api==5.0.5"]),
    Peer("dlt rest_api source", "dlt_rest.py", "dlt", ["dlt==1.31.0"]),
    Peer("dlt verified source", "dlt_verified.py", "dlt", ["dlt==1.31.0"], needs_sources=True),
)


@dataclass(frozen=True)
class Row:
    """What one way took."""

    name: str
    issues: int
    comments: int
    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float
    requests: int

    @property
    def speed(self) -> float:
        """Issues a second of wall time."""
        return self.issues / self.wall_seconds


@dataclass(frozen=True)
class Failure:
    """A way that did not come to its end."""

    name: str
    why: str


class Contest:
    """One site, pulled from in several ways."""

    def __init__(
        self, deployment: Deployment, environments: Path | None, sources: Path | None
    ) -> None:
        self._deployment = deployment
        self._environments = environments
        self._sources = sources
        self.issues = self._count("jira_issue")
        self.comments = self._count("jira_comment")

    def _count(self, table: str) -> int:
        [(found,)] = self._deployment.query_site(SITE, f"SELECT count(*) FROM {table}")
        return int(str(found))

    def delay(self, seconds: float) -> None:
        """From now on every answer comes so much later."""
        self._control("DELETE", "faults")
        if seconds:
            fault = {"kind": "delay", "delay": seconds, "times": 1 << 40}
            self._control("POST", "faults", fault)

    def run(self) -> Iterator[Row | Failure]:
        """Every way, one after the other."""
        self._drive("warming up", sys.executable, "raw.py")
        yield self._drive("raw ceiling", sys.executable, "raw.py")
        with tempfile.TemporaryDirectory(dir=self._deployment.folder) as folder:
            yield self._drive("sitekeep, the same", sys.executable, "ours.py", folder)
        yield self._whole()
        for peer in OTHERS:
            yield self._peer(peer)

    def _whole(self) -> Row:
        """A backup by the server, of everything but files; comments are part of it."""
        measure = Bench(self._deployment).backup("jira-bare", Kind.ISSUE)
        return Row(
            "sitekeep, everything",
            measure.items,
            measure.counts[Kind.COMMENT],
            measure.wall_seconds,
            measure.cpu_seconds,
            measure.peak_megabytes,
            measure.requests.total(),
        )

    def _peer(self, peer: Peer) -> Row | Failure:
        if peer.needs_sources and self._sources is None:
            return Failure(peer.name, "without --dlt-sources")
        python = self._python(peer)
        if python is None:
            return Failure(peer.name, "not installed, and without --environments")
        more = [str(self._sources)] if peer.needs_sources else []
        return self._drive(peer.name, python, peer.script, *more)

    def _python(self, peer: Peer) -> str | None:
        if self._environments is None:
            return sys.executable if importlib.util.find_spec(peer.module) else None
        folder = self._environments / peer.module
        python = folder / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
            install = [str(python), "-m", "pip", "install", "--quiet", *peer.packages]
            subprocess.run(install, check=True)
        return str(python)

    def _drive(self, name: str, python: str, script: str, *more: str) -> Row | Failure:
        self._control("DELETE", "requests")
        command = [python, str(PEERS / script), self._deployment.site_url(SITE), *more]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            return Failure(name, done.stderr.strip().splitlines()[-1][:200])
        log = json.loads(self._control("GET", "requests"))
        return Row(name, **json.loads(done.stdout.splitlines()[-1]), requests=log["total"])

    def _control(self, method: str, noun: str, body: Any = None) -> bytes:
        url = f"{self._deployment.site_url(SITE)}/_simulator/{noun}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            content: bytes = answer.read()
        return content


def print_rows(rows: Sequence[Row | Failure], contest: Contest) -> None:
    """A table, and the ratios."""
    for row in rows:
        if isinstance(row, Failure):
            print(f"  {row.name:22} {row.why}")
            continue
        whole = (row.issues, row.comments) == (contest.issues, contest.comments)
        gaps = (contest.issues - row.issues, contest.comments - row.comments)
        lacking = f"{gaps[0]} issues, {gaps[1]} comments"
        print(
            f"  {row.name:22} {row.speed:7.0f} issues/s {row.wall_seconds:7.2f} s"
            f" {row.cpu_seconds:6.2f} s CPU {row.peak_megabytes:5.0f} MB"
            f" {row.requests:6} requests  {'complete' if whole else 'lacks ' + lacking}"
        )
    ended = [row for row in rows if isinstance(row, Row)]
    raw, ours = ended[0], ended[1]
    print(f"  sitekeep is {ours.speed / raw.speed:4.2f} of the raw ceiling", flush=True)
    others = [row.speed for row in ended[3:]]
    if others:
        print(f"  sitekeep is {ours.speed / max(others):4.1f} times the best peer", flush=True)


def contest(
    issues: int,
    run: Callable[[Contest], None],
    *,
    folder: str | None = None,
    environments: Path | None = None,
    sources: Path | None = None,
) -> None:
    """Serves a site of that size and has it pulled from."""
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench", dir=folder) as name:
        deployment = Deployment(Path(name), {"SITEKEEP_PROFILE": "self-hosted"})
        try:
            amount = (f"--issues={issues}", "--pages=0", "--seed=7")
            deployment.simulate({SITE: "generated"}, *amount, start_seconds=END_SECONDS)
            set_up(deployment)
            run(Contest(deployment, environments, sources))
        finally:
            deployment.stop()


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--issues", type=int, default=300)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0], help="seconds")
    parser.add_argument("--environments", type=Path, help="where those of the peers are kept")
    parser.add_argument("--dlt-sources", type=Path, help="the folder of the source 'jira'")
    parser.add_argument("--folder", help="where the site and the vaults are kept meanwhile")
    arguments = parser.parse_args()

    def run(found: Contest) -> None:
        for latency in arguments.latency:
            amounts = f"{found.issues} issues, {found.comments} comments"
            print(f"{amounts}, {latency * 1000:.0f} ms", flush=True)
            found.delay(latency)
            print_rows(list(found.run()), found)

    contest(
        arguments.issues,
        run,
        folder=arguments.folder,
        environments=arguments.environments,
        sources=arguments.dlt_sources,
    )


if __name__ == "__main__":
    main()
