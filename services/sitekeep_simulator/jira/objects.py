"""Configuration of a Jira: types, statuses, schemes, fields, versions and the like, by kind."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from sitekeep_simulator.store import Row, SiteStore

Body = dict[str, Any]


class ObjectKind(Enum):
    """What an object is; the value also names the sequence of its ids."""

    ISSUE_TYPE = "issue_type"
    STATUS = "status"
    PRIORITY = "priority"
    RESOLUTION = "resolution"
    LINK_TYPE = "link_type"
    FIELD = "field"
    CONTEXT = "context"
    OPTION = "option"
    APP_OPTION = "app_option"
    SCREEN = "screen"
    SCREEN_SCHEME = "screen_scheme"
    TYPE_SCREEN_SCHEME = "type_screen_scheme"
    FIELD_CONFIGURATION = "field_configuration"
    FIELD_CONFIGURATION_SCHEME = "field_configuration_scheme"
    FIELD_SCHEME = "field_scheme"
    WORKFLOW = "workflow"
    WORKFLOW_SCHEME = "workflow_scheme"
    TYPE_SCHEME = "type_scheme"
    VERSION = "version"
    COMPONENT = "component"
    ROLE = "project_role"
    NOTIFICATION_SCHEME = "notification_scheme"
    PERMISSION_SCHEME = "permission_scheme"
    SECURITY_SCHEME = "security_scheme"
    SECURITY_LEVEL = "security_level"
    PRIORITY_SCHEME = "priority_scheme"
    CATEGORY = "project_category"
    FILTER = "filter"
    BOARD = "board"
    SPRINT = "sprint"
    DASHBOARD = "dashboard"
    ASSET_WORKSPACE = "asset_workspace"
    ASSET_SCHEMA = "asset_schema"
    ASSET_TYPE = "asset_type"
    ASSET_ATTRIBUTE = "asset_attribute"
    ASSET_STATUS = "asset_status"
    ASSET_REFERENCE_TYPE = "asset_reference_type"
    ASSET_OBJECT = "asset_object"
    PLAN = "plan"
    TEAM = "team"
    APP = "app"
    SERVICE_DESK = "service_desk"
    REQUEST_TYPE = "request_type"
    REQUEST_TYPE_GROUP = "request_type_group"
    QUEUE = "queue"
    ARTICLE = "article"
    ORGANIZATION = "organization"


@dataclass(frozen=True)
class JiraObject:
    """One object; ``project_id`` is 0 for those of the whole site.

    For options ``project_id`` is the id of their context, for contexts that of their field, for
    security levels that of their scheme, in Assets that of the schema or type; fields and issue
    types of one project name it, too.
    security levels that of their scheme, for what a service desk has that of the desk.
    """

    kind: ObjectKind
    id: int
    name: str
    project_id: int
    body: Body


class Objects:
    """The table of the objects. Bodies are read-only: ``put`` a changed copy."""

    def __init__(self, store: SiteStore) -> None:
        self._store = store
        self._cache: dict[tuple[ObjectKind, int], JiraObject] = store.cache("jira.objects")

    def add(
        self, kind: ObjectKind, name: str, body: Body, *, project_id: int = 0, chosen: int = 0
    ) -> JiraObject:
        """Stores a new object under the next id of its kind (or the chosen one)."""
        new_id = chosen or self._store.next_id(f"jira.{kind.value}")
        created = JiraObject(kind, new_id, name, project_id, body)
        self._store.execute(
            "INSERT INTO jira_object VALUES (?, ?, ?, ?, ?)",
            (kind.value, new_id, name, project_id, _text(body)),
        )
        self._cache[kind, new_id] = created
        return created

    def put(self, changed: JiraObject) -> None:
        """Stores a changed object."""
        self._store.execute(
            "UPDATE jira_object SET name = ?, body = ? WHERE kind = ? AND id = ?",
            (changed.name, _text(changed.body), changed.kind.value, changed.id),
        )
        self._cache[changed.kind, changed.id] = changed

    def scope(self, found: JiraObject, project_id: int) -> JiraObject:
        """Makes an object one of a single project, as only the product itself does."""
        self._store.execute(
            "UPDATE jira_object SET project_id = ? WHERE kind = ? AND id = ?",
            (project_id, found.kind.value, found.id),
        )
        scoped = dataclasses.replace(found, project_id=project_id)
        self._cache[found.kind, found.id] = scoped
        return scoped

    def remove(self, gone: JiraObject) -> None:
        """Removes an object."""
        self._store.execute(
            "DELETE FROM jira_object WHERE kind = ? AND id = ?", (gone.kind.value, gone.id)
        )
        self._cache.pop((gone.kind, gone.id), None)

    def get(self, kind: ObjectKind, wanted: int | str | None) -> JiraObject | None:
        """The object with that id, or None."""
        if wanted is None or not str(wanted).isdigit():
            return None
        key = (kind, int(wanted))
        if key in self._cache:
            return self._cache[key]
        row = self._store.row(
            "SELECT * FROM jira_object WHERE kind = ? AND id = ?", (kind.value, key[1])
        )
        if row is None:
            return None
        return self._cache.setdefault(key, _object(row))

    def named(self, kind: ObjectKind, name: str, project_id: int = 0) -> JiraObject | None:
        """The object with that name in that scope, whatever the case, or None."""
        row = self._store.row(
            "SELECT * FROM jira_object WHERE kind = ? AND project_id = ? AND "
            "name = ? COLLATE NOCASE ORDER BY id",
            (kind.value, project_id, name),
        )
        if row is None and not name.isascii():
            # SQLite knows the cases of ASCII alone.
            alike = (
                each for each in self.all(kind, project_id) if each.name.lower() == name.lower()
            )
            return next(alike, None)
        return None if row is None else _object(row)

    def all(self, kind: ObjectKind, project_id: int | None = None) -> list[JiraObject]:
        """Every object of a kind (of one scope) by id."""
        rows = self._store.rows(
            "SELECT * FROM jira_object WHERE kind = ? AND (?2 IS NULL OR project_id = ?2) "
            "ORDER BY id",
            (kind.value, project_id),
        )
        return [_object(row) for row in rows]

    def remove_scope(self, kind: ObjectKind, project_id: int) -> None:
        """Removes every object of a kind that one scope has."""
        self._store.execute(
            "DELETE FROM jira_object WHERE kind = ? AND project_id = ?", (kind.value, project_id)
        )
        self._cache.clear()


def _text(body: Body) -> str:
    return msgspec.json.encode(body).decode()


def _object(row: Row) -> JiraObject:
    body: Body = msgspec.json.decode(row["body"])
    return JiraObject(ObjectKind(row["kind"]), row["id"], row["name"], row["project_id"], body)
