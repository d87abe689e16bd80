"""The same as for Jira, for Confluence: Atlassian's documents judge every answer."""

from __future__ import annotations

import hashlib

import pytest

from contract.recording import Recorder
from contract.site_calls import NAMES, V1, V2, Json
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteError


async def space(client: SiteClient, key: str = "DOC") -> Json:
    return await client.post_json(f"{V1}/space", {"key": key, "name": f"Space {key}"})


async def page(client: SiteClient, space_id: str, title: str = "A page") -> str:
    body = {
        "spaceId": space_id,
        "status": "current",
        "title": title,
        "body": {"representation": "storage", "value": "<p>text</p>"},
    }
    return str((await client.post_json(f"{V2}/pages", body))["id"])


async def test_confluence_lists_people_and_groups(client: SiteClient) -> None:
    me = await client.get_json(f"{V1}/user/current")
    query = [("cql", "type=user"), ("limit", "100")]
    assert (await client.get_json(f"{V1}/search/user", query))["results"]
    ids = {"accountIds": [me["accountId"]]}
    assert len((await client.post_json(f"{V2}/users-bulk", ids, read=True))["results"]) == 1
    groups = (await client.get_json(f"{V1}/group", [("limit", "200")]))["results"]
    team = next(group["id"] for group in groups if group["name"] == "team")
    members = f"{V1}/group/{{groupId}}/membersByGroupId"
    assert len((await client.get_json(members, groupId=team))["results"]) >= 1
    made = await client.post_json(f"{V1}/group", {"name": "writers"})
    body = {"accountId": me["accountId"]}
    await client.post(f"{V1}/group/userByGroupId", body, [("groupId", made["id"])])


async def test_confluence_keeps_spaces(client: SiteClient) -> None:
    made = await space(client)
    await client.put_json(f"{V1}/space/{{spaceKey}}", {"name": "Renamed"}, spaceKey="DOC")
    query = [("status", "current"), ("limit", "250"), ("description-format", "plain")]
    found = (await client.get_json(f"{V2}/spaces", query))["results"]
    assert str(made["id"]) in {each["id"] for each in found}
    assert await client.get_json(f"{V2}/spaces/{{id}}", id=str(made["id"]))
    await client.post(f"{V1}/space/_private", {"key": "MINE", "name": "Mine"})
    assert await client.get_json(f"{V2}/space-role-mode")
    assert await client.get_json(f"{V1}/settings/systemInfo")
    task = await client.delete(f"{V1}/space/{{spaceKey}}", spaceKey="MINE")
    assert task


@pytest.mark.parametrize("kind", ["pages", "blogposts"])
async def test_confluence_keeps_contents(client: SiteClient, kind: str) -> None:
    made = await space(client)
    body = {
        "spaceId": str(made["id"]),
        "status": "current",
        "title": "First",
        "body": {"representation": "storage", "value": "<p>one</p>"},
    }
    first = (await client.post_json(f"{V2}/{kind}", body))["id"]
    update = {**body, "id": first, "title": "Changed", "version": {"number": 2, "message": "m"}}
    update.pop("spaceId")
    await client.put_json(f"{V2}/{kind}/{{id}}", update, id=first)
    await client.post_json(f"{V2}/{kind}", {**body, "title": "Second"})
    query = [("limit", "1"), ("body-format", "storage"), ("space-id", str(made["id"]))]
    listed = await client.get_json(f"{V2}/{kind}", query)
    more = await client.get_url(listed["_links"]["next"])
    assert more
    assert await client.get_json(f"{V2}/{kind}/{{id}}", query[1:2], id=first)
    versions = f"{V2}/{kind}/{{id}}/versions"
    assert len((await client.get_json(versions, id=first))["results"]) == 2
    await client.delete(f"{V2}/{kind}/{{id}}", id=first)


