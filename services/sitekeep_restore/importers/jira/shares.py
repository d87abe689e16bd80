"""With whom filters and dashboards are shared, by the groups and projects of the destination."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit

_EVERYONE = {"global": "global", "loggedin": "authenticated", "authenticated": "authenticated"}
"""How an answer calls a permission for everyone → how a request does."""

_KINDS = (
    identity_kinds.USER,
    identity_kinds.GROUP,
    identity_kinds.PROJECT,
    identity_kinds.PROJECT_ROLE,
)
_IDENTIFIERS = (("user", "accountId"), ("group", "groupId"), ("project", "id"), ("role", "id"))
"""What a permission can name, and what it is identified by."""


@dataclass(frozen=True)
class Shares:
    """Translates the permissions of one unit."""

    users: dict[str, str]
    groups: dict[str, str]
    projects: dict[str, str]
    roles: dict[str, str]

    @classmethod
    async def of(cls, unit: ImportUnit, permissions: Iterable[Json]) -> Shares:
        """Asks once what all that the permissions name became."""
        listed = list(permissions)
        known: list[dict[str, str]] = []
        for kind, (name, identifier) in zip(_KINDS, _IDENTIFIERS, strict=True):
            ids = {_id(permission, name, identifier) for permission in listed} - {""}
            known.append(await unit.identities.get(kind, ids))
        return cls(*known)

    def translated(self, permissions: Iterable[Json]) -> list[Json]:
        """The permissions that the destination can have."""
        return [target for each in permissions if (target := self._one(each)) is not None]

    def lost(self, permissions: Iterable[Json]) -> int:
        """How many of the permissions the destination cannot have."""
        listed = list(permissions)
        return len(listed) - len(self.translated(listed))

    def _one(self, permission: Json) -> Json | None:
        kind = str(permission.get("type"))
        if kind in _EVERYONE:
            return {"type": _EVERYONE[kind]}
        user = self.users.get(_id(permission, "user", "accountId"))
        group = self.groups.get(_id(permission, "group", "groupId"))
        if kind == "user":
            return {"type": kind, "user": {"accountId": user}} if user else None
        if kind == "group":
            return {"type": kind, "group": {"groupId": group}} if group else None
        return self._in_project(permission)

    def _in_project(self, permission: Json) -> Json | None:
        project = self.projects.get(_id(permission, "project", "id"))
        if project is None:
            return None
        if not permission.get("role"):
            return {"type": "project", "project": {"id": project}}
        role = self.roles.get(_id(permission, "role", "id"))
        if role is None:
            return None
        return {"type": "projectRole", "project": {"id": project}, "role": {"id": int(role)}}


def requested(permissions: Iterable[Json]) -> list[Json]:
    """Permissions as a site shows them, as a request for the same ones has them."""
    found: list[Json] = []
    for permission in permissions:
        kind = str(permission["type"])
        is_role = kind == "project" and permission.get("role")
        body: Json = {"type": "projectRole" if is_role else _EVERYONE.get(kind, kind)}
        for name, identifier in _IDENTIFIERS:
            if permission.get(name):
                body[name] = {identifier: permission[name][identifier]}
        found.append(body)
    return found


def _id(permission: Json, name: str, identifier: str) -> str:
    named: Json = permission.get(name) or {}
    return str(named.get(identifier) or "")
