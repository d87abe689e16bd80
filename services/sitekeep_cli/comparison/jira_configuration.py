"""What issues refer to: projects, versions, components, types, statuses, fields and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sitekeep_cli.comparison import jira_workflows
from sitekeep_cli.comparison.jira_screens import restored_field_name
from sitekeep_cli.comparison.links import (
    ADDRESS_FIELD,
    COMPONENT,
    FIELD,
    FIELD_SCHEMES,
    NOTIFICATIONS,
    PERMISSIONS,
    PRIORITIES,
    PROJECT,
    SCREENS,
    SECURITY,
    VERSION,
)
from sitekeep_cli.comparison.model import Json, Mode, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import is_object, items, part
from sitekeep_shared.kinds import Kind

Item = Mapping[str, Any]


def read(reading: Reading) -> None:
    """Puts each by its name, with what can be set about it."""
    _projects(reading)
    _of_projects(reading)
    for kind, shape in _SITE_WIDE.items():
        known: set[str] = set()
        for _, item in reading.objects(kind):
            name = _scoped_name(reading, item)
            if not _became_one(reading, item, name, known):
                reading.put(kind, name, without_nothing(shape(item)))
    for record, item in reading.objects(Kind.FIELD):
        _field(reading, record, item)


def _projects(reading: Reading) -> None:
    for record, item in reading.objects(Kind.PROJECT):
        key = item.get("key", record.attributes.get("key", record.key))
        reading.refer(PROJECT, str(item.get("id", record.key)), key)
        schemes = _schemes_of(reading, record, str(item.get("id", record.key)))
        reading.put(Kind.PROJECT, key, without_nothing(_project(reading, item) | schemes))


def _project(reading: Reading, item: Item) -> dict[str, Json]:
    return {
        "name": item.get("name"),
        "description": reading.links.said(item.get("description") or ""),
        "lead": part(item, "lead").get("accountId"),
        "type": item.get("projectTypeKey"),
        "style": item.get("style"),
        "url": reading.links.text(item.get("url") or ""),
        "assigneeType": item.get("assigneeType"),
        "category": part(item, "projectCategory").get("name"),
        "archived": item.get("archived") or None,
        "isPrivate": item.get("isPrivate") or None,
        "issueTypes": {one["name"]: True for one in items(item, "issueTypes")},
    }


def _schemes_of(reading: Reading, record: Record, project: str) -> dict[str, Json]:
    permissions = record.attributes.get("permission_scheme", "")
    return {
        "permissionScheme": reading.links.name(PERMISSIONS, permissions),
        "securityScheme": reading.links.name(SECURITY, project),
        "priorityScheme": reading.links.name(PRIORITIES, project),
        "fieldConfigurationScheme": reading.links.name(FIELD_SCHEMES, project),
        "screenScheme": reading.links.name(SCREENS, project),
        "notificationScheme": reading.links.name(NOTIFICATIONS, project),
        **jira_workflows.schemes_of(reading, record),
    }


def _of_projects(reading: Reading) -> None:
    for kind, realm, shape in (
        (Kind.VERSION, VERSION, _version),
        (Kind.COMPONENT, COMPONENT, _component),
    ):
        for record, item in reading.objects(kind):
            name = _in_project(reading, record, item)
            reading.refer(realm, record.key, name)
            reading.put(kind, name, shape(reading, item))


def _in_project(reading: Reading, record: Record, item: Item) -> str:
    project = record.attributes.get("project") or str(item.get("projectId", ""))
    return f"{reading.name(PROJECT, project)}/{item.get('name')}"


def _version(reading: Reading, item: Item) -> Json:
    return without_nothing(
        {
            "description": reading.links.said(item.get("description") or ""),
            "archived": item.get("archived") or None,
            "released": item.get("released") or None,
            "startDate": item.get("startDate"),
            "releaseDate": item.get("releaseDate"),
        }
    )


def _component(reading: Reading, item: Item) -> Json:
    return without_nothing(
        {
            "description": reading.links.said(item.get("description") or ""),
            "lead": part(item, "lead").get("accountId"),
            "assigneeType": item.get("assigneeType"),
        }
    )


def _issue_type(item: Item) -> dict[str, Json]:
    return {
        "description": item.get("description"),
        "subtask": item.get("subtask"),
        "hierarchyLevel": item.get("hierarchyLevel"),
    }


def _status(item: Item) -> dict[str, Json]:
    category = item.get("statusCategory")
    # The list of all statuses names the category by a word, an issue by an object.
    key = category.get("key") if is_object(category) else category
    return {"description": item.get("description"), "category": key}


def _priority(item: Item) -> dict[str, Json]:
    return {"description": item.get("description"), "statusColor": item.get("statusColor")}


def _described(item: Item) -> dict[str, Json]:
    return {"description": item.get("description")}


def _link_type(item: Item) -> dict[str, Json]:
    return {"inward": item.get("inward"), "outward": item.get("outward")}


_SITE_WIDE: Mapping[Kind, Callable[[Item], dict[str, Json]]] = {
    Kind.ISSUE_TYPE: _issue_type,
    Kind.STATUS: _status,
    Kind.PRIORITY: _priority,
    Kind.RESOLUTION: _described,
    Kind.ISSUE_LINK_TYPE: _link_type,
    Kind.PROJECT_CATEGORY: _described,
}


_ADDRESS_TYPE = "customfieldtypes:url"
"""How the type of the fields ends whose values are addresses (Jira's own types)."""


def _scoped_name(reading: Reading, item: Item) -> str:
    """The name, below its project where it belongs to one only and is not restored for all."""
    scope = part(item, "scope")
    project = part(scope, "project").get("id")
    name = str(item.get("name"))
    alone = project and reading.mode is not Mode.RESTORED
    return f"{reading.name(PROJECT, project)}/{name}" if alone else name


def _became_one(reading: Reading, item: Item, name: str, known: set[str]) -> bool:
    """Whether a thing of one project was restored as another one of that name."""
    twice = name in known and reading.mode is Mode.RESTORED
    known.add(name)
    return twice and bool(part(part(item, "scope"), "project"))


def _field(reading: Reading, record: Record, item: Item) -> None:
    identifier = str(item.get("id", record.key))
    schema = part(item, "schema")
    custom = bool(item.get("custom"))
    name = str(item.get("name", identifier))
    if custom:
        reading.refer(FIELD, identifier, name)
    if str(schema.get("custom")).endswith(_ADDRESS_TYPE):
        reading.refer(ADDRESS_FIELD, identifier, name)
    value = {
        "name": name,
        "type": schema.get("type"),
        "items": schema.get("items"),
        "custom": schema.get("custom"),
    }
    reading.put(Kind.FIELD, restored_field_name(reading, item), without_nothing(value))
