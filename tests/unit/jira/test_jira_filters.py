"""Filters come back with their queries, owners and permissions; what is lost is declared."""

from __future__ import annotations

from collections import Counter
from typing import cast

import msgspec
import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.queries import NOTHING
from sitekeep_restore.importers.unit import ImportOptions, ImportUnit
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, MemoryIdentities, restore
from support.jira_fakes import API, JiraPair, JiraSide, Json, SmallSite, undeclared
from support.planning import declared, errors_of, pair, reasons_of

__all__ = ["pair"]


def filters_of(side: JiraSide) -> list[JiraObject]:
    return Jira(side.site).objects.all(ObjectKind.FILTER)


def filter_of(side: JiraSide, name: str) -> JiraObject:
    return next(each for each in filters_of(side) if each.name == name)


def share(kind: str, identifier: str = "") -> Json:
    return {"type": kind, "id": identifier}


async def simple(pair: JiraPair) -> SmallSite:
    """A source with a project, a few issues and people who are everywhere."""
    site = SmallSite(pair.source)
    await site.configure()
    await site.add_project("ALFA", "Project Alfa")
    await site.issue("First")
    pair.share_people()
    return site


async def test_a_page_of_filters_takes_one_request(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=60)
    source = Jira(pair.source.site)
    for number in range(100 - len(filters_of(pair.source))):
        owner = source.accounts.by_email("admin@example.com")
        assert owner is not None
        add_filter(source, f"More {number}", owner.account_id, "labels = a", {})
    backup = await pair.source.backup()
    assert backup.count(Kind.FILTER) == 100
    assert pair.source.site.request_log.count("GET", f"{API}/filter/search") == 1


async def test_generated_filters_come_back_with_ids_that_exist(pair: JiraPair) -> None:
    generate(pair.source.site, seed=5, issues=60)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    count = tally.of(Kind.FILTER)
    assert count.expected == count.done == len(filters_of(pair.source)) >= 3
    after = await pair.destination.backup()
    assert {path for _, path in declared(Kind.FILTER, before, after)} == {"subscriptions"}
    assert reasons_of(tally)["FILTER_SUBSCRIPTIONS"] == 2
    assert [each.name for each in filters_of(pair.destination) if each.body["jql"] == NOTHING] == []


@pytest.mark.parametrize(
    ("path", "method"), [("/filter$", "POST"), (r"/filter/\d+$", "PUT"), ("/owner$", "PUT")]
)
async def test_a_write_whose_answer_is_lost_is_not_done_twice(
    pair: JiraPair, path: str, method: str
) -> None:
    generate(pair.source.site, seed=5, issues=60)
    pair.share_people()
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, path, method=method, times=3)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=5, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 3
    assert errors_of(tally) == []
    assert len(filters_of(pair.destination)) == len(filters_of(pair.source))
    assert {path for _, path in declared(Kind.FILTER, before, await pair.destination.backup())} == {
        "subscriptions"
    }


