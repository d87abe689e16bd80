"""Statuses, and workflows in which every status can be reached from every other one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    by_name,
    fold,
    project_of,
    read_all,
)
from sitekeep_restore.importers.jira.workflow_paths import CREATE, SEARCH
from sitekeep_restore.importers.product_discovery.prepared import PreparedProjects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

STATUS_WORKFLOW = "Sitekeep statuses "
"""Begins the names of the workflows that are made to have statuses made."""
STATUSES_PER_REQUEST = 500
"""Half of what workflows/create takes (Jira REST v3)."""

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "statuses", "statuses")
_NAMESPACE = uuid.UUID("0b0ad0a4-51f5-4f0c-9f3c-1f4cf4d33a55")


async def import_statuses(unit: ImportUnit) -> None:
    """Creates the statuses that are absent, together with a workflow that holds them."""
    statuses = await _not_prepared(unit, await read_all(unit.backup, Kind.STATUS))
    existing = by_name(await global_statuses(unit))
    wanted = by_name(statuses)
    absent = [status for name, status in wanted.items() if name not in existing]
    unit.tally.expect(Kind.STATUS, len(statuses))
    refused = ""
    for start in range(0, len(absent), STATUSES_PER_REQUEST):
        part = absent[start : start + STATUSES_PER_REQUEST]
        refused = await _create_statuses(unit, start, part) or refused
    found = by_name(await global_statuses(unit)) if absent else existing
    await _map(unit, statuses, found, refused)


async def _not_prepared(unit: ImportUnit, statuses: Sequence[Json]) -> list[Json]:
    """The statuses that no project made by hand has; those that one has are mapped to them."""
    prepared = PreparedProjects(unit)
    left: list[Json] = []
    for status in statuses:
        own = await prepared.status(status)
        if own is None:
            left.append(status)
            continue
        await unit.identities.put(identity_kinds.STATUS, {str(status["id"]): own})
        unit.tally.expect(Kind.STATUS)
        unit.tally.done(Kind.STATUS)
    return left


async def global_statuses(unit: ImportUnit) -> list[Json]:
    """The statuses of the destination that are not of a single project."""
    found = await all_values(unit.site, "/rest/api/3/statuses/search")
    return [status for status in found if not project_of(status)]


async def _create_statuses(unit: ImportUnit, start: int, absent: Sequence[Json]) -> str:
    """Creates statuses; returns why the site refused, or an empty text."""
    listed = [listed_status(status) for status in absent]
    name = f"{STATUS_WORKFLOW}{start // STATUSES_PER_REQUEST + 1}"
    body = {"scope": {"type": "GLOBAL"}, "statuses": listed, "workflows": [_workflow(name, listed)]}
    try:
        await unit.site.post_json(CREATE, body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        return error.message
    return ""


def listed_status(status: Mapping[str, Any], *, target_id: str = "") -> Json:
    """A status for workflows/create. An existing one is overwritten: all that it is is sent."""
    reference = str(uuid.uuid5(_NAMESPACE, fold(status["name"])))
    listed = {
        "name": str(status["name"]),
        "description": str(status.get("description") or ""),
        "statusCategory": str(status.get("statusCategory") or "TODO"),
        "statusReference": reference,
    }
    return {**listed, "id": target_id} if target_id else listed


def _workflow(name: str, statuses: Sequence[Json]) -> Json:
    """A workflow that begins in the first status and has a global transition to each."""
    references = [str(status["statusReference"]) for status in statuses]
    transitions = [_transition(1, "Create", "INITIAL", references[0])]
    transitions += [
        _transition(number * 10 + 1, str(status["name"]), "GLOBAL", references[number - 1])
        for number, status in enumerate(statuses, 1)
    ]
    layouts: list[Json] = [
        {"statusReference": reference, "properties": {}} for reference in references
    ]
    return {"name": name, "description": "", "statuses": layouts, "transitions": transitions}


def _transition(number: int, name: str, kind: str, reference: str) -> Json:
    return {
        "id": str(number),
        "name": name,
        "description": "",
        "type": kind,
        "toStatusReference": reference,
        "links": [],
        "actions": [],
        "validators": [],
        "triggers": [],
        "properties": {},
    }


async def _map(
    unit: ImportUnit, statuses: Sequence[Json], found: dict[str, Any], refused: str
) -> None:
    losses = LossCounter(unit.tally)
    pairs: dict[str, str] = {}
    for status in statuses:
        name = str(status["name"])
        target: Json | None = found.get(fold(name))
        if target is None:
            unit.tally.missing(Kind.STATUS, name, "STATUS_REFUSED", refused or "Not created.")
            continue
        pairs[str(status["id"])] = str(target["id"])
        other = target.get("statusCategory") != status.get("statusCategory")
        if other:
            losses.add(Kind.STATUS, Loss.STATUS_CATEGORY_KEPT, name)
        unit.tally.done(Kind.STATUS, lossy=other or bool(project_of(status)))
    await unit.identities.put(identity_kinds.STATUS, pairs)
    losses.report()


async def ensure_workflow(
    unit: ImportUnit, name: str, status_ids: Sequence[str]
) -> tuple[str, str] | None:
    """The workflow of that name, created where absent: its id, and its first status.

    ``status_ids`` are those of the destination. None: there is no status, or the site
    refused the workflow.
    """
    existing = {str(each["id"]): each for each in await global_statuses(unit)}
    known = [existing[each] for each in dict.fromkeys(status_ids) if each in existing]
    if not known:
        return None
    found = await _workflow_named(unit, name)
    if found:
        return found, str(known[0]["id"])
    listed = [listed_status(status, target_id=str(status["id"])) for status in known]
    body = {"scope": {"type": "GLOBAL"}, "statuses": listed, "workflows": [_workflow(name, listed)]}
    try:
        created: Json = await unit.site.post_json(CREATE, body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.remark(Kind.PROJECT, name, "WORKFLOW_REFUSED", error.message)
        return None
    return str(created["workflows"][0]["id"]), str(known[0]["id"])


async def _workflow_named(unit: ImportUnit, name: str) -> str:
    query = [("queryString", name)]
    found = await all_values(unit.site, SEARCH, query)
    return next((str(each["id"]) for each in found if each.get("name") == name), "")
