"""Plans of a simulated Jira, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

API = "/rest/api/3"
PLANS = f"{API}/plans/plan"
ONE = PLANS + "/{plan}"


async def body(client: SiteClient) -> dict[str, Any]:
    lead = (await client.get_json(f"{API}/myself"))["accountId"]
    project = {"key": "AB", "name": "Project", "leadAccountId": lead}
    made = await client.post_json(f"{API}/project", {**project, "projectTypeKey": "software"})
    sources = [{"type": "Project", "value": int(made["id"])}]
    return {"name": "Plan", "issueSources": sources, "scheduling": {"estimation": "Days"}}


async def test_a_plan_has_dates_and_days_that_nobody_has_said(client: SiteClient) -> None:
    plan = str(await client.post_json(PLANS, await body(client)))
    whole = await client.get_json(ONE, plan=plan)
    assert whole["scheduling"]["startDate"] == {"type": "TargetStartDate"}
    assert whole["exclusionRules"] == {"numberOfDaysToShowCompletedIssues": 30}
    assert whole["status"] == "Active"


def _change(**more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda plan: plan | more


@pytest.mark.parametrize(
    "change",
    [
        _change(name=""),
        _change(name="x" * 256),
        _change(issueSources=[]),
        _change(issueSources=[{"type": "Project", "value": 1}]),
        _change(issueSources=[{"type": "Custom", "value": 1}]),
        _change(scheduling={}),
        _change(scheduling={"estimation": "Years"}),
        _change(scheduling={"estimation": "Days", "startDate": {"type": "DateCustomField"}}),
        _change(exclusionRules={"issueIds": [1]}),
        _change(exclusionRules={"workStatusCategoryIds": [9]}),
        _change(exclusionRules={"releaseIds": [1]}),
        _change(customFields=[{"customFieldId": 1}]),
        _change(crossProjectReleases=[{"name": "R", "releaseIds": [1]}]),
        _change(leadAccountId="nobody"),
        _change(permissions=[{"type": "View", "holder": {"type": "Group", "value": "none"}}]),
        _change(permissions=[{"type": "View", "holder": {"type": "AccountId", "value": "x"}}]),
    ],
)
async def test_a_plan_that_names_what_is_not_there_is_refused(
    client: SiteClient, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    whole = await body(client)
    with pytest.raises(SiteRefused):
        await client.post_json(PLANS, change(whole))
    assert (await client.get_json(PLANS))["total"] == 0


async def test_a_plan_that_is_not_active_changes_no_more(client: SiteClient) -> None:
    plan = str(await client.post_json(PLANS, await body(client)))
    await client.put_json(f"{ONE}/archive", None, plan=plan)
    for call in (
        client.put_json(f"{ONE}/trash", None, plan=plan),
        client.post(f"{ONE}/team/planonly", {"name": "T", "planningStyle": "Scrum"}, plan=plan),
    ):
        with pytest.raises(SiteRefused):
            await call
    assert (await client.get_json(PLANS))["values"] == []


@pytest.mark.parametrize(
    "team",
    [
        {"name": "", "planningStyle": "Scrum"},
        {"name": "T", "planningStyle": "Waterfall"},
        {"name": "T", "planningStyle": "Scrum", "issueSourceId": 4711},
        {"name": "T", "planningStyle": "Scrum", "memberAccountIds": ["nobody"]},
    ],
)
async def test_a_team_that_cannot_be_is_refused(client: SiteClient, team: dict[str, Any]) -> None:
    plan = str(await client.post_json(PLANS, await body(client)))
    with pytest.raises(SiteRefused):
        await client.post(f"{ONE}/team/planonly", team, plan=plan)
    with pytest.raises(SiteNotFound):
        await client.post(f"{ONE}/team/atlassian", {"id": "x", "planningStyle": "Scrum"}, plan=plan)


async def test_plans_need_the_premium_edition(client: SiteClient, site: SimulatedSite) -> None:
    site.premium = False
    with pytest.raises(SiteForbidden):
        await client.get_json(PLANS)
