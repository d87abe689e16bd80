"""JQL by names instead of ids, so that queries of two sites can be compared."""

from __future__ import annotations

import json

from sitekeep_cli.comparison import jira_access
from sitekeep_cli.comparison.model import Side
from sitekeep_cli.comparison.reading import Reading
from sitekeep_cli.comparison.shape import part
from sitekeep_shared.content.jql import (
    OPTION,
    SECURITY_LEVEL,
    Reference,
    custom_realms,
    references,
    replaced,
)
from sitekeep_shared.kinds import Kind

REALM = "jql "
"""Begins the realms of the ids that queries name, each followed by the realm of the reader."""

_REALMS, _ALL = "jql realms", "all"
"""Where the shelf has the realms of a side's custom fields, as a JSON text."""

_NAMED = (
    Kind.PROJECT_CATEGORY,
    Kind.ISSUE_TYPE,
    Kind.STATUS,
    Kind.PRIORITY,
    Kind.RESOLUTION,
    Kind.FILTER,
    Kind.SPRINT,
)
_IN_PROJECTS = (Kind.VERSION, Kind.COMPONENT)


class Queries:
    """Rewrites the queries of one side."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._custom = {reading.side: _custom(reading)}
        reading.refer(_REALMS, _ALL, json.dumps(self._custom[reading.side]))
        _refer(reading)

    def canonical(self, query: str, side: Side | None = None) -> str:
        """The query with a name in braces for each id. ``side``: whose ids they are."""
        of = self._reading.side if side is None else side
        found = references(query, self._realms(of))
        names = {reference: self._name(reference, of) for reference in found}
        return replaced(query, {one: f"{{{name}}}" for one, name in names.items() if name})

    def _realms(self, side: Side) -> dict[str, str]:
        """What the custom fields of a side name: those of the other one are not the same."""
        if side not in self._custom:
            text = self._reading.shelf.look_up(side, _REALMS, _ALL)
            self._custom[side] = json.loads(text or "{}")
        return self._custom[side]

    def _name(self, reference: Reference, side: Side) -> str | None:
        if reference.realm == Kind.USER:
            return reference.id
        return self._reading.shelf.look_up(side, REALM + reference.realm, reference.id)


def _custom(reading: Reading) -> dict[str, str]:
    return custom_realms(item for _, item in reading.objects(Kind.FIELD))


def _refer(reading: Reading) -> None:
    """Keeps what every id stands for that a query can name."""
    for kind in _NAMED:
        for _, item in reading.objects(kind):
            _keep(reading, kind, item.get("id"), item.get("name"))
    projects = {str(item.get("id")): item.get("key") for _, item in reading.objects(Kind.PROJECT)}
    for identifier, key in projects.items():
        _keep(reading, Kind.PROJECT, identifier, key)
    for kind in _IN_PROJECTS:
        for record, item in reading.objects(kind):
            project = record.attributes.get("project") or str(item.get("projectId", ""))
            _keep(reading, kind, item.get("id"), f"{projects.get(project)}/{item.get('name')}")
    _refer_fields(reading)
    _refer_levels(reading)


def _refer_levels(reading: Reading) -> None:
    for record, scheme in reading.objects(Kind.ISSUE_SECURITY_SCHEME):
        for level in json.loads(record.attributes.get("levels") or "[]"):
            name = f"{jira_access.restored_name(reading, scheme)}/{level.get('name')}"
            _keep(reading, SECURITY_LEVEL, level.get("id"), name)


def _refer_fields(reading: Reading) -> None:
    for _, item in reading.objects(Kind.FIELD):
        if part(item, "schema").get("custom"):
            _keep(reading, Kind.FIELD, item.get("id"), item.get("name"))
    names = {str(item.get("id")): item.get("name") for _, item in reading.objects(Kind.FIELD)}
    for record in reading.records(Kind.FIELD_CONTEXT):
        for option in json.loads(record.attributes.get("options") or "[]"):
            name = f"{names.get(record.attributes['field'])}/{option.get('value')}"
            _keep(reading, OPTION, option.get("id"), name)


def _keep(reading: Reading, realm: str, identifier: object, name: object) -> None:
    if identifier and name:
        reading.refer(REALM + realm, str(identifier), str(name))
