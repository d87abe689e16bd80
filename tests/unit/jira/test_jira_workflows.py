"""Workflows with their rules and their schemes: there, and back again."""

from __future__ import annotations

import contextlib

import pytest

from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import Importer, ImportOptions, ImportPhase
from sitekeep_shared.atlassian.errors import AmbiguousWrite, SiteNotFound, SiteRefused
from sitekeep_shared.content.workflow_schemes import DEFAULT_NAME
from sitekeep_shared.coverage import EXTRA, MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, MemoryIdentities, restore
from support.jira_fakes import API, JiraPair, Json, SmallSite, differences, undeclared
from support.planning import pair

__all__ = ["pair"]

TEAM = "IDEA"
"""The team-managed project of a generated site: it keeps the workflow of the restore."""
STRICT, PLAIN = "Entwicklung „streng“ & gründlich", "Bugs, only"


async def generated(pair: JiraPair, issues: int = 12) -> MemoryBackup:
    """A site with workflows of every sort."""
    generate(pair.source.site, seed=5, issues=issues)
    pair.share_people()
    return await pair.source.backup()


async def filled(pair: JiraPair) -> MemoryBackup:
    """A small site, whose project has a workflow with global transitions."""
    await SmallSite(pair.source).fill()
    pair.share_people()
    return await pair.source.backup()


def of_kind(found: list[Difference], *kinds: Kind) -> set[tuple[str, str]]:
    return {(one.item, one.path) for one in found if one.kind in kinds}


