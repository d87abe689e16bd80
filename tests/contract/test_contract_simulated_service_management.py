"""Atlassian's documents judge every answer of the simulated Jira Service Management."""

from __future__ import annotations

import pytest

from contract.site_calls import J, Json, issue, project, task_type
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound

S = "/rest/servicedeskapi"


async def desk(client: SiteClient) -> tuple[str, str]:
    """A service project and its desk."""
    me = await client.get_json(f"{J}/myself")
    body = {"key": "HELP", "name": "Help", "projectTypeKey": "service_desk"}
    made = await client.post_json(f"{J}/project", {**body, "leadAccountId": me["accountId"]})
    found = await client.get_json(f"{S}/servicedesk/{{desk}}", desk=str(made["id"]))
    return str(made["id"]), str(found["id"])


async def member(client: SiteClient) -> str:
    return str((await client.get_json(f"{J}/users/search"))[1]["accountId"])


async def test_service_management_tells_what_it_is_and_lists_desks(client: SiteClient) -> None:
    await project(client)
    number, desk_id = await desk(client)
    assert (await client.get_json(f"{S}/info"))["isLicensedForUse"] is True
    (listed,) = (await client.get_json(f"{S}/servicedesk"))["values"]
    assert (listed["id"], listed["projectId"]) == (desk_id, number)
    assert (await client.get_json(f"{J}/project/{{key}}", key="HELP"))["projectTypeKey"] == (
        "service_desk"
    )


async def test_service_management_keeps_request_types(client: SiteClient) -> None:
    number, desk_id = await desk(client)
    listed = f"{S}/servicedesk/{{desk}}/requesttype"
    body = {
        "issueTypeId": await task_type(client, number),
        "name": "Größe & „mehr“",
        "description": "d",
        "helpText": "h",
    }
    made = await client.post_json(listed, body, desk=desk_id)
    (found,) = (await client.get_json(listed, [("expand", "field")], desk=desk_id))["values"]
    assert (found["id"], found["groupIds"]) == (made["id"], [])
    one = f"{listed}/{{type}}"
    path = {"desk": desk_id, "type": str(made["id"])}
    assert (await client.get_json(one, (), **path))["name"] == body["name"]
    form = await client.get_json(f"{one}/field", [("expand", "hiddenFields")], **path)
    assert [each["fieldId"] for each in form["requestTypeFields"]] == ["summary"]
    await client.put_json(f"{one}/property/{{key}}", {"a": [1]}, (), **path, key="k")
    keys = (await client.get_json(f"{one}/property", (), **path))["keys"]
    assert [each["key"] for each in keys] == ["k"]
    value = await client.get_json(f"{one}/property/{{key}}", (), **path, key="k")
    assert value["value"] == {"a": [1]}
    groups = await client.get_json(f"{S}/servicedesk/{{desk}}/requesttypegroup", desk=desk_id)
    assert groups["values"] == []


async def test_service_management_keeps_organizations(client: SiteClient) -> None:
    _, desk_id = await desk(client)
    made = await client.post_json(f"{S}/organization", {"name": "Müller & Söhne"})
    one = f"{S}/organization/{{organization}}"
    number = str(made["id"])
    assert (await client.get_json(one, organization=number))["name"] == "Müller & Söhne"
    person = await member(client)
    await client.post(f"{one}/user", {"accountIds": [person]}, organization=number)
    (user,) = (await client.get_json(f"{one}/user", organization=number))["values"]
    assert user["accountId"] == person
    await client.put_json(f"{one}/property/{{key}}", "x", organization=number, key="k")
    keys = await client.get_json(f"{one}/property", organization=number)
    assert [each["key"] for each in keys["keys"]] == ["k"]
    found = await client.get_json(f"{one}/property/{{key}}", organization=number, key="k")
    assert found["value"] == "x"
    linked = f"{S}/servicedesk/{{desk}}/organization"
    await client.post(linked, {"organizationId": int(number)}, desk=desk_id)
    (listed,) = (await client.get_json(linked, desk=desk_id))["values"]
    assert listed["id"] == number
    assert len((await client.get_json(f"{S}/organization"))["values"]) == 1


async def test_service_management_keeps_customers_and_shows_lists(client: SiteClient) -> None:
    _, desk_id = await desk(client)
    listed = f"{S}/servicedesk/{{desk}}/customer"
    person = await member(client)
    await client.post(listed, {"accountIds": [person]}, desk=desk_id)
    (found,) = (await client.get_json(listed, desk=desk_id))["values"]
    assert found["accountId"] == person
    queue = f"{S}/servicedesk/{{desk}}/queue"
    assert (await client.get_json(queue, [("includeCount", "true")], desk=desk_id))["values"] == []
    article = f"{S}/servicedesk/{{desk}}/knowledgebase/article"
    assert (await client.get_json(article, [("query", "*")], desk=desk_id))["values"] == []


async def test_an_issue_becomes_a_request_by_its_fields(client: SiteClient) -> None:
    number, desk_id = await desk(client)
    kind = await task_type(client, number)
    listed = f"{S}/servicedesk/{{desk}}/requesttype"
    made = await client.post_json(listed, {"issueTypeId": kind, "name": "Help"}, desk=desk_id)
    key = await issue(client, number)
    fields: Json = {
        each["schema"]["custom"].partition(":")[2]: each["id"]
        for each in await client.get_json(f"{J}/field")
        if "servicedesk:" in each["schema"].get("custom", "")
    }
    person = await member(client)
    values = {
        fields["vp-origin"]: str(made["id"]),
        fields["sd-request-participants"]: [{"accountId": person}],
    }
    await client.put_json(f"{J}/issue/{{issue}}", {"fields": values}, issue=key)
    found = (await client.get_json(f"{J}/issue/{{issue}}", issue=key))["fields"]
    assert found[fields["vp-origin"]]["requestType"]["name"] == "Help"
    assert found[fields["sd-request-participants"]][0]["accountId"] == person
    query = [("expand", "participant,sla,requestType")]
    request = await client.get_json(f"{S}/request/{{issue}}", query, issue=key)
    assert (request["requestTypeId"], request["issueKey"]) == (str(made["id"]), key)
    assert request["participants"]["values"][0]["accountId"] == person
    for noun in ("participant", "sla", "approval"):
        page = await client.get_json(f"{S}/request/{{issue}}/{noun}", issue=key)
        assert page["isLastPage"] is True
        assert bool(page["values"]) == (noun == "participant")
    with pytest.raises(SiteNotFound):
        await client.get_json(f"{S}/request/{{issue}}/feedback", issue=key)
