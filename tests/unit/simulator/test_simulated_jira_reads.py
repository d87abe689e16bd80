"""The caps and traps of reading a simulated Jira."""

from __future__ import annotations

import datetime
import json
import urllib.parse
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_shared.clock import ManualClock
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.product_discovery.generator import IDEAS
from sitekeep_simulator.site import SimulatedSite
from support.jira_site import NOW, JiraCaller, Json, jira_caller

ALL_ISSUES = 269 + len(IDEAS)
"""Those that are asked for, requests of service desks, and ideas."""


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    site = SimulatedSite("acme", clock=ManualClock(NOW))
    generate(site, seed=5, issues=260)
    async with jira_caller(site) as caller:
        yield caller
        assert caller.problems == []


def _keys(jira: JiraCaller, condition: str = "1") -> list[str]:
    rows = jira.site.store.rows(
        "SELECT p.key || '-' || i.number AS key FROM jira_issue i JOIN jira_project p "
        f"ON p.id = i.project_id WHERE {condition} ORDER BY i.id"
    )
    return [row["key"] for row in rows]


async def _fetch(jira: JiraCaller, keys: list[str], **more: Json) -> Json:
    body = {"issueIdsOrKeys": keys, "fields": ["*all"]} | more
    return (await jira.post("/issue/bulkfetch", body)).json["issues"]


def _busiest(jira: JiraCaller, table: str) -> tuple[str, int]:
    row = jira.site.store.rows(
        f"SELECT issue_id, count(*) AS n FROM {table} GROUP BY issue_id ORDER BY n DESC LIMIT 1"
    )[0]
    return _keys(jira, f"i.id = {row['issue_id']}")[0], row["n"]


async def test_bulkfetch_takes_a_hundred_and_refuses_more(jira: JiraCaller) -> None:
    keys = _keys(jira)
    issues = await _fetch(jira, keys[:100])
    assert [each["key"] for each in issues] == keys[:100]
    body = {"issueIdsOrKeys": keys[:101]}
    assert (await jira.post("/issue/bulkfetch", body)).status == 400


@pytest.mark.parametrize("more", [{"maxResults": 5}, {"properties": list("abcdef")}])
async def test_bulkfetch_refuses_unknown_keys_and_six_properties(
    jira: JiraCaller, more: Json
) -> None:
    answer = await jira.post("/issue/bulkfetch", {"issueIdsOrKeys": ["1"]} | more)
    assert answer.status == 400


async def test_bulkfetch_leaves_out_what_it_cannot_see_without_a_word(jira: JiraCaller) -> None:
    key = _keys(jira)[0]
    body = {"issueIdsOrKeys": [key, "NOPE-1", "999999999"], "fields": ["summary"]}
    answer = (await jira.post("/issue/bulkfetch", body)).json
    assert [each["key"] for each in answer["issues"]] == [key]
    assert answer["issueErrors"] == []
    assert set(answer["issues"][0]["fields"]) == {"summary"}


async def test_bulkfetch_shows_a_moved_issue_under_its_new_key(jira: JiraCaller) -> None:
    old = jira.site.store.value("SELECT key FROM jira_moved_key")
    issues = await _fetch(jira, [old])
    assert len(issues) == 1
    assert issues[0]["key"] != old


async def test_the_newest_hundred_comments_are_embedded_and_the_total_is_true(
    jira: JiraCaller,
) -> None:
    key, total = _busiest(jira, "jira_comment")
    embedded = (await _fetch(jira, [key]))[0]["fields"]["comment"]
    assert (len(embedded["comments"]), embedded["total"]) == (100, total)
    assert total > 100
    first = (await jira.get(f"/issue/{key}/comment?maxResults=500")).json
    rest = (await jira.get(f"/issue/{key}/comment?startAt=100")).json
    assert (first["maxResults"], len(first["comments"])) == (100, 100)
    everything = [each["id"] for each in first["comments"] + rest["comments"]]
    assert len(everything) == total
    assert [each["id"] for each in embedded["comments"]] == everything[-100:]


