"""Fetches every issue of a site with eight bulkfetch calls in flight, and keeps nothing."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

import aiohttp

LOGIN = aiohttp.BasicAuth("admin@example.com", "simulated-token")
BLOCK, IN_FLIGHT = 100, 8


async def fetch(base: str) -> dict[str, Any]:
    """The figures of the loop."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    totals = {"issues": 0, "bytes": 0, "requests": 0}
    async with aiohttp.ClientSession(base, auth=LOGIN) as session:
        blocks = [block async for block in _blocks(session, totals)]
        queue = iter(blocks)
        await asyncio.gather(*(_work(session, queue, totals) for _ in range(IN_FLIGHT)))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "issues": totals["issues"],
        "megabytes": totals["bytes"] / 1e6,
        "wall_seconds": time.monotonic() - start,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "requests": totals["requests"],
        "peak_megabytes": after.ru_maxrss / 1024,
    }


async def _blocks(session: aiohttp.ClientSession, totals: dict[str, int]) -> Any:
    async with session.get("/rest/api/3/project/search?maxResults=100") as answer:
        projects = (await answer.json())["values"]
    totals["requests"] += 1
    for project in projects:
        query = {
            "jql": f"project = {project['key']} ORDER BY key DESC",
            "maxResults": 1,
            "fields": ["id"],
        }
        async with session.post(
            "/rest/api/3/search/jql", json={**query, "fields": ["key"]}
        ) as answer:
            found = (await answer.json())["issues"]
        totals["requests"] += 1
        highest = int(found[0]["key"].rsplit("-", 1)[1]) if found else 0
        for first in range(1, highest + 1, BLOCK):
            yield [f"{project['key']}-{number}" for number in range(first, first + BLOCK)]


async def _work(session: aiohttp.ClientSession, queue: Any, totals: dict[str, int]) -> None:
    for keys in queue:
        body = {"issueIdsOrKeys": keys, "fields": ["*all"]}
        async with session.post("/rest/api/3/issue/bulkfetch", json=body) as answer:
            text = await answer.read()
        totals["requests"] += 1
        totals["bytes"] += len(text)
        totals["issues"] += len(json.loads(text)["issues"])


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fetch(sys.argv[1]))))
