"""What apps keep on things of Jira comes back; what an earlier restore left does not count."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.content.adf import document, paragraph
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, JiraSide, SmallSite, differences
from support.planning import declared, errors_of, pair, reasons_of

__all__ = ["pair"]

KEY = "com.example.app"
VALUE: Any = {"größe": "„XL“", "list": [1, None, {"deep": [0]}]}
ISSUE = f"{API}/issue/{{issue}}/properties/{{key}}"
PROJECT = f"{API}/project/{{project}}/properties/{{key}}"
TYPE = f"{API}/issuetype/{{type}}/properties/{{key}}"
USER = f"{API}/user/properties/{{key}}"
MULTI = f"{API}/issue/properties/multi"


async def filled(pair: JiraPair) -> SmallSite:
    """A small site on which an app keeps something on everything that can have it."""
    small = SmallSite(pair.source)
    await small.fill()
    client = pair.source.client
    await client.put_json(PROJECT, VALUE, project="ALFA", key=KEY)
    await client.put_json(TYPE, VALUE, type=small.types["Incident"], key=KEY)
    for number in range(12):
        await client.put_json(ISSUE, number, issue="ALFA-2", key=f"key {number:02d}")
    await client.put_json(ISSUE, VALUE, issue="ALFA-9", key=KEY)
    await client.put_json(ISSUE, b"null", issue="ALFA-9", key="nothing")
    properties = [{"key": KEY, "value": VALUE}]
    text = document(paragraph("Said"))
    await small.post(
        "issue/{issue}/comment", {"body": text, "properties": properties}, issue="ALFA-1"
    )
    log = {"timeSpentSeconds": 60, "started": "2024-04-01T10:00:00.000+0000"}
    await small.post("issue/{issue}/worklog", {**log, "properties": properties}, issue="ALFA-1")
    pair.share_people()
    return small


def stored(backup: MemoryBackup) -> dict[str, set[str]]:
    """The keys of properties by what kind of thing has them."""
    found: dict[str, set[str]] = {}
    for entry, payload in backup.payloads(Kind.ENTITY_PROPERTY).items():
        found.setdefault(entry.partition("/")[0], set()).update(msgspec.json.decode(payload))
    return found


async def put_on_planning(side: JiraSide) -> None:
    """Keeps something on a board and on each of its sprints."""
    agile = "/rest/agile/1.0"
    board = (await side.client.get_json(f"{agile}/board"))["values"][0]["id"]
    one = f"{agile}/board/{{board}}"
    await side.client.put_json(f"{one}/properties/{{key}}", VALUE, board=str(board), key=KEY)
    listed = await side.client.get_json(f"{one}/sprint", board=str(board))
    for sprint in listed["values"]:
        path = f"{agile}/sprint/{{sprint}}/properties/{{key}}"
        await side.client.put_json(path, sprint["name"], sprint=str(sprint["id"]), key=KEY)


async def there_and_back(
    pair: JiraPair, **options: Any
) -> tuple[MemoryBackup, MemoryBackup, Tally]:
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before, **options)
    return before, await pair.destination.backup(), tally


async def test_properties_of_everything_come_back_and_our_own_marks_are_no_content(
    pair: JiraPair,
) -> None:
    await filled(pair)
    await put_on_planning(pair.source)
    before, after, tally = await there_and_back(pair)
    assert stored(before).keys() == {
        "board",
        "comment",
        "issue",
        "issuetype",
        "project",
        "sprint",
        "worklog",
    }
    assert stored(before)["issue"] == {KEY, "nothing", *(f"key {each:02d}" for each in range(12))}
    assert stored(after) == stored(before)
    assert declared(Kind.ENTITY_PROPERTY, before, after) == set()
    count = tally.of(Kind.ENTITY_PROPERTY)
    assert count.expected == count.done == 21
    assert (count.lossy, count.missing) == (0, 0)


async def test_a_property_that_is_lost_or_changed_is_an_undeclared_difference(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before, _, _ = await there_and_back(pair)
    client = pair.destination.client
    await client.delete(ISSUE, issue="ALFA-9", key=KEY)
    await client.put_json(ISSUE, 0, issue="ALFA-9", key="nothing")
    await client.put_json(PROJECT, {**VALUE, "größe": "S"}, project="ALFA", key=KEY)
    after = await pair.destination.backup()
    found = {
        (one.item, one.path, one.declared)
        for one in differences(before, after)
        if one.kind is Kind.ENTITY_PROPERTY
    }
    assert found == {
        (f"issue ALFA-9/{KEY}", "missing", False),
        ("issue ALFA-9/nothing", "value", False),
        (f"project ALFA/{KEY}", "value.größe", False),
    }


@pytest.mark.shows_loss(Kind.ENTITY_PROPERTY, "ofIssueType")
@pytest.mark.shows_loss(Loss.PROPERTY_KEPT)
async def test_an_issue_type_that_is_there_keeps_its_own_value_and_nothing_else_is_lost(
    pair: JiraPair,
) -> None:
    await filled(pair)
    client = pair.destination.client
    body = {"name": "Incident", "description": "", "hierarchyLevel": 0}
    made = await client.post_json(f"{API}/issuetype", body)
    await client.put_json(TYPE, {"größe": "M"}, type=made["id"], key=KEY)
    before, after, tally = await there_and_back(pair)
    assert declared(Kind.ENTITY_PROPERTY, before, after) == {
        (f"issuetype Incident/{KEY}", "ofIssueType.größe"),
        (f"issuetype Incident/{KEY}", "ofIssueType.list"),
    }
    assert reasons_of(tally)["PROPERTY_KEPT"] == tally.of(Kind.ENTITY_PROPERTY).lossy == 1


async def _put_on_user(side: JiraSide, account: str, key: str, value: object) -> None:
    await side.client.put_json(USER, value, [("accountId", account)], key=key)


@pytest.mark.shows_loss(Kind.ENTITY_PROPERTY, "ofUser")
@pytest.mark.shows_loss(Loss.PROPERTY_OF_ABSENT_USER)
async def test_users_who_are_there_get_their_properties_and_keep_what_they_have(
    pair: JiraPair,
) -> None:
    small = await filled(pair)
    here = small.people[0].account_id
    gone = pair.source.site.accounts.add("gone@example.com", "Gone").account_id
    for account in (here, gone):
        await _put_on_user(pair.source, account, KEY, VALUE)
    await _put_on_user(pair.source, here, "メモ & notes", "二")
    await _put_on_user(pair.destination, here, KEY, {**VALUE, "größe": "S"})
    pair.source.site.accounts.set_active(gone, False)
    before, after, tally = await there_and_back(pair)
    assert stored(before)["user"] == {KEY, "メモ & notes"}
    assert declared(Kind.ENTITY_PROPERTY, before, after) == {
        (f"user {here}/{KEY}", "ofUser.größe"),
        (f"user {gone}/{KEY}", "missing"),
    }
    reasons = reasons_of(tally)
    assert (reasons["PROPERTY_KEPT"], reasons["PROPERTY_OF_ABSENT_USER"]) == (1, 1)


@pytest.mark.parametrize("has_any", [False, True])
async def test_of_many_users_some_are_asked_first(pair: JiraPair, has_any: bool) -> None:
    accounts = pair.source.site.accounts
    people = [accounts.add(f"p{each}@example.com", f"P {each}") for each in range(70)]
    if has_any:
        for person in people:
            await _put_on_user(pair.source, person.account_id, KEY, VALUE)
    log = pair.source.site.request_log
    backup, _ = await pair.source.backup_and_tally()
    assert log.count("GET", f"{API}/user/properties") == (71 if has_any else 20)
    assert len(backup.payloads(Kind.ENTITY_PROPERTY)) == (70 if has_any else 0)


async def test_many_issues_take_one_request_and_what_it_left_out_is_put_alone(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    log = pair.destination.site.request_log
    # One issue has more properties than a request takes of it.
    assert log.count("POST", f"{API}/issue/properties/multi") == 2
    assert log.count("PUT", f"{API}/issue/{{issueIdOrKey}}/properties/{{propertyKey}}") == 0


async def test_a_refused_bulk_write_is_done_one_by_one(pair: JiraPair) -> None:
    await filled(pair)
    pair.destination.site.faults.plan(FaultKind.MISSING, "/issue/properties/multi$", times=9)
    before, after, tally = await there_and_back(pair)
    assert errors_of(tally) == []
    assert declared(Kind.ENTITY_PROPERTY, before, after) == set()


async def test_a_value_that_the_site_refuses_is_named_and_the_others_come_back(
    pair: JiraPair,
) -> None:
    await filled(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.MISSING, "/issue/properties/multi$", times=9)
    faults.plan(FaultKind.MISSING, "/issue/[0-9]+/properties/nothing$", times=1)
    faults.plan(FaultKind.MISSING, "/project/[0-9]+/properties/", times=1)
    before, after, tally = await there_and_back(pair)
    refused = {each.key for each in tally.findings if each.reason == "PROPERTY_REFUSED"}
    assert {key.rpartition("/")[2] for key in refused} == {"nothing", KEY}
    lost = {one.item for one in differences(before, after) if one.kind is Kind.ENTITY_PROPERTY}
    assert lost == {"issue ALFA-9/nothing", f"project ALFA/{KEY}"}
    assert tally.of(Kind.ENTITY_PROPERTY).missing == 2


async def test_a_comment_whose_properties_are_refused_comes_back_without_them(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    worse = MemoryBackup(before.site_uri)
    for kind in Kind:
        records = [(entry, await before.read(entry)) async for entry in before.entries(kind)]
        too_long = msgspec.json.encode({KEY: "x" * 32_768})
        worse.add(
            kind.value,
            [(e, too_long if e.key.startswith("comment/") else p) for e, p in records],
        )
    tally = await restore(IMPORTER, pair.destination.client, worse)
    found = {
        each.reason: each.count for each in tally.findings if each.kind is Kind.ENTITY_PROPERTY
    }
    assert found == {"PROPERTY_REFUSED": 1}
    assert tally.of(Kind.COMMENT).done == tally.of(Kind.COMMENT).expected == 122


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/issue/properties/multi$", "POST"),
        ("/project/[0-9]+/properties/", "PUT"),
        ("/issue/[0-9]+/worklog$", "POST"),
    ],
)
async def test_a_lost_answer_doubles_and_loses_no_property(
    pair: JiraPair, path: str, method: str
) -> None:
    await filled(pair)
    fault = pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=1)
    before, after, tally = await there_and_back(pair, attempts=3, retried=(AmbiguousWrite,))
    assert fault.fired == 1
    assert errors_of(tally) == []
    assert declared(Kind.ENTITY_PROPERTY, before, after) == set()


async def test_of_many_issues_some_say_which_keys_all_are_asked_for(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=300)
    backup, tally = await pair.source.backup_and_tally()
    log = pair.source.site.request_log
    count = pair.source.site.store.value
    rows = pair.source.site.store.rows("SELECT count(*) AS n FROM jira_issue GROUP BY project_id")
    asked = sum(min(20, row["n"]) for row in rows)
    assert log.count("GET", f"{API}/issue/{{issueIdOrKey}}/properties") == asked
    kept = [entry for entry in backup.payloads(Kind.ENTITY_PROPERTY) if entry.startswith("issue/")]
    assert len(kept) == count("SELECT count(DISTINCT issue_id) FROM jira_property")
    said = [each for each in tally.findings if each.reason == "ISSUE_PROPERTIES_SAMPLED"]
    assert len(said) == 2
    assert log.count("POST", f"{API}/comment/list") <= 2 * len(rows)


async def test_comments_without_properties_are_not_read_again(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=300)
    pair.source.site.store.execute("UPDATE jira_comment SET properties = '[]'")
    await pair.source.backup()
    ranges = pair.source.site.store.value(
        "SELECT count(DISTINCT project_id) FROM jira_issue i "
        "JOIN jira_comment c ON c.issue_id = i.id"
    )
    assert pair.source.site.request_log.count("POST", f"{API}/comment/list") == ranges


async def test_properties_of_what_did_not_come_back_are_named(pair: JiraPair) -> None:
    await filled(pair)
    body = {"key": "ALFA", "name": "Somebody's", "projectTypeKey": "software"}
    lead = (await pair.destination.client.get_json(f"{API}/myself"))["accountId"]
    await pair.destination.client.post_json(f"{API}/project", {**body, "leadAccountId": lead})
    tally = await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    missing = {each.key for each in tally.findings if each.reason == "PROPERTY_OWNER_MISSING"}
    assert {key.partition("/")[0] for key in missing} == {"project"}
