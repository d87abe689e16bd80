"""Roles with their default actors, and who acts in them in each project."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import decode_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

CONCURRENT_REQUESTS = 4

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "roles", "roles")


class _Role(msgspec.Struct):
    actors: list[msgspec.Raw] = []


async def export_roles(unit: ExportUnit) -> None:
    """GET role: every role with its default actors in one request."""
    items = decode_array(await unit.site.get("/rest/api/3/role"))
    await store_items(unit, Kind.PROJECT_ROLE, items)


def plan_actors(project_id: str, key: str, roles: Mapping[str, str]) -> UnitPlan:
    """The unit of a project's actors. ``roles``: addresses by name, as the project shows them."""
    ids = [address.rpartition("/")[2] for address in roles.values()]
    arguments = {"project": project_id, "key": key, "roles": ids}
    return UnitPlan(ExportPhase.CONTENT, f"actors/{project_id:>010}", "actors", arguments)


async def export_actors(unit: ExportUnit) -> None:
    """GET project/{id}/role/{id}: one request a role, for no list shows actors."""
    roles: list[str] = unit.plan.arguments["roles"]
    calls = [lambda role=role: _read(unit, role) for role in roles]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        async for role, body in answers:
            if body:
                await _store(unit, role, body)


async def _read(unit: ExportUnit, role: str) -> tuple[str, bytes]:
    """The role in the project; b"" where the site does not show it."""
    template = "/rest/api/3/project/{project}/role/{role}"
    project = str(unit.plan.arguments["project"])
    try:
        return role, await unit.site.get(template, project=project, role=role)
    except (SiteForbidden, SiteNotFound) as error:
        key = f"{unit.plan.arguments['key']}/role {role}"
        unit.tally.remark(Kind.ROLE_ACTOR, key, "ROLE_NOT_VISIBLE", error.message)
        return role, b""


async def _store(unit: ExportUnit, role: str, body: bytes) -> None:
    project = str(unit.plan.arguments["project"])
    count = len(msgspec.json.decode(body, type=_Role).actors)
    unit.tally.expect(Kind.ROLE_ACTOR, count)
    attributes = {"project": project, "role": role}
    key = f"{project:>010}/{role:>010}"
    await unit.records.put_record(Kind.ROLE_ACTOR, key, body, attributes=attributes)
    unit.tally.done(Kind.ROLE_ACTOR, len(body), count=count)
