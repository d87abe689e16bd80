"""Jira Service Management: desks, what they can be asked for, customers, and their requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sitekeep_cli.comparison import jira_values
from sitekeep_cli.comparison.links import FIELD
from sitekeep_cli.comparison.model import Json, Record, Side
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.content.service_fields import (
    ORGANIZATIONS_FIELD,
    PARTICIPANTS_FIELD,
    REQUEST_TYPE_FIELD,
    SERVICE_PROJECT,
    is_service_field,
    request_type_of,
)
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind

ORGANIZATION = "organization"
"""The realm of organization ids: what they stand for is the name of one."""
DESK = "service desk"
"""The realm of desk ids: what they stand for is a project key."""
REQUEST_TYPE = "request type"
"""The realm of request type ids: what they stand for is project key and name."""
ISSUE_TYPE = "issue type"
"""The realm of issue type ids: what they stand for is the name of one."""
SERVICE_FIELD = "service field"
"""The realm of the ids of the app's fields: what they stand for is the type of a field."""

WHY_ABSENT = "the destination has no Jira Service Management"
WHY_DESKLESS = "the source shows no service desk of the project"
WHY_UNLINKED = "the service desk does not have the organization of the request"

_OF_THE_APP = frozenset(
    {
        Kind.SERVICE_DESK,
        Kind.REQUEST_TYPE,
        Kind.ORGANIZATION,
        Kind.ORGANIZATION_MEMBER,
        Kind.CUSTOMER,
        Kind.REQUEST,
    }
)

Item = Mapping[str, Any]


def read(reading: Reading) -> None:
    """Puts desks by project key, organizations by name, all else below these."""
    for record, field in reading.objects(Kind.FIELD):
        kind = str(part(field, "schema").get("custom") or "")
        if is_service_field(kind):
            reading.refer(SERVICE_FIELD, record.key, kind)
    for record, issue_type in reading.objects(Kind.ISSUE_TYPE):
        reading.refer(ISSUE_TYPE, record.key, str(issue_type.get("name")))
    _organizations(reading)
    _desks(reading)
    _request_types(reading)
    _lists(reading)
    for record, request in reading.objects(Kind.REQUEST):
        reading.put(
            Kind.REQUEST, record.attributes["issue"], _own_request(reading, record, request)
        )


def _organizations(reading: Reading) -> None:
    times: Counter[str] = Counter()
    for record, organization in reading.objects(Kind.ORGANIZATION):
        name = str(organization.get("name"))
        times[name] += 1
        # Several may have one name; a restore makes them in the order of their ids.
        nth = f"{name} #{times[name]}" if times[name] > 1 else name
        reading.refer(ORGANIZATION, record.key, nth)
        value = {
            "created": part(organization, "created").get("epochMillis"),
            "properties": json.loads(record.attributes.get("properties") or "{}"),
        }
        reading.put(Kind.ORGANIZATION, name, without_nothing(value), f"{record.key:>020}")
    for record in reading.records(Kind.ORGANIZATION_MEMBER):
        name = reading.name(ORGANIZATION, record.attributes["organization"])
        reading.put(Kind.ORGANIZATION_MEMBER, f"{name}/{record.attributes['account']}", {})


def _desks(reading: Reading) -> None:
    for record, desk in reading.objects(Kind.SERVICE_DESK):
        key = str(desk.get("projectKey") or record.attributes["key"])
        reading.refer(DESK, record.key, key)
        ids = json.loads(record.attributes.get("organizations") or "[]")
        value: dict[str, Json] = {
            "organizations": {reading.name(ORGANIZATION, each): True for each in ids},
            "groups": sorted(str(group.get("name")) for group in _groups(record.attributes)),
        }
        for group in _groups(record.attributes):
            reading.refer(f"{DESK} {record.key}", str(group.get("id")), str(group.get("name")))
        reading.put(Kind.SERVICE_DESK, key, without_nothing(value))


def _groups(attributes: Mapping[str, str]) -> list[Any]:
    found: list[Any] = json.loads(attributes.get("groups") or "[]")
    return found


def _request_types(reading: Reading) -> None:
    for record, kind in reading.objects(Kind.REQUEST_TYPE):
        desk = record.attributes["desk"]
        name = f"{reading.name(DESK, desk)}/{kind.get('name')}"
        reading.refer(REQUEST_TYPE, str(kind.get("id")), name)
        groups: list[Any] = kind.get("groupIds") or []
        form = json.loads(record.attributes.get("form") or "{}")
        value = {
            "description": kind.get("description"),
            "helpText": kind.get("helpText"),
            "issueType": reading.name(ISSUE_TYPE, kind.get("issueTypeId")),
            "groups": sorted(reading.name(f"{DESK} {desk}", each) for each in groups),
            "icon": part(kind, "icon").get("id"),
            "restriction": kind.get("restrictionStatus"),
            "practice": kind.get("practice"),
            "fields": [_field(reading, each) for each in items(form, "requestTypeFields")],
            "properties": json.loads(record.attributes.get("properties") or "{}"),
        }
        reading.put(Kind.REQUEST_TYPE, name, without_nothing(value), f"{kind.get('id')!s:>020}")


