"""Which types issues have and how they go from status to status: schemes and workflows."""

from __future__ import annotations

import json

from sitekeep_cli.comparison.jira_access import Item, put_schemes, restored_name
from sitekeep_cli.comparison.links import ISSUE_TYPE, TYPE_SCHEME
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items
from sitekeep_shared.kinds import Kind


def refer(reading: Reading) -> None:
    """Keeps the names of types and schemes; projects are read after that."""
    for record, issue_type in reading.objects(Kind.ISSUE_TYPE):
        reading.refer(ISSUE_TYPE, record.key, str(issue_type.get("name")))
    for record, scheme in reading.objects(Kind.ISSUE_TYPE_SCHEME):
        reading.refer(TYPE_SCHEME, record.key, restored_name(reading, scheme))


def schemes_of(reading: Reading, record: Record) -> dict[str, Json]:
    """The names of the schemes of a project."""
    types = record.attributes.get("issue_type_scheme", "")
    return {"issueTypeScheme": reading.links.name(TYPE_SCHEME, types)}


def read(reading: Reading) -> None:
    """Puts each by its name."""
    schemes = (_with_types(*each) for each in reading.objects(Kind.ISSUE_TYPE_SCHEME))
    put_schemes(reading, Kind.ISSUE_TYPE_SCHEME, schemes, _type_scheme)


def _with_types(record: Record, scheme: dict[str, Json]) -> dict[str, Json]:
    """An issue type scheme together with the ids of its types."""
    return {**scheme, "types": json.loads(record.attributes.get("types") or "[]")}


def _type_scheme(reading: Reading, scheme: Item) -> Json:
    """The types with their places, so that a lost order shows."""
    types = enumerate(items(scheme, "types"), 1)
    default = scheme.get("defaultIssueTypeId")
    return without_nothing(
        {
            "description": scheme.get("description"),
            "default": reading.name(ISSUE_TYPE, default) if default else None,
            "types": {reading.name(ISSUE_TYPE, each): place for place, each in types},
        }
    )
