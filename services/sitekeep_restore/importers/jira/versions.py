"""Versions and components of the restored projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    by_name,
    fold,
    read_json,
)
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PER_UNIT = 100

VERSIONS = UnitPlan(ImportPhase.CONTENT, "versions", "versions")
COMPONENTS = UnitPlan(ImportPhase.CONTENT, "components", "components")


async def import_versions(unit: ImportUnit) -> None:
    """Some versions, all unarchived: an archived one could not be set on an issue."""
    await _import(unit, Kind.VERSION, Loss.VERSION_MERGED)


async def import_components(unit: ImportUnit) -> None:
    """Some components."""
    await _import(unit, Kind.COMPONENT, Loss.COMPONENT_MERGED)


async def _import(unit: ImportUnit, kind: Kind, merged: Loss) -> None:
    entries = await batch_of(unit, kind, PER_UNIT)
    sources = {entry.attributes["project"] for entry in entries}
    projects = await unit.identities.get(identity_kinds.PROJECT, sources)
    unit.tally.expect(kind, len(entries))
    losses = LossCounter(unit.tally)
    for source in sorted(sources):
        part = [entry for entry in entries if entry.attributes["project"] == source]
        if source in projects:
            await _import_part(unit, kind, projects[source], part, merged, losses)
        else:
            message = "Its project is missing."
            unit.tally.missing(kind, source, "PROJECT_MISSING", message, count=len(part))
    losses.report()


async def _import_part(
    unit: ImportUnit,
    kind: Kind,
    project: str,
    entries: Sequence[Entry],
    merged: Loss,
    losses: LossCounter,
) -> None:
    """Those of one project. On a later attempt what is there already is ours."""
    existing: dict[str, Any] = {}
    if not unit.first_attempt:
        template = "/rest/api/3/project/{project}/" + kind.value
        existing = by_name(await all_values(unit.site, template, project=project))
    seen: set[str] = set()
    for entry in entries:
        item: Json = await read_json(unit.backup, entry)
        name = fold(item["name"])
        found = existing.get(name) or await _create(unit, kind, project, item)
        if found is None:
            continue
        existing[name] = found
        if name in seen:
            losses.add(kind, merged, str(item["name"]))
        await unit.identities.put(kind.value, {entry.key: str(found["id"])})
        unit.tally.done(kind, lossy=name in seen)
        seen.add(name)


async def _create(unit: ImportUnit, kind: Kind, project: str, item: Json) -> Json | None:
    body = await (_version(project, item) if kind is Kind.VERSION else _component(unit, item))
    try:
        created: Json = await unit.site.post_json(f"/rest/api/3/{kind.value}", body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = f"{kind.name}_REFUSED"
        unit.tally.missing(kind, str(item["name"]), reason, error.message)
        return None
    return created


async def _version(project: str, item: Json) -> Json:
    kept = ("name", "description", "released", "startDate", "releaseDate")
    body = {name: item[name] for name in kept if item.get(name) is not None}
    return {**body, "projectId": int(project), "archived": False}


async def _component(unit: ImportUnit, item: Json) -> Json:
    kept = ("name", "description", "assigneeType", "project")
    body = {name: item[name] for name in kept if item.get(name) is not None}
    person: Json = item.get("lead") or {}
    lead = str(person.get("accountId", ""))
    found = await unit.identities.get(identity_kinds.USER, [lead] if lead else [])
    return {**body, "leadAccountId": found[lead]} if lead in found else body


async def archive_versions(unit: ImportUnit) -> None:
    """Archives those of some versions that were archived."""
    entries = await batch_of(unit, Kind.VERSION, PER_UNIT)
    targets = await unit.identities.get(identity_kinds.VERSION, [entry.key for entry in entries])
    for entry in entries:
        item: Json = await read_json(unit.backup, entry)
        if item.get("archived") and entry.key in targets:
            await _archive(unit, targets[entry.key], str(item["name"]))


async def _archive(unit: ImportUnit, version: str, name: str) -> None:
    template = "/rest/api/3/version/{version}"
    try:
        await unit.site.put_json(template, {"archived": True}, version=version)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.remark(Kind.VERSION, name, "VERSION_NOT_ARCHIVED", error.message)


ARCHIVE = UnitPlan(ImportPhase.CLEAN_UP, "archived-versions", "archived-versions")
