"""Product Discovery projects that somebody made at the destination, because no request does.

A project of that type and of the key of one in the backup, live and without any idea, is taken for
one that waits to be filled. Its issue types, statuses and fields are its own: those of the backup's
project are found among them by their names, and made for the whole site where they are not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, fold, project_of, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.content.discovery_fields import PROJECT_TYPE
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SEARCH = "/rest/api/3/project/search"
ONE = "/rest/api/3/project/{project}"

FIRST = UnitPlan(ImportPhase.USERS_AND_GROUPS, "prepared-projects", "prepared-projects")


async def find_prepared(unit: ImportUnit) -> None:
    """Notes the prepared projects before anything is written: later they are not empty."""
    async for entry in unit.backup.entries(Kind.PROJECT):
        project: Json = await read_json(unit.backup, entry)
        if project.get("projectTypeKey") != PROJECT_TYPE:
            continue
        query = [("keys", str(project["key"])), ("expand", "insight")]
        page: Json = await unit.site.get_json(SEARCH, query)
        for found in filter(is_prepared, page["values"]):
            pairs = {entry.key: str(found["id"])}
            await unit.identities.put(identity_kinds.PREPARED_PROJECT, pairs)


def is_prepared(project: Mapping[str, Any]) -> bool:
    """Whether a listed project waits for ideas: only people can have made it, and it has none."""
    insight: Mapping[str, Any] = project.get("insight") or {}
    count = insight.get("totalIssueCount")
    is_live = not project.get("archived") and not project.get("deleted")
    return project.get("projectTypeKey") == PROJECT_TYPE and is_live and count == 0


@dataclass
class PreparedProjects:
    """What the prepared projects have, by name; asked for once a unit."""

    unit: ImportUnit
    _known: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    _projects: dict[str, Json] = field(default_factory=dict[str, Json])
    _statuses: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    async def of(self, item: Json) -> str | None:
        """The target id of the prepared project that a thing of the backup belongs to alone."""
        source = project_of(item)
        if source and source not in self._known:
            found = await self.unit.identities.get(identity_kinds.PREPARED_PROJECT, [source])
            self._known[source] = found.get(source)
        return self._known.get(source)

    async def issue_type(self, item: Json) -> str | None:
        """The target id of an issue type of such a project."""
        project = await self.of(item)
        if project is None:
            return None
        if project not in self._projects:
            self._projects[project] = await self.unit.site.get_json(ONE, project=project)
        types: list[Json] = self._projects[project].get("issueTypes") or []
        return _named(types, item)

    async def status(self, item: Json) -> str | None:
        """The target id of a status of such a project."""
        project = await self.of(item)
        if project is None:
            return None
        if project not in self._statuses:
            listed: list[Json] = await self.unit.site.get_json(f"{ONE}/statuses", project=project)
            found = [each for kind in listed for each in kind.get("statuses") or ()]
            self._statuses[project] = {fold(each["name"]): str(each["id"]) for each in found}
        return self._statuses[project].get(fold(item["name"]))

    async def custom_field(self, item: Json, existing: list[Json]) -> Json | None:
        """The field of that name and type that belongs to such a project."""
        project = await self.of(item)
        for each in existing:
            same = fold(each["name"]) == fold(item["name"]) and _type(each) == _type(item)
            if project and same and project_of(each) == project:
                return each
        return None


def _named(items: list[Json], wanted: Json) -> str | None:
    same = (each for each in items if fold(each["name"]) == fold(wanted["name"]))
    return next((str(each["id"]) for each in same), None)


def _type(item: Json) -> str:
    schema: Json = item.get("schema") or {}
    return str(schema.get("custom") or "")
