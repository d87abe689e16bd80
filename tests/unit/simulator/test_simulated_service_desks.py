"""Service desks of a simulated site: what they show and what they refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import REQUEST_TYPE, service_field
from sitekeep_simulator.service_management.organizations import add_organization
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

J = "/rest/api/3"
S = "/rest/servicedeskapi"


async def desk(client: SiteClient, key: str = "HELP") -> str:
    me = await client.get_json(f"{J}/myself")
    body = {"key": key, "name": f"Project {key}", "projectTypeKey": "service_desk"}
    made = await client.post_json(f"{J}/project", {**body, "leadAccountId": me["accountId"]})
    found = await client.get_json(f"{S}/servicedesk/{{desk}}", desk=str(made["id"]))
    return str(found["id"])


async def issue_type(client: SiteClient, name: str = "Task") -> str:
    types = await client.get_json(f"{J}/issuetype")
    return str(next(each["id"] for each in types if each["name"] == name))


async def new_issue(client: SiteClient, key: str = "HELP") -> str:
    kind = await issue_type(client)
    fields = {"project": {"key": key}, "issuetype": {"id": kind}, "summary": "S"}
    return str((await client.post_json(f"{J}/issue", {"fields": fields}))["key"])


async def test_a_site_without_the_app_knows_no_desk_and_makes_none(
    client: SiteClient, site: SimulatedSite
) -> None:
    site.service_management = False
    for path in ("servicedesk", "organization", "info"):
        with pytest.raises(SiteNotFound):
            await client.get(f"{S}/{path}")
    with pytest.raises(SiteRefused) as refusal:
        await desk(client)
    assert "projectType" in refusal.value.errors


async def test_a_new_site_without_the_app_has_none_of_its_fields() -> None:
    bare = SimulatedSite("bare", service_management=False)
    counts = generate(bare, seed=1, issues=5)
    assert service_field(Jira(bare), REQUEST_TYPE) is None
    assert counts["project"] > 0
    types = {each.body["projectTypeKey"] for each in Projects(Jira(bare)).all()}
    assert "service_desk" not in types
    bare.close()


async def test_lists_come_in_pages_of_fifty_without_a_total(
    client: SiteClient, site: SimulatedSite
) -> None:
    for number in range(60):
        add_organization(Jira(site), f"O{number}")
    page = await client.get_json(f"{S}/organization", [("limit", "100")])
    assert (page["size"], page["isLastPage"]) == (50, False)
    assert "total" not in page
    page = await client.get_json(f"{S}/organization", [("start", "50"), ("limit", "50")])
    assert (page["size"], page["isLastPage"]) == (10, True)


async def test_what_is_experimental_asks_for_a_header(
    client: SiteClient, site: SimulatedSite
) -> None:
    number = await desk(client)
    login = aiohttp.encode_basic_auth(ADMIN_EMAIL, ADMIN_TOKEN)
    url = f"{site.base_url}{S}/servicedesk/{number}/customer"
    async with aiohttp.ClientSession(headers={"Authorization": login}) as session:
        async with session.get(url) as answer:
            assert answer.status == 412
            assert "X-ExperimentalApi" in (await answer.json())["errorMessage"]
        async with session.get(url, headers={"X-ExperimentalApi": "opt-in"}) as answer:
            assert answer.status == 200


async def test_customers_are_shown_five_times_a_second(
    client: SiteClient, site: SimulatedSite
) -> None:
    number = await desk(client)
    headers = {
        "Authorization": aiohttp.encode_basic_auth(ADMIN_EMAIL, ADMIN_TOKEN),
        "X-ExperimentalApi": "opt-in",
    }
    url = f"{site.base_url}{S}/servicedesk/{number}/customer"
    async with aiohttp.ClientSession(headers=headers) as session:

        async def ask() -> tuple[int, str]:
            async with session.get(url) as answer:
                return answer.status, answer.headers.get("RateLimit-Reason", "")

        answers = await asyncio.gather(*(ask() for _ in range(12)))
    assert sum(status == 200 for status, _ in answers) < 12
    assert {reason for status, reason in answers if status == 429} == {"jira-burst-based"}


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": "x" * 256}, {"issueTypeId": "1"}, {"issueTypeId": "Sub-task"}],
)
async def test_a_request_type_that_cannot_be_is_refused(
    client: SiteClient, change: dict[str, Any]
) -> None:
    number = await desk(client)
    body = {"name": "N", "issueTypeId": await issue_type(client), **change}
    if body["issueTypeId"] == "Sub-task":
        body["issueTypeId"] = await issue_type(client, "Sub-task")
    with pytest.raises(SiteRefused):
        await client.post(f"{S}/servicedesk/{{desk}}/requesttype", body, desk=number)


async def test_a_search_leaves_out_what_no_portal_shows(client: SiteClient) -> None:
    number = await desk(client)
    listed = f"{S}/servicedesk/{{desk}}/requesttype"
    body = {"name": "Hidden help", "issueTypeId": await issue_type(client)}
    await client.post(listed, body, desk=number)

    async def names(*query: tuple[str, str]) -> list[str]:
        found = (await client.get_json(listed, query, desk=number))["values"]
        return [str(each["name"]) for each in found]

    hidden = ("includeHiddenRequestTypesInSearch", "true")
    assert await names() == ["Hidden help"]
    assert await names(("searchQuery", "help")) == []
    assert await names(("searchQuery", "help"), hidden) == ["Hidden help"]


async def test_the_request_type_is_written_as_a_plain_text_of_the_own_desk(
    client: SiteClient, site: SimulatedSite
) -> None:
    number, other = await desk(client), await desk(client, "ITSM")
    field = service_field(Jira(site), REQUEST_TYPE)
    assert field is not None
    name, kind = f"customfield_{field.id}", await issue_type(client)
    listed = f"{S}/servicedesk/{{desk}}/requesttype"
    body = {"name": "N", "issueTypeId": kind}
    own = str((await client.post_json(listed, body, desk=number))["id"])
    foreign = str((await client.post_json(listed, body, desk=other))["id"])
    key = await new_issue(client)
    for value in ({"id": own}, int(own), foreign, "N"):
        with pytest.raises(SiteRefused) as refusal:
            await client.put_json(f"{J}/issue/{{issue}}", {"fields": {name: value}}, issue=key)
        assert list(refusal.value.errors) == [name]
    await client.put_json(f"{J}/issue/{{issue}}", {"fields": {name: own}}, issue=key)
    assert (await client.get_json(f"{S}/request/{{issue}}", issue=key))["requestTypeId"] == own


async def test_an_issue_without_a_request_type_is_no_request(client: SiteClient) -> None:
    await desk(client)
    with pytest.raises(SiteNotFound):
        await client.get(f"{S}/request/{{issue}}", issue=await new_issue(client))


async def test_only_organizations_of_the_desk_and_members_of_the_site_are_taken(
    client: SiteClient, site: SimulatedSite
) -> None:
    number = await desk(client)
    found = add_organization(Jira(site), "O")
    fields = {each["name"]: each["id"] for each in await client.get_json(f"{J}/field")}
    key = await new_issue(client)
    values: dict[str, Any] = {fields["Organizations"]: [found.id]}
    with pytest.raises(SiteRefused):
        await client.put_json(f"{J}/issue/{{issue}}", {"fields": values}, issue=key)
    linked = f"{S}/servicedesk/{{desk}}/organization"
    await client.post(linked, {"organizationId": found.id}, desk=number)
    await client.put_json(f"{J}/issue/{{issue}}", {"fields": values}, issue=key)
    nobody = {fields["Request participants"]: [{"accountId": "nobody"}]}
    measured = {fields["Satisfaction"]: {"rating": 5}}
    for refused in (nobody, measured):
        with pytest.raises(SiteRefused):
            await client.put_json(f"{J}/issue/{{issue}}", {"fields": refused}, issue=key)
    body = {"accountIds": ["nobody"]}
    with pytest.raises(SiteNotFound):
        await client.post(f"{S}/organization/{{id}}/user", body, id=str(found.id))


async def test_a_comment_is_internal_by_its_property(client: SiteClient) -> None:
    await desk(client)
    key = await new_issue(client)
    text = {"type": "text", "text": "t"}
    paragraph = {"type": "paragraph", "content": [text]}
    body = {"body": {"type": "doc", "version": 1, "content": [paragraph]}}
    hidden = [{"key": "sd.public.comment", "value": {"internal": True}}]
    for more in ({}, {"properties": hidden}):
        await client.post(f"{J}/issue/{{issue}}/comment", {**body, **more}, issue=key)
    found = (await client.get_json(f"{J}/issue/{{issue}}/comment", issue=key))["comments"]
    assert [each["jsdPublic"] for each in found] == [True, False]


async def test_a_desk_goes_with_its_project(client: SiteClient, site: SimulatedSite) -> None:
    number = await desk(client)
    body = {"name": "N", "issueTypeId": await issue_type(client)}
    await client.post(f"{S}/servicedesk/{{desk}}/requesttype", body, desk=number)
    one = f"{J}/project/{{project}}"
    await client.delete(one, project="HELP")
    assert (await client.get_json(f"{S}/servicedesk"))["values"] == []
    await client.delete(one, [("enableUndo", "false")], project="HELP")
    objects = Jira(site).objects
    assert objects.all(ObjectKind.SERVICE_DESK) == objects.all(ObjectKind.REQUEST_TYPE) == []


def test_the_same_seed_gives_the_same_desks() -> None:
    sites = [SimulatedSite("source"), SimulatedSite("source")]
    kinds = [
        ObjectKind.SERVICE_DESK,
        ObjectKind.REQUEST_TYPE,
        ObjectKind.QUEUE,
        ObjectKind.ARTICLE,
        ObjectKind.ORGANIZATION,
    ]
    for each in sites:
        generate(each, seed=3, issues=20)
    made = [
        [[(one.id, one.name) for one in Jira(each).objects.all(kind)] for kind in kinds]
        for each in sites
    ]
    assert made[0] == made[1]
    assert all(len(listed) >= 3 for listed in made[0])
    for each in sites:
        each.close()
