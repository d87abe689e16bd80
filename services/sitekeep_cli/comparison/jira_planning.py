"""What people plan with: filters, boards, sprints, dashboards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison import jira_dashboards
from sitekeep_cli.comparison.jira_queries import REALM, Queries
from sitekeep_cli.comparison.jira_shares import shares, unnumbered
from sitekeep_cli.comparison.model import Json, Record, Side
from sitekeep_cli.comparison.provenance import instant
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.kinds import Kind

Item = Mapping[str, Any]

_NAME_LENGTH = 30
"""Characters of the name of a sprint."""
_MADE_FOR_A_BOARD = "Sitekeep: made for a board whose own filter did not come back."
_MADE_FOR_SPRINTS = "Sitekeep: sprints of boards that are gone"
_REFUSED = re.compile(
    r"\n?Sitekeep: the site refused the original query: (?P<query>.*)\Z", re.DOTALL
)


def read(reading: Reading) -> None:
    """Puts filters by name."""
    _refer(reading)
    queries = Queries(reading)
    for _, item in reading.objects(Kind.FILTER):
        _filter(reading, queries, item)
    for record, item in reading.objects(Kind.BOARD):
        _board(reading, record, item)
    for record, item in reading.objects(Kind.SPRINT):
        _sprint(reading, record, item)
    jira_dashboards.read(reading, queries)


def _refer(reading: Reading) -> None:
    """Keeps what the ids of boards and sprints stand for."""
    for kind in (Kind.BOARD, Kind.SPRINT):
        for record, item in reading.objects(kind):
            reading.refer(f"{REALM}{kind}", record.key, str(item.get("name")))


def _filter(reading: Reading, queries: Queries, item: Item) -> None:
    name = str(item.get("name"))
    description = str(item.get("description") or "")
    if reading.restored and description == _MADE_FOR_A_BOARD:
        return
    query = queries.canonical(str(item.get("jql") or ""))
    refused = _REFUSED.search(description) if reading.restored else None
    if refused is not None:
        # It is the source's: its ids are those of the other side.
        description = description[: refused.start()]
        query = queries.canonical(refused.group("query"), Side.LEFT)
    value = {
        "name": name,
        "description": description,
        "jql": query,
        "queryRefused": refused is not None or None,
        "owner": part(item, "owner").get("accountId"),
        "shares": shares(item, "sharePermissions"),
        "edits": shares(item, "editPermissions"),
        "subscriptions": _subscriptions(item),
    }
    reading.put(Kind.FILTER, unnumbered(name), without_nothing(value), query)


def _subscriptions(item: Item) -> list[Json]:
    return sorted(
        str(part(each, "user").get("accountId") or part(each, "group").get("name"))
        for each in items(item, "subscriptions")
    )


def _board(reading: Reading, record: Record, item: Item) -> None:
    name = str(item.get("name"))
    if reading.restored and name == _MADE_FOR_SPRINTS and not _had_it(reading):
        return
    configuration: Item = json.loads(record.attributes.get("configuration") or "{}")
    place = part(item, "location")
    columns = part(configuration, "columnConfig")
    value = {
        "type": _type(record, item),
        "teamManaged": item.get("type") == "simple" or None,
        "filter": _filter_of(reading, name, configuration),
        "project": place.get("projectKey"),
        "owner": place.get("userAccountId"),
        "admins": _admins(item),
        "columns": [_column(reading, column) for column in items(columns, "columns")],
        "limits": columns.get("constraintType"),
        "quickFilters": [
            {"name": each.get("name"), "jql": each.get("jql")}
            for each in json.loads(record.attributes.get("quickFilters") or "[]")
        ],
        "subQuery": part(configuration, "subQuery").get("query"),
        "estimation": part(configuration, "estimation").get("type"),
    }
    reading.put(Kind.BOARD, name, without_nothing(value), _in_order(record))


def _had_it(reading: Reading) -> bool:
    """Whether the source had a board of that name itself: an earlier restore can have made it."""
    return _MADE_FOR_SPRINTS in reading.shelf.values(Side.LEFT, f"{REALM}{Kind.BOARD}")


def _in_order(record: Record) -> str:
    return f"{record.key:>020}"


def _type(record: Record, item: Item) -> Json:
    """A board of a team-managed project is scrum or kanban by whether it has sprints."""
    if item.get("type") != "simple":
        return item.get("type")
    features = items(json.loads(record.attributes.get("features") or "{}"), "features")
    sprints = ("SPRINTS", "ENABLED")
    found = [(each.get("boardFeature"), each.get("state")) for each in features]
    return "scrum" if sprints in found else "kanban"


def _filter_of(reading: Reading, board: str, configuration: Item) -> Json:
    """The name of its filter; where the backup lacks it, that of the one made in its place."""
    identifier = str(part(configuration, "filter").get("id") or "")
    name = reading.shelf.look_up(reading.side, f"{REALM}{Kind.FILTER}", identifier)
    return unnumbered(name) if name else f"Filter for {board}"[:250]


def _admins(item: Item) -> list[Json]:
    admins = part(item, "admins")
    people = [str(each.get("accountId")) for each in items(admins, "users")]
    return sorted(people + [f"group {each.get('name')}" for each in items(admins, "groups")])


def _column(reading: Reading, column: Item) -> Json:
    realm = f"{REALM}{Kind.STATUS}"
    statuses = [str(each.get("id")) for each in items(column, "statuses")]
    return without_nothing(
        {
            "name": column.get("name"),
            "statuses": [reading.shelf.look_up(reading.side, realm, each) for each in statuses],
            "min": column.get("min"),
            "max": column.get("max"),
        }
    )


def _sprint(reading: Reading, record: Record, item: Item) -> None:
    name = str(item.get("name"))
    board = str(item.get("originBoardId") or item.get("boardId") or "")
    value = {
        "name": name,
        "board": reading.shelf.look_up(reading.side, f"{REALM}{Kind.BOARD}", board),
        "state": item.get("state"),
        "goal": item.get("goal"),
        "startDate": instant(item.get("startDate")),
        "endDate": instant(item.get("endDate")),
        "completeDate": instant(item.get("completeDate")),
        "createdDate": instant(item.get("createdDate")),
    }
    told_apart = ("startDate", "endDate", "goal", "board", "state")
    position = " ".join(str(value[each]) for each in told_apart) + f" {_in_order(record)}"
    reading.put(Kind.SPRINT, short_name(name), without_nothing(value), position)


def short_name(name: str) -> str:
    """The name of a sprint as far as a site takes it today."""
    return name.strip()[:_NAME_LENGTH].strip()
