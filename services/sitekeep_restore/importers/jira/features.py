"""Features of projects, switched on and off as they were, where the product lets anybody do so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.project_features import is_fixed
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PROJECTS_PER_UNIT = 50
FEATURES = "/rest/api/3/project/{project}/features"
ONE = FEATURES + "/{feature}"
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)

FIRST = UnitPlan(ImportPhase.CLEAN_UP, "features", "features")
"""Once everything is there: nothing is written that a feature switched off could hinder."""


async def import_features(unit: ImportUnit) -> None:
    """The features of some projects."""
    entries = await batch_of(unit, Kind.PROJECT_FEATURE, PROJECTS_PER_UNIT)
    keys = [entry.key for entry in entries]
    targets = await unit.identities.get(identity_kinds.PROJECT, keys)
    losses = LossCounter(unit.tally)
    for entry in entries:
        listed: Json = await read_json(unit.backup, entry)
        features: list[Json] = listed.get("features") or []
        unit.tally.expect(Kind.PROJECT_FEATURE, len(features))
        if entry.key in targets:
            await _import(unit, targets[entry.key], features, losses)
        else:
            message, count = "Its project is not at the destination.", len(features)
            name = f"project {entry.key}"
            reason = "FEATURE_WITHOUT_PROJECT"
            unit.tally.missing(Kind.PROJECT_FEATURE, name, reason, message, count=count)
    losses.report()


async def _import(
    unit: ImportUnit, project: str, features: Sequence[Json], losses: LossCounter
) -> None:
    offered = await _offered(unit, project)
    waiting: list[Json] = []
    for feature in features:
        key, current = str(feature["feature"]), offered.get(str(feature["feature"]))
        if current is None:
            losses.gone(Kind.PROJECT_FEATURE, Loss.FEATURE_NOT_OFFERED, key)
        elif current.get("state") == feature.get("state"):
            unit.tally.done(Kind.PROJECT_FEATURE)
        elif is_fixed(feature):
            losses.add(Kind.PROJECT_FEATURE, Loss.FEATURE_FIXED, key)
            unit.tally.done(Kind.PROJECT_FEATURE, lossy=True)
        else:
            waiting.append(feature)
    await _switch_all(unit, project, waiting)


async def _offered(unit: ImportUnit, project: str) -> Mapping[str, Json]:
    """The features that the project has at the destination, by key."""
    try:
        found: Json = await unit.site.get_json(FEATURES, project=project)
    except _REFUSALS:
        return {}
    return {str(each["feature"]): each for each in found.get("features") or ()}


async def _switch_all(unit: ImportUnit, project: str, waiting: Sequence[Json]) -> None:
    """Switches features again and again: one may need another one to be on before."""
    refused: list[tuple[Json, str]] = []
    while waiting:
        refused = []
        for feature in waiting:
            message = await _switch(unit, project, feature)
            if message:
                refused.append((feature, message))
            else:
                unit.tally.done(Kind.PROJECT_FEATURE)
        if len(refused) == len(waiting):
            break
        waiting = [feature for feature, _ in refused]
    for feature, message in refused:
        key = str(feature["feature"])
        unit.tally.missing(Kind.PROJECT_FEATURE, key, "FEATURE_REFUSED", message)


async def _switch(unit: ImportUnit, project: str, feature: Json) -> str:
    """Why the site refuses; empty: it does not."""
    body = {"state": feature.get("state")}
    try:
        await unit.site.put_json(ONE, body, project=project, feature=str(feature["feature"]))
    except _REFUSALS as error:
        return error.message or "refused"
    return ""
