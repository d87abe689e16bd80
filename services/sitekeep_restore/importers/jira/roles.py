"""Roles by name, created where absent, with their default actors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.actors import GROUPS, USERS, Actor, KnownActors, actors_of
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, by_name, fold, read_all
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

ROLE = "/rest/api/3/role"
DEFAULT_ACTORS = "/rest/api/3/role/{role}/actors"

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "roles", "roles")


async def import_roles(unit: ImportUnit) -> None:
    """Every role; those of single projects become roles of the whole site."""
    found: list[Json] = await unit.site.get_json(ROLE)
    existing = by_name(found)
    roles = await read_all(unit.backup, Kind.PROJECT_ROLE)
    known = await KnownActors.of(unit, [actor for role in roles for actor in actors_of(role)])
    losses = LossCounter(unit.tally)
    unit.tally.expect(Kind.PROJECT_ROLE, len(roles))
    pairs: dict[str, str] = {}
    for role in roles:
        target = await _find_or_create(unit, role, existing)
        if target is None:
            continue
        pairs[str(role["id"])] = str(target["id"])
        lossy = _is_kept(role, target, losses) or bool(role.get("scope"))
        lossy = await _add_default_actors(unit, role, target, known, losses) or lossy
        unit.tally.done(Kind.PROJECT_ROLE, lossy=lossy)
    await unit.identities.put(identity_kinds.PROJECT_ROLE, pairs)
    losses.report()


async def _find_or_create(unit: ImportUnit, role: Json, existing: dict[str, Any]) -> Json | None:
    name = str(role["name"]).strip()
    found: Json | None = existing.get(fold(name))
    if found is not None:
        return found
    body = {"name": name, "description": str(role.get("description") or "")}
    try:
        created: Json = await unit.site.post_json(ROLE, body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.PROJECT_ROLE, name, "PROJECT_ROLE_REFUSED", error.message)
        return None
    existing[fold(name)] = created
    return created


def _is_kept(role: Json, target: Json, losses: LossCounter) -> bool:
    """Whether the destination's role keeps a description that is not the original one."""
    if (role.get("description") or "") == (target.get("description") or ""):
        return False
    losses.add(Kind.PROJECT_ROLE, Loss.ROLE_DESCRIPTION_KEPT, str(role["name"]))
    return True


async def _add_default_actors(
    unit: ImportUnit, role: Json, target: Json, known: KnownActors, losses: LossCounter
) -> bool:
    """Adds those that the destination's role lacks; whether any could not be added."""
    present = {(actor.type, actor.id) for actor in actors_of(target)}
    targets = [known.target(actor) for actor in actors_of(role)]
    lost = targets.count(None)
    for kind in (USERS, GROUPS):
        wanted = [one for one in targets if one is not None and one.type == kind]
        lacking = [one for one in wanted if (one.type, one.id) not in present]
        lost += await _add(unit, str(target["id"]), kind, lacking)
    losses.add(Kind.PROJECT_ROLE, Loss.DEFAULT_ACTOR_NOT_RESTORED, str(role["name"]), lost)
    return lost > 0


async def _add(unit: ImportUnit, role: str, kind: str, actors: Sequence[Actor]) -> int:
    """Adds people or groups, never both in one request; how many the site refused.

    One that is refused fails the whole request: they are tried one by one then.
    """
    if not actors:
        return 0
    try:
        body = {kind: [actor.id for actor in actors]}
        await unit.site.post_json(DEFAULT_ACTORS, body, role=role)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        if len(actors) == 1:
            return 1
        return sum([await _add(unit, role, kind, [actor]) for actor in actors])
    return 0
