"""Declared losses that only some Jira sites meet: each shown, and nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.content.adf import document, paragraph
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.defaults import add_issue_type, add_status
from sitekeep_simulator.jira.fields import RANK_TYPE, product_field
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.issue_edits import IssueEdits
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from support.confluence_fakes import MemoryBackup
from support.jira_fakes import API, JiraPair, JiraSide, SmallSite, altered
from support.planning import errors_of, reasons_of
from support.round_trips import Alteration, Json, RoundTrip, run_jira, with_changed

Found = set[tuple[str, str]]


async def small(pair: JiraPair) -> None:
    """A site with a bit of everything; everybody has an account at the destination."""
    await SmallSite(pair.source).fill()
    pair.share_people()


def found(trip: RoundTrip, *kinds: Kind) -> Found:
    """Items of the kinds and paths in which they differ."""
    return {(one.item, one.path) for one in trip.differences if one.kind in kinds}


def losses(trip: RoundTrip, *losses: Loss) -> Sequence[int]:
    """How often each was said."""
    reasons = reasons_of(trip.restore)
    return [reasons[loss.name] for loss in losses]


def issue(key: str, **fields: Json) -> Alteration:
    """Gives one issue of the backup other values."""

    async def alter(backup: MemoryBackup) -> MemoryBackup:
        return await altered(backup, key, lambda each: each["fields"].update(fields))

    return alter


@pytest.mark.shows_loss(Kind.ISSUE_TYPE, "hierarchyLevel", "description", "subtask")
@pytest.mark.shows_loss(Kind.STATUS, "description", "category")
@pytest.mark.shows_loss(Kind.PRIORITY, "description", "statusColor")
@pytest.mark.shows_loss(Kind.RESOLUTION, "description")
@pytest.mark.shows_loss(Kind.ISSUE_LINK_TYPE, "inward", "outward")
@pytest.mark.shows_loss(Loss.ISSUE_TYPE_CHANGED, Loss.STATUS_CATEGORY_KEPT, Loss.LINK_TYPE_MERGED)
async def test_what_has_the_name_at_the_destination_keeps_what_it_is() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        destination = Jira(pair.destination.site)
        add_status(destination, "Shipped", "IN_PROGRESS", "On its way")
        add_issue_type(destination, "Incident", "It broke", -1)
        other = SmallSite(pair.destination)
        body = {"name": "Blocker", "description": "Stop", "statusColor": "#00ff00"}
        await other.post("priority", body)
        await other.post("resolution", {"name": "By design", "description": "So be it."})
        words = {"name": "Gantt End to Start", "inward": "after", "outward": "before"}
        await other.post("issueLinkType", words)

    trip = await run_jira(prepare)
    assert found(trip, Kind.STATUS) == {("Shipped", "category"), ("Shipped", "description")}
    types = found(trip, Kind.ISSUE_TYPE)
    assert types == {("Incident", each) for each in ("description", "hierarchyLevel", "subtask")}
    assert found(trip, Kind.PRIORITY) == {("Blocker", "description"), ("Blocker", "statusColor")}
    assert found(trip, Kind.RESOLUTION) == {("By design", "description")}
    words = {("Gantt End to Start", "inward"), ("Gantt End to Start", "outward")}
    assert found(trip, Kind.ISSUE_LINK_TYPE) == words
    kept = losses(trip, Loss.ISSUE_TYPE_CHANGED, Loss.STATUS_CATEGORY_KEPT, Loss.LINK_TYPE_MERGED)
    assert kept[1:] == [1, 1]
    assert kept[0] > 0


@pytest.mark.shows_loss(Kind.USER, "emailAddress")
async def test_an_address_that_a_person_hides_at_the_destination_is_not_seen() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.store.execute(
            "UPDATE account SET email_hidden = 1 WHERE email = 'person1@example.com'"
        )

    trip = await run_jira(prepare)
    assert {path for _, path in found(trip, Kind.USER)} == {"emailAddress"}
    assert len(found(trip, Kind.USER)) == 1
    assert trip.undeclared == []


@pytest.mark.shows_loss(Kind.USER, MISSING)
@pytest.mark.shows_loss(Loss.APP_ACCOUNT_NOT_RESTORED)
async def test_the_account_of_an_app_is_not_invited() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.source.site.accounts.add("bot@example.com", "Bot", account_type="app")

    trip = await run_jira(prepare)
    ((_, path),) = found(trip, Kind.USER)
    assert path == MISSING
    assert losses(trip, Loss.APP_ACCOUNT_NOT_RESTORED) == [1]
    assert trip.undeclared == []


@pytest.mark.shows_loss(Kind.FIELD, MISSING)
@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, MISSING)
@pytest.mark.shows_loss(Loss.FIELD_NOT_CREATABLE, Loss.FIELD_CONTEXT_WITHOUT_FIELD)
async def test_a_field_of_an_app_is_named_and_its_values_stay_in_the_backup() -> None:
    async def alter(backup: MemoryBackup) -> MemoryBackup:
        def of_an_app(field: Json, _: dict[str, str]) -> None:
            if field["name"] == "Effort":
                field["schema"]["custom"] = "com.example.app:effort"

        return await with_changed(backup, Kind.FIELD, of_an_app)

    trip = await run_jira(small, alter)
    assert losses(trip, Loss.FIELD_NOT_CREATABLE, Loss.FIELD_VALUE_NOT_RESTORABLE) == [1, 1]
    assert errors_of(trip.restore) == []
    assert trip.restore.of(Kind.FIELD).missing == 1
    for kind in (Kind.FIELD, Kind.FIELD_CONTEXT):
        ((item, path),) = found(trip, kind)
        assert (item.partition(" ")[0], path) == ("Effort", MISSING)
    assert {one.kind for one in trip.undeclared} <= {Kind.ISSUE}


@pytest.mark.shows_loss(Loss.PRIORITY_NOT_IN_SCHEME)
async def test_a_priority_that_the_site_refuses_is_not_in_the_schemes() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.faults.plan(FaultKind.REFUSED, "/api/3/priority$", method="POST")

    trip = await run_jira(prepare)
    without = {name for name, path in found(trip, Kind.PRIORITY_SCHEME) if path.endswith("Blocker")}
    assert "Eile ALFA" in without
    assert losses(trip, Loss.PRIORITY_NOT_IN_SCHEME) == [len(without)]
    assert [one.item for one in trip.undeclared if one.kind is Kind.PRIORITY] == ["Blocker"]


async def _priorities_of(side: JiraSide, name: str) -> list[str]:
    listed = await side.client.get_json(f"{API}/priorityscheme")
    scheme = next(each["id"] for each in listed["values"] if each["name"] == name)
    template = f"{API}/priorityscheme/{{scheme}}/priorities"
    found = await side.client.get_json(template, scheme=scheme)
    return [str(each["name"]) for each in found["values"]]


@pytest.mark.shows_loss(Kind.PRIORITY_SCHEME, unseen=True)
async def test_a_priority_scheme_of_that_name_keeps_the_order_of_the_destination() -> None:
    orders: list[list[str]] = []

    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        other = SmallSite(pair.destination)
        listed = (await pair.destination.client.get_json(f"{API}/priority/search"))["values"]
        ids = [int(each["id"]) for each in listed]
        scheme: Json = {"name": "Eile ALFA", "priorityIds": ids[::-1], "defaultPriorityId": ids[0]}
        await other.post("priorityscheme", {**scheme, "projectIds": []})

    async def look(pair: JiraPair) -> None:
        orders.extend([await _priorities_of(side, "Eile ALFA") for side in pair.sides])

    trip = await run_jira(prepare, then=look)
    before, after = orders
    assert sorted(before) == sorted(after)
    assert before != after
    assert [one for one in trip.undeclared if one.kind is Kind.PRIORITY_SCHEME] == []


@pytest.mark.shows_loss(Loss.ISSUE_TYPE_NOT_IN_SCHEME)
async def test_an_issue_type_that_the_site_refuses_is_not_in_the_schemes() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.faults.plan(FaultKind.REFUSED, "/api/3/issuetype$", method="POST")

    trip = await run_jira(prepare)
    lost = {each for each in found(trip, Kind.ISSUE_TYPE_SCHEME) if each[1] == "types.Incident"}
    assert losses(trip, Loss.ISSUE_TYPE_NOT_IN_SCHEME) == [len(lost)]
    assert lost
    assert [one.item for one in trip.undeclared if one.kind is Kind.ISSUE_TYPE] == ["Incident"]


@pytest.mark.shows_loss(Loss.GADGET_REFUSED)
async def test_a_gadget_that_the_site_refuses_leaves_the_others_alone() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.faults.plan(FaultKind.REFUSED, "/gadget$", method="POST")

    trip = await run_jira(prepare)
    assert losses(trip, Loss.GADGET_REFUSED) == [1]
    wall = [one for one in trip.undeclared if one.kind is Kind.DASHBOARD]
    assert [one.item for one in wall] == ["Wall"]
    assert {one.kind for one in trip.undeclared} == {Kind.DASHBOARD}


@pytest.mark.shows_loss(Loss.MEDIA_AS_TEXT)
async def test_a_file_that_is_shown_and_not_held_is_named_in_the_text() -> None:
    picture = {
        "type": "media",
        "attrs": {"id": "11111111-2222-4333-8444-555555555555", "type": "file", "collection": ""},
    }
    frame = {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [picture]}
    trip = await run_jira(small, issue("ALFA-4", description=document(paragraph("See"), frame)))
    assert losses(trip, Loss.MEDIA_AS_TEXT) == [1]
    assert ("ALFA-4", "filesNotHeld") in found(trip, Kind.ISSUE)
    assert trip.undeclared == []


@pytest.mark.shows_loss(Loss.PARENT_REFUSED)
async def test_a_parent_with_a_higher_number_that_the_site_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise Refused(400, fields={"parent": "No."})

    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        source = SmallSite(pair.source)
        listed = await pair.source.client.get_json(f"{API}/issuetype")
        source.types = {each["name"]: each["id"] for each in listed}
        epic = await source.issue("A late epic", "Epic")
        edit = {"fields": {"parent": {"key": epic}}}
        await pair.source.client.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-10")
        monkeypatch.setattr(IssueEdits, "_reparent", refuse)

    trip = await run_jira(prepare)
    assert losses(trip, Loss.PARENT_REFUSED) == [1]
    assert [(one.item, one.path) for one in trip.undeclared] == [("ALFA-10", "parent")]


@pytest.mark.shows_loss(Loss.STATUS_NOT_REACHED)
async def test_a_transition_that_the_site_refuses_is_named() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.faults.plan(FaultKind.REFUSED, "/transitions$", method="POST")

    trip = await run_jira(prepare)
    assert losses(trip, Loss.STATUS_NOT_REACHED) == [1]
    assert {one.item for one in trip.undeclared} == {"ALFA-12"}
    assert "status" in {one.path for one in trip.undeclared}


@pytest.mark.shows_loss(Loss.PROJECT_CATEGORY)
async def test_a_category_that_the_site_refuses_is_missing_at_its_project() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        pair.destination.site.faults.plan(FaultKind.FORBIDDEN, "/projectCategory$", method="POST")

    trip = await run_jira(prepare)
    assert losses(trip, Loss.PROJECT_CATEGORY) == [1]
    lost = {(one.kind, one.item, one.path) for one in trip.undeclared}
    assert (Kind.PROJECT, "ALFA", "category") in lost
    assert (Kind.PROJECT_CATEGORY, "Für Kunden", MISSING) in lost


@pytest.mark.shows_loss(
    Kind.PROJECT, "style", "isPrivate", "permissionScheme", "issueTypeScheme", "type"
)
@pytest.mark.shows_loss(Loss.PROJECT_TYPE_CHANGED)
async def test_a_team_managed_project_of_another_type_comes_back_company_managed() -> None:
    async def alter(backup: MemoryBackup) -> MemoryBackup:
        def own(project: Json, attributes: dict[str, str]) -> None:
            project |= {"style": "next-gen", "isPrivate": True, "projectTypeKey": "customer_x"}
            attributes["permission_scheme"] = attributes["issue_type_scheme"] = ""

        return await with_changed(backup, Kind.PROJECT, own)

    trip = await run_jira(small, alter)
    assert losses(trip, Loss.PROJECT_TYPE_CHANGED, Loss.BOARD_TYPE_CHANGED) == [1, 1]
    assert losses(trip, Loss.PERMISSIONS_BY_DEFAULT) == [1]
    changed = {"style", "isPrivate", "permissionScheme", "issueTypeScheme", "type"}
    assert found(trip, Kind.PROJECT) == {("ALFA", each) for each in changed}


@pytest.mark.shows_loss(Kind.ISSUE, "issuerestriction")
async def test_restrictions_of_single_issues_are_not_set() -> None:
    restriction = {"issuerestrictions": {"role": ["10002"]}, "shouldDisplay": True}
    trip = await run_jira(small, issue("ALFA-4", issuerestriction=restriction))
    lost = {each for each in found(trip, Kind.ISSUE) if each[1].startswith("issuerestriction")}
    assert {item for item, _ in lost} == {"ALFA-4"}
    assert trip.undeclared == []


@pytest.mark.shows_loss(Kind.WORKLOG, "timeSpentSeconds")
@pytest.mark.shows_loss(Loss.WORKLOG_ROUNDED)
async def test_seconds_of_work_become_minutes() -> None:
    async def alter(backup: MemoryBackup) -> MemoryBackup:
        def with_seconds(each: Json) -> None:
            each["fields"]["worklog"]["worklogs"][0]["timeSpentSeconds"] += 5

        return await altered(backup, "ALFA-11", with_seconds)

    trip = await run_jira(small, alter)
    assert losses(trip, Loss.WORKLOG_ROUNDED) == [1]
    (rounded,) = [one for one in trip.differences if one.path == "timeSpentSeconds"]
    assert (rounded.kind, rounded.left - rounded.right) == (Kind.WORKLOG, 5)
    assert trip.undeclared == []


@pytest.mark.shows_loss(Kind.BOARD, "estimation")
async def test_what_a_board_estimates_in_is_not_set() -> None:
    async def alter(backup: MemoryBackup) -> MemoryBackup:
        def estimating(_: Json, attributes: dict[str, str]) -> None:
            configuration = json.loads(attributes["configuration"])
            configuration["estimation"] = {"type": "field", "field": {"fieldId": "story_points"}}
            attributes["configuration"] = json.dumps(configuration)

        return await with_changed(backup, Kind.BOARD, estimating)

    trip = await run_jira(small, alter)
    assert ("ALFA board", "estimation") in found(trip, Kind.BOARD)
    assert trip.undeclared == []


@pytest.mark.shows_loss(Kind.WATCHER)
@pytest.mark.shows_loss(Loss.WATCHER_NOT_RESTORED)
async def test_only_who_is_not_active_does_not_watch_again() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        person = pair.source.site.accounts.by_email("person1@example.com")
        assert person is not None
        pair.destination.site.accounts.set_active(person.account_id, False)

    trip = await run_jira(prepare)
    assert losses(trip, Loss.WATCHER_NOT_RESTORED) == [1]
    ((item, path),) = found(trip, Kind.WATCHER)
    assert (item.partition("/")[0], path) == ("ALFA-11", MISSING)


@pytest.mark.shows_loss(Loss.VERSION_MERGED, Loss.COMPONENT_MERGED)
async def test_versions_and_components_whose_names_became_one_are_named() -> None:
    async def alter(backup: MemoryBackup) -> MemoryBackup:
        def one_name(names: dict[str, str]) -> Alteration:
            def rename(item: Json, _: dict[str, str]) -> None:
                item["name"] = names.get(item["name"], item["name"])

            kind = Kind.VERSION if "1.0" in names else Kind.COMPONENT
            return lambda each: with_changed(each, kind, rename)

        backup = await one_name({"1.0": "1.1 BETA"})(backup)
        return await one_name({"Core": "USER INTERFACE"})(backup)

    trip = await run_jira(small, alter)
    assert losses(trip, Loss.VERSION_MERGED, Loss.COMPONENT_MERGED) == [1, 1]
    merged = found(trip, Kind.VERSION, Kind.COMPONENT)
    assert sorted(path for _, path in merged) == [MISSING, MISSING]


async def _ranked(side: JiraSide) -> list[str]:
    field = f"customfield_{product_field(Jira(side.site), RANK_TYPE).id}"
    keys = {key for name in ("PLAT", "WEB") for key in await side.keys(name)}
    ranks = {key: str((await side.issue(key))["fields"][field]) for key in keys}
    return sorted(keys, key=ranks.__getitem__)


@pytest.mark.shows_loss(Kind.RANK, unseen=True)
async def test_between_projects_the_order_is_that_of_creation() -> None:
    orders: list[list[str]] = []

    async def prepare(pair: JiraPair) -> None:
        generate(pair.source.site, seed=5, issues=12)
        pair.share_people()

    async def look(pair: JiraPair) -> None:
        orders.extend([await _ranked(side) for side in pair.sides])

    trip = await run_jira(prepare, then=look)
    before, after = orders
    assert before != after
    first = [key.partition("-")[0] for key in after]
    assert first in (sorted(first), sorted(first, reverse=True))
    assert trip.results[Kind.RANK].exact == trip.results[Kind.RANK].source > 0


@pytest.mark.shows_loss(Kind.ISSUE_LINK, MISSING)
@pytest.mark.shows_loss(Loss.LINK_OUT_OF_BACKUP)
async def test_what_names_a_project_in_the_trash_comes_back_without_it() -> None:
    async def prepare(pair: JiraPair) -> None:
        await small(pair)
        site, client = SmallSite(pair.source), pair.source.client
        lead = (await client.get_json(f"{API}/myself"))["accountId"]
        body = {"key": "BETA", "name": "Beta", "projectTypeKey": "software"}
        project = await site.post("project", {**body, "leadAccountId": lead})
        types = {each["name"]: each["id"] for each in await client.get_json(f"{API}/issuetype")}
        fields = {"project": {"key": "BETA"}, "summary": "Beta", "issuetype": {"id": types["Task"]}}
        await site.post("issue", {"fields": fields})
        ends = {"inwardIssue": {"key": "ALFA-2"}, "outwardIssue": {"key": "BETA-1"}}
        await site.post("issueLink", {"type": {"name": "Gantt End to Start"}, **ends})
        shares = [{"type": "project", "project": {"id": project["id"]}}, {"type": "authenticated"}]
        for number, shared in enumerate((shares, shares[:1])):
            named = {"name": f"Of beta {number}", "jql": f"key in (ALFA-{number + 1})"}
            await site.post("filter", {**named, "sharePermissions": shared})
        one = f"{API}/project/{{project}}"
        await client.delete(one, [("enableUndo", "true")], project="BETA")

    trip = await run_jira(prepare)
    assert trip.undeclared == []
    assert errors_of(trip.restore) == []
    assert found(trip, Kind.ISSUE_LINK) == {("ALFA-2 Gantt End to Start BETA-1", MISSING)}
    assert {("Of beta 0", "shares"), ("Of beta 1", "shares")} <= found(trip, Kind.FILTER)
    assert losses(trip, Loss.LINK_OUT_OF_BACKUP, Loss.SHARE_DROPPED) == [1, 2]
