"""Service desks where the app, a right, an answer or a part of the backup is not there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_simulator.accounts import account_id_of
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import (
    ORGANIZATIONS,
    PARTICIPANTS,
    hide_service_fields,
)
from sitekeep_simulator.service_management.organizations import add_organization
from sitekeep_simulator.service_management.request_types import add_request_type
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import JiraPair, undeclared
from support.planning import errors_of, pair, reasons_of
from support.round_trips import RoundTrip, run_jira
from support.service_desks import KINDS, STORED, asked, field_key, fill, remove_app

__all__ = ["pair"]

FOR_ASSETS = 1
"""The request for the workspace of Assets goes to the same API."""


@pytest.mark.shows_loss(Loss.SERVICE_MANAGEMENT_ABSENT, Loss.SERVICE_DESK_ABSENT)
@pytest.mark.shows_loss(Loss.ORGANIZATION_ABSENT)
async def test_a_site_without_the_app_gets_the_issues_and_all_else_is_named() -> None:
    async def prepare(pair: JiraPair) -> None:
        fill(pair)
        remove_app(pair.destination)

    trip = await run_jira(prepare)
    assert errors_of(trip.restore) == []
    assert trip.undeclared == []
    reasons = reasons_of(trip.restore)
    assert reasons["PROJECT_TYPE_CHANGED"] == 3
    assert reasons["SERVICE_MANAGEMENT_ABSENT"] == trip.before.count(Kind.ORGANIZATION)
    for kind in KINDS:
        count = trip.restore.of(kind)
        assert count.expected == count.missing > count.done == 0, kind
    assert trip.before.count(Kind.ISSUE) == trip.after.count(Kind.ISSUE)
    types = [one for one in trip.differences if (one.kind, one.path) == (Kind.PROJECT, "type")]
    assert {(one.left, one.right) for one in types} == {("service_desk", "software")}


async def test_a_site_without_the_app_costs_one_request(
    pair: JiraPair,
) -> None:
    remove_app(pair.source)
    before, tally = await pair.source.backup_and_tally()
    assert [str(each) for each in tally.findings] == []
    assert asked(pair.source, "GET") == 1 + FOR_ASSETS
    await restore(IMPORTER, pair.destination.client, before)
    assert asked(pair.destination, "GET") == 0


async def test_desks_are_read_with_few_requests(pair: JiraPair) -> None:
    fill(pair)
    before = await pair.source.backup()
    desks, types = before.count(Kind.SERVICE_DESK), before.count(Kind.REQUEST_TYPE)
    organizations = before.count(Kind.ORGANIZATION)
    properties = 0
    for kind in (Kind.ORGANIZATION, Kind.REQUEST_TYPE):
        async for entry in before.entries(kind):
            properties += len(msgspec.json.decode(entry.attributes["properties"]))
    wanted = FOR_ASSETS + 2 + 6 * desks + 2 * types + 2 * organizations + properties
    assert asked(pair.source, "GET") == wanted


async def test_writes_whose_answers_are_lost_are_not_done_twice(pair: JiraPair) -> None:
    jira = fill(pair)
    desk = jira.objects.all(ObjectKind.SERVICE_DESK)[0]
    kind = jira.objects.all(ObjectKind.REQUEST_TYPE, desk.id)[0]
    add_request_type(jira, desk, kind.name, kind.body["issueTypeId"])
    add_organization(jira, jira.objects.all(ObjectKind.ORGANIZATION)[0].name)
    before = await pair.source.backup()
    paths = ("/organization$", "/requesttype$", "/customer$", "/user$", "/property/")
    planned = [
        pair.destination.site.faults.plan(FaultKind.LOST, f"/servicedeskapi/.*{path}", method=each)
        for path in paths
        for each in ("PUT" if path == "/property/" else "POST",)
    ]
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=4, retried=(AmbiguousWrite,)
    )
    assert [each.fired for each in planned] == [1] * len(planned)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert [before.count(kind) for kind in STORED] == [after.count(kind) for kind in STORED]


async def test_requests_are_asked_for_where_issues_do_not_tell() -> None:
    async def prepare(pair: JiraPair) -> None:
        hide_service_fields(fill(pair))

    async def each_once(pair: JiraPair) -> None:
        issues = pair.source.site.store.value("SELECT count(*) FROM jira_issue")
        one = "/request/{issueIdOrKey}"
        requests = asked(pair.source, "GET", f"{one}/approval")
        assert requests == asked(pair.source, "GET", f"{one}/feedback") >= 3
        # One for each issue, and for those that are requests what they tell apart.
        assert asked(pair.source, "GET", "/request/") == issues + 2 * requests
        assert asked(pair.destination, "GET", "/request/") == 0

    trip = await run_jira(prepare, then=each_once)
    count = trip.restore.of(Kind.REQUEST)
    assert trip.before.count(Kind.REQUEST) == count.expected == count.done >= 3
    assert errors_of(trip.restore) == []
    assert trip.undeclared == []
    assert reasons_of(trip.export)["REQUEST_ORGANIZATIONS_NOT_TOLD"] == count.done
    told = [entry.attributes async for entry in trip.before.entries(Kind.REQUEST)]
    assert any("approval" in each for each in told)
    assert any(json.loads(each.get("feedback", "{}")).get("rating") for each in told)


async def test_all_people_of_a_request_come_back_where_issues_do_not_tell() -> None:
    keys: list[str] = []

    async def prepare(pair: JiraPair) -> None:
        jira = fill(pair)
        keys.append(next(iter(await requests_of(await pair.source.backup()))))
        crowd = [jira.accounts.add(f"c{each}@example.com", f"C {each}") for each in range(51)]
        edit(jira, keys[0], PARTICIPANTS, [each.account_id for each in crowd])
        pair.share_people()
        hide_service_fields(jira)

    trip = await run_jira(prepare)
    assert trip.undeclared == []
    assert not [each for each in trip.export.findings if each.reason == "REQUEST_CUT"]
    (rest,) = [
        json.loads(entry.attributes["participant"])
        async for entry in trip.before.entries(Kind.REQUEST)
        if entry.attributes["issue"] == keys[0]
    ]
    assert len(rest) == 1


async def _trip_with_former_organization(
    *, is_told: bool
) -> tuple[RoundTrip, set[tuple[str, str]]]:
    """A request has an organization of its desk and a former one; ``is_told``: which it has."""

    async def prepare(pair: JiraPair) -> None:
        jira = fill(pair)
        key = next(iter(await requests_of(await pair.source.backup())))
        project = Projects(jira).find(key.rpartition("-")[0])
        assert project is not None
        (desk,) = jira.objects.all(ObjectKind.SERVICE_DESK, project.id)
        former = add_organization(jira, "Former & „gone“")
        edit(jira, key, ORGANIZATIONS, [desk.body["organizations"][0], former.id])
        if not is_told:
            path = "/servicedesk/[0-9]+/organization$"
            pair.destination.site.faults.plan(FaultKind.MISSING, path, method="GET", times=9)

    trip = await run_jira(prepare)
    assert errors_of(trip.restore) == []
    assert trip.restore.of(Kind.REQUEST).done == trip.restore.of(Kind.REQUEST).expected
    found = {
        (one.item, one.path)
        for one in trip.differences
        if one.kind is Kind.REQUEST and one.path.startswith("organizations.")
    }
    return trip, found


async def test_an_organization_that_the_desk_has_no_more_takes_no_other_with_it() -> None:
    trip, lost = await _trip_with_former_organization(is_told=True)
    assert trip.undeclared == []
    assert reasons_of(trip.restore)["ORGANIZATION_NOT_ON_REQUEST"] == 1
    assert reasons_of(trip.restore)["REQUEST_FIELD_REFUSED"] == 0
    assert {path for _, path in lost} == {"organizations.Former & „gone“"}


@pytest.mark.shows_loss(Loss.REQUEST_FIELD_REFUSED)
async def test_organizations_that_the_site_refuses_leave_the_rest_of_the_request() -> None:
    trip, lost = await _trip_with_former_organization(is_told=False)
    assert reasons_of(trip.restore)["REQUEST_FIELD_REFUSED"] == 1
    assert len({item for item, _ in lost}) == 1


async def test_a_participant_whose_account_is_deleted_is_the_only_one_who_is_lost() -> None:
    gone = account_id_of("deleted@example.com")
    keys: list[str] = []

    async def prepare(pair: JiraPair) -> None:
        jira = fill(pair)
        keys.extend(await requests_of(await pair.source.backup()))
        edit(jira, keys[0], PARTICIPANTS, [account_id_of("agent1@example.com"), gone])
        fields = (await pair.source.issue(keys[0]))["fields"]
        shown = fields[field_key(jira, PARTICIPANTS)][-1]
        found = (shown["accountId"], shown["displayName"], shown["active"])
        assert found == (gone, "Former user", False)

    trip = await run_jira(prepare)
    assert trip.undeclared == []
    assert errors_of(trip.restore) == []
    assert reasons_of(trip.restore)["PARTICIPANT_NOT_RESTORED"] == 1
    lost = [one for one in trip.differences if one.path.startswith("participants.")]
    assert [(one.item, one.path) for one in lost] == [(keys[0], f"participants.{gone}")]


@pytest.mark.shows_loss(Kind.REQUEST_TYPE, "issueType")
@pytest.mark.shows_loss(Loss.REQUEST_TYPE_OF_ANOTHER_ISSUE_TYPE)
async def test_a_request_type_whose_issue_type_the_project_lacks_gets_another_one() -> None:
    async def prepare(pair: JiraPair) -> None:
        jira = fill(pair)
        body = {"name": "Gone from the project", "description": "", "hierarchyLevel": 0}
        made = await pair.source.client.post_json("/rest/api/3/issuetype", body)
        kind = jira.objects.all(ObjectKind.REQUEST_TYPE)[0]
        changed = kind.body | {"issueTypeId": int(made["id"])}
        jira.objects.put(dataclasses.replace(kind, body=changed))

    trip = await run_jira(prepare)
    assert trip.undeclared == []
    assert errors_of(trip.restore) == []
    of_types = [one for one in trip.differences if one.kind is Kind.REQUEST_TYPE]
    found = [one.left for one in of_types if one.path == "issueType"]
    assert found == ["Gone from the project"]
    assert reasons_of(trip.restore)["REQUEST_TYPE_OF_ANOTHER_ISSUE_TYPE"] == 1
    requests = trip.restore.of(Kind.REQUEST)
    assert requests.done == requests.expected


@pytest.mark.shows_loss(Loss.SERVICE_DESK_NOT_IN_BACKUP)
async def test_requests_of_a_desk_in_the_archive_are_named() -> None:
    async def prepare(pair: JiraPair) -> None:
        fill(pair)
        one = "/rest/api/3/project/{key}/archive"
        await pair.source.client.post(one, None, key="HELP")

    trip = await run_jira(prepare)
    assert trip.undeclared == []
    assert errors_of(trip.export) == errors_of(trip.restore) == []
    named = [each for each in trip.export.findings if each.reason == "SERVICE_DESK_IN_ARCHIVE"]
    assert [each.key for each in named] == ["HELP"]
    of_requests = [one for one in trip.differences if one.kind is Kind.REQUEST]
    gone = {one.item for one in of_requests if one.path == MISSING}
    requests = {key for key in await requests_of(trip.before) if key.startswith("HELP-")}
    assert gone == requests != set()
    assert reasons_of(trip.restore)["SERVICE_DESK_NOT_IN_BACKUP"] == len(gone)
    count = trip.restore.of(Kind.REQUEST)
    assert count.expected - count.done == count.missing == len(gone)


@pytest.mark.shows_loss(Loss.ORGANIZATION_NOT_ON_REQUEST)
async def test_an_organization_that_the_backup_lacks_leaves_the_rest_of_the_request() -> None:
    async def prepare(pair: JiraPair) -> None:
        fill(pair)

    async def without_organizations(backup: MemoryBackup) -> MemoryBackup:
        return await without(backup, lambda entry: entry.kind is Kind.ORGANIZATION)

    trip = await run_jira(prepare, without_organizations)
    assert errors_of(trip.restore) == []
    count = trip.restore.of(Kind.REQUEST)
    assert count.done == count.expected
    assert reasons_of(trip.restore)["ORGANIZATION_NOT_ON_REQUEST"] > 0


async def test_a_request_whose_type_is_not_there_is_missing(pair: JiraPair) -> None:
    fill(pair)
    before = await pair.source.backup()
    requests = await requests_of(before)
    gone = next(iter(requests.values()))

    def is_gone(entry: Entry) -> bool:
        return entry.kind is Kind.REQUEST_TYPE and entry.attributes["id"] == gone

    kept = await without(before, is_gone)
    tally = await restore(IMPORTER, pair.destination.client, kept)
    lost = {each.key for each in tally.findings if each.reason == "REQUEST_NOT_BOUND"}
    assert lost == {key for key, kind in requests.items() if kind == gone}
    assert tally.of(Kind.REQUEST).missing == len(lost)


async def test_lists_that_are_closed_to_the_account_are_named(pair: JiraPair) -> None:
    fill(pair)
    for path in ("/queue$", "/customer$", "/knowledgebase/", "/requesttypegroup$", "/user$"):
        pair.source.site.faults.plan(FaultKind.MISSING, f"servicedeskapi.*{path}")
    before, tally = await pair.source.backup_and_tally()
    assert errors_of(tally) == []
    assert set(reasons_of(tally)) == {
        "QUEUE_NOT_READABLE",
        "CUSTOMER_NOT_READABLE",
        "KNOWLEDGE_BASE_ARTICLE_NOT_READABLE",
        "SERVICE_DESK_NOT_READABLE",
        "ORGANIZATION_MEMBER_NOT_READABLE",
    }
    assert before.count(Kind.SERVICE_DESK) == 3


@pytest.mark.parametrize(("count", "said"), [(3, "are 3 organ"), (4, "are at least 3 organ")])
async def test_organizations_make_a_site_not_empty(pair: JiraPair, count: int, said: str) -> None:
    jira = Jira(pair.destination.site)
    for number in range(count):
        add_organization(jira, f"O{number}")
    (found,) = await find_content(pair.destination.client)
    assert found.subject == "organizations"
    assert f"{said}izations, such as O0, O1, O2" in found.description
    remove_app(pair.destination)
    assert await find_content(pair.destination.client) == []


async def without(backup: MemoryBackup, is_gone: Callable[[Entry], bool]) -> MemoryBackup:
    """The same backup without some records."""
    kept = MemoryBackup(backup.site_uri)
    for kind in Kind:
        entries = [entry async for entry in backup.entries(kind) if not is_gone(entry)]
        kept.add(kind.value, [(entry, await backup.read(entry)) for entry in entries])
    return kept


async def requests_of(backup: MemoryBackup) -> dict[str, str]:
    """Keys of the issues that are requests, each with the id of its request type."""
    entries = [entry async for entry in backup.entries(Kind.ISSUE)]
    requests = [each.attributes for each in entries if each.attributes.get("request")]
    return {each["key"]: each["request"] for each in requests}


def edit(jira: Jira, key: str, field_type: str, value: Any) -> None:
    """Sets a field of an issue without any check."""
    project, _, number = key.rpartition("-")
    jira.store.execute(
        "UPDATE jira_issue SET fields = json_set(fields, ?, json(?)) WHERE number = ? AND "
        "project_id = (SELECT id FROM jira_project WHERE key = ?)",
        (
            f"$.{field_key(jira, field_type)}",
            msgspec.json.encode(value).decode(),
            int(number),
            project,
        ),
    )
    jira.store.execute("DELETE FROM jira_rendered")
