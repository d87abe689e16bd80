"""What comments and worklogs have in common: both hang below an issue and are by the caller."""

from __future__ import annotations

import abc
from typing import ClassVar

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row


class SaidItems(abc.ABC):
    """Handlers of a list below an issue and of its items."""

    table: ClassVar[str]
    list_name: ClassVar[str]
    page_cap: ClassVar[int]
    unknown: ClassVar[str]
    """What is said about an id that is not there."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    @abc.abstractmethod
    def add(self, issue_id: int, author: Account, body: Body) -> Row:
        """Adds an item now. Raises Refused (400)."""

    @abc.abstractmethod
    def bean(self, row: Row, *, properties: bool) -> Body:
        """An item as the API shows it."""

    def order(self, request: web.Request) -> str:
        """The ORDER BY of a page. Raises Refused (400)."""
        return "id"

    async def page(self, request: web.Request) -> web.StreamResponse:
        """GET: the items of an issue."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        start, size = page_bounds(request, self.page_cap, self.page_cap)
        rows = self._store.rows(
            f"SELECT * FROM {self.table} WHERE issue_id = ? ORDER BY {self.order(request)} "
            "LIMIT ? OFFSET ?",
            (issue["id"], size, start),
        )
        total = self._store.value(
            f"SELECT count(*) FROM {self.table} WHERE issue_id = ?", (issue["id"],)
        )
        page = {"startAt": start, "maxResults": size, "total": total}
        return json_answer(self._site, page | {self.list_name: self.beans(request, rows)})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET of one item."""
        return json_answer(self._site, self.beans(request, [self.row(request)])[0])

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST: a given author or time of writing is ignored without a word."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        body = await read_object(request)
        with self._store.transaction():
            row = self.add(issue["id"], caller(request), body)
        return json_answer(self._site, self.beans(request, [row])[0], 201)

    def row(self, request: web.Request) -> Row:
        """The item that a request names. Raises Refused (404)."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        row = self._store.row(
            f"SELECT * FROM {self.table} WHERE issue_id = ? AND id = ?",
            (issue["id"], request.match_info["id"]),
        )
        if row is None:
            raise Refused(404, self.unknown)
        return row

    def beans(self, request: web.Request, rows: list[Row]) -> list[Body]:
        """Items as the API shows them."""
        properties = "properties" in request.query.get("expand", "")
        return [self.bean(row, properties=properties) for row in rows]
