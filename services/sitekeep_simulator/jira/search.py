"""Searching with JQL. The index may lag behind; deleted issues leave it at once."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, list_in, query_list, read_object
from sitekeep_simulator.jira.archive import NOT_ARCHIVED
from sitekeep_simulator.jira.issue_answers import Wish, issue_beans
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.projects import LIVE
from sitekeep_simulator.jira.query_language import Query, parse_query
from sitekeep_simulator.jira.rendering import HEAD_QUERY
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_ID_CAP = 5000
_FULL_CAP = 100
_DEFAULT_SIZE = 50
_RECONCILE_CAP = 50
_KEYS = {
    "jql",
    "fields",
    "maxResults",
    "nextPageToken",
    "expand",
    "properties",
    "fieldsByKeys",
    "reconcileIssues",
}


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of the search."""
    search = Search(issues)
    return [
        web.post(f"{API}/search/jql", search.post),
        web.get(f"{API}/search/jql", search.get),
        web.post(f"{API}/search/approximate-count", search.count),
        web.get(f"{API}/search", search.gone),
        web.post(f"{API}/search", search.gone),
    ]


class Search:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store
        self._permissions = Permissions(issues.jira)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """POST search/jql: ids only unless fields are named; no total, no startAt."""
        return self._answer(caller(request), await read_object(request))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET search/jql."""
        body: Body = {key: request.query[key] for key in request.query if key in _KEYS}
        if "startAt" in request.query:
            body["startAt"] = request.query["startAt"]
        for name in ("fields", "properties", "reconcileIssues"):
            if name in body:
                body[name] = query_list(request, name)
        if "maxResults" in body:
            body["maxResults"] = int(body["maxResults"]) if body["maxResults"].isdigit() else -1
        return self._answer(caller(request), body)

    async def count(self, request: web.Request) -> web.StreamResponse:
        """POST search/approximate-count."""
        query = self._query(await read_object(request))
        condition, values = self._condition(caller(request), query, [])
        total = self._store.value(
            "SELECT count(*) FROM jira_issue i CROSS JOIN jira_project p ON p.id = i.project_id "
            f"WHERE {condition}",
            values,
        )
        self._catch_up()
        return json_answer(self._site, {"count": total})

    async def gone(self, _: web.Request) -> web.StreamResponse:
        """The old search answers 410."""
        raise Refused(
            410,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
        )

    def _query(self, body: Body) -> Query:
        return parse_query(str(body.get("jql") or ""), self._site.clock.now())

    def _answer(self, account: Account, body: Body) -> web.Response:
        if set(body) - _KEYS:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
        query = self._query(body)
        fields: list[str] = body.get("fields") or ["id"]
        rows, token = self._page(account, query, body, _size(body, fields))
        expand = body.get("expand") or ""
        wish = Wish(
            fields=fields,
            properties=list_in(body, "properties"),
            expand=expand.split(","),
            changelog_cap=40,
            ids_only=set(fields) == {"id"} and not body.get("properties"),
        )
        wish.check_properties()
        answer: Body = {"issues": issue_beans(self._issues, rows, wish), "isLast": token is None}
        if token is not None:
            answer["nextPageToken"] = token
        return json_answer(self._site, answer)

    def _page(
        self, account: Account, query: Query, body: Body, size: int
    ) -> tuple[list[Row], str | None]:
        reconcile = [int(each) for each in list_in(body, "reconcileIssues")]
        if len(reconcile) > _RECONCILE_CAP:
            raise Refused(400, f"At most {_RECONCILE_CAP} issues can be reconciled.")
        condition, values = self._condition(account, query, reconcile)
        after = _read_token(body.get("nextPageToken"), query)
        if after is not None:
            sign = "<" if query.descending else ">"
            places = ", ".join("?" * len(query.order))
            condition += f" AND ({', '.join(query.order)}) {sign} ({places})"
            values += after
        way = " DESC" if query.descending else ""
        order = ", ".join(f"{column}{way}" for column in query.order)
        rows = self._store.rows(
            f"{HEAD_QUERY} WHERE {condition} ORDER BY {order} LIMIT ?", [*values, size + 1]
        )
        self._catch_up()
        if len(rows) <= size:
            return rows, None
        return rows[:size], _token(query, rows[size - 1])

    def _condition(
        self, account: Account, query: Query, reconcile: list[int]
    ) -> tuple[str, list[Any]]:
        fresh = "i.id NOT IN (SELECT issue_id FROM jira_unindexed WHERE searches > 0)"
        if reconcile:
            fresh = f"({fresh} OR i.id IN ({', '.join(map(str, reconcile))}))"
        parts = [f"p.state = '{LIVE}'", NOT_ARCHIVED, fresh, *query.conditions]
        if hidden := self._permissions.hidden_projects(account):
            parts.append(f"p.id NOT IN ({', '.join(map(str, hidden))})")
        for level, fields in self._permissions.closed_levels(account).items():
            own = account.account_id.replace("'", "")
            seen = [f"json_extract(i.fields, '$.{name}') = '{own}'" for name in fields]
            other = f"i.level IS NOT {level}"
            parts.append(f"({' OR '.join([other, *seen])})")
        return " AND ".join(parts), list(query.values)

    def _catch_up(self) -> None:
        self._store.execute("DELETE FROM jira_unindexed WHERE searches <= 1")
        self._store.execute("UPDATE jira_unindexed SET searches = searches - 1")


def _size(body: Body, fields: list[str]) -> int:
    asked = body.get("maxResults", _DEFAULT_SIZE)
    if not isinstance(asked, int) or asked < 0:
        raise Refused(400, "maxResults must not be negative.")
    cheap = not set(fields) - {"id", "key"} and not body.get("expand")
    return min(asked, _ID_CAP if cheap else _FULL_CAP) or _DEFAULT_SIZE


def _token(query: Query, row: Row) -> str:
    columns = {
        "i.id": row["id"],
        "i.number": row["number"],
        "i.updated": row["updated"],
        "i.created": row["created"],
        "p.key": row["key"].rpartition("-")[0],
    }
    place = msgspec.json.encode([columns[column] for column in query.order])
    return base64.urlsafe_b64encode(place).decode()


def _read_token(token: Any, query: Query) -> list[Any] | None:
    if token is None:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(str(token)), type=list[Any])
    except (binascii.Error, msgspec.DecodeError) as error:
        raise Refused(400, "The nextPageToken is not valid.") from error
    if len(place) != len(query.order):
        raise Refused(400, "The nextPageToken does not belong to this query.")
    return place
