"""Reading from the Confluence half of a simulated site."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from sitekeep_shared.clock import ManualClock
from sitekeep_simulator import confluence
from sitekeep_simulator.confluence.generator import Generated, generate
from sitekeep_simulator.site import SimulatedSite
from support.confluence_site import NOW, V1, V2, ConfluenceCaller, confluence_caller


def _filled(pages: int) -> tuple[SimulatedSite, Generated]:
    site = SimulatedSite("acme", clock=ManualClock(NOW))
    confluence.install(site)
    return site, generate(site, seed=7, pages=pages)


@pytest_asyncio.fixture
async def filled() -> AsyncIterator[tuple[ConfluenceCaller, Generated]]:
    site, generated = _filled(300)
    async with confluence_caller(site) as caller:
        yield caller, generated
        assert caller.problems == []


Filled = tuple[ConfluenceCaller, Generated]


@pytest.mark.parametrize("limit", [0, 251, 1000])
async def test_a_limit_outside_1_to_250_is_refused(filled: Filled, limit: int) -> None:
    answer = await filled[0].get(f"{V2}/pages?limit={limit}")
    assert answer.status == 400
    assert answer.json["errors"][0]["status"] == 400


async def test_a_list_without_a_limit_has_25_items_and_a_link_to_the_next(filled: Filled) -> None:
    answer = await filled[0].get(f"{V2}/pages")
    assert len(answer.results) == 25
    link = answer.json["_links"]["next"]
    assert link.startswith("/wiki/api/v2/pages?")
    assert answer.headers["Link"] == f'<{link}>; rel="next"'


async def test_pages_of_every_status_are_all_listed_once(filled: Filled) -> None:
    caller, generated = filled
    pages = await caller.listed(
        f"{V2}/pages?status=current,archived,trashed&limit=77&body-format=storage"
    )
    assert len({page["id"] for page in pages}) == len(pages) == generated.pages + 1
    assert {page["status"] for page in pages} == {"current", "archived", "trashed"}
    assert all(page["body"]["storage"]["value"] for page in pages)


async def test_pages_of_the_spaces_are_the_pages_of_the_site(filled: Filled) -> None:
    caller, generated = filled
    spaces = await caller.listed(f"{V2}/spaces?limit=3")
    found = 0
    for space in spaces:
        path = f"{V2}/spaces/{space['id']}/pages?status=current,archived,trashed&limit=250"
        found += len(await caller.listed(path))
    assert found == generated.pages + 1


async def test_drafts_cannot_be_listed(filled: Filled) -> None:
    assert (await filled[0].get(f"{V2}/pages?status=draft")).status == 400


async def test_a_cursor_of_another_list_is_refused(filled: Filled) -> None:
    link = (await filled[0].get(f"{V2}/pages?status=current")).json["_links"]["next"]
    other = link.replace("status=current", "status=archived")
    assert (await filled[0].get(other)).status == 400
    assert (await filled[0].get(f"{V2}/pages?cursor=nonsense")).status == 400


@pytest.mark.parametrize("sort", ["-id", "title", "-created-date", "modified-date"])
async def test_a_sorted_list_is_complete_over_its_pages(filled: Filled, sort: str) -> None:
    caller, _ = filled
    plain = await caller.listed(f"{V2}/pages?limit=250")
    found = await caller.listed(f"{V2}/pages?limit=40&sort={sort}")
    assert sorted(page["id"] for page in found) == sorted(page["id"] for page in plain)


@pytest.mark.parametrize("kind", ["footer", "inline"])
async def test_lists_of_comments_hold_roots_and_children_hold_replies(
    filled: Filled, kind: str
) -> None:
    caller, generated = filled
    roots = await caller.listed(f"{V2}/{kind}-comments?limit=250&body-format=storage")
    assert roots
    assert all("parentCommentId" not in comment for comment in roots)
    count, waiting = 0, roots
    while waiting:
        comment = waiting.pop()
        count += 1
        waiting += await caller.listed(f"{V2}/{kind}-comments/{comment['id']}/children")
    total = generated.footer_comments if kind == "footer" else generated.inline_comments
    hidden = caller.site.store.value(
        "SELECT count(*) FROM confluence_comment m JOIN confluence_content c"
        " ON c.id = m.container_id WHERE c.status = 'trashed' AND m.kind = ?",
        (kind,),
    )
    assert count == total - hidden


async def test_the_comments_of_a_page_are_its_roots(filled: Filled) -> None:
    caller, _ = filled
    site_wide = await caller.listed(f"{V2}/footer-comments?limit=250")
    page_id = next(comment["pageId"] for comment in site_wide if "pageId" in comment)
    found = await caller.listed(f"{V2}/pages/{page_id}/footer-comments")
    assert {comment["id"] for comment in found} == {
        comment["id"] for comment in site_wide if comment.get("pageId") == page_id
    }


async def test_open_inline_comments_have_their_marker_in_the_body(filled: Filled) -> None:
    caller, _ = filled
    comments = await caller.listed(f"{V2}/inline-comments?limit=250")
    states = {comment["resolutionStatus"] for comment in comments}
    assert {"open", "resolved", "dangling"} <= states
    for comment in comments[:40]:
        kind = "pages" if "pageId" in comment else "blogposts"
        container = comment.get("pageId") or comment["blogPostId"]
        found = await caller.get(f"{V2}/{kind}/{container}?body-format=storage")
        marked = comment["properties"]["inlineMarkerRef"] in found.json["body"]["storage"]["value"]
        assert marked == (comment["resolutionStatus"] != "dangling")


async def test_a_download_redirects_to_the_media_host_with_a_token(filled: Filled) -> None:
    caller, generated = filled
    listed = await caller.listed(f"{V2}/attachments?status=current,archived,trashed&limit=250")
    assert len(listed) == generated.attachments
    attachment = max(listed, key=lambda each: int(each["fileSize"]))
    container = attachment.get("pageId") or attachment["blogPostId"]
    path = f"{V1}/content/{container}/child/attachment/{attachment['id']}/download"
    answer = await caller.get(f"{path}?status=current&status=archived&status=trashed")
    location = answer.headers["Location"]
    assert answer.status == 302
    assert location.startswith(caller.running.media_url)
    async with aiohttp.ClientSession() as anonymous, anonymous.get(location) as response:
        assert len(await response.read()) == attachment["fileSize"]
    assert (await caller.get(location)).status == 400
    assert (await caller.get(f"/wiki{attachment['downloadLink']}")).status == 401


async def test_old_versions_of_an_attachment_can_be_downloaded(filled: Filled) -> None:
    caller, _ = filled
    listed = await caller.listed(f"{V2}/attachments?limit=250&status=current")
    attachment = next(each for each in listed if each["version"]["number"] > 1)
    container = attachment.get("pageId") or attachment["blogPostId"]
    path = f"{V1}/content/{container}/child/attachment/{attachment['id']}/download"
    old = await caller.get(f"{path}?version=1")
    assert old.status == 302
    assert attachment["fileId"] not in old.headers["Location"]
    assert (await caller.get(f"{path}?version=99")).status == 400


async def test_a_trashed_page_is_found_only_by_its_status(filled: Filled) -> None:
    caller, _ = filled
    page = (await caller.get(f"{V2}/pages?status=trashed&limit=1")).results[0]
    assert (await caller.get(f"{V2}/pages/{page['id']}")).status == 404
    assert (await caller.get(f"{V2}/pages/{page['id']}?status=trashed")).status == 200


async def test_labels_lead_to_pages_and_pages_to_labels(filled: Filled) -> None:
    caller, _ = filled
    label = (await caller.listed(f"{V2}/labels?limit=250"))[0]
    pages = await caller.listed(f"{V2}/labels/{label['id']}/pages?limit=250")
    assert pages
    found = await caller.listed(f"{V2}/pages/{pages[0]['id']}/labels")
    assert label["id"] in {each["id"] for each in found}
    assert await caller.listed(f"{V2}/labels/{label['id']}/blogposts") is not None


async def test_a_page_shows_what_is_asked_to_be_included(filled: Filled) -> None:
    caller, _ = filled
    pages = await caller.listed(f"{V2}/pages?limit=250&status=current")
    page = next(each for each in pages if each["version"]["number"] > 2)
    query = "include-labels=true&include-properties=true&include-versions=true"
    shown = (await caller.get(f"{V2}/pages/{page['id']}?{query}")).json
    versions = await caller.listed(f"{V2}/pages/{page['id']}/versions?body-format=storage&limit=1")
    assert [each["number"] for each in versions] == list(range(page["version"]["number"], 0, -1))
    assert all(each["page"]["body"]["storage"]["value"] for each in versions)
    assert len(shown["versions"]["results"]) == page["version"]["number"]
    old = await caller.get(f"{V2}/pages/{page['id']}?version=1&body-format=storage")
    assert old.json["body"]["storage"] == versions[-1]["page"]["body"]["storage"]


async def test_spaces_of_every_type_and_status_are_listed(filled: Filled) -> None:
    caller, generated = filled
    query = "description-format=plain&include-icon=true"
    spaces = await caller.listed(f"{V2}/spaces?status=current,archived&limit=250&{query}")
    assert len(spaces) == generated.spaces + 1
    assert {space["type"] for space in spaces} == {"global", "personal"}
    assert {space["status"] for space in spaces} == {"current", "archived"}
    home = await caller.get(f"{V2}/pages/{spaces[0]['homepageId']}")
    assert home.status == 200
    assert (await caller.get(f"{V2}/spaces/{spaces[0]['id']}?{query}")).status == 200
    assert (await caller.get(f"{V2}/spaces/1")).status == 404


async def test_the_search_for_people_hides_those_who_are_not_active(filled: Filled) -> None:
    caller, _ = filled
    found: set[str] = set()
    total = 1
    while len(found) < total:
        path = f"{V1}/search/user?cql=type%3Duser&limit=5&start={len(found)}"
        answer = (await caller.get(path)).json
        assert answer["results"]
        total = answer["totalSize"]
        found |= {each["user"]["accountId"] for each in answer["results"]}
    everyone = {account.account_id: account.active for account in caller.site.accounts.page()}
    assert found == {account_id for account_id, active in everyone.items() if active}
    bulk = await caller.post(f"{V2}/users-bulk", {"accountIds": list(everyone)})
    assert {each["accountId"] for each in bulk.results} == set(everyone)
    assert (await caller.get(f"{V1}/search/user?cql=text~x")).status == 400


async def test_groups_and_their_members_are_listed(filled: Filled) -> None:
    caller, _ = filled
    answer = await caller.get(f"{V1}/group?limit=2")
    assert answer.json["size"] == 2
    assert answer.json["_links"]["next"].startswith("/rest/api/group?")
    group = next(
        each for each in (await caller.get(f"{V1}/group")).results if each["name"] == "Prüfer"
    )
    path = f"{V1}/group/{group['id']}/membersByGroupId"
    assert (await caller.get(path)).json["size"] == caller.site.accounts.member_count(group["id"])
    assert (await caller.get(f"{path}?limit=201")).status == 400


async def test_who_and_where_is_answered(filled: Filled) -> None:
    caller, _ = filled
    own = (await caller.get(f"{V1}/user/current")).json["accountId"]
    assert (await caller.get(f"{V1}/user?accountId={own}")).json["accountId"] == own
    assert (await caller.get(f"{V1}/user?accountId=nobody")).json["statusCode"] == 404
    info = (await caller.get(f"{V1}/settings/systemInfo")).json
    assert info["baseUrl"] == f"{caller.running.base_url}/wiki"


async def test_the_same_seed_makes_the_same_site_and_another_does_not() -> None:
    digests: list[str] = []
    for seed in (1, 1, 2):
        site = SimulatedSite("same", clock=ManualClock(NOW))
        confluence.install(site, personal_space=False)
        generate(site, seed=seed, pages=60)
        tables = ("space", "content", "version", "comment", "attachment", "attachment_version")
        rows = [
            tuple(row)
            for table in tables
            for row in site.store.rows(f"SELECT * FROM confluence_{table} ORDER BY 1, 2")
        ]
        digests.append(repr(rows))
        site.close()
    assert digests[0] == digests[1]
    assert digests[1] != digests[2]


async def test_another_site_gives_other_ids() -> None:
    ids: list[set[int]] = []
    for name in ("one", "two"):
        site = SimulatedSite(name, clock=ManualClock(NOW))
        confluence.install(site)
        generate(site, seed=1, pages=50)
        ids.append({row["id"] for row in site.store.rows("SELECT id FROM confluence_content")})
        site.close()
    assert not ids[0] & ids[1]
