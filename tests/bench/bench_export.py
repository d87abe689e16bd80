"""Speed, requests and memory of a backup, beside a raw loop that fetches the same JSON.

``python tests/bench/bench_export.py --issues 2000 20000``: the rows of one size are measured in
one run on one machine; the ratios are what counts. The simulated site, the server and the raw
loop are processes of their own, so that each one's CPU time is its own. A backup does more than
the loop: it splits and counts what it reads, hashes, compresses, verifies and encrypts it, syncs
it to the disk and journals it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.vault import Vault
from support import minimum_requests as minimum
from support.processes import Deployment, wait_until

RAW_LOOP = Path(__file__).with_name("raw_loop.py")
END_SECONDS = 3600.0


@dataclass(frozen=True)
class Measure:
    """What one way of fetching took."""

    items: int
    megabytes: float
    wall_seconds: float
    cpu_seconds: float
    peak_megabytes: float
    met: Mapping[str, int] = field(default_factory=dict[str, int])
    requests: Counter[str] = field(default_factory=Counter[str])
    resource: str = ""
    counts: Mapping[Kind, int] = field(default_factory=dict[Kind, int])

    @property
    def items_per_second(self) -> float:
        """Issues or pages per second of wall time."""
        return self.items / self.wall_seconds

    @property
    def megabytes_per_cpu_second(self) -> float:
        """Of content, per second of the process's own CPU time."""
        return self.megabytes / self.cpu_seconds


class Bench:
    """One size: a site with that content and the servers."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._log = deployment.site_url("source") + "/_simulator/requests"

    def raw(self, mode: str) -> Measure:
        """The JSON of the Jira site, fetched by a loop that keeps nothing."""
        self._clear_log()
        command = [sys.executable, str(RAW_LOOP), self._deployment.site_url("source"), mode]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return Measure(**json.loads(done.stdout), requests=self._requests())

    def backup(self, policy: str, kind: Kind) -> Measure:
        """A backup from its start to its end, in a fresh server's own process."""
        deployment = self._deployment
        self._clear_log()
        deployment.start("backup")
        process = psutil.Process(deployment.processes["backup"].pid)
        before, start = process.cpu_times(), time.monotonic()
        shown = deployment.command("backup", "create", "--policy", policy, "--no-wait", "--json")
        operation = str(json.loads(shown.stdout)["name"]).split("/")[-1]
        self._wait(operation)
        wall, after = time.monotonic() - start, process.cpu_times()
        peak = _peak_megabytes(process.pid)
        counts, resource = self._result(operation)
        deployment.kill("backup")
        return Measure(
            items=counts[kind]["done"],
            megabytes=sum(count.get("size_bytes", 0) for count in counts.values()) / 1e6,
            wall_seconds=wall,
            cpu_seconds=after.user + after.system - before.user - before.system,
            peak_megabytes=peak,
            requests=self._requests(),
            resource=resource,
            counts={Kind(kind): count["done"] for kind, count in counts.items()},
        )

    def facts(self, measure: Measure) -> dict[str, int]:
        """What a backup of Confluence holds, as the minimum counts it."""
        return asyncio.run(_confluence_facts(self._deployment.folder / "home", measure.resource))

    def _wait(self, operation: str) -> None:
        statement = "SELECT state FROM operation WHERE id = ?"
        wait_until(
            lambda: self._deployment.query(statement, operation)[0][0] not in ("QUEUED", "RUNNING"),
            END_SECONDS,
            "the backup",
        )

    def _result(self, operation: str) -> tuple[dict[str, dict[str, int]], str]:
        [(state, progress, error, product, resource)] = self._deployment.query(
            "SELECT state, progress, error, product_uid, resource_uid FROM operation WHERE id = ?",
            operation,
        )
        if state != "SUCCEEDED":
            sys.exit(f"the backup ended {state}: {error}")
        return json.loads(str(progress))["counts"], f"{product}/{resource}"

    def _requests(self) -> Counter[str]:
        with urllib.request.urlopen(self._log) as answer:
            return minimum.grouped(json.load(answer))

    def _clear_log(self) -> None:
        with urllib.request.urlopen(urllib.request.Request(self._log, method="DELETE")):
            pass


def _peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


async def _confluence_facts(home: Path, resource: str) -> dict[str, int]:
    keys = load_or_create_key_file(home / "sitekeep.key")
    vault = await Vault.open(DurableLocalStore(home / "vault"), keys, SystemClock())
    try:
        site, backup = resource.split("/")
        reader = await vault.open_backup(site, backup)
        try:
            return await _facts_of(reader)
        finally:
            await reader.close()
    finally:
        await vault.close()


