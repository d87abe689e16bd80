"""Who acts in the roles of the restored projects."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.actors import GROUPS, USERS, Actor, KnownActors, actors_of
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

IN_PROJECT = "/rest/api/3/project/{project}/role/{role}"
ROLES_PER_UNIT = 100
CATEGORIES = {USERS: "atlassian-user-role-actor", GROUPS: "atlassian-group-role-actor-id"}

FIRST = UnitPlan(ImportPhase.CONTENT, "role-actors", "role-actors")


async def import_role_actors(unit: ImportUnit) -> None:
    """The actors of some roles of projects, in place of the default ones."""
    entries = await batch_of(unit, Kind.ROLE_ACTOR, ROLES_PER_UNIT)
    roles: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    known = await KnownActors.of(unit, [actor for role in roles for actor in actors_of(role)])
    projects = await _targets(unit, entries, identity_kinds.PROJECT, "project")
    targets = await _targets(unit, entries, identity_kinds.PROJECT_ROLE, "role")
    losses = LossCounter(unit.tally)
    for entry, role in zip(entries, roles, strict=True):
        actors = actors_of(role)
        unit.tally.expect(Kind.ROLE_ACTOR, len(actors))
        project = projects.get(entry.attributes["project"])
        target = targets.get(entry.attributes["role"])
        if project is None or target is None:
            message = "Its project or its role is missing."
            _miss(unit, role, message, len(actors))
        else:
            await _set(unit, (project, target), role, known, losses)
    losses.report()


async def _targets(
    unit: ImportUnit, entries: Sequence[Entry], kind: str, name: str
) -> dict[str, str]:
    return await unit.identities.get(kind, {entry.attributes[name] for entry in entries})


def _miss(unit: ImportUnit, role: Json, message: str, count: int) -> None:
    if count:
        reason = "ROLE_ACTORS_REFUSED"
        unit.tally.missing(Kind.ROLE_ACTOR, str(role["name"]), reason, message, count=count)


async def _set(
    unit: ImportUnit,
    place: tuple[str, str],
    role: Json,
    known: KnownActors,
    losses: LossCounter,
) -> None:
    actors = actors_of(role)
    wanted = [one for actor in actors if (one := known.target(actor)) is not None]
    try:
        await _put(unit, place, wanted)
        done = len(wanted)
    except (SiteRefused, SiteNotFound):
        done = await _one_by_one(unit, place, wanted)
    except SiteForbidden as error:
        _miss(unit, role, error.message, len(actors))
        return
    unit.tally.done(Kind.ROLE_ACTOR, count=done)
    lost = len(actors) - done
    if lost:
        losses.gone(Kind.ROLE_ACTOR, Loss.ROLE_ACTOR_NOT_RESTORED, str(role["name"]), lost)


async def _put(unit: ImportUnit, place: tuple[str, str], actors: Sequence[Actor]) -> None:
    listed = {
        category: [actor.id for actor in actors if actor.type == kind]
        for kind, category in CATEGORIES.items()
    }
    project, role = place
    await unit.site.put_json(IN_PROJECT, {"categorisedActors": listed}, project=project, role=role)


async def _one_by_one(unit: ImportUnit, place: tuple[str, str], actors: Sequence[Actor]) -> int:
    """One actor that is not active fails the whole request; how many the site took."""
    taken: list[Actor] = []
    for actor in actors:
        try:
            await _put(unit, place, [*taken, actor])
        except (SiteRefused, SiteForbidden, SiteNotFound):
            continue
        taken.append(actor)
    if not taken:
        # Without this the default actors of the role would stay.
        with contextlib.suppress(SiteRefused, SiteForbidden, SiteNotFound):
            await _put(unit, place, [])
    return len(taken)
