"""A destination is empty: one violation for each thing that is there, with what to delete."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from google.rpc import error_details_pb2

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_simulator import confluence
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION, Refusal
from support.rule_world import World

V2 = "/wiki/api/v2"


@pytest_asyncio.fixture
async def site(empty_site: RunningSite) -> AsyncGenerator[SiteClient]:
    """The destination, as its users write to it."""
    async with SiteClient(empty_site.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as client:
        yield client


async def _add_project(site: SiteClient, key: str) -> None:
    account = (await site.get_json("/rest/api/3/myself"))["accountId"]
    body = {"key": key, "name": f"Project {key}", "projectTypeKey": "software"}
    await site.post_json("/rest/api/3/project", {**body, "leadAccountId": account})


def _violations(refusal: Refusal) -> list[tuple[str, str]]:
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "TARGET_NOT_EMPTY")
    found = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert len(found) == int(refusal.metadata["findingCount"])
    assert all("elete" in each.description or "urge" in each.description for each in found)
    return [(each.type, each.subject) for each in found]


async def test_an_empty_jira_is_restored_to(world: World) -> None:
    assert await world.allows_restore(await world.backup())


async def test_active_content_of_jira_is_in_the_way(world: World, site: SiteClient) -> None:
    await _add_project(site, "LIVE")
    refusal = await world.refused_restore(await world.backup())
    assert _violations(refusal) == [("ACTIVE_CONTENT", "project LIVE")]
    assert refusal.metadata["product"] == f"{ORGANIZATION}/products/jira"


async def test_archived_content_of_jira_is_in_the_way(world: World, site: SiteClient) -> None:
    await _add_project(site, "OLD")
    await site.post_json("/rest/api/3/project/{key}/archive", None, key="OLD")
    refusal = await world.refused_restore(await world.backup())
    assert _violations(refusal) == [("ARCHIVED_CONTENT", "project OLD")]


async def test_trashed_content_of_jira_is_in_the_way(world: World, site: SiteClient) -> None:
    await _add_project(site, "GONE")
    await site.delete("/rest/api/3/project/{key}", key="GONE")
    refusal = await world.refused_restore(await world.backup())
    assert _violations(refusal) == [("DELETED_CONTENT", "project GONE")]


async def test_everything_that_is_in_the_way_is_a_violation_of_its_own(
    world: World, site: SiteClient
) -> None:
    for key in ("LIVE", "OLD", "GONE"):
        await _add_project(site, key)
    await site.post_json("/rest/api/3/project/{key}/archive", None, key="OLD")
    await site.delete("/rest/api/3/project/{key}", key="GONE")
    backup = await world.backup()
    assert sorted(_violations(await world.refused_restore(backup))) == [
        ("ACTIVE_CONTENT", "project LIVE"),
        ("ARCHIVED_CONTENT", "project OLD"),
        ("DELETED_CONTENT", "project GONE"),
    ]
    for key in ("LIVE", "OLD", "GONE"):
        query = [("enableUndo", "false")]
        await site.delete("/rest/api/3/project/{key}", query, key=key)
    assert await world.allows_restore(backup)


@pytest_asyncio.fixture
async def wiki(world: World) -> AsyncGenerator[tuple[World, SiteClient, str]]:
    """A Confluence whose own personal space is deleted, its client, and a backup of one."""
    simulated = SimulatedSite("wiki")
    confluence.install(simulated, personal_space=False)
    running = await start_site(simulated)
    await world.client.add_product("cleared", "CONFLUENCE", running.base_url)
    backup = await world.backup(product="wiki", product_type="CONFLUENCE")
    async with SiteClient(running.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as client:
        yield world, client, backup
    await running.close()
    simulated.close()


Wiki = tuple[World, SiteClient, str]


async def _add_space(site: SiteClient, key: str) -> dict[str, Any]:
    space: dict[str, Any] = await site.post_json(f"{V2}/spaces", {"key": key, "name": key})
    return space


async def _add_page(site: SiteClient, space: dict[str, Any], title: str) -> str:
    body = {"representation": "storage", "value": "<p>x</p>"}
    page = {"spaceId": space["id"], "status": "current", "title": title, "body": body}
    return str((await site.post_json(f"{V2}/pages", page))["id"])


async def test_an_empty_confluence_is_restored_to(wiki: Wiki) -> None:
    world, _, backup = wiki
    assert await world.allows_restore(backup, "cleared")


async def test_the_default_personal_space_of_a_new_confluence_is_in_the_way(world: World) -> None:
    backup = await world.backup(product="wiki", product_type="CONFLUENCE")
    refusal = await world.refused_restore(backup, "wiki")
    [(kind, subject)] = _violations(refusal)
    assert kind == "DEFAULT_PERSONAL_SPACE"
    assert subject.startswith("spaces/~")
    assert "personal space" in refusal.message


async def test_active_content_of_confluence_is_in_the_way(wiki: Wiki) -> None:
    world, site, backup = wiki
    await _add_space(site, "DOCS")
    refusal = await world.refused_restore(backup, "cleared")
    assert _violations(refusal) == [("ACTIVE_CONTENT", "spaces/DOCS")]


async def test_trashed_content_of_confluence_is_in_the_way(wiki: Wiki) -> None:
    world, site, backup = wiki
    page = await _add_page(site, await _add_space(site, "DOCS"), "A page")
    await site.delete(f"{V2}/pages/{{id}}", id=page)
    found = _violations(await world.refused_restore(backup, "cleared"))
    assert ("DELETED_CONTENT", "spaces/DOCS/trashed") in found


async def test_archived_content_of_confluence_is_in_the_way(wiki: Wiki) -> None:
    world, site, backup = wiki
    page = await _add_page(site, await _add_space(site, "DOCS"), "A page")
    await site.post_json("/wiki/rest/api/content/archive", {"pages": [{"id": int(page)}]})
    found = _violations(await world.refused_restore(backup, "cleared"))
    assert ("ARCHIVED_CONTENT", "spaces/DOCS/archived") in found


@pytest.mark.parametrize("profile", ["self-hosted"])
async def test_where_a_destination_may_hold_content_it_is_a_warning(
    world: World, site: SiteClient
) -> None:
    await _add_project(site, "LIVE")
    check = await world.check(await world.backup())
    assert (check.allowed, check.outcome("target_is_empty")) == (True, "WARNED")
    assert "LIVE" in check.findings["target_is_empty"].message


@pytest.mark.parametrize("profile", ["closed-beta", "general-availability"])
async def test_the_profile_says_that_a_destination_holds_no_content(
    world: World, site: SiteClient
) -> None:
    await _add_project(site, "LIVE")
    assert (await world.refused_restore(await world.backup())).reason == "TARGET_NOT_EMPTY"


async def test_a_site_that_does_not_answer_hides_no_other_refusal(
    world: World, empty_site: RunningSite
) -> None:
    backup = await world.backup("FAILED")
    empty_site.site.faults.plan(FaultKind.ERROR, "/rest/", times=1000)
    check = await world.check(backup)
    assert not check.allowed
    assert check.outcome("target_is_empty") == "WARNED"
    assert check.first_refusal().reason == "BACKUP_FAILED"


async def test_a_site_that_does_not_answer_counts_as_unknown_and_never_as_empty(
    world: World, empty_site: RunningSite
) -> None:
    request = world.client.restore_request(await world.backup(), f"{ORGANIZATION}/products/jira")
    empty_site.site.faults.plan(FaultKind.ERROR, "/rest/", times=1000)
    refusal = await world.client.refusal(world.client.restores.CreateRestore(request))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "UPSTREAM_UNAVAILABLE")