async def _facts_of(reader: BackupReader) -> dict[str, int]:
    facts: Counter[str] = Counter(dict.fromkeys(("not_current", "spaces", "labels"), 0))
    spaces = [entry.key async for entry in reader.entries(Kind.SPACE)]
    per_list: Counter[tuple[str, str]] = Counter()
    for kind in (Kind.PAGE, Kind.BLOG_POST):
        async for entry in reader.entries(kind):
            per_list[kind.value, entry.attributes["space"]] += 1
            facts["not_current"] += entry.attributes["status"] != "current"
    lists = 2 * len(spaces)
    facts["content_pages"] = sum(minimum.pages(count) for count in per_list.values())
    facts["content_pages"] += lists - len(per_list)
    labels: set[str] = set()
    async for entry in reader.entries(Kind.LABEL):
        labels |= {label["id"] for label in json.loads(await reader.read(entry))}
    facts["spaces"], facts["labels"] = len(spaces), len(labels)
    for kind, name in (
        (Kind.FOOTER_COMMENT, "footer_comments"),
        (Kind.INLINE_COMMENT, "inline_comments"),
        (Kind.ATTACHMENT, "attachments"),
    ):
        entries = [entry.attributes async for entry in reader.entries(kind)]
        facts[name] = len(entries)
        answered = {entry["parent"] for entry in entries if entry.get("parent")}
        facts["reply_pages"] += len(answered)
    return dict(facts)


def run(issues: int, pages: int, folder: str | None, *, memory_only: bool) -> None:
    """Measures one size and prints its rows."""
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench", dir=folder) as name:
        deployment = Deployment(Path(name), {"SITEKEEP_PROFILE": "self-hosted"})
        try:
            arguments = (f"--issues={issues}", f"--pages={pages}", "--seed=7")
            deployment.simulate({"source": "generated"}, *arguments, start_seconds=END_SECONDS)
            set_up(deployment)
            bench = Bench(deployment)
            if memory_only:
                _print_row(
                    f"backup of {issues} issues", bench.backup("jira-bare", Kind.ISSUE), None
                )
            else:
                _measure(bench)
        finally:
            deployment.stop()


def _measure(bench: Bench) -> None:
    bench.raw("everything")  # So that neither side pays for a site that has just started.
    bodies, raw = bench.raw("issues"), bench.raw("everything")
    print(f"\n{raw.items} issues, {raw.megabytes:.1f} MB of JSON", flush=True)
    _print_row("raw loop, issues only", bodies, raw)
    _print_row("raw loop, the same requests", raw, raw)
    bare = bench.backup("jira-bare", Kind.ISSUE)
    _print_row("backup without files", bare, raw)
    _print_row("the same again, unchanged", bench.backup("jira-bare", Kind.ISSUE), raw)
    full = bench.backup("jira", Kind.ISSUE)
    _print_row("the same again, with files", full, raw)
    _print_requests("issues", full, minimum.of_jira(raw.met))
    confluence = bench.backup("confluence", Kind.PAGE)
    print(f"\n{confluence.items} pages, {confluence.megabytes:.1f} MB with files", flush=True)
    _print_row("backup of Confluence", confluence, None)
    _print_requests("pages", confluence, minimum.of_confluence(bench.facts(confluence)))


def set_up(deployment: Deployment) -> None:
    """Products of the site ``source``, with and without files, and their policies."""
    deployment.start("backup")
    deployment.command("organization", "create", "acme", "--enroll")
    for policy, product, kind, *options in (
        ("jira-bare", "bare", "jira", "--no-attachments"),
        ("jira", "jira", "jira"),
        ("confluence", "confluence", "confluence"),
    ):
        deployment.command(
            "product", "add", product, "--type", kind, "--site",
            deployment.site_url("source"), "--email", "admin@example.com",
        )  # fmt: skip
        deployment.command("policy", "create", policy, "--product", product, *options)
    deployment.kill("backup")


def _print_row(name: str, measure: Measure, raw: Measure | None) -> None:
    per_second, per_cpu = measure.items_per_second, measure.megabytes_per_cpu_second
    beside = f" ({per_second / raw.items_per_second:4.2f} of raw)" if raw else ""
    beside_cpu = f" ({per_cpu / raw.megabytes_per_cpu_second:4.2f})" if raw else ""
    print(
        f"{name:28} {per_second:7.0f} items/s{beside} {per_cpu:7.1f} MB/CPU-s{beside_cpu}"
        f" {measure.wall_seconds:6.1f} s wall {measure.cpu_seconds:6.1f} s CPU"
        f" {measure.requests.total():7} requests {measure.peak_megabytes:6.0f} MB peak",
        flush=True,
    )


def _print_requests(noun: str, measure: Measure, least: Counter[str]) -> None:
    print(f"  requests per 1,000 {noun} (in brackets: the least there can be)")
    for group in sorted(measure.requests | least):
        sent = 1000 * measure.requests[group] / measure.items
        needed = f" ({1000 * least[group] / measure.items:.1f})" if group in least else ""
        print(f"    {group:44} {sent:8.1f}{needed}", flush=True)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--issues", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--folder", help="where the sites and the vault are kept meanwhile")
    parser.add_argument("--memory", action="store_true", help="only one backup without files")
    arguments = parser.parse_args()
    for issues in arguments.issues:
        run(issues, arguments.pages, arguments.folder, memory_only=arguments.memory)


if __name__ == "__main__":
    main()
