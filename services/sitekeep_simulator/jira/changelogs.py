"""Reading the history of issues."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.paging import page_bean, page_bounds
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row, marks

_ISSUES_CAP = 1000
_ENTRIES_CAP = 10_000
_ENTRIES_DEFAULT = 1000
_KEYS = {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"}


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of the history."""
    changelogs = Changelogs(issues)
    return [
        web.get(f"{API}/issue/{{issueIdOrKey}}/changelog", changelogs.of_issue),
        web.post(f"{API}/changelog/bulkfetch", changelogs.bulk),
    ]


class Changelogs:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    async def of_issue(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/changelog: oldest first, at most 100 a page."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        start, size = page_bounds(request, 100, 100)
        rows = self._store.rows(
            "SELECT * FROM jira_change WHERE issue_id = ? ORDER BY created, id LIMIT ? OFFSET ?",
            (issue["id"], size, start),
        )
        total = self._store.value(
            "SELECT count(*) FROM jira_change WHERE issue_id = ?", (issue["id"],)
        )
        values = [self._issues.renderer.change(row) for row in rows]
        bean = page_bean(self._issues.jira, request, values, start, size, total)
        return json_answer(self._site, bean)

    async def bulk(self, request: web.Request) -> web.StreamResponse:
        """POST changelog/bulkfetch: sorted by time, then issue; grouped by issue a page."""
        body = await read_object(request)
        ids, size = self._checked(body)
        after = _read_token(body.get("nextPageToken"))
        rows = self._page(ids, set(list_in(body, "fieldIds")), after, size)
        grouped: dict[int, list[Body]] = {}
        for row in rows[:size]:
            grouped.setdefault(row["issue_id"], []).append(self._issues.renderer.change(row))
        bean: Body = {
            "issueChangeLogs": [
                {"issueId": str(issue_id), "changeHistories": entries}
                for issue_id, entries in grouped.items()
            ]
        }
        if len(rows) > size:
            bean["nextPageToken"] = _token(rows[size - 1])
        return json_answer(self._site, bean)

    def _checked(self, body: Body) -> tuple[list[int], int]:
        wanted: list[Any] = list_in(body, "issueIdsOrKeys")
        size = body.get("maxResults", _ENTRIES_DEFAULT)
        if set(body) - _KEYS:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
        if not 1 <= len(wanted) <= _ISSUES_CAP:
            raise Refused(400, f"Between 1 and {_ISSUES_CAP} issues must be given.")
        if not isinstance(size, int) or not 1 <= size <= _ENTRIES_CAP:
            raise Refused(400, f"maxResults must be between 1 and {_ENTRIES_CAP}.")
        if len(list_in(body, "fieldIds")) > 10:
            raise Refused(400, "At most 10 field ids can be given.")
        rows = self._issues.find_many([str(each) for each in wanted])
        return [row["id"] for row in rows], size

    def _page(
        self, ids: list[int], fields: set[str], after: tuple[str, int, int], size: int
    ) -> list[Row]:
        only = ""
        if fields:
            only = (
                " AND EXISTS (SELECT 1 FROM json_each(items) e WHERE "
                f"json_extract(e.value, '$.fieldId') IN ({marks(len(fields))}))"
            )
        return self._store.rows(
            f"SELECT * FROM jira_change WHERE issue_id IN ({marks(len(ids))}){only} "
            "AND (created, issue_id, id) > (?, ?, ?) ORDER BY created, issue_id, id LIMIT ?",
            [*ids, *sorted(fields), *after, size + 1],
        )


def _token(row: Row) -> str:
    place = msgspec.json.encode([row["created"], row["issue_id"], row["id"]])
    return base64.urlsafe_b64encode(place).decode()


def _read_token(token: Any) -> tuple[str, int, int]:
    if token is None:
        return "", 0, 0
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(str(token)), type=tuple[str, int, int])
    except (binascii.Error, msgspec.DecodeError) as error:
        raise Refused(400, "The nextPageToken is not valid.") from error
