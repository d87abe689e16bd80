"""Features, votes, columns and epics: what comes back of them, and exactly what does not."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.features import DISABLED, ENABLED
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import AGILE, API, JiraPair, SmallSite, differences
from support.planning import declared, errors_of, pair, reasons_of

__all__ = ["pair"]

FEATURE = f"{API}/project/{{project}}/features/{{feature}}"
COLUMNS = f"{API}/filter/{{filter}}/columns"
OWNER = f"{API}/filter/{{filter}}/owner"
EPIC = f"{AGILE}/epic/{{epic}}"
VOTES = f"{API}/issue/{{issue}}/votes"
KINDS = (Kind.PROJECT_FEATURE, Kind.VOTE, Kind.FILTER_COLUMNS, Kind.EPIC)


async def filled(pair: JiraPair) -> SmallSite:
    """A small site with two features switched, columns, a vote and an epic with a colour."""
    small = SmallSite(pair.source)
    await small.fill()
    client = pair.source.client
    for feature in ("jsw.classic.deployments", "jsw.classic.pages"):
        await client.put_json(FEATURE, {"state": ENABLED}, project="ALFA", feature=feature)
    columns = ["issuekey", small.fields["Effort"], "summary", small.fields["Team"]]
    mine = await _filter(pair, "Mine")
    await client.put_json(COLUMNS, {"columns": columns}, filter=mine)
    theirs = await _filter(pair, "Größe")
    me = (await client.get_json(f"{API}/myself"))["accountId"]
    await client.put_json(OWNER, {"accountId": me}, filter=theirs)
    await client.put_json(COLUMNS, {"columns": columns[1:]}, filter=theirs)
    await client.put_json(OWNER, {"accountId": small.people[1].account_id}, filter=theirs)
    await client.post(VOTES, None, issue="ALFA-9")
    await client.post(
        EPIC, {"name": "Große Sache", "color": {"key": "color_9"}, "done": True}, epic="ALFA-2"
    )
    pair.share_people()
    return small


async def _filter(pair: JiraPair, name: str) -> str:
    found = await pair.source.client.get_json(f"{API}/filter/search", [("filterName", name)])
    return str(found["values"][0]["id"])


async def there_and_back(
    pair: JiraPair, **options: Any
) -> tuple[MemoryBackup, MemoryBackup, Tally]:
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before, **options)
    return before, await pair.destination.backup(), tally


def lost(left: MemoryBackup, right: MemoryBackup, kind: Kind) -> set[tuple[str, str, bool]]:
    """What of a kind differs, and whether it is declared."""
    return {
        (one.item, one.path, one.declared) for one in differences(left, right) if one.kind is kind
    }


async def of_an_app(backup: MemoryBackup, name: str) -> MemoryBackup:
    """The same backup, in which a field is one that an app has brought."""
    result = MemoryBackup(backup.site_uri)
    for kind in Kind:
        records = [(entry, await backup.read(entry)) async for entry in backup.entries(kind)]
        result.add(kind.value, [_with_type(*record, name) for record in records])
    return result


def _with_type(entry: Entry, payload: bytes, name: str) -> tuple[Entry, bytes]:
    if entry.kind is not Kind.FIELD:
        return entry, payload
    field: Any = msgspec.json.decode(payload)
    if field.get("name") != name:
        return entry, payload
    field["schema"]["custom"] = "com.example.app:mood"
    content = msgspec.json.encode(field)
    return dataclasses.replace(entry, size_bytes=len(content)), content


async def test_all_of_them_come_back(pair: JiraPair) -> None:
    await filled(pair)
    before, after, tally = await there_and_back(pair)
    for kind in KINDS:
        count = tally.of(kind)
        assert count.expected == count.done > 0, kind
        assert declared(kind, before, after) == set()
    labels = [each["label"] for each in await _columns(pair, "Mine")]
    assert labels == ["Key", "Effort", "Summary", "Team"]
    epic = await pair.destination.client.get_json(EPIC, epic="ALFA-2")
    assert (epic["name"], epic["color"]["key"], epic["done"]) == ("Große Sache", "color_9", True)
    votes = await pair.destination.client.get_json(VOTES, issue="ALFA-9")
    assert votes["hasVoted"]


async def test_a_column_of_a_field_in_the_trash_is_lost_as_declared(pair: JiraPair) -> None:
    small = await filled(pair)
    mine, only = await _filter(pair, "Mine"), {"columns": [small.fields["Team"]]}
    await pair.source.client.put_json(COLUMNS, only, filter=mine)
    await pair.source.client.post(f"{API}/field/{{id}}/trash", None, id=small.fields["Team"])
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)[Loss.COLUMN_NOT_RESTORED.name] == 2
    lost = declared(Kind.FILTER_COLUMNS, before, await pair.destination.backup())
    assert {path for _, path in lost} == {"ofApps"}


async def _columns(pair: JiraPair, name: str) -> list[Any]:
    client = pair.destination.client
    found = await client.get_json(f"{API}/filter/search", [("filterName", name)])
    listed: list[Any] = await client.get_json(COLUMNS, filter=str(found["values"][0]["id"]))
    return listed


async def test_a_filter_for_which_no_columns_were_chosen_comes_back_without_any(
    pair: JiraPair,
) -> None:
    await filled(pair)
    mine = await _filter(pair, "Mine")
    await pair.source.client.put_json(COLUMNS, {"columns": []}, filter=mine)
    before, after, tally = await there_and_back(pair)
    assert await _columns(pair, "Mine") == []
    assert declared(Kind.FILTER_COLUMNS, before, after) == set()
    count = tally.of(Kind.FILTER_COLUMNS)
    assert (count.expected, count.done, count.lossy) == (2, 2, 0)


async def test_a_filter_that_is_given_away_has_its_columns_before(pair: JiraPair) -> None:
    await filled(pair)
    await there_and_back(pair)
    labels = [each["label"] for each in await _columns(pair, "Größe")]
    assert labels == ["Effort", "Summary", "Team"]


@pytest.mark.shows_loss(Kind.PROJECT_FEATURE, MISSING)
@pytest.mark.shows_loss(Loss.FEATURE_NOT_OFFERED)
async def test_features_of_a_team_managed_project_are_missing_and_declared(
    pair: JiraPair,
) -> None:
    small = await filled(pair)
    body = {"key": "TEAM", "name": "Team's own", "projectTypeKey": "software"}
    body |= {"projectTemplateKey": "com.pyxis.greenhopper.jira:gh-simplified-agility-scrum"}
    await small.post("project", {**body, "leadAccountId": small.people[0].account_id})
    before, after, tally = await there_and_back(pair)
    keys = {"board", "backlog", "sprints", "estimation"}
    assert lost(before, after, Kind.PROJECT_FEATURE) >= {
        (f"TEAM/jsw.agility.{key}", "missing", True) for key in keys
    }
    # Those that the destination's own kind of project has are nobody's loss.
    others = {one for one in lost(before, after, Kind.PROJECT_FEATURE) if one[1] != "missing"}
    assert {(path, fine) for _, path, fine in others} == {("extra", True)}
    assert reasons_of(tally)["FEATURE_NOT_OFFERED"] == 4


@pytest.mark.shows_loss(Kind.PROJECT_FEATURE, "fixedState")
@pytest.mark.shows_loss(Loss.FEATURE_FIXED)
async def test_a_feature_on_which_the_product_decides_is_the_only_one_that_may_differ(
    pair: JiraPair,
) -> None:
    await filled(pair)
    projects = Projects(Jira(pair.source.site))
    alfa = projects.visible("ALFA")
    states = alfa.body["features"] | {"jsw.classic.releases": DISABLED}
    projects.change(alfa, body=alfa.body | {"features": states})
    before, after, tally = await there_and_back(pair)
    assert lost(before, after, Kind.PROJECT_FEATURE) == {
        ("ALFA/jsw.classic.releases", "fixedState", True)
    }
    assert reasons_of(tally)["FEATURE_FIXED"] == tally.of(Kind.PROJECT_FEATURE).lossy == 1


async def test_what_the_site_refuses_is_named_and_not_declared(pair: JiraPair) -> None:
    await filled(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.MISSING, "/features/", method="PUT", times=9)
    faults.plan(FaultKind.MISSING, "/columns$", method="PUT", times=1)
    faults.plan(FaultKind.MISSING, "/epic/", method="POST", times=1)
    before, after, tally = await there_and_back(pair)
    reasons = reasons_of(tally)
    assert [reasons[f"{noun}_REFUSED"] for noun in ("FEATURE", "COLUMNS", "EPIC")] == [2, 1, 1]
    assert lost(before, after, Kind.PROJECT_FEATURE) == {
        ("ALFA/jsw.classic.deployments", "state", False),
        ("ALFA/jsw.classic.pages", "state", False),
    }
    assert lost(before, after, Kind.EPIC) == {
        ("ALFA-2", path, False) for path in ("name", "color", "done")
    }
    assert {(path, fine) for _, path, fine in lost(before, after, Kind.FILTER_COLUMNS)} == {
        ("missing", False)
    }
    assert len(errors_of(tally)) == 4


@pytest.mark.shows_loss(Kind.VOTE, MISSING)
async def test_votes_of_others_are_missing_and_declared(pair: JiraPair) -> None:
    small = await filled(pair)
    store = pair.source.site.store
    issue = store.value("SELECT id FROM jira_issue WHERE number = 9")
    for person in small.people[:2]:
        store.execute("INSERT INTO jira_vote VALUES (?, ?)", (issue, person.account_id))
    store.execute("DELETE FROM jira_rendered")
    before, after, tally = await there_and_back(pair)
    assert lost(before, after, Kind.VOTE) == {
        (f"ALFA-9/{person.account_id}", "missing", True) for person in small.people[:2]
    }
    count = tally.of(Kind.VOTE)
    assert (count.expected, count.done, count.missing) == (3, 1, 2)
    assert errors_of(tally) == []


async def test_votes_are_asked_for_where_there_are_any_and_hidden_ones_are_counted(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    log = pair.source.site.request_log
    assert log.count("GET", f"{API}/issue/{{issueIdOrKey}}/votes") == 1
    assert log.count("GET", f"{AGILE}/epic/{{epicIdOrKey}}") == 1
    assert log.count("GET", f"{API}/filter/{{id}}/columns") == before.count(Kind.FILTER)
    pair.source.site.faults.plan(FaultKind.MISSING, "/votes$", times=1)
    _, tally = await pair.source.backup_and_tally()
    assert [(each.reason, each.key) for each in tally.findings] == [
        ("VOTERS_NOT_VISIBLE", "ALFA-9")
    ]


@pytest.mark.shows_loss(Kind.FILTER_COLUMNS, "ofApps")
@pytest.mark.shows_loss(Loss.COLUMN_NOT_RESTORED)
async def test_a_column_of_an_app_is_lost_and_no_other_one(pair: JiraPair) -> None:
    await filled(pair)
    before = await of_an_app(await pair.source.backup(), "Effort")
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert lost(before, after, Kind.FILTER_COLUMNS) == {
        ("Mine", "ofApps", True),
        ("Größe", "ofApps", True),
    }
    assert reasons_of(tally)["COLUMN_NOT_RESTORED"] == tally.of(Kind.FILTER_COLUMNS).lossy == 2


@pytest.mark.parametrize(
    ("path", "method"),
    [("/features/", "PUT"), ("/columns$", "PUT"), ("/epic/", "POST"), ("/votes$", "POST")],
)
async def test_a_lost_answer_changes_nothing(pair: JiraPair, path: str, method: str) -> None:
    await filled(pair)
    fault = pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=1)
    before, after, tally = await there_and_back(pair, attempts=3, retried=(AmbiguousWrite,))
    assert fault.fired == 1
    assert errors_of(tally) == []
    assert [declared(kind, before, after) for kind in KINDS] == [set()] * 4
    assert all(tally.of(kind).done == tally.of(kind).expected for kind in KINDS)


async def test_a_site_without_jira_software_has_no_epics(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=30)
    pair.source.site.faults.plan(FaultKind.MISSING, "/rest/agile/", times=1000)
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.EPIC) == 0
    assert errors_of(tally) == []
