"""Speed, requests and memory of a backup, beside a raw loop that fetches the same issues.

``python tests/bench/bench_export.py --issues 2000 20000``: one row per size. Everything is
measured in one run on one machine; the ratios are what counts. The simulated site, the server
and the raw loop are processes of their own, so that each one's CPU time is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.processes import Deployment, wait_until

RAW_LOOP = Path(__file__).with_name("raw_loop.py")
END_SECONDS = 3600.0


@dataclass(frozen=True)
class Measure:
    """What one way of fetching took."""

    issues: int
    megabytes: float
    wall_seconds: float
    cpu_seconds: float
    requests: int
    peak_megabytes: float

    @property
    def issues_per_second(self) -> float:
        return self.issues / self.wall_seconds

    @property
    def megabytes_per_cpu_second(self) -> float:
        return self.megabytes / self.cpu_seconds


def measure_export(deployment: Deployment, product: str) -> Measure:
    """A backup from its start to its end, in the server's own process."""
    deployment.start("backup")
    process = psutil.Process(deployment.processes["backup"].pid)
    before, start = process.cpu_times(), time.monotonic()
    shown = deployment.command("backup", "create", "--policy", product, "--no-wait", "--json")
    operation = str(json.loads(shown.stdout)["name"]).split("/")[-1]
    statement = "SELECT state FROM operation WHERE id = ?"
    wait_until(
        lambda: deployment.query(statement, operation)[0][0] not in ("QUEUED", "RUNNING"),
        END_SECONDS,
        "the backup",
    )
    wall = time.monotonic() - start
    after = process.cpu_times()
    peak = int(_status(process.pid)["VmHWM"].split()[0]) / 1024
    counts, progress = _result(deployment, operation)
    deployment.kill("backup")
    size = sum(count.get("size_bytes", 0) for count in counts.values()) / 1e6
    key = "issue" if product == "jira" else "page"
    cpu = after.user + after.system - before.user - before.system
    return Measure(counts[key]["done"], size, wall, cpu, progress["request_count"], peak)


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _result(
    deployment: Deployment, operation: str
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    [(state, progress, error)] = deployment.query(
        "SELECT state, progress, error FROM operation WHERE id = ?", operation
    )
    if state != "SUCCEEDED":
        sys.exit(f"the backup ended {state}: {error}")
    document = json.loads(str(progress))
    return document["counts"], document


def measure_raw_loop(deployment: Deployment) -> Measure:
    """The issues of the site, fetched by a loop that keeps nothing."""
    done = subprocess.run(
        [sys.executable, str(RAW_LOOP), deployment.site_url("source")],
        capture_output=True,
        text=True,
        check=True,
    )
    return Measure(**json.loads(done.stdout))


def run(issues: int, pages: int) -> None:
    """Measures one size and prints its rows."""
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench") as folder:
        deployment = Deployment(Path(folder))
        try:
            deployment.simulate(
                {"source": "generated"}, f"--issues={issues}", f"--pages={pages}", "--seed=7"
            )
            _set_up(deployment)
            raw = measure_raw_loop(deployment)
            jira = measure_export(deployment, "jira")
            confluence = measure_export(deployment, "confluence")
        finally:
            deployment.stop()
    _print_row(f"raw bulkfetch loop, {issues} issues", raw, raw)
    _print_row(f"backup of Jira, {issues} issues", jira, raw)
    _print_row(f"backup of Confluence, {pages} pages", confluence, raw)


def _set_up(deployment: Deployment) -> None:
    deployment.start("backup")
    deployment.command("organization", "create", "acme", "--enroll")
    for product in ("jira", "confluence"):
        deployment.command(
            "product", "add", product, "--type", product, "--site",
            deployment.site_url("source"), "--email", "admin@example.com",
        )  # fmt: skip
        deployment.command("policy", "create", product, "--product", product)
    deployment.kill("backup")


def _print_row(name: str, measure: Measure, raw: Measure) -> None:
    per_thousand = 1000 * measure.requests / max(measure.issues, 1)
    print(
        f"{name:42} {measure.issues_per_second:9.0f} items/s"
        f" ({measure.issues_per_second / raw.issues_per_second:5.2f} of raw)"
        f" {measure.megabytes_per_cpu_second:8.1f} MB/CPU-s"
        f" ({measure.megabytes_per_cpu_second / raw.megabytes_per_cpu_second:5.2f} of raw)"
        f" {per_thousand:7.1f} requests/1,000 {measure.peak_megabytes:7.0f} MB peak",
        flush=True,
    )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--issues", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--pages", type=int, default=500)
    arguments = parser.parse_args()
    for issues in arguments.issues:
        run(issues, arguments.pages)


if __name__ == "__main__":
    main()