async def test_confluence_keeps_properties_and_labels(client: SiteClient) -> None:
    number = await page(client, str((await space(client))["id"]))
    path = f"{V2}/pages/{{page-id}}/properties".replace("{page-id}", "{id}")
    value = {"key": "sitekeep.origin", "value": {"id": "77"}}
    made = await client.post_json(path, value, id=number)
    assert (await client.get_json(path, [("key", "sitekeep.origin")], id=number))["results"]
    one = f"{path}/{{property}}"
    assert await client.get_json(one, id=number, property=made["id"])
    change = {**value, "version": {"number": 2}}
    await client.put_json(one, change, id=number, property=made["id"])
    await client.delete(one, id=number, property=made["id"])
    labels = [{"prefix": "global", "name": "howto"}]
    await client.post(f"{V1}/content/{{id}}/label", labels, id=number)
    found = await client.get_json(f"{V2}/pages/{{id}}/labels", id=number)
    assert [label["name"] for label in found["results"]] == ["howto"]
    assert (await client.get_json(f"{V2}/labels", [("limit", "250")]))["results"]


async def test_confluence_keeps_comments(client: SiteClient) -> None:
    number = await page(client, str((await space(client))["id"]))
    body = {"representation": "storage", "value": "<p>hi</p>"}
    footer = f"{V2}/footer-comments"
    root = (await client.post_json(footer, {"pageId": number, "body": body}))["id"]
    await client.post(footer, {"parentCommentId": root, "body": body})
    selection = {"textSelection": "text", "textSelectionMatchCount": 1}
    selection["textSelectionMatchIndex"] = 0
    inline = {"pageId": number, "body": body, "inlineCommentProperties": selection}
    note = (await client.post_json(f"{V2}/inline-comments", inline))["id"]
    query = [("limit", "100"), ("body-format", "storage")]
    for kind, comment in (("footer-comments", root), ("inline-comments", note)):
        assert (await client.get_json(f"{V2}/{kind}", query))["results"]
        of_page = f"{V2}/pages/{{id}}/{kind}"
        assert (await client.get_json(of_page, query, id=number))["results"]
        children = f"{V2}/{kind}/{{id}}/children"
        await client.get_json(children, query, id=comment)
        assert await client.get_json(f"{V2}/{kind}/{{id}}", query[1:], id=comment)
    resolve = {"version": {"number": 2}, "body": body, "resolved": True}
    await client.put_json(f"{V2}/inline-comments/{{id}}", resolve, id=note)
    await client.delete(f"{footer}/{{id}}", id=root)


@pytest.mark.parametrize("name", NAMES)
async def test_confluence_keeps_files(client: SiteClient, name: str) -> None:
    number = await page(client, str((await space(client))["id"]))
    content = hashlib.sha256(name.encode()).digest() * 20_000
    path = f"{V1}/content/{{id}}/child/attachment"
    fields = {"minorEdit": "true", "comment": "first"}
    made = await client.upload(path, name, content, fields=fields, method="PUT", id=number)
    file = made["results"][0]
    assert file["title"] == name
    listed = (await client.get_json(f"{V2}/attachments", [("limit", "250")]))["results"]
    assert [each["fileSize"] for each in listed] == [len(content)]
    assert await client.get_json(f"{V2}/attachments/{{id}}", id=file["id"])
    assert (await client.get_json(f"{V2}/pages/{{id}}/attachments", id=number))["results"]
    download = f"{path}/{{attachmentId}}/download"
    stream = client.stream(download, id=number, attachmentId=file["id"], size=len(content))
    assert b"".join([chunk async for chunk in stream]) == content


async def test_confluence_moves_and_archives_pages(client: SiteClient) -> None:
    number = str((await space(client))["id"])
    one, two = await page(client, number, "One"), await page(client, number, "Two")
    move = f"{V1}/content/{{pageId}}/move/{{position}}/{{targetId}}"
    await client.put_json(move, None, pageId=one, position="append", targetId=two)
    await client.post(f"{V1}/content/archive", {"pages": [{"id": int(one)}]})


async def test_what_is_not_documented_fails(client: SiteClient, recorder: Recorder) -> None:
    with pytest.raises(SiteError):
        await client.get(f"{V1}/content")
    assert "no such operation" in recorder.report()
    recorder.problems.clear()
