"""The teams of a plan: those of the plan alone are made, those of the organization are added."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.plan_bodies import PlanBody
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

TEAMS = "/rest/api/3/plans/plan/{plan}/team"
PLAN_ONLY = "PlanOnly"
PAGE_SIZE = "50"
_SETTINGS = ("planningStyle", "sprintLength", "capacity")
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)


async def import_teams(body: PlanBody, plan: str, teams: Sequence[Json]) -> list[Loss]:
    """Gives a plan the teams that it lacks; what of them is lost."""
    losses: list[Loss] = []
    present = await _present(body.unit, plan) if teams else set[tuple[str, str]]()
    for team in teams:
        listed, settings = team["listed"], team["settings"]
        made = _of_the_plan(listed)
        name = str(settings.get("name") or listed.get("name") or listed["id"])
        kept = {each: settings[each] for each in _SETTINGS if settings.get(each) is not None}
        if settings.get("issueSourceId") is not None:
            losses.append(Loss.PLAN_TEAM_SOURCE)
        if made:
            members = await body.accounts(settings.get("memberAccountIds") or ())
            kept |= {"name": name, "memberAccountIds": members}
        else:
            kept["id"] = str(listed["id"])
        identifier = name if made else str(listed["id"])
        if (str(listed["type"]), identifier) not in present:
            losses += await _add(body, plan, kept, made=made, name=name)
    return losses


def _of_the_plan(listed: Json) -> bool:
    return listed.get("type") == PLAN_ONLY


async def _present(unit: ImportUnit, plan: str) -> set[tuple[str, str]]:
    """On a later attempt: the teams that an earlier one has added, by name or by id."""
    found: set[tuple[str, str]] = set()
    cursor = ""
    while not unit.first_attempt:
        query = [("maxResults", PAGE_SIZE), *([("cursor", cursor)] if cursor else [])]
        page: Json = await unit.site.get_json(TEAMS, query, plan=plan)
        for each in page.get("values") or ():
            identifier = each.get("name") if _of_the_plan(each) else each["id"]
            found.add((str(each["type"]), str(identifier)))
        cursor = str(page.get("nextPageCursor") or "")
        if not cursor or page.get("last", page.get("isLast")):
            break
    return found


async def _add(body: PlanBody, plan: str, settings: Json, *, made: bool, name: str) -> list[Loss]:
    noun = "planonly" if made else "atlassian"
    try:
        await body.unit.site.post(f"{TEAMS}/{noun}", settings, plan=plan)
    except _REFUSALS as error:
        if not made and isinstance(error, SiteNotFound):
            return [Loss.PLAN_TEAM_NOT_RESTORED]
        key = f"{body.name}/{name}"
        body.unit.tally.remark(Kind.PLAN, key, "PLAN_TEAM_REFUSED", error.message)
    return []
