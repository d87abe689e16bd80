"""Properties of projects, issue types, boards, sprints and users; issues have a table of own."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import PROPERTY_KEY, caller, json_answer, no_content, read_json
from sitekeep_simulator.jira.comments import check_property
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import AGILE, API, Jira
from sitekeep_simulator.refusals import Refused

PROJECT = "project"
USER = "user"
Found = Callable[[Account, str], int | str]
"""The id of an owner that a person sees. Raises Refused (404)."""


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of properties."""
    owners = _Owners(jira)
    places: tuple[tuple[str, str, Found], ...] = (
        (PROJECT, f"{API}/project/{{projectIdOrKey}}", owners.project),
        (ObjectKind.ISSUE_TYPE.value, f"{API}/issuetype/{{issueTypeId}}", owners.issue_type),
        (ObjectKind.BOARD.value, f"{AGILE}/board/{{boardId}}", owners.board),
        (ObjectKind.SPRINT.value, f"{AGILE}/sprint/{{sprintId}}", owners.sprint),
        (USER, f"{API}/user", owners.user),
    )
    found: list[web.RouteDef] = []
    for noun, one, find in places:
        handlers = _Properties(jira, noun, find)
        found += [
            web.get(f"{one}/properties", handlers.keys),
            web.get(f"{one}/properties/{PROPERTY_KEY}", handlers.get),
            web.put(f"{one}/properties/{PROPERTY_KEY}", handlers.put),
            web.delete(f"{one}/properties/{PROPERTY_KEY}", handlers.delete),
        ]
    return found


def put_property(jira: Jira, noun: str, owner: int | str, key: str, value: object) -> None:
    """Sets a property of a project or an object. Raises Refused (400)."""
    check_property(key, value)
    jira.store.execute(
        "INSERT OR REPLACE INTO jira_entity_property VALUES (?, ?, ?, ?)",
        (noun, owner, key, msgspec.json.encode(value).decode()),
    )


class _Owners:
    """Finds what has properties."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._access = FilterAccess(jira)

    def project(self, _: Account, wanted: str) -> int:
        return Projects(self._jira).visible(wanted).id

    def issue_type(self, _: Account, wanted: str) -> int:
        return self._object(ObjectKind.ISSUE_TYPE, wanted)

    def board(self, who: Account, wanted: str) -> int:
        """A board is seen by who sees its filter."""
        found = self._jira.objects.get(ObjectKind.BOARD, wanted)
        shown = found and self._jira.objects.get(ObjectKind.FILTER, found.body["filter"])
        if found is None or shown is None or not self._access.sees(who, shown):
            raise Refused(404, f"The board {wanted} does not exist or is not shown to you.")
        return found.id

    def sprint(self, _: Account, wanted: str) -> int:
        return self._object(ObjectKind.SPRINT, wanted)

    def user(self, who: Account, wanted: str) -> str:
        """Of oneself, and of everybody for administrators."""
        if not wanted:
            raise Refused(400, "The accountId is missing.")
        found = self._jira.accounts.get(wanted)
        if found is None:
            raise Refused(404, f"The user {wanted} does not exist.")
        if found.account_id != who.account_id and not self._access.is_admin(who):
            raise Refused(403, "You may not see the properties of other users.")
        return found.account_id

    def _object(self, kind: ObjectKind, wanted: str) -> int:
        found = self._jira.objects.get(kind, wanted)
        if found is None:
            raise Refused(404, f"The {kind.value.replace('_', ' ')} {wanted} does not exist.")
        return found.id


class _Properties:
    """Handlers of the properties of one kind of owner."""

    def __init__(self, jira: Jira, noun: str, find: Found) -> None:
        self._jira = jira
        self._noun = noun
        self._find = find

    async def keys(self, request: web.Request) -> web.StreamResponse:
        """GET …/properties."""
        rows = self._jira.store.rows(
            "SELECT key FROM jira_entity_property WHERE owner = ? AND owner_id = ? ORDER BY key",
            (self._noun, self._owner(request)),
        )
        base = f"{self._jira.site.placeholder}{request.path}/"
        keys = [{"self": base + row["key"], "key": row["key"]} for row in rows]
        return json_answer(self._jira.site, {"keys": keys})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET …/properties/{key}."""
        key = request.match_info["propertyKey"]
        value = self._value(self._owner(request), key)
        if value is None:
            raise Refused(404, f"The property with key {key} does not exist.")
        return json_answer(self._jira.site, {"key": key, "value": msgspec.Raw(value.encode())})

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT …/properties/{key}: 201 for a new one, 200 for a changed one."""
        key, owner = request.match_info["propertyKey"], self._owner(request)
        value = await read_json(request)
        status = 201 if self._value(owner, key) is None else 200
        put_property(self._jira, self._noun, owner, key, value)
        return json_answer(self._jira.site, {}, status)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE …/properties/{key}."""
        key, owner = request.match_info["propertyKey"], self._owner(request)
        if self._value(owner, key) is None:
            raise Refused(404, f"The property with key {key} does not exist.")
        self._jira.store.execute(
            "DELETE FROM jira_entity_property WHERE owner = ? AND owner_id = ? AND key = ?",
            (self._noun, owner, key),
        )
        return no_content()

    def _owner(self, request: web.Request) -> int | str:
        """The owner that the path names; a user is named by the query."""
        named = (value for name, value in request.match_info.items() if name != "propertyKey")
        wanted = next(named, request.query.get("accountId", ""))
        return self._find(caller(request), wanted)

    def _value(self, owner: int | str, key: str) -> str | None:
        value: str | None = self._jira.store.value(
            "SELECT value FROM jira_entity_property WHERE owner = ? AND owner_id = ? AND key = ?",
            (self._noun, owner, key),
        )
        return value
