"""Dashboards come back with their gadgets; ids in the settings become the destination's."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.content.gadgets import replaced
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.dashboards import add_dashboard
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import restore
from support.jira_fakes import API, JiraPair, JiraSide, Json, SmallSite, undeclared
from support.planning import declared, declared_paths, errors_of, pair, reasons_of

__all__ = ["pair"]


def dashboards_of(side: JiraSide) -> list[JiraObject]:
    return Jira(side.site).objects.all(ObjectKind.DASHBOARD)


def gadget(number: int, **properties: Any) -> Json:
    position = {"column": 0, "row": number}
    made = {"id": 900 + number, "moduleKey": "app:g", "title": f"G{number}", "color": "blue"}
    return {**made, "position": position, "properties": properties}


class Doubled:
    """Writes every id twice and every query in capitals."""

    def identifier(self, realm: str, identifier: str) -> str:
        if realm == Kind.FIELD:
            return f"{identifier}0"
        return str(int(identifier) * 2)

    def query(self, text: str) -> str:
        return text.upper()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"filterId": "10"}, {"filterId": "20"}),
        ({"filterId": "filter-10"}, {"filterId": "filter-20"}),
        ({"projectOrFilterId": "project-7"}, {"projectOrFilterId": "project-14"}),
        (
            {"projectsOrFilters": "project-7|filter-8"},
            {"projectsOrFilters": "project-14|filter-16"},
        ),
        ({"rapidViewId": 3, "sprintId": "auto"}, {"rapidViewId": 6, "sprintId": "auto"}),
        ({"projectIds": [1, "2"]}, {"projectIds": [2, "4"]}),
        ({"statType": "customfield_1"}, {"statType": "customfield_10"}),
        ({"columnNames": "key|customfield_1|x"}, {"columnNames": "key|customfield_10|x"}),
        ({"a": {"jql": "labels = a"}}, {"a": {"jql": "LABELS = A"}}),
        ({"num": "10", "n": 10, "on": True, "text": "10"}, None),
        ({"title": "See profilter-10 and project10", "none": None}, None),
    ],
)
def test_ids_are_found_in_the_settings_of_gadgets(value: Any, expected: Any) -> None:
    assert replaced(value, Doubled()) == (value if expected is None else expected)


async def test_what_a_dashboard_costs(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=30)
    backup = await pair.source.backup()
    log = pair.source.site.request_log
    gadgets = [each for d in dashboards_of(pair.source) for each in d.body["gadgets"]]
    assert backup.count(Kind.DASHBOARD) == len(dashboards_of(pair.source)) == 6
    item = f"{API}/dashboard/{{dashboardId}}/items/{{itemId}}/properties"
    assert log.count("GET", f"{API}/dashboard/search") == 3
    assert log.count("GET", f"{API}/dashboard/{{dashboardId}}/gadget") == 6
    assert log.count("GET", item) == len(gadgets)
    properties = sum(len(each["properties"]) for each in gadgets)
    assert log.count("GET", f"{item}/{{propertyKey}}") == properties


async def test_those_in_the_trash_are_named(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    jira = Jira(pair.source.site)
    admin = jira.accounts.page()[0].account_id
    add_dashboard(jira, "Gone", admin, {"state": "deleted"})
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.DASHBOARD) == 1
    assert [each.reason for each in tally.findings] == ["DASHBOARD_IN_TRASH"]


@pytest.mark.parametrize("seed", [2, 3])
async def test_generated_dashboards_come_back(pair: JiraPair, seed: int) -> None:
    generate(pair.source.site, seed=seed, issues=60)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    count = tally.of(Kind.DASHBOARD)
    assert count.expected == count.done == 6
    assert declared_paths(Kind.DASHBOARD, before, await pair.destination.backup()) == {"archived"}
    assert reasons_of(tally)["DASHBOARD_NOT_ARCHIVED"] == 1


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/dashboard$", "POST"),
        ("/gadget$", "POST"),
        ("/bulk/edit$", "PUT"),
        ("/properties/", "PUT"),
    ],
)
async def test_a_write_whose_answer_is_lost_is_not_done_twice(
    pair: JiraPair, path: str, method: str
) -> None:
    generate(pair.source.site, seed=2, issues=30)
    pair.share_people()
    before = await pair.source.backup()
    fault = pair.destination.site.faults.plan(FaultKind.LOST, path, method=method, times=3, skip=1)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=5, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 3
    assert errors_of(tally) == []
    assert len(dashboards_of(pair.destination)) == 6
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.shows_loss(Kind.DASHBOARD, "gadgets.*.properties")
@pytest.mark.shows_loss(Loss.GADGET_SETTING_NOT_RESTORABLE)
async def test_a_setting_that_names_what_is_gone_is_left_out(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    jira = Jira(pair.source.site)
    admin = jira.accounts.page()[0].account_id
    gadgets = [gadget(0, good={"num": 1}, bad={"filterId": "424242"}, worse={"jql": "sprint = 4"})]
    add_dashboard(jira, "Stale", admin, {"gadgets": gadgets})
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["GADGET_SETTING_NOT_RESTORABLE"] == 2
    assert declared(Kind.DASHBOARD, before, await pair.destination.backup()) == {
        ("Stale", "gadgets.0.properties.bad"),
        ("Stale", "gadgets.0.properties.worse"),
    }
    found = next(each for each in dashboards_of(pair.destination) if each.name == "Stale")
    assert found.body["gadgets"][0]["properties"] == {"good": {"num": 1}}


@pytest.mark.shows_loss(Kind.DASHBOARD, "name")
@pytest.mark.shows_loss(Loss.DASHBOARD_OWNER_REPLACED, Loss.DASHBOARD_RENAMED)
async def test_without_its_owner_a_dashboard_stays_with_the_account(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    jira = Jira(pair.source.site)
    gone = jira.accounts.add("gone@example.com", "Gone", active=False)
    shares = {"shares": [{"type": "loggedin", "id": ""}, {"type": "user", "id": gone.account_id}]}
    for number in range(2):
        body = shares | {"description": f"d{number}", "gadgets": [gadget(0)]}
        add_dashboard(jira, "Same", gone.account_id, body)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    reasons = reasons_of(tally)
    assert (reasons["DASHBOARD_OWNER_REPLACED"], reasons["DASHBOARD_RENAMED"]) == (2, 1)
    assert reasons["SHARE_DROPPED"] == 2
    assert declared_paths(Kind.DASHBOARD, before, await pair.destination.backup()) == {
        "name",
        "owner",
        "shares",
    }


async def test_dashboards_make_a_site_not_empty_but_not_the_one_of_jira(pair: JiraPair) -> None:
    assert await find_content(pair.destination.client) == []
    jira = Jira(pair.destination.site)
    add_dashboard(jira, "Left", jira.accounts.page()[0].account_id, {})
    (found,) = await find_content(pair.destination.client)
    assert (found.subject, found.type) == ("dashboards", "ACTIVE_CONTENT")
    assert "1 dashboards, such as Left" in found.description