def of_company_managed(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without what a team-managed project has in place of its workflow and its scheme."""
    return {(item, path) for item, path in found if TEAM not in item and path != EXTRA}


def errors_of(tally: Tally) -> set[tuple[str, str]]:
    return {(one.key, one.reason) for one in tally.findings if one.severity is Severity.ERROR}


async def workflows_of(pair: JiraPair) -> list[str]:
    listed = await pair.destination.client.get_json(f"{API}/workflows/search")
    return sorted(each["name"] for each in listed["values"] if TEAM not in each["name"])


async def schemes_of(pair: JiraPair) -> list[str]:
    listed = await pair.destination.client.get_json(f"{API}/workflowscheme")
    return sorted(
        each["name"]
        for each in listed["values"]
        if TEAM not in each["name"] and not each["name"].startswith(DEFAULT_NAME)
    )


async def scheme_of(pair: JiraPair, key: str) -> str:
    """The name of the workflow scheme of a restored project."""
    client = pair.destination.client
    project = await client.get_json(f"{API}/project/{{project}}", project=key)
    query = [("projectId", str(project["id"]))]
    values = (await client.get_json(f"{API}/workflowscheme/project", query))["values"]
    return str(values[0]["workflowScheme"]["name"])


LOST = {
    (STRICT, f"transitions.{where} 1")
    for where in (
        "11 Anfangen → jetzt.conditions.connect:expression-condition",
        "21 Prüfen.validators.forge:expression-validator",
        "31 Fertig.actions.system:trigger-webhook",
    )
}
"""What a destination without the apps loses of a generated site."""
DROPPED = {
    f"{STRICT}: Anfangen → jetzt: connect:expression-condition",
    f"{STRICT}: Prüfen: forge:expression-validator",
    f"{STRICT}: Fertig: system:trigger-webhook",
}
"""How the restore names that."""


RULE = Loss.WORKFLOW_RULE_NOT_RESTORED.name


@pytest.mark.shows_loss(Kind.WORKFLOW, "transitions.*.connect:*", "transitions.*.forge:*")
@pytest.mark.shows_loss(Kind.WORKFLOW, "transitions.*.system:trigger-webhook*")
@pytest.mark.shows_loss(Loss.WORKFLOW_RULE_NOT_RESTORED)
async def test_of_generated_workflows_only_rules_of_apps_and_webhooks_are_lost(
    pair: JiraPair,
) -> None:
    before = await generated(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == set()
    found = differences(before, await pair.destination.backup())
    shown = of_kind(found, Kind.WORKFLOW, Kind.WORKFLOW_SCHEME)
    assert of_company_managed(shown) == LOST
    assert all(one.declared for one in found if one.kind is Kind.WORKFLOW)
    named = {one.key for one in tally.findings if one.reason == "WORKFLOW_RULE_NOT_RESTORED"}
    assert named == DROPPED


async def test_rules_of_an_app_that_the_destination_has_come_back(pair: JiraPair) -> None:
    before = await generated(pair)
    objects = Jira(pair.destination.site).objects
    for app in Jira(pair.source.site).objects.all(ObjectKind.APP):
        objects.add(ObjectKind.APP, app.name, {})
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    shown = of_company_managed(of_kind(found, Kind.WORKFLOW))
    assert shown == {each for each in LOST if "webhook" in each[1]}


async def test_projects_have_their_schemes_and_nothing_of_the_restore_stays(
    pair: JiraPair,
) -> None:
    before = await generated(pair)
    await restore(IMPORTER, pair.destination.client, before)
    assert await scheme_of(pair, "PLAT") == "Abläufe & „mehr“"
    assert await scheme_of(pair, "WEB") == "流れ <2>"
    assert [name for name in await workflows_of(pair) if name.startswith("Sitekeep")] == []
    assert [name for name in await schemes_of(pair) if name.startswith("Sitekeep")] == []


async def test_issues_have_statuses_that_their_own_workflow_would_have_refused_them(
    pair: JiraPair,
) -> None:
    before = await generated(pair, issues=30)
    await restore(IMPORTER, pair.destination.client, before)
    assert undeclared(before, await pair.destination.backup()) == []
    client = pair.destination.client
    body: Json = {"jql": "project = PLAT", "fields": ["*all"], "maxResults": 100}
    found = (await client.post_json(f"{API}/search/jql", body, read=True))["issues"]
    reviewed = [each for each in found if each["fields"]["status"]["name"] == "In Review"]
    assert [each for each in reviewed if not each["fields"].get("assignee")]
    types = {each["name"]: each["id"] for each in await client.get_json(f"{API}/issuetype")}
    fields = {"project": {"key": "PLAT"}, "issuetype": {"id": types["Task"]}, "summary": "New"}
    key = (await client.post_json(f"{API}/issue", {"fields": fields}))["key"]
    template = f"{API}/issue/{{issue}}/transitions"
    await client.post(template, {"transition": {"id": "11"}}, issue=key)
    with pytest.raises(SiteRefused, match="Wer „macht“ es"):
        await client.post(template, {"transition": {"id": "21"}}, issue=key)


@pytest.mark.parametrize(
    ("path", "method", "times"),
    [
        ("/workflows/create$", "POST", 4),
        ("/workflowscheme$", "POST", 4),
        ("/workflowscheme/project/switch$", "POST", 2),
        ("/workflowscheme/[0-9]+$", "DELETE", 1),
        ("/workflow/[^/]+$", "DELETE", 1),
    ],
)
async def test_a_lost_answer_makes_nothing_twice(
    pair: JiraPair, path: str, method: str, times: int
) -> None:
    before = await generated(pair)
    fault = pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=times)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=6, retried=(AmbiguousWrite,)
    )
    assert fault.fired == times
    assert errors_of(tally) == set()
    assert {one.key for one in tally.findings if "RULE" in one.reason} == DROPPED
    found = differences(before, await pair.destination.backup())
    shown = of_kind(found, Kind.WORKFLOW, Kind.WORKFLOW_SCHEME)
    assert of_company_managed(shown) == LOST
    assert not [one for one in found if one.kind is Kind.PROJECT and not one.declared]
    names = [*await workflows_of(pair), *await schemes_of(pair)]
    assert [name for name in names if name.startswith("Sitekeep") or "(restored)" in name] == []


def importer(*, opening: bool) -> Importer:
    """The first units of the last phase alone, or those of all others."""
    chosen = [
        unit for unit in IMPORTER.initial_units if (unit.phase == ImportPhase.OPENING) is opening
    ]
    return Importer(chosen, IMPORTER.run)


async def test_a_last_phase_that_is_run_again_changes_nothing(pair: JiraPair) -> None:
    before = await generated(pair)
    identities = MemoryIdentities()
    client = pair.destination.client
    await restore(importer(opening=False), client, before, identities=identities)
    assert await scheme_of(pair, "PLAT") == "Sitekeep PLAT workflows"
    await restore(importer(opening=True), client, before, identities=identities)
    names = await workflows_of(pair), await schemes_of(pair)
    tally = await restore(importer(opening=True), client, before, identities=identities)
    assert errors_of(tally) == set()
    assert (await workflows_of(pair), await schemes_of(pair)) == names


async def test_statuses_keep_their_descriptions_when_workflows_are_made(pair: JiraPair) -> None:
    before = await generated(pair)
    await restore(IMPORTER, pair.destination.client, before)
    listed = await pair.destination.client.get_json(f"{API}/statuses/search")
    texts = {each["name"]: each["description"] for each in listed["values"]}
    assert texts["In Review"] == "Someone looks at it."
    assert texts["Wartet „auf“ andere"] == "Somebody & <others>."


async def test_a_refused_switch_leaves_the_workflow_of_the_restore_and_is_named(
    pair: JiraPair,
) -> None:
    before = await generated(pair)
    fault = pair.destination.site.faults.plan(
        FaultKind.MISSING, "/project/switch$", method="POST", times=1
    )
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert fault.fired == 1
    assert errors_of(tally) == {("PLAT", "WORKFLOW_NOT_SWITCHED")}
    assert await scheme_of(pair, "PLAT") == "Sitekeep PLAT workflows"
    assert await scheme_of(pair, "WEB") == "流れ <2>"
    found = differences(before, await pair.destination.backup())
    different = {(one.item, one.path) for one in found if not one.declared}
    assert different == {("PLAT", "workflowScheme")}


async def test_a_refused_workflow_is_named_with_the_schemes_that_need_it(pair: JiraPair) -> None:
    before = await generated(pair)
    identities, client = MemoryIdentities(), pair.destination.client
    await restore(importer(opening=False), client, before, identities=identities)
    path = "/workflows/create$"
    fault = pair.destination.site.faults.plan(FaultKind.MISSING, path, method="POST", times=1)
    tally = await restore(importer(opening=True), client, before, identities=identities)
    assert fault.fired == 1
    reasons = {reason for _, reason in errors_of(tally)}
    assert reasons == {"WORKFLOW_REFUSED", "WORKFLOW_SCHEME_REFUSED"}


def flow(name: str, *, description: str = "", scope: Json | None = None) -> Json:
    """The body of a create of a workflow with one status."""
    statuses = [{"name": "Own", "statusCategory": "TODO", "statusReference": "own"}]
    create = {"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": "own"}
    layout: list[Json] = [{"statusReference": "own", "properties": {}}]
    workflow: Json = {"name": name, "statuses": layout, "transitions": [create]}
    return {
        "scope": scope or {"type": "GLOBAL"},
        "statuses": statuses,
        "workflows": [{**workflow, "description": description}],
    }


async def test_a_workflow_of_that_name_stays_beside_the_restored_one(pair: JiraPair) -> None:
    before = await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("BETA", "Somebody else's")
    await other.post("workflows/create", flow("ALFA flow"))
    await other.post("workflowscheme", {"name": "ALFA scheme", "defaultWorkflow": "ALFA flow"})
    tally = await restore(IMPORTER, pair.destination.client, before)
    kept = {one.key for one in tally.findings if one.reason == "SCHEME_OF_THAT_NAME_KEPT"}
    assert kept >= {"ALFA flow", "ALFA scheme"}
    found = differences(before, await pair.destination.backup())
    owned = {f"{name} (the destination's)" for name in ("ALFA flow", "ALFA scheme")}
    foreign = {"BETA flow", "BETA scheme"}
    assert of_kind(found, Kind.WORKFLOW, Kind.WORKFLOW_SCHEME) == {
        (name, "extra") for name in owned | foreign
    }
    assert await scheme_of(pair, "ALFA") == "ALFA scheme (restored)"
    assert await scheme_of(pair, "BETA") == "BETA scheme"


async def test_an_equal_workflow_of_that_name_is_taken(pair: JiraPair) -> None:
    before = await filled(pair)
    identities = MemoryIdentities()
    await restore(IMPORTER, pair.destination.client, before, identities=identities)
    count = len(await workflows_of(pair))
    # As another restore sees it, which knows nothing of the first one's workflows.
    for kind in ("workflow", "workflow_name", "intended_workflow", "workflow_scheme"):
        identities.targets.pop(kind, None)
    await restore(importer(opening=True), pair.destination.client, before, identities=identities)
    assert len(await workflows_of(pair)) == count


@pytest.mark.parametrize("foreign", [False, True])
async def test_a_workflow_without_its_dropped_rules_is_taken_again(
    pair: JiraPair, foreign: bool
) -> None:
    """Also where it is beside somebody else's of that name."""
    before = await generated(pair)
    client = pair.destination.client
    if foreign:
        await SmallSite(pair.destination).post("workflows/create", flow(STRICT))
    await restore(IMPORTER, client, before)
    names = await workflows_of(pair)
    assert (f"{STRICT} (restored)" in names) is foreign
    for project in ("PLAT", "WEB", TEAM):
        with contextlib.suppress(SiteNotFound):
            query = [("enableUndo", "false")]
            await client.delete(f"{API}/project/{{project}}", query, project=project)
    tally = await restore(IMPORTER, client, before)
    assert not [each for each in errors_of(tally) if each[1].startswith("WORKFLOW")]
    assert await workflows_of(pair) == names
    assert {one.key for one in tally.findings if one.reason == RULE} == DROPPED


@pytest.mark.shows_loss(Kind.WORKFLOW_SCHEME)
async def test_a_project_with_the_default_scheme_gets_one_like_it(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.configure()
    lead = (await pair.source.client.get_json(f"{API}/myself"))["accountId"]
    body: Json = {"key": "DEF", "name": "Default", "projectTypeKey": "software"}
    await small.post("project", {**body, "leadAccountId": lead})
    issue_type = {"id": small.types["Task"]}
    fields = {"project": {"key": "DEF"}, "issuetype": issue_type, "summary": "One"}
    await small.post("issue", {"fields": fields})
    pair.share_people()
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    assert await scheme_of(pair, "DEF") == "Default workflow scheme (restored)"
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.PROJECT) & {("DEF", "workflowScheme")} == set()
    assert of_kind(found, Kind.WORKFLOW_SCHEME) == {("Default workflow scheme", "extra")}


@pytest.mark.shows_loss(Kind.WORKFLOW, MISSING)
@pytest.mark.shows_loss(Loss.WORKFLOW_OF_TEAM_MANAGED_PROJECT)
async def test_the_workflow_of_a_team_managed_project_is_named_and_declared(
    pair: JiraPair,
) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    client = pair.source.client
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    scope = {"type": "PROJECT", "project": {"id": project["id"]}}
    await small.post("workflows/create", flow("Team flow", scope=scope))
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    lost = {one.key for one in tally.findings if "TEAM_MANAGED" in one.reason}
    assert lost == {"Team flow"}
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.WORKFLOW) == {("Team flow", "missing")}
    assert all(one.declared for one in found if one.kind is Kind.WORKFLOW)


