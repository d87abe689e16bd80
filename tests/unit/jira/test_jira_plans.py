"""Plans come back with what they name; what is not at the destination is declared."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import ImportOptions
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import AGILE, API, JiraPair, SmallSite, differences
from support.planning import declared, errors_of, pair, reasons_of
from support.round_trips import with_changed

__all__ = ["pair"]

PLANS = f"{API}/plans/plan"
ONE = PLANS + "/{plan}"
TEAM = "11111111-1111-4111-8111-111111111111"
BY_ID = [("useGroupId", "true")]


async def filled(pair: JiraPair) -> str:
    """A small site with a plan over all that a plan can name; its id."""
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    client = pair.source.client
    for side in (pair.source, pair.destination):
        Jira(side.site).objects.add(ObjectKind.TEAM, "Team A", {"uuid": TEAM})
    date = await small.post("field", {"name": "Due", "type": STOCK_DATE})
    plan = str(await client.post_json(PLANS, await _body(pair, small, date["id"]), BY_ID))
    one = f"{ONE}/team"
    members = [person.account_id for person in small.people[:2]]
    team = {"name": "Nur „hier“", "planningStyle": "Scrum", "sprintLength": 14, "capacity": 37.5}
    await client.post(f"{one}/planonly", {**team, "memberAccountIds": members}, plan=plan)
    await client.post(f"{one}/atlassian", {"id": TEAM, "planningStyle": "Kanban"}, plan=plan)
    return plan


STOCK_DATE = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"


async def _body(pair: JiraPair, small: SmallSite, date: str) -> dict[str, Any]:
    client = pair.source.client
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    board = (await client.get_json(f"{AGILE}/board"))["values"][0]["id"]
    found = await client.get_json(f"{API}/filter/search", [("filterName", "Mine")])
    issue = await client.get_json(f"{API}/issue/{{issue}}", issue="ALFA-9")
    groups = (await client.get_json(f"{API}/group/bulk"))["values"]
    builders = next(each["groupId"] for each in groups if each["name"] == "builders")
    versions = [int(each["id"]) for each in project["versions"]]
    effort = int(small.fields["Effort"].removeprefix("customfield_"))
    person = small.people[3].account_id
    return {
        "name": "Große Fahrt",
        "leadAccountId": small.people[1].account_id,
        "issueSources": [
            {"type": "Project", "value": int(project["id"])},
            {"type": "Board", "value": board},
            {"type": "Filter", "value": int(found["values"][0]["id"])},
        ],
        "scheduling": {
            "estimation": "Hours",
            "dependencies": "Concurrent",
            "inferredDates": "ReleaseDates",
            "startDate": {
                "type": "DateCustomField",
                "dateCustomFieldId": int(date.removeprefix("customfield_")),
            },
            "endDate": {"type": "DueDate"},
        },
        "exclusionRules": {
            "numberOfDaysToShowCompletedIssues": 50,
            "issueIds": [int(issue["id"])],
            "issueTypeIds": [int(small.types["Incident"])],
            "releaseIds": versions[:1],
            "workStatusIds": [int(issue["fields"]["status"]["id"])],
            "workStatusCategoryIds": [3],
        },
        "customFields": [{"customFieldId": effort, "filter": True}],
        "crossProjectReleases": [{"name": "Alles", "releaseIds": versions}],
        "permissions": [
            {"type": "View", "holder": {"type": "Group", "value": builders}},
            {"type": "Edit", "holder": {"type": "AccountId", "value": person}},
        ],
    }


async def there_and_back(
    pair: JiraPair, **options: Any
) -> tuple[MemoryBackup, MemoryBackup, Tally]:
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before, **options)
    return before, await pair.destination.backup(), tally


async def plans_of(pair: JiraPair) -> list[dict[str, Any]]:
    query = [("includeArchived", "true"), ("includeTrashed", "true")]
    found = await pair.destination.client.get_json(PLANS, query)
    values: list[dict[str, Any]] = found["values"]
    return values


def lost(left: MemoryBackup, right: MemoryBackup) -> set[tuple[str, bool]]:
    """The paths in which plans differ, and whether that is declared."""
    return {(one.path, one.declared) for one in differences(left, right) if one.kind is Kind.PLAN}


@pytest.mark.shows_loss(Kind.PLAN, "lastSaved")
@pytest.mark.shows_loss(Loss.PLAN_TIME)
async def test_a_plan_comes_back_with_everything_that_it_names(pair: JiraPair) -> None:
    await filled(pair)
    before, after, tally = await there_and_back(pair)
    assert lost(before, after) == {("lastSaved", True)}
    assert errors_of(tally) == []
    (plan,) = await plans_of(pair)
    whole = await pair.destination.client.get_json(ONE, BY_ID, plan=plan["id"])
    target = await pair.destination.client.get_json(f"{API}/issue/{{issue}}", issue="ALFA-9")
    assert whole["exclusionRules"]["issueIds"] == [int(target["id"])]
    assert len(whole["issueSources"]) == 3
    assert reasons_of(tally)["PLAN_PART_NOT_RESTORED"] == 0


async def test_a_plan_that_lost_something_else_is_an_undeclared_difference(pair: JiraPair) -> None:
    await filled(pair)
    before, after, _ = await there_and_back(pair)

    def worse(plan: Any, attributes: dict[str, str]) -> None:
        plan["issueSources"].pop()
        plan["permissions"].pop()
        plan["scheduling"] |= {"startDate": {"type": "DueDate"}, "estimation": "Days"}
        plan["exclusionRules"].pop("issueIds")
        attributes["teams"] = "[]"

    found = lost(before, await with_changed(after, Kind.PLAN, worse))
    assert {path.partition(".")[0] for path, fine in found if not fine} >= {
        "sources",
        "permissions",
        "scheduling",
        "exclusions",
        "teams",
    }
    assert {path for path, fine in found if fine} == {"lastSaved", "teamsOfOrganization"}


@pytest.mark.shows_loss(Kind.PLAN, "unknown", "scheduling.startDate", "scheduling.endDate")
@pytest.mark.shows_loss(Loss.PLAN_PART_NOT_RESTORED)
async def test_what_is_not_at_the_destination_is_left_out(pair: JiraPair) -> None:
    await filled(pair)

    def gone(plan: Any, _: dict[str, str]) -> None:
        nowhere = {"type": "DateCustomField", "dateCustomFieldId": 1}
        plan["scheduling"] |= {"startDate": nowhere, "endDate": nowhere}
        plan["issueSources"] += [{"type": "Custom", "value": 5}, {"type": "Board", "value": 1}]
        plan["exclusionRules"]["issueIds"].append(1)
        plan["crossProjectReleases"][0]["releaseIds"].append(1)
        plan["customFields"].append({"customFieldId": 1, "filter": False})

    before = await with_changed(await pair.source.backup(), Kind.PLAN, gone)
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert declared(Kind.PLAN, before, after) == {
        ("Große Fahrt", path)
        for path in ("lastSaved", "unknown", "scheduling.startDate", "scheduling.endDate")
    }
    assert reasons_of(tally)["PLAN_PART_NOT_RESTORED"] == 1
    assert errors_of(tally) == []


@pytest.mark.shows_loss(Kind.PLAN, "teamsOfOrganization", "teamSources")
@pytest.mark.shows_loss(Loss.PLAN_TEAM_NOT_RESTORED, Loss.PLAN_TEAM_SOURCE)
async def test_a_team_that_the_organization_lacks_and_the_sources_of_teams_are_lost(
    pair: JiraPair,
) -> None:
    plan = await filled(pair)
    client = pair.source.client
    source = pair.source.site.store.value(
        "SELECT json_extract(body, '$.issueSources[0].id') FROM jira_object WHERE kind = 'plan'"
    )
    team = {"name": "Zweites", "planningStyle": "Scrum", "issueSourceId": source}
    await client.post(f"{ONE}/team/planonly", team, plan=plan)
    pair.destination.site.store.execute("DELETE FROM jira_object WHERE kind = 'team'")
    before, after, tally = await there_and_back(pair)
    assert lost(before, after) == {
        ("lastSaved", True),
        ("teamsOfOrganization", True),
        ("teamSources", True),
    }
    reasons = reasons_of(tally)
    assert (reasons["PLAN_TEAM_NOT_RESTORED"], reasons["PLAN_TEAM_SOURCE"]) == (1, 1)


async def test_people_who_have_no_account_are_missing_from_a_plan_and_nobody_else_is(
    pair: JiraPair,
) -> None:
    small = SmallSite(pair.source)
    await filled(pair)
    before = await pair.source.backup()
    accounts = pair.destination.site.accounts
    gone = [a.account_id for a in accounts.page() if a.display_name.startswith("Person")]
    assert len(gone) == 4
    assert small.people == []
    store = pair.destination.site.store
    store.execute("DELETE FROM account WHERE display_name LIKE 'Person%'")
    nobody = ImportOptions(skip_users_and_groups=True)
    await pair.destination.client.post(f"{API}/group", {"name": "builders"})
    await restore(IMPORTER, pair.destination.client, before, options=nobody)
    after = await pair.destination.backup()
    paths = {path for path, fine in lost(before, after) if fine}
    assert "lead" in paths
    assert {path.partition(" ")[0] for path in paths} >= {"permissions.Edit"}
    assert [path for path, fine in lost(before, after) if not fine] == []


@pytest.mark.parametrize(
    "path", ["/plans/plan$", "/team/planonly$", "/team/atlassian$", "/plan/[0-9]+/archive$"]
)
async def test_a_lost_answer_doubles_nothing(pair: JiraPair, path: str) -> None:
    plan = await filled(pair)
    await pair.source.client.put_json(f"{ONE}/archive", None, plan=plan)
    method = "PUT" if path.endswith("archive$") else "POST"
    fault = pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=1)
    before, after, tally = await there_and_back(pair, attempts=3, retried=(AmbiguousWrite,))
    assert fault.fired == 1
    assert errors_of(tally) == []
    assert [each["status"] for each in await plans_of(pair)] == ["Archived"]
    assert lost(before, after) == {("lastSaved", True)}


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.ERROR])
async def test_a_lost_answer_takes_no_plan_that_was_there_before(
    pair: JiraPair, kind: FaultKind
) -> None:
    """Whether ours was made before the answer was lost or not."""
    await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("OTHER", "Somebody else's")
    client = pair.destination.client
    project = await client.get_json(f"{API}/project/{{project}}", project="OTHER")
    sources = [{"type": "Project", "value": int(project["id"])}]
    body = {"name": "Große Fahrt", "issueSources": sources, "scheduling": {"estimation": "Days"}}
    theirs = str(await client.post_json(PLANS, body, BY_ID))
    whole = await client.get_json(ONE, BY_ID, plan=theirs)
    fault = pair.destination.site.faults.plan(kind, "/plans/plan$", method="POST", times=1)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, client, before, attempts=4, retried=(AmbiguousWrite,))
    assert fault.fired == 1
    assert errors_of(tally) == []
    (ours,) = [each["id"] for each in await plans_of(pair) if str(each["id"]) != theirs]
    assert await client.get_json(ONE, BY_ID, plan=theirs) == whole
    restored = await client.get_json(ONE, BY_ID, plan=str(ours))
    assert len(restored["issueSources"]) == 3


async def test_a_refused_plan_comes_with_its_sources_alone_and_says_so(pair: JiraPair) -> None:
    await filled(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.REFUSED, "/plans/plan$", method="POST", times=1)
    before, after, tally = await there_and_back(pair)
    assert reasons_of(tally)["PLAN_SETTINGS_REFUSED"] == 1
    assert ("lead", False) in lost(before, after)
    assert not {path for path, _ in lost(before, after) if path.startswith("sources")}
    tally = await _refused_altogether(pair, before)
    assert [text for text in errors_of(tally) if "PLAN_REFUSED" in text]


async def _refused_altogether(pair: JiraPair, before: MemoryBackup) -> Tally:
    pair.destination.site.premium = False
    return await restore(IMPORTER, pair.destination.client, before)


async def test_plans_of_every_state_are_read_page_by_page(
    pair: JiraPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(pair.source.site, seed=1, issues=30)
    monkeypatch.setattr("sitekeep_simulator.jira.plans._CAP", 3)
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.PLAN) == tally.of(Kind.PLAN).expected == 4
    assert pair.source.site.request_log.count("GET", PLANS) == 2


async def test_without_the_premium_edition_there_are_no_plans(pair: JiraPair) -> None:
    await filled(pair)
    pair.source.site.premium = False
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.PLAN) == 0
    assert [each for each in tally.findings if each.kind is Kind.PLAN] == []


async def test_a_plan_that_cannot_be_read_is_named(pair: JiraPair) -> None:
    await filled(pair)
    pair.source.site.faults.plan(FaultKind.MISSING, "/plans/plan/[0-9]+$", times=1)
    _, tally = await pair.source.backup_and_tally()
    assert [(e.reason, e.key) for e in tally.findings] == [("PLAN_NOT_READABLE", "Große Fahrt")]


async def test_plans_make_a_site_not_empty(pair: JiraPair) -> None:
    client, site = pair.destination.client, pair.destination.site
    lead = (await client.get_json(f"{API}/myself"))["accountId"]
    body = {"key": "AB", "name": "AB", "projectTypeKey": "software", "leadAccountId": lead}
    project = await client.post_json(f"{API}/project", body)
    sources = [{"type": "Project", "value": int(project["id"])}]
    plan = {"name": "Left", "issueSources": sources, "scheduling": {"estimation": "Days"}}
    made = await client.post_json(PLANS, plan)
    await client.put_json(f"{ONE}/trash", None, plan=str(made))
    await client.delete(f"{API}/project/{{project}}", [("enableUndo", "false")], project="AB")
    (found,) = await find_content(client)
    assert (found.subject, "Left" in found.description) == ("plans", True)
    site.premium = False
    assert await find_content(client) == []
