"""How fast a simulated Jira of any size is made and answers.

``python tests/bench/bench_jira_size.py --issues 1000000 --folder /large/disk``

A measurement against the simulated site means something only while the site is not what limits
it: the last line says how many bulkfetch answers a second it gives, and how many of them an
exporter can take that does nothing but store them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.peers.measuring import EMAIL, TOKEN
from sitekeep_simulator.main import Generated, SiteSpecification, open_site
from sitekeep_simulator.server import start_site

API = "/rest/api/3"
TESTS = Path(__file__).parents[1]
BLOCK, IN_FLIGHT = 100, 8


def peak_megabytes() -> float:
    """Of this process, since it was started."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line for line in lines if line.startswith("VmHWM:")]
    return int(peak.split()[1]) / 1024


def specification(issues: int, folder: Path) -> SiteSpecification:
    """The site: the same seed gives the same content."""
    return SiteSpecification("bench", folder=folder, content=Generated(7, issues, 0))


def make(issues: int, folder: Path) -> None:
    """Makes the site and prints what that took. It runs in a process of its own."""
    wall, cpu = time.monotonic(), time.process_time()
    open_site(specification(issues, folder)).close()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(
        f"made {issues} issues: {issues / wall:.0f}/s, {issues / cpu:.0f} per CPU second,"
        f" {peak_megabytes():.0f} MB peak, {size / 1e6:.0f} MB on the disk",
        flush=True,
    )


def serve(issues: int, folder: Path, told: Any) -> None:
    """Serves the site and tells its address; it runs in a process of its own."""

    async def run() -> None:
        site = open_site(specification(issues, folder))
        running = await start_site(site)
        told.send(running.base_url)
        await asyncio.Event().wait()

    asyncio.run(run())


@contextlib.contextmanager
def served(issues: int, folder: Path) -> Generator[tuple[str, int]]:
    """The site's address and the id of its process."""
    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe()
    process = context.Process(target=serve, args=(issues, folder, telling), daemon=True)
    process.start()
    try:
        yield told.recv(), process.pid or 0
    finally:
        process.terminate()
        process.join()


def cpu_seconds(pid: int) -> float:
    """What a process has taken so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Questions:
    """Asks the site what an exporter and a search ask."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, path: str, body: Any) -> bytes:
        """One answer."""
        async with self._session.post(f"{API}/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def search(self, jql: str, fields: str, size: int) -> Any:
        """One page of a search."""
        body = {"jql": jql, "fields": [fields], "maxResults": size}
        return json.loads(await self.post("search/jql", body))

    async def highest(self) -> dict[str, int]:
        """The highest number of each project."""
        async with self._session.get(f"{API}/project") as answer:
            keys = [each["key"] for each in await answer.json()]
        found: dict[str, int] = {}
        for key in keys:
            page = await self.search(f"project = {key} ORDER BY key DESC", "key", 1)
            found[key] = int(page["issues"][0]["key"].rpartition("-")[2]) if page["issues"] else 0
        return found

    async def fetch(self, blocks: Iterable[list[str]]) -> int:
        """Some bulkfetch answers at once; returns their bytes."""
        queue, size = iter(blocks), 0

        async def work() -> None:
            nonlocal size
            for block in queue:
                body = {"issueIdsOrKeys": block, "fields": ["*all"]}
                answer = await self.post("issue/bulkfetch", body)
                size += len(answer)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return size


@contextlib.asynccontextmanager
async def asking(base: str) -> AsyncGenerator[Questions]:
    """A session with the site."""
    headers = {"Authorization": aiohttp.encode_basic_auth(EMAIL, TOKEN)}
    async with aiohttp.ClientSession(base, headers=headers) as session:
        yield Questions(session)


async def timed(name: str, ask: Callable[[], Awaitable[Any]]) -> None:
    """Prints how long the second answer takes: the first one warms the caches up."""
    await ask()
    start = time.monotonic()
    await ask()
    print(f"  {name:44} {(time.monotonic() - start) * 1000:8.1f} ms", flush=True)


async def ask_all(base: str, pid: int, blocks: int) -> float:
    """Prints the times of the answers; returns bulkfetch answers per CPU second of the site."""
    async with asking(base) as site:
        highest = await site.highest()
        key = max(highest, key=lambda each: highest[each])
        for name, jql, fields, size in (
            ("the highest key", f"project = {key} ORDER BY key DESC", "key", 1),
            ("5,000 ids of a project", f"project = {key} ORDER BY id", "id", 5000),
            ("100 whole issues of a search", f"project = {key} ORDER BY id", "*all", 100),
            ("what changed lately", 'updated >= "2025-12-31" ORDER BY updated', "id", 1000),
            ("one issue by its key", f"key = {key}-1", "summary", 1),
        ):
            await timed(name, partial(site.search, jql, fields, size))
        body = {"jql": f"project = {key}"}
        await timed("how many a project has", lambda: site.post("search/approximate-count", body))
        starts = [(k, n) for n in range(1, max(highest.values()), BLOCK) for k in highest]
        inside = [(k, n) for k, n in starts if n <= highest[k]]
        step = max(1, len(inside) // blocks)
        keys = [[f"{k}-{m}" for m in range(n, n + BLOCK)] for k, n in inside[::step][:blocks]]
        wall, cpu = time.monotonic(), cpu_seconds(pid)
        size_bytes = await site.fetch(keys)
        wall, cpu = time.monotonic() - wall, cpu_seconds(pid) - cpu
    print(
        f"  {len(keys)} bulkfetch answers from all over: {len(keys) / wall:.0f}/s,"
        f" {len(keys) / cpu:.0f} per CPU second of the site, {size_bytes / 1e6 / wall:.0f} MB/s"
    )
    return len(keys) / cpu


def exported(base: str, folder: Path) -> float:
    """Bulkfetch answers per CPU second of an exporter that stores them in a vault."""
    script = str(TESTS / "bench" / "peers" / "ours.py")
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "SITEKEEP_BENCH_UNITS": "24"}
    command = [sys.executable, script, base, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    taken = json.loads(done.stdout.splitlines()[-1])
    return float(taken["issues"] / BLOCK / taken["cpu_seconds"])


def run(issues: int, folder: Path, blocks: int) -> tuple[float, float]:
    """Prints everything of one size; returns what the site gives and what an exporter takes."""
    site = folder / f"site-{issues}"
    making = multiprocessing.get_context("spawn").Process(target=make, args=(issues, site))
    making.start()
    making.join()
    with served(issues, site) as (base, pid), tempfile.TemporaryDirectory(dir=folder) as vault:
        given = asyncio.run(ask_all(base, pid, blocks))
        taken = exported(base, Path(vault))
    print(f"  the site gives {given / taken:.1f} times as many answers as an exporter takes")
    return given, taken


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--issues", type=int, nargs="+", default=[20_000])
    parser.add_argument("--blocks", type=int, default=400, help="bulkfetch answers")
    parser.add_argument("--folder", type=Path, help="where sites are kept; else for this run only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench") as name:
        for issues in arguments.issues:
            run(issues, arguments.folder or Path(name), arguments.blocks)


if __name__ == "__main__":
    main()