async def test_a_company_managed_workflow_that_is_gone_is_not_declared(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    await small.post("workflows/create", flow("Idle", description="Nobody's"))
    pair.share_people()
    before = await pair.source.backup()
    client = pair.destination.client
    await restore(IMPORTER, client, before)
    listed = (await client.get_json(f"{API}/workflows/search"))["values"]
    idle = next(str(each["id"]) for each in listed if each["name"] == "Idle")
    await client.delete(f"{API}/workflow/{{id}}", id=idle)
    gone = undeclared(before, await pair.destination.backup())
    assert [(one.item, one.path) for one in gone] == [("Idle", "missing")]


async def test_a_draft_is_named(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    client = pair.source.client
    listed = (await client.get_json(f"{API}/workflowscheme"))["values"]
    number = next(str(each["id"]) for each in listed if each["name"] == "ALFA scheme")
    await client.post(f"{API}/workflowscheme/{{id}}/createdraft", None, id=number)
    _, tally = await pair.source.backup_and_tally()
    named = {one.key for one in tally.findings if one.reason == "DRAFT_NOT_KEPT"}
    assert named == {"ALFA scheme"}


async def test_rules_that_name_somebody_who_is_absent_go_by_name(pair: JiraPair) -> None:
    generate(pair.source.site, seed=5, issues=12)
    before = await pair.source.backup()
    options = ImportOptions(skip_users_and_groups=True)
    tally = await restore(IMPORTER, pair.destination.client, before, options=options)
    named = {one.key for one in tally.findings if one.reason == "WORKFLOW_RULE_NOT_RESTORED"}
    assert named >= {
        f"{STRICT}: Fertig: system:change-assignee",
        f"{STRICT}: Anfangen → jetzt: system:restrict-issue-transition",
    }
    found = differences(before, await pair.destination.backup())
    of_people = {path for _, path in of_kind(found, Kind.WORKFLOW) - LOST}
    assert "transitions.31 Fertig.actions.system:change-assignee 1" in of_people


@pytest.mark.shows_loss(Kind.PROJECT, "issueTypeScheme", "workflowScheme")
async def test_a_team_managed_project_gets_schemes_of_its_own(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.configure()
    lead = (await pair.source.client.get_json(f"{API}/myself"))["accountId"]
    template = "com.pyxis.greenhopper.jira:gh-simplified-agility-kanban"
    body: Json = {"key": "TEAM", "name": "Team", "projectTemplateKey": template}
    await small.post("project", {**body, "leadAccountId": lead})
    pair.share_people()
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    added = {(one.path, one.left, one.right) for one in found if one.kind is Kind.PROJECT}
    assert added >= {
        ("issueTypeScheme", None, "Sitekeep TEAM issue types"),
        ("workflowScheme", None, "Sitekeep TEAM workflows"),
    }