async def test_comments_are_listed_newest_first_on_demand(jira: JiraCaller) -> None:
    key, _ = _busiest(jira, "jira_comment")
    newest = (await jira.get(f"/issue/{key}/comment?orderBy=-created&maxResults=5")).json
    times = [each["created"] for each in newest["comments"]]
    assert times == sorted(times, reverse=True)


async def test_comments_are_read_by_their_ids_with_properties(jira: JiraCaller) -> None:
    rows = jira.site.store.rows("SELECT id, properties FROM jira_comment ORDER BY id LIMIT 3")
    ids = [row["id"] for row in rows]
    body = {"ids": [*ids, 1]}
    found = (await jira.post("/comment/list?expand=properties", body)).json["values"]
    assert [int(each["id"]) for each in found] == ids
    kept = [json.loads(row["properties"]) for row in rows]
    assert [each["properties"] for each in found] == kept
    assert any(kept)
    many = {"ids": list(range(1001))}
    assert (await jira.post("/comment/list", many)).status == 400


async def test_twenty_worklogs_are_embedded_and_the_total_is_true(jira: JiraCaller) -> None:
    key, total = _busiest(jira, "jira_worklog")
    embedded = (await _fetch(jira, [key]))[0]["fields"]["worklog"]
    assert (len(embedded["worklogs"]), embedded["total"]) == (20, total)
    assert total > 20
    listed = (await jira.get(f"/issue/{key}/worklog")).json["worklogs"]
    assert len(listed) == total


async def test_the_ids_of_all_worklogs_of_a_site_come_in_pages(jira: JiraCaller) -> None:
    page = (await jira.get("/worklog/updated?since=0")).json
    ids = [each["worklogId"] for each in page["values"]]
    while not page["lastPage"]:
        page = (await jira.get(page["nextPage"])).json
        ids += [each["worklogId"] for each in page["values"]]
    assert len(ids) == len(set(ids)) == jira.site.store.value("SELECT count(*) FROM jira_worklog")
    bodies = (await jira.post("/worklog/list", {"ids": ids[:1000]})).json
    assert {int(each["id"]) for each in bodies} == set(ids[:1000])
    assert (await jira.post("/worklog/list", {"ids": list(range(1001))})).status == 400


async def test_worklogs_of_one_instant_are_not_torn_apart(jira: JiraCaller) -> None:
    store = jira.site.store
    first = store.value("SELECT min(id) FROM jira_worklog")
    for number in range(1100):
        store.execute(
            "INSERT INTO jira_worklog SELECT 9000000 + ?, issue_id, author, update_author, "
            "created, '2020-01-01T00:00:00.000+0000', started, seconds, body, visibility, "
            "properties FROM jira_worklog WHERE id = ?",
            (number, first),
        )
    page = (await jira.get("/worklog/updated?since=0")).json
    assert len(page["values"]) == 1100
    assert page["lastPage"] is False


async def test_a_worklog_of_the_last_minute_is_not_listed_yet(jira: JiraCaller) -> None:
    key = _keys(jira)[0]
    since = int((NOW - datetime.timedelta(days=30)).timestamp() * 1000)
    now = "2026-03-04T05:06:07.000+0000"
    jira.site.store.execute("UPDATE jira_worklog SET updated = '2025-01-01T00:00:00.000+0000'")
    jira.site.store.execute(
        "UPDATE jira_worklog SET updated = ? WHERE id = (SELECT min(id) FROM jira_worklog)", (now,)
    )
    assert (await jira.get(f"/issue/{key}/worklog")).status == 200
    assert (await jira.get(f"/worklog/updated?since={since}")).json["values"] == []


async def test_the_history_in_bulk_is_sorted_by_time_and_paged(jira: JiraCaller) -> None:
    keys = _keys(jira)
    body: Json = {"issueIdsOrKeys": keys, "maxResults": 50}
    entries: list[Json] = []
    pages = 0
    while True:
        answer = (await jira.post("/changelog/bulkfetch", body)).json
        page = [each for log in answer["issueChangeLogs"] for each in log["changeHistories"]]
        entries += page
        pages += 1
        if "nextPageToken" not in answer:
            break
        assert len(page) == 50
        body = body | {"nextPageToken": answer["nextPageToken"]}
    total = jira.site.store.value("SELECT count(*) FROM jira_change")
    assert len({each["id"] for each in entries}) == len(entries) == total
    assert pages == total // 50 + 1


