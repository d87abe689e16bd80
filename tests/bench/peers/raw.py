"""The ceiling: pages of ids, then eight bulkfetch calls at once, and the comments that are cut.

As Atlassian advises for throughput. What is fetched is skimmed for what is lacking and dropped.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import msgspec

from bench.peers.measuring import EMAIL, PAGE, TOKEN, Haul, measure

_IN_FLIGHT = 8
_IDS = 5000


class _Comment(msgspec.Struct):
    id: str


class _Comments(msgspec.Struct):
    comments: list[_Comment] = []
    total: int = 0


class _Fields(msgspec.Struct):
    comment: _Comments


class _Issue(msgspec.Struct):
    id: str
    key: str
    fields: _Fields


class _Issues(msgspec.Struct):
    issues: list[_Issue]


class RawPull:
    """One pull over one session."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._haul = Haul()
        self._cut: list[tuple[str, int]] = []

    async def run(self) -> Haul:
        """Ids, issues, comments."""
        ids = await self._ids()
        blocks = [ids[at : at + PAGE] for at in range(0, len(ids), PAGE)]
        await _side_by_side([self._issues_call(block) for block in blocks])
        pages = [(i, start) for i, total in self._cut for start in range(0, total, PAGE)]
        await _side_by_side([self._comments_call(*page) for page in pages])
        return self._haul

    async def _ids(self) -> list[str]:
        listed = json.loads(await self._get("/rest/api/3/project"))
        found: dict[str, list[str]] = {}
        await _side_by_side([self._ids_call(each["key"], found) for each in listed])
        return [each for key in sorted(found) for each in found[key]]

    def _ids_call(self, key: str, found: dict[str, list[str]]) -> Callable[[], Awaitable[None]]:
        async def fetch() -> None:
            body: dict[str, Any] = {"jql": f"project = {key} ORDER BY id"}
            body |= {"fields": ["id"], "maxResults": _IDS}
            ids = found[key] = []
            while True:
                page = json.loads(await self._post("/rest/api/3/search/jql", body))
                ids += [each["id"] for each in page["issues"]]
                if "nextPageToken" not in page:
                    return
                body["nextPageToken"] = page["nextPageToken"]

        return fetch

    def _issues_call(self, block: Sequence[str]) -> Callable[[], Awaitable[None]]:
        async def fetch() -> None:
            body = {"issueIdsOrKeys": block, "fields": ["*all"]}
            answer = await self._post("/rest/api/3/issue/bulkfetch", body)
            for issue in msgspec.json.decode(answer, type=_Issues).issues:
                comments = issue.fields.comment
                self._haul.issues.add(issue.key)
                self._haul.comments.update(each.id for each in comments.comments)
                if comments.total > len(comments.comments):
                    self._cut.append((issue.id, comments.total))

        return fetch

    def _comments_call(self, issue: str, start: int) -> Callable[[], Awaitable[None]]:
        async def fetch() -> None:
            path = f"/rest/api/3/issue/{issue}/comment?startAt={start}&maxResults={PAGE}"
            page = msgspec.json.decode(await self._get(path), type=_Comments)
            self._haul.comments.update(each.id for each in page.comments)

        return fetch

    async def _get(self, path: str) -> bytes:
        async with self._session.get(path) as answer:
            return await answer.read()

    async def _post(self, path: str, body: Any) -> bytes:
        async with self._session.post(path, json=body) as answer:
            return await answer.read()


async def _side_by_side(calls: list[Callable[[], Awaitable[None]]]) -> None:
    queue = iter(calls)

    async def work() -> None:
        for call in queue:
            await call()

    await asyncio.gather(*(work() for _ in range(_IN_FLIGHT)))


async def _pull(base: str) -> Haul:
    headers = {"Authorization": aiohttp.encode_basic_auth(EMAIL, TOKEN)}
    async with aiohttp.ClientSession(base, headers=headers) as session:
        return await RawPull(session).run()


def pull(base: str) -> Haul:
    """Everything that the peers pull."""
    return asyncio.run(_pull(base))


if __name__ == "__main__":
    measure(pull)
