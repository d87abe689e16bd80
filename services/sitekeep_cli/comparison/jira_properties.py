"""What apps keep on things of Jira, by names instead of ids."""

from __future__ import annotations

from typing import Any

from sitekeep_cli.comparison.jira_planning import short_name
from sitekeep_cli.comparison.jira_queries import REALM
from sitekeep_cli.comparison.links import PROJECT
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.kinds import Kind

_REALMS = {
    Owner.BOARD: f"{REALM}{Kind.BOARD}",
    Owner.ISSUE_TYPE: f"{REALM}{Kind.ISSUE_TYPE}",
    Owner.PROJECT: PROJECT,
    Owner.SPRINT: f"{REALM}{Kind.SPRINT}",
}
_OF_ISSUE_TYPE = "ofIssueType"
_VALUE = "value"


def read(reading: Reading) -> None:
    """Puts properties by owner and key."""
    for record, properties in reading.objects(Kind.ENTITY_PROPERTY):
        _properties(reading, record, properties)


def _properties(reading: Reading, record: Record, properties: dict[str, Any]) -> None:
    owner = Owner(record.key.partition("/")[0])
    position = f"{record.attributes.get('at', '')} {record.attributes['id']:>020}"
    name = _owner_name(reading, owner, record)
    path = _OF_ISSUE_TYPE if owner is Owner.ISSUE_TYPE else _VALUE
    for key, value in properties.items():
        reading.put(Kind.ENTITY_PROPERTY, f"{name}/{key}", {path: _comparable(value)}, position)


def _owner_name(reading: Reading, owner: Owner, record: Record) -> str:
    if owner in _REALMS:
        name = reading.name(_REALMS[owner], record.attributes["id"])
        return f"{owner} {short_name(name) if owner is Owner.SPRINT else name}"
    issue = record.attributes["issue"]
    return f"{owner} {issue}" if owner is Owner.ISSUE else f"{owner} of {issue}"


def _comparable(value: Json) -> Json:
    """The value, told apart from no value at all."""
    return {"null": True} if value is None else value