@pytest.mark.parametrize(
    "more",
    [{"issueIdsOrKeys": []}, {"maxResults": 10_001}, {"nextPageToken": "odd"}, {"x": 1}],
)
async def test_the_history_in_bulk_has_bounds(jira: JiraCaller, more: Json) -> None:
    body = {"issueIdsOrKeys": _keys(jira)[:2]} | more
    assert (await jira.post("/changelog/bulkfetch", body)).status == 400


async def test_the_history_of_one_issue_is_the_same(jira: JiraCaller) -> None:
    key, total = _busiest(jira, "jira_change")
    page = (await jira.get(f"/issue/{key}/changelog?maxResults=2")).json
    assert (page["total"], len(page["values"])) == (total, min(total, 2))
    whole = (await jira.get(f"/issue/{key}?expand=changelog&fields=summary")).json
    assert whole["changelog"]["total"] == total


async def test_a_search_brings_ids_only_and_no_total(jira: JiraCaller) -> None:
    answer = (await jira.post("/search/jql", {"jql": "project = PLAT ORDER BY key DESC"})).json
    assert set(answer) >= {"issues", "isLast"}
    assert "total" not in answer
    assert set(answer["issues"][0]) == {"id"}


async def test_a_search_by_key_counts_numbers_as_numbers(jira: JiraCaller) -> None:
    body = {"jql": 'project = "PLAT" ORDER BY key DESC', "fields": ["key"], "maxResults": 1}
    found = (await jira.post("/search/jql", body)).json["issues"][0]["key"]
    highest = max(int(key.split("-")[1]) for key in _keys(jira, "p.key = 'PLAT'"))
    assert found == f"PLAT-{highest}"


async def test_a_search_goes_through_its_pages(jira: JiraCaller) -> None:
    body: Json = {"jql": "project = PLAT ORDER BY updated ASC", "maxResults": 30}
    ids: list[str] = []
    while True:
        answer = (await jira.post("/search/jql", body)).json
        ids += [each["id"] for each in answer["issues"]]
        if answer["isLast"]:
            break
        body = body | {"nextPageToken": answer["nextPageToken"]}
    assert len(ids) == len(set(ids)) == len(_keys(jira, "p.key = 'PLAT'"))


async def test_a_search_with_fields_is_cut_to_a_hundred(jira: JiraCaller) -> None:
    body = {"jql": "created >= '1970-01-01'", "maxResults": 5000, "fields": ["summary"]}
    assert len((await jira.post("/search/jql", body)).json["issues"]) == 100
    body = {"jql": "created >= '1970-01-01'", "maxResults": 5000, "fields": ["id"]}
    assert len((await jira.post("/search/jql", body)).json["issues"]) == ALL_ISSUES


@pytest.mark.parametrize(
    "body",
    [
        {"jql": "project = PLAT", "startAt": 10},
        {"jql": "ORDER BY key"},
        {"jql": ""},
        {"jql": "project ~ PLAT"},
        {"jql": "nosuch = 1"},
        {"jql": "project = PLAT", "nextPageToken": "odd"},
        {"jql": "updated >= yesterday"},
        {"jql": "project = PLAT ORDER BY rank"},
    ],
)
async def test_a_search_refuses_what_it_does_not_know(jira: JiraCaller, body: Json) -> None:
    assert (await jira.post("/search/jql", body)).status == 400