def _field(reading: Reading, field: Item) -> Json:
    number = str(field.get("fieldId"))
    return {
        "field": reading.links.name(FIELD, number) or number,
        "name": field.get("name"),
        "required": field.get("required"),
        "visible": field.get("visible"),
    }


def _lists(reading: Reading) -> None:
    for record in reading.records(Kind.CUSTOMER):
        desk = reading.name(DESK, record.attributes["desk"])
        reading.put(Kind.CUSTOMER, f"{desk}/{record.attributes['account']}", {})
    for kind, name in ((Kind.QUEUE, "name"), (Kind.KNOWLEDGE_BASE_ARTICLE, "title")):
        for record, item in reading.objects(kind):
            desk = reading.name(DESK, record.attributes["desk"])
            value = {"jql": item.get("jql"), "columns": item.get("fields")}
            reading.put(kind, f"{desk}/{item.get(name)}", without_nothing(value), record.key)


def put_request(reading: Reading, key: str, fields: Item) -> None:
    """Puts what an issue has as a request: nothing for an issue that is none."""
    kinds = {name: reading.links.name(SERVICE_FIELD, name) for name in fields}
    found = {name: kind for name, kind in kinds.items() if kind and fields[name]}
    by_kind = {kind: fields[name] for name, kind in found.items()}
    kind = request_type_of(by_kind.get(REQUEST_TYPE_FIELD))
    if not kind:
        return
    written = (REQUEST_TYPE_FIELD, PARTICIPANTS_FIELD, ORGANIZATIONS_FIELD)
    measured = {
        reading.name(FIELD, name): jira_values.canonical(fields[name], reading.links)
        for name, kind in found.items()
        if kind not in written
    }
    people = items(by_kind, PARTICIPANTS_FIELD)
    organizations = [one.get("id") for one in items(by_kind, ORGANIZATIONS_FIELD)]
    reading.put(Kind.REQUEST, key, _request(reading, kind, people, organizations, measured))


def _own_request(reading: Reading, record: Record, request: Item) -> Json:
    """A request that was read beside its issue: nothing there tells of organizations."""
    parts = {
        name: json.loads(record.attributes.get(name) or "[]")
        for name in ("participant", "sla", "approval", "feedback")
    }
    agreements = [*items(part(request, "sla"), "values"), *parts["sla"]]
    measured = {
        str(one.get("name")): jira_values.canonical(one, reading.links) for one in agreements
    }
    measured |= {
        name: jira_values.canonical(parts[name], reading.links)
        for name in ("approval", "feedback")
        if parts[name]
    }
    people = [*items(part(request, "participants"), "values"), *parts["participant"]]
    return _request(reading, str(request.get("requestTypeId")), people, [], measured)


def _request(
    reading: Reading,
    kind: str,
    people: Iterable[Item],
    organizations: Iterable[Json],
    measured: dict[str, Json],
) -> Json:
    return {
        "type": reading.name(REQUEST_TYPE, kind),
        "participants": {str(one.get("accountId")): True for one in people},
        "organizations": {reading.name(ORGANIZATION, one): True for one in organizations},
        "measured": measured,
    }


def is_of_request(reading: Reading, field: str) -> bool:
    """Whether a field of an issue is one that the request is compared by."""
    return reading.links.name(SERVICE_FIELD, field) is not None


def lacks_app(shelf: Shelf) -> bool:
    """Whether the destination has no Jira Service Management: the app's own fields are gone."""
    return not any(_is_of_the_app(name) for name in shelf.names(Side.RIGHT, Kind.FIELD))


def explained(kind: Kind, name: str, path: str, left: Json) -> bool:
    """Whether a difference is what follows from the destination's lack of the app."""
    if path == MISSING:
        return kind in _OF_THE_APP or (kind is Kind.FIELD and _is_of_the_app(name))
    return kind is Kind.PROJECT and path == "type" and left == SERVICE_PROJECT


def unlinked(shelf: Shelf, kind: Kind, name: str, path: str) -> bool:
    """Whether a request lost an organization that its desk does not have any more.

    A site takes only organizations of the desk.
    """
    if kind is not Kind.REQUEST or not path.startswith("organizations."):
        return False
    desk: Json = shelf.value(Side.LEFT, Kind.SERVICE_DESK, name.rpartition("-")[0]) or {}
    return path.removeprefix("organizations.") not in desk.get("organizations", {})


def loses_issue_type(shelf: Shelf, name: str, left: Json) -> bool:
    """Whether the project of a request type does not have its issue type any more."""
    project: Json = shelf.value(Side.LEFT, Kind.PROJECT, name.partition("/")[0]) or {}
    return left not in project.get("issueTypes", {})


def deskless(shelf: Shelf, kind: Kind, name: str, path: str) -> bool:
    """Whether a request is gone with its type, as the source showed no desk of its project."""
    if kind is not Kind.REQUEST or path != MISSING:
        return False
    return shelf.value(Side.LEFT, Kind.SERVICE_DESK, name.rpartition("-")[0]) is None


def _is_of_the_app(field: str) -> bool:
    return is_service_field(field.rpartition(" (")[2])
