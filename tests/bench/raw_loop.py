"""Fetches the JSON of a Jira site as fast as aiohttp goes, and keeps nothing.

``raw_loop.py URL issues`` sends the bulkfetch calls only; ``raw_loop.py URL everything`` also the
calls that the answers ask for: histories, watchers, remote links, cut lists. Prints one JSON
object with what it took and what it met.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import msgspec

LOGIN = aiohttp.encode_basic_auth("admin@example.com", "simulated-token")
BLOCK, HISTORIES, IN_FLIGHT = 100, 1000, 8


class _Comments(msgspec.Struct):
    comments: list[msgspec.Raw] = []
    total: int = 0


class _Worklogs(msgspec.Struct):
    worklogs: list[msgspec.Raw] = []
    total: int = 0


class _Watches(msgspec.Struct, rename="camel"):
    watch_count: int = 0


class _Fields(msgspec.Struct):
    comment: _Comments | None = None
    worklog: _Worklogs | None = None
    watches: _Watches | None = None
    attachment: list[msgspec.Raw] | None = None


class _Issue(msgspec.Struct):
    id: str
    fields: _Fields


class _Issues(msgspec.Struct):
    issues: list[_Issue]


class _History(msgspec.Struct, rename="camel"):
    issue_id: str | int
    change_histories: msgspec.Raw


class _Histories(msgspec.Struct, rename="camel"):
    issue_change_logs: list[_History] = []
    next_page_token: str | None = None


class RawLoop:
    """The requests, eight under way at once, and what they met."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.met: Counter[str] = Counter()
        self._follow_ups: list[str] = []
        self._seen: set[str] = set()

    async def fetch(self, *, everything: bool) -> None:
        """Sends everything."""
        blocks = [block async for block in self._blocks()]
        ids: list[list[str]] = []

        async def issues(keys: list[str]) -> None:
            ids.append(await self._issues(keys))

        await _side_by_side([_call(issues, block) for block in blocks])
        if everything:
            known = [issue for block in ids for issue in block]
            batches = [known[at : at + HISTORIES] for at in range(0, len(known), HISTORIES)]
            await _side_by_side([_call(self._histories, batch) for batch in batches])
            await _side_by_side([_call(self._get, path) for path in self._follow_ups])

    async def _blocks(self) -> AsyncGenerator[list[str]]:
        body = await self._get("/rest/api/3/project/search?maxResults=100")
        for project in json.loads(body)["values"]:
            jql = f"project = {project['key']} ORDER BY key DESC"
            query = {"jql": jql, "maxResults": 1, "fields": ["key"]}
            found = json.loads(await self._post("/rest/api/3/search/jql", query))["issues"]
            highest = int(found[0]["key"].rsplit("-", 1)[1]) if found else 0
            self.met["projects"] += 1
            for first in range(1, highest + 1, BLOCK):
                self.met["blocks"] += 1
                yield [f"{project['key']}-{number}" for number in range(first, first + BLOCK)]

    async def _issues(self, keys: list[str]) -> list[str]:
        body = {"issueIdsOrKeys": keys, "fields": ["*all"]}
        answer = await self._post("/rest/api/3/issue/bulkfetch", body)
        issues = msgspec.json.decode(answer, type=_Issues).issues
        # A moved issue answers to its old key too.
        issues = [issue for issue in issues if issue.id not in self._seen]
        self._seen.update(issue.id for issue in issues)
        self.met["issues"] += len(issues)
        for issue in issues:
            self._follow_ups.extend(self._asked_by(issue))
        return [issue.id for issue in issues]

    def _asked_by(self, issue: _Issue) -> Iterator[str]:
        fields, stem = issue.fields, f"/rest/api/3/issue/{issue.id}"
        if fields.watches and fields.watches.watch_count:
            self.met["watched"] += 1
            yield f"{stem}/watchers"
        if fields.comment and fields.comment.total > len(fields.comment.comments):
            for start in range(0, fields.comment.total - len(fields.comment.comments), 100):
                self.met["comment_pages"] += 1
                yield f"{stem}/comment?orderBy=created&maxResults=100&startAt={start}"
        if fields.worklog and fields.worklog.total > len(fields.worklog.worklogs):
            self.met["worklog_pages"] += 1
            yield f"{stem}/worklog?maxResults=5000"
        self.met["attachments"] += len(fields.attachment or ())
        # Nothing tells which issues have any: generated projects have some.
        self.met["linked"] += 1
        yield f"{stem}/remotelink"

    async def _histories(self, ids: list[str]) -> None:
        body: dict[str, Any] = {"issueIdsOrKeys": ids, "maxResults": 10_000}
        while True:
            answer = await self._post("/rest/api/3/changelog/bulkfetch", body)
            page = msgspec.json.decode(answer, type=_Histories)
            self.met["history_pages"] += 1
            if not page.next_page_token:
                return
            body["nextPageToken"] = page.next_page_token

    async def _get(self, path: str) -> bytes:
        async with self._session.get(path) as answer:
            return self._count(await answer.read())

    async def _post(self, path: str, body: Any) -> bytes:
        async with self._session.post(path, json=body) as answer:
            return self._count(await answer.read())

    def _count(self, body: bytes) -> bytes:
        self.met["requests"] += 1
        self.met["bytes"] += len(body)
        return body


def _call(function: Callable[[Any], Awaitable[Any]], value: Any) -> Callable[[], Awaitable[Any]]:
    return lambda: function(value)


async def _side_by_side(calls: list[Callable[[], Awaitable[Any]]]) -> None:
    queue = iter(calls)

    async def work() -> None:
        for call in queue:
            await call()

    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


async def measure(base: str, *, everything: bool) -> dict[str, Any]:
    """Times in seconds, sizes in MB, and what was met."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    async with aiohttp.ClientSession(base, headers={"Authorization": LOGIN}) as session:
        loop = RawLoop(session)
        await loop.fetch(everything=everything)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "items": loop.met["issues"],
        "megabytes": loop.met["bytes"] / 1e6,
        "wall_seconds": time.monotonic() - start,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_megabytes": after.ru_maxrss / 1024,
        "met": dict(loop.met),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], everything=sys.argv[2] == "everything"))))