@pytest.mark.parametrize(
    ("jql", "condition"),
    [
        ("key in (PLAT-1, PLAT-2, PLAT-3)", "p.key = 'PLAT' AND i.number <= 3"),
        (
            "project = PLAT AND key >= PLAT-5 AND key <= PLAT-9",
            "p.key = 'PLAT' AND i.number BETWEEN 5 AND 9",
        ),
        ("project in (PLAT, WEB)", "p.key IN ('PLAT', 'WEB')"),
        ("updated >= '2025-01-01 00:00'", "i.updated >= '2025-01-01'"),
        (
            "labels = ui AND project != WEB",
            "json_extract(i.fields, '$.labels') LIKE '%\"ui\"%' AND p.key <> 'WEB'",
        ),
        (
            "issuetype = Epic",
            "i.type_id = (SELECT id FROM jira_object WHERE name = 'Epic')",
        ),
    ],
)
async def test_a_search_finds_what_the_query_says(
    jira: JiraCaller, jql: str, condition: str
) -> None:
    query = urllib.parse.urlencode({"jql": jql, "fields": "key", "maxResults": 5000})
    found = (await jira.get(f"/search/jql?{query}")).json["issues"]
    assert sorted(each["key"] for each in found) == sorted(_keys(jira, condition))
    count = (await jira.post("/search/approximate-count", {"jql": jql})).json["count"]
    assert count == len(found) > 0


async def test_the_old_search_is_gone(jira: JiraCaller) -> None:
    assert (await jira.get("/search?jql=project=PLAT")).status == 410


async def test_a_link_is_seen_from_both_ends_under_one_id(jira: JiraCaller) -> None:
    row = jira.site.store.rows("SELECT * FROM jira_link")[0]
    source, target = (_keys(jira, f"i.id = {row[end]}")[0] for end in ("source_id", "target_id"))
    outward = [each for each in (await jira.issue(source))["issuelinks"] if "outwardIssue" in each]
    inward = [each for each in (await jira.issue(target))["issuelinks"] if "inwardIssue" in each]
    assert {(each["id"], each["outwardIssue"]["key"]) for each in outward} >= {
        (str(row["id"]), target)
    }
    assert {(each["id"], each["inwardIssue"]["key"]) for each in inward} >= {
        (str(row["id"]), source)
    }


async def test_subtasks_and_parents_name_each_other(jira: JiraCaller) -> None:
    kind = await jira.type_id("Sub-task")
    child = _keys(jira, f"i.type_id = {kind}")[0]
    parent = (await jira.issue(child))["parent"]["key"]
    assert child in [each["key"] for each in (await jira.issue(parent))["subtasks"]]


async def test_an_unset_custom_field_is_null(jira: JiraCaller) -> None:
    ids = [each["id"] for each in (await jira.get("/field")).json if each["custom"]]
    fields = [each["fields"] for each in await _fetch(jira, _keys(jira)[:50])]
    assert all(set(ids) <= set(each) for each in fields)
    assert any(each[field] is None for each in fields for field in ids)
    values: set[Json] = {type(each[field]) for each in fields for field in ids}
    assert values >= {str, dict, list, type(None)}


async def test_watchers_votes_and_remote_links_are_counted_where_they_are(jira: JiraCaller) -> None:
    key, watching = _busiest(jira, "jira_watcher")
    assert (await jira.issue(key))["watches"]["watchCount"] == watching
    watchers = (await jira.get(f"/issue/{key}/watchers")).json
    assert len(watchers["watchers"]) == watching
    key, votes = _busiest(jira, "jira_vote")
    assert (await jira.get(f"/issue/{key}/votes")).json["votes"] == votes
    key, links = _busiest(jira, "jira_remote_link")
    found = (await jira.get(f"/issue/{key}/remotelink")).json
    assert len(found) == links
    one = (await jira.get(f"/issue/{key}/remotelink?globalId={found[0]['globalId']}")).json
    assert one == found[0]


async def test_users_come_as_a_bare_list_with_the_inactive_ones(jira: JiraCaller) -> None:
    users = (await jira.get("/users/search?startAt=0&maxResults=1000")).json
    assert len(users) == jira.site.accounts.count()
    assert {each["active"] for each in users} == {True, False}
    assert any("emailAddress" not in each for each in users)
    assert (await jira.get("/users/search?startAt=5000")).json == []


