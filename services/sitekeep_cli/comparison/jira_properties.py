"""What apps and people keep on things of Jira, by names instead of ids."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sitekeep_cli.comparison.jira_planning import short_name
from sitekeep_cli.comparison.jira_queries import REALM
from sitekeep_cli.comparison.jira_shares import unnumbered
from sitekeep_cli.comparison.links import FIELD, PROJECT
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.content.project_features import is_fixed
from sitekeep_shared.kinds import Kind

_REALMS = {
    Owner.BOARD: f"{REALM}{Kind.BOARD}",
    Owner.ISSUE_TYPE: f"{REALM}{Kind.ISSUE_TYPE}",
    Owner.PROJECT: PROJECT,
    Owner.SPRINT: f"{REALM}{Kind.SPRINT}",
}
_PATHS = {Owner.ISSUE_TYPE: "ofIssueType", Owner.USER: "ofUser"}
"""Where values stand that the destination may have had before, each with other values."""
_VALUE = "value"
_OF_THE_PRODUCT = ("com.atlassian.", "com.pyxis.greenhopper.")
"""Begins the types of fields that come with the product."""


def read(reading: Reading) -> None:
    """Puts properties, features and votes by what has them, columns by filter, epics by key."""
    for record, properties in reading.objects(Kind.ENTITY_PROPERTY):
        _properties(reading, record, properties)
    for record, listed in reading.objects(Kind.PROJECT_FEATURE):
        _features(reading, reading.name(PROJECT, record.key), listed)
    for record, votes in reading.objects(Kind.VOTE):
        for voter in items(votes, "voters"):
            reading.put(Kind.VOTE, f"{record.attributes['issue']}/{voter.get('accountId')}", {})
    for record, epic in reading.objects(Kind.EPIC):
        reading.put(Kind.EPIC, record.attributes["issue"], _epic(epic))
    _columns(reading)


def _properties(reading: Reading, record: Record, properties: dict[str, Any]) -> None:
    owner = Owner(record.key.partition("/")[0])
    at, number = record.attributes.get("at", ""), f"{record.attributes['id']:>020}"
    name = _owner_name(reading, owner, record)
    path = _PATHS.get(owner, _VALUE)
    for key, value in properties.items():
        # What has one name is told apart by what is kept on it, what people said by its order.
        told_apart = _digest(value) if owner in _REALMS else at
        position = f"{told_apart} {number}"
        reading.put(Kind.ENTITY_PROPERTY, f"{name}/{key}", {path: _comparable(value)}, position)


def _digest(value: Json) -> str:
    """A short text that equal values have, whatever their length."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _owner_name(reading: Reading, owner: Owner, record: Record) -> str:
    if owner in _REALMS:
        name = reading.name(_REALMS[owner], record.attributes["id"])
        return f"{owner} {short_name(name) if owner is Owner.SPRINT else name}"
    if owner is Owner.USER:
        return f"{owner} {record.attributes['id']}"
    issue = record.attributes["issue"]
    return f"{owner} {issue}" if owner is Owner.ISSUE else f"{owner} of {issue}"


def _comparable(value: Json) -> Json:
    """The value, told apart from no value at all."""
    return {"null": True} if value is None else value


def _features(reading: Reading, project: str, listed: dict[str, Any]) -> None:
    for feature in items(listed, "features"):
        path = "fixedState" if is_fixed(feature) else "state"
        name = f"{project}/{feature.get('feature')}"
        reading.put(Kind.PROJECT_FEATURE, name, {path: feature.get("state")})


def _epic(epic: dict[str, Any]) -> Json:
    colour = part(epic, "color").get("key")
    return without_nothing({"name": epic.get("name"), "color": colour, "done": epic.get("done")})


def _columns(reading: Reading) -> None:
    """Columns by the names of fields, apart those of apps, which bring them, and of no field."""
    listed = {record.key: field for record, field in reading.objects(Kind.FIELD)}
    for record in reading.records(Kind.FILTER_COLUMNS):
        ids = [str(each.get("value")) for each in json.loads(record.payload)]
        custom = [each for each in ids if each.startswith("customfield_")]
        apps = {e for e in custom if e not in listed or _is_of_an_app(listed[e])}
        value = {
            "columns": [_column(reading, each) for each in ids if each not in apps],
            "ofApps": {_column(reading, each): True for each in ids if each in apps},
        }
        name = reading.name(f"{REALM}{Kind.FILTER}", record.key)
        position = f"{_digest(value)} {record.key:>020}"
        reading.put(Kind.FILTER_COLUMNS, unnumbered(name), without_nothing(value), position)


def _column(reading: Reading, field: str) -> str:
    return reading.links.name(FIELD, field) or field


def _is_of_an_app(field: dict[str, Any]) -> bool:
    kind = str(part(field, "schema").get("custom") or "")
    return bool(kind) and not kind.startswith(_OF_THE_PRODUCT)