async def test_an_attempt_that_died_after_it_noted_a_filter_is_taken_up(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    before = await pair.source.backup()
    identities = MemoryIdentities()
    await restore(IMPORTER, pair.destination.client, before, identities=identities)
    made = len(filters_of(pair.destination))
    again = await _run_again(pair, before, identities, "filters")
    assert (again.of(Kind.FILTER).done, len(filters_of(pair.destination))) == (made, made)
    assert undeclared(before, await pair.destination.backup()) == []


async def _run_again(
    pair: JiraPair, backup: MemoryBackup, identities: MemoryIdentities, kind: str
) -> Tally:
    """Runs the first unit of a kind once more, as after a crash before its commit."""
    plan = next(each for each in IMPORTER.initial_units if each.kind == kind)
    unit = ImportUnit(
        plan,
        2,
        pair.destination.client,
        cast(BackupReader, backup),
        identities,
        ImportOptions(),
    )
    await IMPORTER.run[kind](unit)
    return unit.tally


async def test_filters_of_one_name_keep_it_where_their_owners_differ(pair: JiraPair) -> None:
    site = await simple(pair)
    admin = Jira(pair.source.site).accounts.by_email("admin@example.com")
    assert admin is not None
    everyone = {"shares": [share("loggedin")]}
    source = Jira(pair.source.site)
    owners = [admin, *site.people[:3]]
    made = [
        add_filter(source, "Same", owner.account_id, f"labels = l{number}", everyone)
        for number, owner in enumerate(owners)
    ]
    query = f"filter = {made[-1].id}"
    add_filter(source, "Other", site.people[0].account_id, query, everyone)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert declared(Kind.FILTER, before, await pair.destination.backup()) == set()
    names = Counter(each.name for each in filters_of(pair.destination))
    assert names == {"Same": 4, "Other": 1}


@pytest.mark.shows_loss(Kind.FILTER, "name")
@pytest.mark.shows_loss(Loss.FILTER_OWNER_REPLACED, Loss.FILTER_RENAMED)
async def test_without_their_owners_filters_stay_with_the_account(pair: JiraPair) -> None:
    await simple(pair)
    source = Jira(pair.source.site)
    gone = [source.accounts.add(f"x{n}@x.org", f"X {n}", active=False) for n in range(2)]
    for number, owner in enumerate(gone):
        body = {"shares": [share("loggedin"), share("user", owner.account_id)]}
        add_filter(source, "Same", owner.account_id, f"labels = l{number}", body)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    reasons = reasons_of(tally)
    assert (reasons["FILTER_OWNER_REPLACED"], reasons["FILTER_RENAMED"]) == (2, 1)
    assert reasons["SHARE_DROPPED"] == 2
    assert {path for _, path in declared(Kind.FILTER, before, await pair.destination.backup())} == {
        "name",
        "owner",
        "shares",
    }


@pytest.mark.shows_loss(Kind.FILTER, "queryRefused")
@pytest.mark.shows_loss(Loss.FILTER_QUERY_REFUSED)
async def test_a_query_that_names_what_is_gone_stays_readable(pair: JiraPair) -> None:
    await simple(pair)
    source = Jira(pair.source.site)
    admin = source.accounts.by_email("admin@example.com")
    assert admin is not None
    query = "fixVersion = 424242 AND project = ALFA"
    add_filter(source, "Stale", admin.account_id, query, {"description": "About"})
    add_filter(source, "Unknown word", admin.account_id, "colour = red", {})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["FILTER_QUERY_REFUSED"] == 2
    body = filter_of(pair.destination, "Stale").body
    assert body["jql"] == NOTHING
    assert body["description"] == f"About\nSitekeep: the site refused the original query: {query}"
    assert declared(Kind.FILTER, before, await pair.destination.backup()) == {
        ("Stale", "queryRefused"),
        ("Unknown word", "queryRefused"),
    }


async def test_a_query_that_is_kept_as_a_text_is_compared_by_what_its_options_stand_for(
    pair: JiraPair,
) -> None:
    site = await simple(pair)
    team = site.fields["Team"]
    path = f"{API}/field/{{field}}/context"
    context = (await pair.source.client.get_json(path, field=team))["values"][0]
    listed = await pair.source.client.get_json(
        f"{path}/{{context}}/option", field=team, context=str(context["id"])
    )
    everyone = {"shares": [share("loggedin")]}
    number, option = team.removeprefix("customfield_"), listed["values"][0]["id"]
    query = f"cf[{number}] = {option} AND assignee = nobody"
    add_filter(Jira(pair.source.site), "Stale", site.people[0].account_id, query, everyone)
    before, after = await _there_and_back(pair)
    assert undeclared(before, after) == []
    assert ("Stale", "queryRefused") in declared(Kind.FILTER, before, after)


async def test_a_filter_whose_owner_is_deleted_comes_to_the_account(pair: JiraPair) -> None:
    await simple(pair)
    everyone = {"shares": [share("loggedin")]}
    add_filter(Jira(pair.source.site), "Orphan", "712020:nobody", "labels = a", everyone)
    before, after = await _there_and_back(pair)
    assert undeclared(before, after) == []
    assert ("Orphan", "owner") in declared(Kind.FILTER, before, after)


async def _there_and_back(pair: JiraPair) -> tuple[MemoryBackup, MemoryBackup]:
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    return before, await pair.destination.backup()


async def test_a_number_that_is_a_name_is_left_alone(pair: JiraPair) -> None:
    site = await simple(pair)
    project = await pair.source.client.get_json(f"{API}/project/{{project}}", project="ALFA")
    clash = str(project["versions"][0]["id"])
    for name in ("2024", clash):
        await site.post("version", {"name": name, "projectId": project["id"]})
    query = f"fixVersion = 2024 OR fixVersion = '{clash}' OR fixVersion = {clash}"
    await site.post("filter", {"name": "Years", "jql": query})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    restored = await pair.destination.client.get_json(f"{API}/project/{{p}}", p="ALFA")
    target = {each["name"]: each["id"] for each in restored["versions"]}["1.0"]
    assert filter_of(pair.destination, "Years").body["jql"] == (
        f"fixVersion = 2024 OR fixVersion = '{clash}' OR fixVersion = {target}"
    )


async def test_roles_categories_and_levels_become_those_of_the_destination(
    pair: JiraPair,
) -> None:
    site = await simple(pair)
    await site.add_filters()
    there = pair.destination.client
    for path in ("role", "projectCategory"):
        await there.post_json(f"{API}/{path}", {"name": "Was here before", "description": ""})
    level: Json = {"name": "Old", "members": []}
    await there.post_json(f"{API}/issuesecurityschemes", {"name": "Old", "levels": [level]})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, there, before)
    assert errors_of(tally) == []
    assert declared(Kind.FILTER, before, await pair.destination.backup()) == set()
    query, ids = filter_of(pair.destination, "Größe").body["jql"], await _ids_by_name(pair)
    assert f"category = {ids['Für Kunden']} OR level = {ids['Geheim']}" in query
    roles = [each.get("role") for each in filter_of(pair.destination, "Größe").body["shares"]]
    assert roles == [None, None, ids["Entwickler"]]
    assert ids["Entwickler"] != int(site.role)


