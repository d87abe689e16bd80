"""The part of JQL that the simulated site understands: bounded clauses joined by AND."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sitekeep_simulator.jira.state import jira_time
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import marks

_TOKEN = re.compile(
    r"\s*(?:(?P<quoted>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<operator><=|>=|!=|=|<|>|[(),])"
    r"|(?P<word>[^\s\"'<>=!(),]+))"
)
_COMPARISONS = ("=", ">=", "<=", ">", "<", "!=")
_TIMES = {"updated": "i.updated", "updateddate": "i.updated", "created": "i.created"}
_TIMES["createddate"] = "i.created"
_AGO = re.compile(r"-(\d+)([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE = re.compile(r"(\d{4})[-/](\d{2})[-/](\d{2})(?:\s+(\d{2}):(\d{2}))?$")
_ORDERS = {
    "key": ("p.key", "i.number"),
    "issuekey": ("p.key", "i.number"),
    "id": ("i.id",),
    "updated": ("i.updated",),
    "created": ("i.created",),
}
_MOST_ORDERS = 7
_PROJECT = (
    "SELECT project_id FROM jira_project_key WHERE key = ? "
    "UNION ALL SELECT id FROM jira_project WHERE id = ? "
    "UNION ALL SELECT id FROM jira_project WHERE name = ? COLLATE NOCASE LIMIT 1"
)
"""The one project that a text means: by key, else by id, else by name."""
_ONE_PROJECT = "i.project_id IS"


@dataclass
class Query:
    """A query as SQL: a condition with its values, and the columns of its order."""

    conditions: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])
    order: tuple[str, ...] = ("i.id",)
    descending: bool = True


def parse_query(text: str, now: datetime.datetime) -> Query:
    """Reads a query. Raises Refused (400) for what is unbounded or not understood."""
    parser = _Parser(text, now)
    query = parser.parse()
    if not query.conditions:
        raise Refused(
            400,
            "Unbounded JQL queries are not allowed here. "
            "Please add a search restriction to your query.",
        )
    return query


class _Parser:
    def __init__(self, text: str, now: datetime.datetime) -> None:
        self._now = now
        self._tokens = _tokens(text)
        self._place = 0
        self._query = Query()

    def parse(self) -> Query:
        while self._peek() is not None and self._peek() != "ORDER":
            self._clause()
            if self._peek() == "AND":
                self._place += 1
        if self._peek() == "ORDER":
            self._order()
        self._query.order = self._shortened(self._query.order)
        return self._query

    def _shortened(self, order: tuple[str, ...]) -> tuple[str, ...]:
        """Within one project the keys stand as their numbers do, of which there is an index."""
        one_project = any(each.startswith(_ONE_PROJECT) for each in self._query.conditions)
        by_key = one_project and order[0] == "p.key"
        return ("i.number",) if by_key else order

    def _peek(self) -> str | None:
        if self._place >= len(self._tokens):
            return None
        token, quoted = self._tokens[self._place]
        upper = token.upper()
        return upper if not quoted and upper in ("AND", "ORDER", "BY", "IN") else token

    def _next(self) -> str:
        if self._place >= len(self._tokens):
            raise Refused(400, "Error in the JQL Query: it ends too early.")
        self._place += 1
        return self._tokens[self._place - 1][0]

    def _clause(self) -> None:
        name, operator = self._next().lower(), self._peek()
        self._place += 1
        if operator == "IN":
            values = self._list()
        elif operator in _COMPARISONS:
            values = [self._next()]
        else:
            raise Refused(400, f"Error in the JQL Query: '{operator}' is not understood.")
        condition, bound = _condition(name, str(operator), values, self._now)
        self._query.conditions.append(condition)
        self._query.values.extend(bound)

    def _list(self) -> list[str]:
        values: list[str] = []
        if self._next() != "(":
            raise Refused(400, "Error in the JQL Query: expecting '('.")
        while (token := self._next()) != ")":
            if token != ",":
                values.append(token)
        return values

    def _order(self) -> None:
        self._place += 1
        if self._next().upper() != "BY":
            raise Refused(400, "Error in the JQL Query: expecting 'BY'.")
        keys: list[tuple[str, bool]] = []
        while self._place < len(self._tokens):
            name = self._next()
            if name == ",":
                continue
            if name.upper() in ("ASC", "DESC"):
                keys[-1] = (keys[-1][0], name.upper() == "DESC")
            else:
                keys.append((name.lower(), False))
        self._set_order(keys)

    def _set_order(self, keys: list[tuple[str, bool]]) -> None:
        if not keys or len(keys) > _MOST_ORDERS or keys[0][0] not in _ORDERS:
            raise Refused(400, f"The ORDER BY of {keys} is not supported.")
        columns = _ORDERS[keys[0][0]]
        self._query.order = columns if columns[-1] == "i.id" else (*columns, "i.id")
        self._query.descending = keys[0][1]


def _tokens(text: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    place = 0
    stripped = text.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise Refused(400, f"Error in the JQL Query: '{stripped[place]}' is not understood.")
        quoted = match.group("quoted")
        token = match.group().strip() if quoted is None else _unquoted(quoted)
        found.append((token, quoted is not None))
        place = match.end()
    return found


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _condition(
    name: str, operator: str, values: list[str], now: datetime.datetime
) -> tuple[str, list[Any]]:
    if name in _TIMES:
        return f"{_TIMES[name]} {operator} ?", [_time(values[0], now)]
    if name in ("key", "issuekey", "issue", "id"):
        return _by_key(operator, values)
    makers: dict[str, Callable[[list[str]], tuple[str, list[Any]]]] = {
        "project": _by_project,
        "labels": _by_label,
        "parent": _by_parent,
        "issuetype": lambda v: _by_object("issue_type", "i.type_id", v),
        "type": lambda v: _by_object("issue_type", "i.type_id", v),
        "status": lambda v: _by_object("status", "i.status_id", v),
    }
    if name not in makers:
        raise Refused(400, f"Field '{name}' does not exist or you do not have permission.")
    if operator not in ("=", "IN", "!="):
        raise Refused(400, f"The operator '{operator}' is not supported by the '{name}' field.")
    condition, bound = makers[name](values)
    return (f"NOT ({condition})" if operator == "!=" else condition), bound


def _by_project(values: list[str]) -> tuple[str, list[Any]]:
    if len(values) == 1:
        return f"{_ONE_PROJECT} ({_PROJECT})", [values[0].upper(), values[0], values[0]]
    places = marks(len(values))
    upper = [value.upper() for value in values]
    condition = (
        "i.project_id IN (SELECT id FROM jira_project WHERE "
        f"id IN ({places}) OR name COLLATE NOCASE IN ({places}) OR id IN "
        f"(SELECT project_id FROM jira_project_key WHERE key IN ({places})))"
    )
    return condition, [*values, *values, *upper]


def _by_key(operator: str, values: list[str]) -> tuple[str, list[Any]]:
    numbers = [int(value) for value in values if value.isdigit()]
    keys = [value.upper().rpartition("-") for value in values if not value.isdigit()]
    if any(not number.isdigit() for _, _, number in keys):
        raise Refused(400, f"The issue key of {values} for field 'key' is invalid.")
    if operator in ("=", "IN"):
        places = ",".join("(?, ?)" for _ in keys)
        parts = ["SELECT ?" for _ in numbers]
        if keys:
            parts.append(
                f"SELECT j.id FROM (VALUES {places}) v JOIN jira_project k ON k.key = v.column1 "
                "JOIN jira_issue j ON j.project_id = k.id AND j.number = v.column2"
            )
        pairs = [part for key, _, number in keys for part in (key, int(number))]
        return f"i.id IN ({' UNION ALL '.join(parts)})", [*numbers, *pairs]
    if numbers:
        return f"i.id {operator} ?", [numbers[0]]
    condition = "i.project_id = (SELECT id FROM jira_project WHERE key = ?)"
    return f"({condition} AND i.number {operator} ?)", [keys[0][0], int(keys[0][2])]


def _by_label(values: list[str]) -> tuple[str, list[Any]]:
    condition = (
        "EXISTS (SELECT 1 FROM json_each(i.fields, '$.labels') l "
        f"WHERE l.value COLLATE NOCASE IN ({marks(len(values))}))"
    )
    return condition, list(values)


def _by_parent(values: list[str]) -> tuple[str, list[Any]]:
    condition, bound = _by_key("IN", values)
    inner = condition.replace("i.", "q.")
    return f"i.parent_id IN (SELECT q.id FROM jira_issue q WHERE {inner})", bound


def _by_object(kind: str, column: str, values: list[str]) -> tuple[str, list[Any]]:
    places = marks(len(values))
    return (
        f"{column} IN (SELECT id FROM jira_object WHERE kind = '{kind}' AND "
        f"(name COLLATE NOCASE IN ({places}) OR CAST(id AS TEXT) IN ({places})))"
    ), [*values, *values]


def _time(text: str, now: datetime.datetime) -> str:
    ago = _AGO.match(text)
    if ago is not None:
        return jira_time(now - datetime.timedelta(**{_UNITS[ago.group(2)]: int(ago.group(1))}))
    match = _DATE.match(text)
    if match is None:
        raise Refused(400, f"Date value '{text}' for field is invalid.")
    year, month, day, hour, minute = match.groups()
    return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:00.000+0000"
