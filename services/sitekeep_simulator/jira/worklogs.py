"""Worklogs: ``started`` is kept, the author and the times of writing are not."""

from __future__ import annotations

import datetime
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import json_answer, list_in, query_integer, read_object
from sitekeep_simulator.jira.comments import checked_body, property_list, visibility_text
from sitekeep_simulator.jira.field_values import duration_seconds
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.said_items import SaidItems
from sitekeep_simulator.jira.state import API, instant_of, jira_time, milliseconds_of
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row, marks

_UPDATED_CAP = 1000
_LIST_CAP = 1000
_FRESH = datetime.timedelta(minutes=1)


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of worklogs."""
    worklogs = Worklogs(issues)
    of_issue = f"{API}/issue/{{issueIdOrKey}}/worklog"
    return [
        web.get(of_issue, worklogs.page),
        web.post(of_issue, worklogs.create),
        web.get(f"{of_issue}/{{id}}", worklogs.get),
        web.get(f"{API}/worklog/updated", worklogs.updated),
        web.post(f"{API}/worklog/list", worklogs.by_ids),
    ]


def add_worklog(issues: Issues, issue_id: int, author: Account, body: Body) -> Row:
    """Adds a worklog: whole minutes, at least one. Raises Refused (400)."""
    store, now = issues.jira.store, issues.jira.now()
    seconds = _seconds(body)
    started = _started(body, now)
    comment = body.get("comment")
    text = None if comment is None else checked_body(issues, comment)
    worklog_id = store.next_id("jira.worklog")
    properties = msgspec.json.encode(property_list(body.get("properties"))).decode()
    visibility = visibility_text(body.get("visibility"))
    who = author.account_id
    store.execute(
        "INSERT INTO jira_worklog VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            worklog_id,
            issue_id,
            who,
            who,
            now,
            now,
            started,
            seconds,
            text,
            visibility,
            properties,
        ),
    )
    issues.touch(issue_id)
    return store.rows("SELECT * FROM jira_worklog WHERE id = ?", (worklog_id,))[0]


class Worklogs(SaidItems):
    """Handlers."""

    table = "jira_worklog"
    list_name = "worklogs"
    page_cap = 5000
    unknown = "Cannot find worklog with the id."

    def add(self, issue_id: int, author: Account, body: Body) -> Row:
        """Adds a worklog: whole minutes, at least one. Raises Refused (400)."""
        return add_worklog(self._issues, issue_id, author, body)

    def bean(self, row: Row, *, properties: bool) -> Body:
        """A worklog as the API shows it."""
        return self._issues.renderer.worklog(row, properties=properties)

    async def updated(self, request: web.Request) -> web.StreamResponse:
        """GET worklog/updated: 1000 a page by time of change, without the last minute.

        The next page starts at the time of the last entry, so entries of one instant never
        fall between two pages.
        """
        since = query_integer(request, "since", 0)
        rows = self._updated_rows(since)
        times = [milliseconds_of(row["updated"]) for row in rows]
        until = times[-1] if times else since
        last = not times or not self._after(until)
        bean: Body = {
            "values": [
                {"worklogId": row["id"], "updatedTime": time, "properties": []}
                for row, time in zip(rows, times, strict=True)
            ],
            "since": since,
            "until": until,
            "self": self._link(since),
            "lastPage": last,
        }
        if not last:
            bean["nextPage"] = self._link(until)
        return json_answer(self._site, bean)

    async def by_ids(self, request: web.Request) -> web.StreamResponse:
        """POST worklog/list: at most 1000 ids; unknown ones are silently absent."""
        ids = list_in(await read_object(request), "ids")
        if len(ids) > _LIST_CAP:
            raise Refused(400, f"At most {_LIST_CAP} worklog ids can be given.")
        rows = self._store.rows(
            f"SELECT * FROM jira_worklog WHERE id IN ({marks(len(ids))}) ORDER BY id", ids
        )
        return json_answer(self._site, self.beans(request, rows))

    def _updated_rows(self, since: int) -> list[Row]:
        floor, ceiling = _time_of(since), self._ceiling()
        rows = self._store.rows(
            "SELECT id, updated FROM jira_worklog WHERE updated > ? AND updated <= ? "
            "ORDER BY updated, id LIMIT ?",
            (floor, ceiling, _UPDATED_CAP),
        )
        if len(rows) < _UPDATED_CAP:
            return rows
        return rows + self._store.rows(
            "SELECT id, updated FROM jira_worklog WHERE updated = ? AND id > ? ORDER BY id",
            (rows[-1]["updated"], rows[-1]["id"]),
        )

    def _after(self, since: int) -> bool:
        return bool(
            self._store.value(
                "SELECT 1 FROM jira_worklog WHERE updated > ? AND updated <= ? LIMIT 1",
                (_time_of(since), self._ceiling()),
            )
        )

    def _ceiling(self) -> str:
        return jira_time(self._site.clock.now() - _FRESH)

    def _link(self, since: int) -> str:
        return self._issues.jira.url(f"/worklog/updated?{urlencode({'since': since})}")


def _time_of(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    instant = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return jira_time(instant + datetime.timedelta(milliseconds=rest))


def _seconds(body: Body) -> int:
    seconds = body.get("timeSpentSeconds")
    if seconds is None:
        try:
            seconds = duration_seconds(str(body.get("timeSpent") or ""))
        except ValueError as error:
            raise Refused(
                400, fields={"timeLogged": "You must indicate the time spent."}
            ) from error
    if not isinstance(seconds, int) or seconds < 60:
        raise Refused(400, "Worklog must not be null or less than one minute.")
    return seconds // 60 * 60


def _started(body: Body, now: str) -> str:
    text = body.get("started")
    if text is None:
        return now
    try:
        return jira_time(instant_of(str(text)))
    except ValueError as error:
        raise Refused(400, fields={"started": f"'{text}' is not a date and a time."}) from error