async def _ids_by_name(pair: JiraPair) -> dict[str, int]:
    objects = Jira(pair.destination.site).objects
    kinds = (ObjectKind.ROLE, ObjectKind.CATEGORY, ObjectKind.SECURITY_LEVEL)
    return {each.name: each.id for kind in kinds for each in objects.all(kind)}


async def test_a_number_that_is_the_name_of_a_level_is_left_alone(pair: JiraPair) -> None:
    site = await simple(pair)
    level: Json = {"name": "7", "members": []}
    await site.post("issuesecurityschemes", {"name": "By number", "levels": [level]})
    await site.post("filter", {"name": "Seven", "jql": "level = 7"})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert filter_of(pair.destination, "Seven").body["jql"] == "level = 7"


@pytest.mark.shows_loss(Loss.SHARE_DROPPED)
async def test_shares_that_the_site_refuses_do_not_cost_the_query(pair: JiraPair) -> None:
    await simple(pair)
    source = Jira(pair.source.site)
    admin = source.accounts.by_email("admin@example.com")
    assert admin is not None
    body = {"shares": [share("global")]}
    add_filter(source, "Public", admin.account_id, "labels = a", body)
    before = await pair.source.backup()
    fault = pair.destination.site.faults.plan(FaultKind.MISSING, "/filter$", method="POST")
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert fault.fired == 1
    assert reasons_of(tally)["SHARE_DROPPED"] == 1
    restored = filter_of(pair.destination, "Public").body
    assert (restored["jql"], restored["shares"]) == ("labels = a", [])


async def test_filters_make_a_site_not_empty(pair: JiraPair) -> None:
    jira = Jira(pair.destination.site)
    admin = jira.accounts.by_email("admin@example.com")
    assert admin is not None
    add_filter(jira, "Left behind", admin.account_id, "labels = a", {})
    (found,) = await find_content(pair.destination.client)
    assert (found.type, found.subject) == ("ACTIVE_CONTENT", "filters")
    assert "1 filters, such as Left behind" in found.description


async def test_what_is_read_of_a_filter_is_all_that_the_site_says(pair: JiraPair) -> None:
    generate(pair.source.site, seed=5, issues=60)
    payloads = (await pair.source.backup()).payloads(Kind.FILTER)
    listed: list[set[str]] = [set(msgspec.json.decode(text)) for text in payloads.values()]
    wanted = {"owner", "jql", "sharePermissions", "editPermissions", "subscriptions", "description"}
    assert all(wanted <= names for names in listed)
