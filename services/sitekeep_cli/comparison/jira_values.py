"""Values of Jira fields, by names instead of ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison import adf
from sitekeep_cli.comparison.jira_planning import short_name
from sitekeep_cli.comparison.links import ASSET, Links
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.provenance import instant
from sitekeep_cli.comparison.shape import is_list, is_object

PERSON = "user/"
"""What the accounts of people begin with, so that no text passes for one."""
PROJECT = "project/"
"""What the keys of projects that values name begin with."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_OF_THE_SITE = frozenset({"self", "id", "avatarUrls", "iconUrl", "avatarId", "avatarUrl"})
"""What each site makes up by itself, wherever it stands."""


def canonical(value: Json, links: Links) -> Json:
    """A field's value: people by account, options by value, all else that has a name by name."""
    if is_object(value):
        return _object(value, links)
    if is_list(value):
        return _list([canonical(one, links) for one in value])
    if isinstance(value, str):
        return instant(value) if _TIME.fullmatch(value) else words(links.said(value))
    return value


def words(text: str) -> str:
    """What people wrote, so that it passes for no person and no project."""
    return f"text {text}" if text.startswith((PERSON, PROJECT)) else text


def _list(values: list[Json]) -> Json:
    # Jira keeps labels, versions, options and people as sets: their order says nothing.
    if all(isinstance(one, str) for one in values):
        return sorted(values)
    return values


def _object(value: Mapping[str, Any], links: Links) -> Json:
    if value.get("type") == "doc":
        return adf.canonical(dict(value), links)
    if "boardId" in value and "state" in value:
        return short_name(str(value.get("name")))
    if "objectId" in value and "workspaceId" in value:
        identifier = str(value["objectId"])
        return links.name(ASSET, identifier) or f"unknown object {identifier}"
    if "accountId" in value:
        return f"{PERSON}{value['accountId']}"
    if "value" in value and ("id" in value or "self" in value):
        return _option(value, links)
    if "key" in value and "name" not in value:
        return value["key"]
    if "projectTypeKey" in value:
        return f"{PROJECT}{value['key']}"
    if "name" in value:
        return words(links.said(str(value["name"])))
    return {name: canonical(one, links) for name, one in value.items() if name not in _OF_THE_SITE}


def _option(value: Mapping[str, Any], links: Links) -> Json:
    chosen = words(links.said(str(value["value"])))
    child = value.get("child")
    return {"value": chosen, "child": canonical(child, links)} if child else chosen
