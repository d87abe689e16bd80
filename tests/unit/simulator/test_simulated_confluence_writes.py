"""Writing to the Confluence half of a simulated site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sitekeep_shared.clock import ManualClock
from sitekeep_simulator import confluence
from sitekeep_simulator.accounts import ADMIN_EMAIL, account_id_of
from sitekeep_simulator.site import SimulatedSite
from support.confluence_site import NOW, V1, V2, ConfluenceCaller, confluence_caller

Json = Any
ADMIN_ID = account_id_of(ADMIN_EMAIL)
WRITTEN_AT = "2026-03-04T05:06:07.000Z"


def _body(text: str) -> dict[str, str]:
    return {"representation": "storage", "value": text}


def _update(page: Json, **more: Json) -> Json:
    version = {"number": page["version"]["number"] + 1, "message": "next"}
    given = {"id": page["id"], "status": "current", "title": page["title"], "version": version}
    return given | {"body": _body("<p>New</p>")} | more


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[ConfluenceCaller]:
    async with confluence_caller() as caller:
        yield caller
        assert caller.problems == []


@pytest_asyncio.fixture
async def space(caller: ConfluenceCaller) -> Json:
    return await caller.new_space()


async def test_a_new_site_holds_the_callers_personal_space_and_nothing_else(
    caller: ConfluenceCaller,
) -> None:
    spaces = await caller.listed(f"{V2}/spaces")
    pages = await caller.listed(f"{V2}/pages?status=current,archived,trashed")
    assert [(space["type"], space["authorId"]) for space in spaces] == [("personal", ADMIN_ID)]
    assert spaces[0]["key"].startswith("~712020")
    assert [(page["id"], page["version"]["number"]) for page in pages] == [
        (spaces[0]["homepageId"], 1)
    ]
    for kind in ("blogposts", "attachments", "footer-comments", "inline-comments", "labels"):
        assert await caller.listed(f"{V2}/{kind}") == []


async def test_a_site_can_begin_without_a_personal_space() -> None:
    site = SimulatedSite("bare", clock=ManualClock(NOW))
    confluence.install(site, personal_space=False)
    async with confluence_caller(site) as caller:
        assert await caller.listed(f"{V2}/spaces") == []


@pytest.mark.parametrize("path", ["/space", "/space/_private"])
async def test_a_new_space_has_a_home_page(caller: ConfluenceCaller, path: str) -> None:
    description = {"plain": {"value": "About it", "representation": "plain"}}
    given = {"key": "NEW", "name": "New", "description": description}
    made = await caller.post(f"{V1}{path}", given)
    assert made.status == 200
    space = (await caller.get(f"{V2}/spaces?keys=NEW&description-format=plain")).results[0]
    assert space["description"]["plain"]["value"] == "About it"
    home = (await caller.get(f"{V2}/pages/{space['homepageId']}")).json
    assert "parentId" not in home
    assert (await caller.post(f"{V1}{path}", given)).status == 400


async def test_a_private_space_is_hidden_from_others(caller: ConfluenceCaller) -> None:
    caller.site.accounts.add("other@example.com", "Other")
    caller.site.accounts.set_token("other@example.com", "secret")
    await caller.post(f"{V1}/space/_private", {"key": "MINE", "name": "Mine"})
    header = {"Authorization": aiohttp.encode_basic_auth("other@example.com", "secret")}
    seen = await caller.call("GET", f"{V2}/spaces?keys=MINE", headers=header)
    assert seen.results == []
    pages = await caller.call("GET", f"{V2}/pages", headers=header)
    assert "Mine Home" not in {page["title"] for page in pages.results}


async def test_a_space_can_be_made_through_v2(caller: ConfluenceCaller) -> None:
    given = {"key": "TWO", "name": "Two", "description": {"value": "d", "representation": "plain"}}
    assert (await caller.post(f"{V2}/spaces", given)).status == 201
    assert (await caller.post(f"{V2}/spaces", given)).status == 400


@pytest.mark.parametrize("key", ["", "a b", "~712020someoneelse", "x-y"])
async def test_a_bad_space_key_is_refused(caller: ConfluenceCaller, key: str) -> None:
    answer = await caller.post(f"{V1}/space", {"key": key, "name": "Name"})
    assert answer.status == 400
    assert answer.json["statusCode"] == 400


async def test_a_space_can_be_changed_and_archived(caller: ConfluenceCaller, space: Json) -> None:
    page = await caller.new_page(space["id"], "Other home")
    given = {"name": "Renamed", "homepage": {"id": page["id"]}, "status": "archived"}
    assert (await caller.put(f"{V1}/space/KEY", given)).status == 200
    found = (await caller.get(f"{V2}/spaces?status=archived")).results
    assert [(each["name"], each["homepageId"]) for each in found] == [("Renamed", page["id"])]


async def test_deleting_a_space_deletes_what_it_holds(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Page")
    await caller.upload(page["id"], "a.txt", b"a")
    await caller.post(f"{V2}/footer-comments", {"pageId": page["id"], "body": _body("<p>c</p>")})
    answer = await caller.call("DELETE", f"{V1}/space/KEY")
    assert answer.status == 202
    task = (await caller.get(f"{V1}/longtask/{answer.json['id']}")).json
    assert (task["finished"], task["successful"]) == (True, True)
    assert (await caller.get(f"{V2}/pages/{page['id']}")).status == 404
    assert await caller.listed(f"{V2}/attachments") == []
    assert await caller.listed(f"{V2}/footer-comments") == []
    assert (await caller.post(f"{V1}/space", {"key": "KEY", "name": "Again"})).status == 200


async def test_author_and_dates_are_the_callers_and_now_whatever_the_body_says(
    caller: ConfluenceCaller, space: Json
) -> None:
    stolen = {"id": "1", "authorId": "someone", "createdAt": "2001-01-01T00:00:00.000Z"}
    page = await caller.new_page(space["id"], "Mine", **stolen)
    assert page["id"] != "1"
    assert (page["authorId"], page["createdAt"]) == (ADMIN_ID, WRITTEN_AT)
    assert page["version"] == {
        **{"number": 1, "message": "", "minorEdit": False},
        **{"authorId": ADMIN_ID, "createdAt": WRITTEN_AT},
    }


async def test_a_page_goes_below_the_home_page_unless_it_asks_for_the_root(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Below")
    assert page["parentId"] == space["homepageId"]
    given = {"spaceId": space["id"], "status": "current", "title": "Root", "body": _body("")}
    root = await caller.post(f"{V2}/pages?root-level=true", given)
    assert "parentId" not in root.json
    both = given | {"title": "Both", "parentId": page["id"]}
    assert (await caller.post(f"{V2}/pages?root-level=true", both)).status == 400


@pytest.mark.parametrize("title", ["Taken", "tAKEN", "", "x" * 256])
async def test_a_title_must_be_free_in_its_space(
    caller: ConfluenceCaller, space: Json, title: str
) -> None:
    await caller.new_page(space["id"], "Taken")
    given = {"spaceId": space["id"], "status": "current", "title": title, "body": _body("")}
    assert (await caller.post(f"{V2}/pages", given)).status == 400


async def test_a_title_is_free_in_another_space_and_after_the_page_was_trashed(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Twice")
    other = await caller.new_space("OTHER")
    assert (await caller.new_page(other["id"], "Twice"))["title"] == "Twice"
    assert (await caller.call("DELETE", f"{V2}/pages/{page['id']}")).status == 204
    again = await caller.new_page(space["id"], "Twice")
    restored = await caller.put(f"{V2}/pages/{page['id']}", _update(page))
    assert restored.status == 400
    await caller.call("DELETE", f"{V2}/pages/{again['id']}")
    assert (await caller.put(f"{V2}/pages/{page['id']}", _update(page))).json["status"] == "current"


@pytest.mark.parametrize("text", ["<p>open", "a & b", "<p>&unknown;</p>", "<p a=1>x</p>"])
async def test_a_body_that_is_not_well_formed_is_refused(
    caller: ConfluenceCaller, space: Json, text: str
) -> None:
    given = {"spaceId": space["id"], "title": "Bad", "body": _body(text)}
    assert (await caller.post(f"{V2}/pages", given)).status == 400


async def test_a_version_must_be_the_next_one(caller: ConfluenceCaller, space: Json) -> None:
    page = await caller.new_page(space["id"], "Page")
    path = f"{V2}/pages/{page['id']}"
    for number in (1, 3):
        answer = await caller.put(path, _update(page, version={"number": number}))
        assert answer.status == 409
        assert answer.json["errors"][0]["status"] == 409
    changed = await caller.put(path, _update(page, title="Renamed"))
    assert (changed.json["title"], changed.json["version"]["number"]) == ("Renamed", 2)
    versions = await caller.listed(f"{path}/versions?body-format=storage")
    assert [each["page"]["title"] for each in versions] == ["Renamed", "Page"]


async def test_an_owner_can_be_set_and_must_exist(caller: ConfluenceCaller, space: Json) -> None:
    owner = caller.site.accounts.add("owner@example.com", "Owner").account_id
    page = await caller.new_page(space["id"], "Page")
    path = f"{V2}/pages/{page['id']}"
    changed = (await caller.put(path, _update(page, ownerId=owner))).json
    assert (changed["ownerId"], changed["lastOwnerId"]) == (owner, ADMIN_ID)
    assert (await caller.put(path, _update(changed, ownerId="nobody"))).status == 400


async def test_a_page_cannot_move_below_its_own_descendant(
    caller: ConfluenceCaller, space: Json
) -> None:
    above = await caller.new_page(space["id"], "Above")
    below = await caller.new_page(space["id"], "Below", parentId=above["id"])
    moved = await caller.put(f"{V2}/pages/{above['id']}", _update(above, parentId=below["id"]))
    assert moved.status == 400
    path = f"{V1}/content/{above['id']}/move/append/{below['id']}"
    assert (await caller.put(path)).status == 400


@pytest.mark.parametrize(
    ("position", "expected"), [("before", "CAB"), ("after", "ACB"), ("append", "AB")]
)
async def test_a_page_moves_beside_or_below_another(
    caller: ConfluenceCaller, space: Json, position: str, expected: str
) -> None:
    pages = {title: await caller.new_page(space["id"], title) for title in "ABC"}
    path = f"{V1}/content/{pages['C']['id']}/move/{position}/{pages['A']['id']}"
    assert (await caller.put(path)).json["pageId"] == pages["C"]["id"]
    listed = await caller.listed(f"{V2}/spaces/{space['id']}/pages")
    beside = [page for page in listed if page.get("parentId") == space["homepageId"]]
    assert "".join(page["title"] for page in sorted(beside, key=_position)) == expected


def _position(page: Json) -> int:
    position: int = page["position"]
    return position


async def test_pages_are_archived_by_a_task_and_their_files_follow(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Old")
    child = await caller.new_page(space["id"], "Child", parentId=page["id"])
    attached = (await caller.upload(page["id"], "a.txt", b"a")).results[0]
    answer = await caller.post(f"{V1}/content/archive", {"pages": [{"id": int(page["id"])}]})
    assert answer.status == 202
    assert (await caller.get(f"{V1}/longtask/{answer.json['id']}")).json["finished"]
    archived = (await caller.get(f"{V2}/pages?status=archived")).results
    assert [each["id"] for each in archived] == [page["id"]]
    moved = (await caller.get(f"{V2}/pages/{child['id']}")).json
    assert moved["parentId"] == space["homepageId"]
    path = f"{V1}/content/{page['id']}/child/attachment/{attached['id']}/download"
    assert (await caller.get(path)).status == 404
    assert (await caller.get(f"{path}?status=archived")).status == 302
    again = await caller.post(f"{V1}/content/archive", {"pages": [{"id": int(page["id"])}]})
    assert again.status == 400


async def test_only_a_trashed_page_can_be_purged(caller: ConfluenceCaller, space: Json) -> None:
    page = await caller.new_page(space["id"], "Page")
    path = f"{V2}/pages/{page['id']}"
    assert (await caller.call("DELETE", f"{path}?purge=true")).status == 404
    assert (await caller.call("DELETE", path)).status == 204
    assert (await caller.get(f"{path}?status=trashed")).status == 200
    assert (await caller.call("DELETE", f"{path}?purge=true")).status == 204
    assert (await caller.get(f"{path}?status=trashed")).status == 404


async def test_a_draft_is_not_listed_until_it_is_published(
    caller: ConfluenceCaller, space: Json
) -> None:
    draft = await caller.new_page(space["id"], "Draft", status="draft")
    path = f"{V2}/pages/{draft['id']}"
    assert (await caller.get(path)).status == 404
    assert (await caller.get(f"{path}?get-draft=true")).json["status"] == "draft"
    published = await caller.put(path, _update(draft, version={"number": 1}))
    assert (published.json["status"], published.json["version"]["number"]) == ("current", 1)


async def test_a_blog_post_keeps_the_creation_date_that_it_was_given(
    caller: ConfluenceCaller, space: Json
) -> None:
    given = {
        "spaceId": space["id"],
        "status": "current",
        "title": "News",
        "body": _body("<p>x</p>"),
    }
    made = await caller.post(f"{V2}/blogposts", given | {"createdAt": "2020-02-03T04:05:06.789Z"})
    assert made.json["createdAt"] == "2020-02-03T04:05:06.789Z"
    assert made.json["version"]["createdAt"] == WRITTEN_AT
    for wrong in ("2020-02-03", "2020-02-31T04:05:06.789Z"):
        other = given | {"title": "Other", "createdAt": wrong}
        assert (await caller.post(f"{V2}/blogposts", other)).status == 400


async def test_replies_hang_below_their_comment(caller: ConfluenceCaller, space: Json) -> None:
    page = await caller.new_page(space["id"], "Page")
    path = f"{V2}/footer-comments"
    root = await caller.post(path, {"pageId": page["id"], "body": _body("<p>root</p>")})
    assert root.headers["Location"].endswith(root.json["id"])
    given = {"parentCommentId": root.json["id"], "body": _body("<p>reply</p>")}
    reply = (await caller.post(path, given)).json
    children = await caller.listed(f"{path}/{root.json['id']}/children?body-format=storage")
    assert [each["id"] for each in children] == [reply["id"]]
    assert [each["id"] for each in await caller.listed(path)] == [root.json["id"]]
    both = given | {"pageId": page["id"]}
    assert (await caller.post(path, both)).status == 400
    assert (await caller.post(path, given | {"parentCommentId": "5"})).status == 404


def _inline(page: Json, text: str, count: int = 1, index: int = 0) -> Json:
    selection = {
        "textSelection": text,
        "textSelectionMatchCount": count,
        "textSelectionMatchIndex": index,
    }
    return {
        "pageId": page["id"],
        "body": _body("<p>why?</p>"),
        "inlineCommentProperties": selection,
    }


async def test_an_inline_comment_marks_its_text_in_the_body(
    caller: ConfluenceCaller, space: Json
) -> None:
    text = "<p>one two</p><p>one <strong>t</strong>wo &amp; three</p>"
    page = await caller.new_page(space["id"], "Page", text)
    made = await caller.post(f"{V2}/inline-comments", _inline(page, "one two", 2, 1))
    assert made.status == 201
    ref = made.json["properties"]["inlineMarkerRef"]
    shown = (await caller.get(f"{V2}/pages/{page['id']}?body-format=storage")).json
    marker = f'<ac:inline-comment-marker ac:ref="{ref}">'
    end = "</ac:inline-comment-marker>"
    assert shown["body"]["storage"]["value"] == (
        f"<p>one two</p><p>{marker}one {end}<strong>{marker}t{end}</strong>{marker}wo{end}"
        " &amp; three</p>"
    )
    assert shown["version"]["number"] == 1
    more = await caller.post(f"{V2}/inline-comments", _inline(page, "& three"))
    assert more.json["properties"]["inlineOriginalSelection"] == "& three"


@pytest.mark.parametrize(
    ("text", "count", "index"), [("four", 1, 0), ("one", 3, 0), ("one", 2, 2), ("", 1, 0)]
)
async def test_an_inline_comment_on_text_that_is_not_there_is_refused(
    caller: ConfluenceCaller, space: Json, text: str, count: int, index: int
) -> None:
    page = await caller.new_page(space["id"], "Page", "<p>one two</p><p>one</p>")
    answer = await caller.post(f"{V2}/inline-comments", _inline(page, text, count, index))
    assert answer.status == 400


async def test_inline_comments_are_resolved_reopened_and_left_dangling(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Page", "<p>one two</p>")
    comment = (await caller.post(f"{V2}/inline-comments", _inline(page, "two"))).json
    path = f"{V2}/inline-comments/{comment['id']}"
    for number, (resolved, state) in enumerate([(True, "resolved"), (False, "reopened")], 2):
        given = {"version": {"number": number}, "body": _body("<p>x</p>"), "resolved": resolved}
        changed = (await caller.put(path, given)).json
        assert (changed["resolutionStatus"], changed["resolutionLastModifierId"]) == (
            state,
            ADMIN_ID,
        )
    await caller.put(f"{V2}/pages/{page['id']}", _update(page))
    assert (await caller.get(path)).json["resolutionStatus"] == "dangling"
    given = {"version": {"number": 4}, "resolved": True}
    assert (await caller.put(path, given)).status == 400


async def test_archived_and_trashed_pages_take_no_comments(
    caller: ConfluenceCaller, space: Json
) -> None:
    page = await caller.new_page(space["id"], "Page")
    given = {"pageId": page["id"], "body": _body("<p>c</p>")}
    await caller.post(f"{V1}/content/archive", {"pages": [{"id": int(page["id"])}]})
    assert (await caller.post(f"{V2}/footer-comments", given)).status == 400
    await caller.call("DELETE", f"{V2}/pages/{page['id']}")
    assert (await caller.post(f"{V2}/footer-comments", given)).status == 404


@pytest.mark.parametrize("kind", ["pages", "blogposts", "comments", "spaces"])
async def test_properties_are_kept_by_key(caller: ConfluenceCaller, space: Json, kind: str) -> None:
    given = {"spaceId": space["id"], "status": "current", "title": "T", "body": _body("<p>x</p>")}
    page = (await caller.post(f"{V2}/pages", given)).json
    comment = {"pageId": page["id"], "body": _body("<p>c</p>")}
    owners = {
        "pages": page["id"],
        "blogposts": (await caller.post(f"{V2}/blogposts", given)).json["id"],
        "comments": (await caller.post(f"{V2}/footer-comments", comment)).json["id"],
        "spaces": space["id"],
    }
    path = f"{V2}/{kind}/{owners[kind]}/properties"
    value = {"id": "7", "nested": [1, None, "ü"]}
    made = await caller.post(path, {"key": "sitekeep.origin", "value": value})
    assert made.json["value"] == value
    assert (await caller.post(path, {"key": "sitekeep.origin", "value": 1})).status == 409
    found = (await caller.get(f"{path}?key=sitekeep.origin")).results
    assert [each["value"] for each in found] == [value]
    one = f"{path}/{made.json['id']}"
    change = {"key": "sitekeep.origin", "value": 2, "version": {"number": 2}}
    assert (await caller.put(one, change)).json["value"] == 2
    assert (await caller.put(one, change)).status == 409
    assert (await caller.call("DELETE", one)).status == 204
    assert (await caller.get(path)).results == []


async def test_an_upload_needs_the_xsrf_header(caller: ConfluenceCaller, space: Json) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"x", filename="x.txt")
    path = f"{V1}/content/{space['homepageId']}/child/attachment"
    assert (await caller.call("PUT", path, data=form)).status == 403


async def test_a_put_of_the_same_file_name_is_a_new_version_and_a_post_is_refused(
    caller: ConfluenceCaller, space: Json
) -> None:
    page_id, name = space["homepageId"], "Übersicht & (1)'s 設計.txt"
    first = (await caller.upload(page_id, name, b"one")).results[0]
    second = (await caller.upload(page_id, name, b"second")).results[0]
    assert (first["id"], first["title"]) == (second["id"], name)
    assert second["version"]["number"] == 2
    assert (await caller.upload(page_id, name, b"three", method="POST")).status == 400
    listed = await caller.listed(f"{V2}/pages/{page_id}/attachments")
    assert [(each["id"], each["fileSize"]) for each in listed] == [(first["id"], 6)]
    path = f"{V1}/content/{page_id}/child/attachment/{first['id']}/download"
    location = (await caller.get(path)).headers["Location"]
    async with aiohttp.ClientSession() as anonymous, anonymous.get(location) as response:
        assert await response.read() == b"second"


async def test_labels_are_added_and_removed(caller: ConfluenceCaller, space: Json) -> None:
    page_id = space["homepageId"]
    given = [{"prefix": "global", "name": "Größe"}, {"prefix": "global", "name": "b"}]
    added = await caller.post(f"{V1}/content/{page_id}/label", given)
    assert added.json["size"] == 2
    assert {each["name"] for each in await caller.listed(f"{V2}/pages/{page_id}/labels")} == {
        "größe",
        "b",
    }
    bad = [{"prefix": "global", "name": "two words"}]
    assert (await caller.post(f"{V1}/content/{page_id}/label", bad)).status == 400
    assert (await caller.call("DELETE", f"{V1}/content/{page_id}/label?name=b")).status == 204
    assert len(await caller.listed(f"{V2}/labels")) == 1


async def test_groups_are_made_and_joined_by_administrators_only(
    caller: ConfluenceCaller,
) -> None:
    other = caller.site.accounts.add("other@example.com", "Other")
    caller.site.accounts.set_token("other@example.com", "secret")
    group = await caller.post(f"{V1}/group", {"name": "new group"})
    assert group.status == 201
    assert (await caller.post(f"{V1}/group", {"name": "new group"})).status == 400
    path = f"{V1}/group/userByGroupId?groupId={group.json['id']}"
    assert (await caller.post(path, {"accountId": other.account_id})).status == 201
    members = await caller.get(f"{V1}/group/{group.json['id']}/membersByGroupId")
    assert [each["accountId"] for each in members.results] == [other.account_id]
    header = {"Authorization": aiohttp.encode_basic_auth("other@example.com", "secret")}
    refused = await caller.call("POST", f"{V1}/group", {"name": "x"}, headers=header)
    assert refused.status == 403
