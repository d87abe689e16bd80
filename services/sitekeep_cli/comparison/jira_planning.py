"""What people plan with: filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison.jira_queries import Queries
from sitekeep_cli.comparison.model import Json, Side
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.kinds import Kind

Item = Mapping[str, Any]

_NUMBERED = re.compile(r" \(\d+\)\Z")
"""What a restore puts behind a name that its owner has used already."""
_REFUSED = re.compile(
    r"\n?Sitekeep: the site refused the original query: (?P<query>.*)\Z", re.DOTALL
)


def read(reading: Reading) -> None:
    """Puts filters by name."""
    queries = Queries(reading)
    for _, item in reading.objects(Kind.FILTER):
        _filter(reading, queries, item)


def _filter(reading: Reading, queries: Queries, item: Item) -> None:
    name = str(item.get("name"))
    description = str(item.get("description") or "")
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
    reading.put(Kind.FILTER, _NUMBERED.sub("", name), without_nothing(value), query)


def shares(item: Item, name: str) -> list[Json]:
    """Who may see or edit it, each in a word or by an account id."""
    return sorted(_share(permission) for permission in items(item, name))


def _share(permission: Item) -> str:
    kind = permission.get("type")
    if kind in ("loggedin", "authenticated"):
        return "everyone who is logged in"
    named = {
        "user": part(permission, "user").get("accountId"),
        "group": f"group {part(permission, 'group').get('name')}",
        "global": "everyone",
    }
    if kind in named:
        return str(named[kind])
    project = f"project {part(permission, 'project').get('key')}"
    role = part(permission, "role").get("name")
    return f"{project}/{role}" if role else project


def _subscriptions(item: Item) -> list[Json]:
    return sorted(
        str(part(each, "user").get("accountId") or part(each, "group").get("name"))
        for each in items(item, "subscriptions")
    )