async def test_group_members_are_cut_to_fifty_and_active_unless_asked(jira: JiraCaller) -> None:
    people = [jira.site.accounts.add(f"x{n}@example.com", f"X {n}") for n in range(60)]
    jira.site.accounts.set_active(people[0].account_id, False)
    group = jira.site.accounts.add_group("many")
    jira.site.accounts.join(group.group_id, [each.account_id for each in people])
    page = (await jira.get(f"/group/member?groupId={group.group_id}&maxResults=200")).json
    assert (len(page["values"]), page["total"], page["isLast"]) == (50, 59, False)
    rest = (await jira.get(page["nextPage"])).json
    assert (len(rest["values"]), rest["isLast"]) == (9, True)
    query = f"groupId={group.group_id}&includeInactiveUsers=true"
    assert (await jira.get(f"/group/member?{query}")).json["total"] == 60


async def test_the_search_lags_behind_new_issues(jira: JiraCaller) -> None:
    jira.site.search_lag = 2
    key = await jira.new_issue("PLAT")
    query = {"jql": f"key = {key}", "fields": ["key"]}
    found = [len((await jira.post("/search/jql", query)).json["issues"]) for _ in range(3)]
    assert found == [0, 0, 1]
    assert (await jira.get(f"/issue/{key}")).status == 200


async def test_reconciled_issues_are_found_at_once(jira: JiraCaller) -> None:
    jira.site.search_lag = 9
    key = await jira.new_issue("PLAT")
    issue_id = int((await jira.get(f"/issue/{key}")).json["id"])
    query = {"jql": f"key = {key}", "reconcileIssues": [issue_id]}
    assert len((await jira.post("/search/jql", query)).json["issues"]) == 1


async def test_projects_are_listed_with_insight_and_by_state(jira: JiraCaller) -> None:
    page = (await jira.get("/project/search?expand=insight,lead,description")).json
    counts = {each["key"]: each["insight"]["totalIssueCount"] for each in page["values"]}
    assert sum(counts.values()) == ALL_ISSUES
    assert (await jira.call("DELETE", "/project/WEB")).status == 204
    live = (await jira.get("/project/search")).json["values"]
    trashed = (await jira.get("/project/search?status=deleted")).json["values"]
    assert "WEB" not in [each["key"] for each in live]
    assert [each["key"] for each in trashed] == ["WEB"]
    assert await _fetch(jira, _keys(jira, "p.key = 'WEB'")[:5]) == []
    assert (await jira.get("/project/WEB")).status == 404


async def test_versions_and_components_of_a_project_are_paged(jira: JiraCaller) -> None:
    page = (await jira.get("/project/PLAT/version?maxResults=3")).json
    rest = (await jira.get(page["nextPage"])).json
    assert (len(page["values"]), len(rest["values"]), rest["isLast"]) == (3, 1, True)
    assert (await jira.get("/project/PLAT/component")).json["total"] == 3


async def test_options_of_a_select_field_are_listed_by_context(jira: JiraCaller) -> None:
    fields = (await jira.get("/field/search?type=custom")).json["values"]
    severity = next(each["id"] for each in fields if each["name"] == "Severity")
    context = (await jira.get(f"/field/{severity}/context")).json["values"][0]["id"]
    page = (await jira.get(f"/field/{severity}/context/{context}/option")).json
    assert [each["value"] for each in page["values"]] == [
        "Critical",
        "Major",
        "Minor",
        "Größe unbekannt",
    ]


async def test_an_attachment_is_reached_through_the_media_host(jira: JiraCaller) -> None:
    row = jira.site.store.rows(
        "SELECT a.* FROM jira_attachment a JOIN media_file m USING (media_id) WHERE NOT m.missing"
    )[0]
    answer = await jira.get(f"/attachment/content/{row['id']}")
    assert answer.status == 303
    assert f"/file/{row['media_id']}/binary?token=" in answer.headers["Location"]
    inline = await jira.get(f"/attachment/content/{row['id']}?redirect=false")
    assert (inline.status, len(inline.body)) == (200, row["size"])
    meta = (await jira.get(f"/attachment/{row['id']}")).json
    assert (meta["filename"], meta["size"]) == (row["filename"], row["size"])
    jira.site.files.lose(row["media_id"])
    assert (await jira.get(f"/attachment/content/{row['id']}")).status == 404
