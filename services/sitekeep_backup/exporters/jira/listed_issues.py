"""What the search lists of a project, in number order, and what changed on the whole site."""

from __future__ import annotations

import datetime
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.raw import Identified
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.entry_keys import split_issue_key

SEARCH = "/rest/api/3/search/jql"
PAGE_SIZE = 5000
"""The largest page of search/jql, of ids and keys (Jira REST v3); of other fields it is smaller."""

OVERLAP = datetime.timedelta(minutes=5)
"""How much earlier than it began a backup looks for changes: times in queries are whole minutes."""


class _Fields(msgspec.Struct):
    updated: str = ""
    project: Identified | None = None


class _Issue(msgspec.Struct):
    id: str
    key: str = ""
    fields: _Fields = msgspec.field(default_factory=_Fields)


class _Page(msgspec.Struct, rename="camel"):
    issues: list[_Issue] = []
    next_page_token: str | None = None


async def _search(unit: ExportUnit, jql: str, fields: list[str]) -> AsyncIterator[_Issue]:
    body: dict[str, Any] = {"jql": jql, "fields": fields, "maxResults": PAGE_SIZE}
    while True:
        page = await unit.site.post_for(SEARCH, body, _Page)
        for issue in page.issues:
            yield issue
        if not page.next_page_token:
            return
        body["nextPageToken"] = page.next_page_token


async def changed_issues(unit: ExportUnit) -> Mapping[str, Mapping[str, str]]:
    """By project id: the ids of the issues that changed since the backup began, and when.

    The time is said in minutes before now, so that neither the time zone of the account nor the
    clocks of both sides matter (Atlassian, "JQL fields": Updated).
    """
    minutes = int((unit.running_for + OVERLAP).total_seconds() // 60) + 1
    jql = f'updated >= "-{minutes}m" ORDER BY updated ASC'
    found: dict[str, dict[str, str]] = defaultdict(dict)
    async for issue in _search(unit, jql, ["updated", "project"]):
        if issue.fields.project is not None:
            found[str(issue.fields.project.id)][issue.id] = issue.fields.updated
    return found


class ListedIssues:
    """The issues of one project as the search lists them, taken from the lowest number up."""

    def __init__(self, unit: ExportUnit, project_id: str) -> None:
        self._issues = _search(unit, f"project = {project_id} ORDER BY key ASC", ["key"])
        self._waiting: deque[tuple[int, str]] = deque()

    async def below(self, number: int | None) -> dict[str, int]:
        """The id and number of each that was not taken yet; None: of all that are left.

        Raises SiteError: the project is not searched for this account.
        """
        taken: dict[str, int] = {}
        while (following := await self._next()) is not None:
            if number is not None and following[0] >= number:
                self._waiting.append(following)
                break
            taken[following[1]] = following[0]
        return taken

    async def _next(self) -> tuple[int, str] | None:
        if self._waiting:
            return self._waiting.popleft()
        async for issue in self._issues:
            return split_issue_key(issue.key)[1], issue.id
        return None
