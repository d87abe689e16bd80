"""Filters of a simulated Jira: what it keeps and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_simulator.accounts import ADMIN_EMAIL
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.server import start_site
from sitekeep_simulator.site import SimulatedSite
from support.planning import client

__all__ = ["client"]

FILTER = "/rest/api/3/filter"
Json = Any


@pytest_asyncio.fixture
async def site() -> AsyncIterator[SimulatedSite]:
    made = SimulatedSite("filters")
    running = await start_site(made)
    generate(made, seed=2, issues=30)
    for each in Jira(made).objects.all(ObjectKind.FILTER):
        Jira(made).objects.remove(each)
    yield made
    await running.close()
    made.close()


def person(site: SimulatedSite, number: int = 0) -> str:
    people = [each for each in site.accounts.page() if each.email != ADMIN_EMAIL]
    return people[number].account_id


@pytest.mark.parametrize(
    "query",
    [
        "project = PLAT AND resolution is EMPTY ORDER BY updated DESC, key",
        "project is EMPTY",
        "fixVersion in ('1.0', \"2.0 „Größe“\") OR NOT (component = Backend)",
        "status was not in (Done) before -5d AND status changed from Done to 'To Do'",
        "assignee in (currentUser()) && labels not in (a, b)",
        "category = Internal AND level = 'Intern' OR category is EMPTY",
        "project in projectsWhereUserHasRole('Entwickler')",
        "",
    ],
)
async def test_a_query_that_makes_sense_is_kept(client: SiteClient, query: str) -> None:
    made = await client.post_json(FILTER, {"name": "F", "jql": query})
    assert (await client.get_json(f"{FILTER}/{{id}}", id=made["id"]))["jql"] == query


@pytest.mark.parametrize(
    "query",
    [
        "project = 4",
        "project = PLAT AND",
        "project = PLAT resolution is EMPTY",
        "(project = PLAT",
        "colour = red",
        "cf[1] = 2",
        "fixVersion = 4",
        "filter = 4",
        "type = Elephant",
        "issue in (NONE-1)",
        "status changed to Nowhere",
        "fixVersion in releasedVersions(4)",
        "Severity = Enormous",
        "category = 4",
        "level = 'Nobody knows'",
        "project in projectsWhereUserHasRole(Nobody)",
        "assignee = nobody",
        "project is PLAT",
        "project PLAT",
        "project in (PLAT",
        "order by colour",
    ],
)
async def test_a_query_that_names_nothing_is_refused(client: SiteClient, query: str) -> None:
    with pytest.raises(SiteRefused):
        await client.post_json(FILTER, {"name": "F", "jql": query})


async def test_a_name_is_taken_for_its_owner_only(client: SiteClient, site: SimulatedSite) -> None:
    first = await client.post_json(FILTER, {"name": "F", "jql": ""})
    with pytest.raises(SiteRefused) as refusal:
        await client.post_json(FILTER, {"name": "f", "jql": ""})
    assert list(refusal.value.errors) == ["filterName"]
    owner = f"{FILTER}/{{id}}/owner"
    await client.put_json(owner, {"accountId": person(site)}, id=first["id"])
    second = await client.post_json(FILTER, {"name": "F", "jql": ""})
    with pytest.raises(SiteRefused, match="same name"):
        await client.put_json(owner, {"accountId": person(site)}, id=second["id"])
    with pytest.raises(SiteNotFound):
        await client.put_json(owner, {"accountId": "nobody"}, id=second["id"])


async def test_only_its_owner_changes_a_filter(client: SiteClient, site: SimulatedSite) -> None:
    made = await client.post_json(FILTER, {"name": "F", "jql": ""})
    one = f"{FILTER}/{{id}}"
    await client.put_json(one, {"name": "G", "jql": "labels = a"}, id=made["id"])
    await client.put_json(f"{one}/owner", {"accountId": person(site)}, id=made["id"])
    with pytest.raises(SiteRefused, match="owner"):
        await client.put_json(one, {"name": "H", "jql": ""}, id=made["id"])


async def test_who_may_edit_it_is_not_kept_by_a_create(client: SiteClient) -> None:
    body: Json = {"name": "F", "jql": "", "editPermissions": [{"type": "authenticated"}]}
    made = await client.post_json(FILTER, body)
    assert made["editPermissions"] == []
    edited = await client.put_json(f"{FILTER}/{{id}}", body, id=made["id"])
    assert [each["type"] for each in edited["editPermissions"]] == ["loggedin"]


@pytest.mark.parametrize(
    "permission",
    [
        {"type": "group", "group": {"groupId": "none"}},
        {"type": "project", "project": {"id": "4"}},
        {"type": "user", "user": {"accountId": "none"}},
        {"type": "planet"},
        {"type": "projectRole", "project": {"id": "10000"}, "role": {"id": 4}},
        {"type": "projectRole", "role": {"id": 10000}},
        "everyone",
    ],
)
async def test_a_share_with_what_is_not_there_is_refused(
    client: SiteClient, permission: Json
) -> None:
    with pytest.raises(SiteRefused):
        await client.post_json(FILTER, {"name": "F", "sharePermissions": [permission]})


async def test_private_filters_of_others_are_never_listed(
    client: SiteClient, site: SimulatedSite
) -> None:
    jira = Jira(site)
    add_filter(jira, "Private", person(site), "labels = a", {})
    hidden = {"shares": [{"type": "user", "id": person(site, 1)}]}
    add_filter(jira, "Shared with another", person(site), "labels = a", hidden)
    listed = await client.get_json(f"{FILTER}/search")
    assert listed["total"] == 0
    query = [("overrideSharePermissions", "true")]
    listed = await client.get_json(f"{FILTER}/search", query)
    assert [each["name"] for each in listed["values"]] == ["Shared with another"]


async def test_somebody_else_gives_no_filter_away(site: SimulatedSite) -> None:
    jira = Jira(site)
    shown = {"shares": [{"type": "loggedin", "id": ""}]}
    made = add_filter(jira, "F", person(site), "", shown)
    account = jira.accounts.get(person(site, 1))
    assert account is not None
    jira.accounts.set_token(account.email, "t")
    async with SiteClient(site.base_url, Credentials(account.email, "t")) as other:
        body = {"accountId": account.account_id}
        with pytest.raises(SiteForbidden):
            await other.put_json(f"{FILTER}/{{id}}/owner", body, id=str(made.id))
