"""What a simulated Jira takes and refuses when issues are written."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_simulator.accounts import ADMIN_EMAIL, account_id_of
from support.jira_site import API, JiraCaller, Json, document, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        await caller.new_project("AB")
        yield caller
        assert caller.problems == []


async def _bulk(jira: JiraCaller, *elements: Json) -> Json:
    updates = [{"fields": await jira.fields(**each)} for each in elements]
    return await jira.post("/issue/bulk", {"issueUpdates": updates})


async def test_keys_are_given_in_the_order_of_a_bulk_create(jira: JiraCaller) -> None:
    answer = await _bulk(jira, *({"summary": f"Issue {n}"} for n in range(50)))
    assert answer.status == 201
    assert [each["key"] for each in answer.json["issues"]] == [f"AB-{n}" for n in range(1, 51)]
    assert (await jira.issue("AB-7"))["summary"] == "Issue 6"


async def test_a_bulk_create_of_51_is_refused_and_burns_nothing(jira: JiraCaller) -> None:
    assert (await _bulk(jira, *({} for _ in range(51)))).status == 400
    assert await jira.new_issue() == "AB-1"


async def test_a_failed_element_burns_its_number_and_spares_the_others(jira: JiraCaller) -> None:
    answer = await _bulk(jira, {}, {"summary": ""}, {})
    assert [each["key"] for each in answer.json["issues"]] == ["AB-1", "AB-3"]
    error = answer.json["errors"][0]
    assert (error["failedElementNumber"], error["status"]) == (1, 400)
    assert set(error["elementErrors"]["errors"]) == {"summary"}


async def test_a_bulk_create_of_failures_only_answers_400(jira: JiraCaller) -> None:
    assert (await _bulk(jira, {"summary": ""})).status == 400
    assert await jira.new_issue() == "AB-2"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"created": "2020-01-01T00:00:00.000+0000"}, "created"),
        ({"customfield_99999": 1}, "customfield_99999"),
        ({"resolution": {"name": "Done"}}, "resolution"),
        ({"summary": "two\nlines"}, "summary"),
        ({"summary": "x" * 256}, "summary"),
        ({"labels": ["with blank"]}, "labels"),
        ({"priority": {"id": "1"}}, "priority"),
        ({"fixVersions": [{"name": "unknown"}]}, "fixVersions"),
        ({"components": [{"id": "1"}]}, "components"),
        ({"reporter": {"id": "712020:stranger"}}, "reporter"),
        ({"assignee": {"id": "712020:stranger"}}, "assignee"),
        ({"duedate": "01/02/2024"}, "duedate"),
        ({"description": "a text"}, "description"),
        (
            {"description": {"type": "doc", "version": 1, "content": [{"type": "odd"}]}},
            "description",
        ),
        ({"description": document("x" * 32_768)}, "description"),
        ({"issuetype": {"id": "1"}}, "issuetype"),
        ({"project": {"key": "NOPE"}}, "project"),
        ({"parent": {"key": "AB-99"}}, "parent"),
    ],
)
async def test_a_create_is_refused_for_one_field(
    jira: JiraCaller, fields: Json, field: str
) -> None:
    answer = await jira.post("/issue", {"fields": await jira.fields(**fields)})
    assert answer.status == 400
    assert set(answer.json["errors"]) == {field}


async def test_a_summary_is_required(jira: JiraCaller) -> None:
    fields = await jira.fields()
    del fields["summary"]
    answer = await jira.post("/issue", {"fields": fields})
    assert set(answer.json["errors"]) == {"summary"}


async def test_a_created_issue_reads_back_as_it_was_written(jira: JiraCaller) -> None:
    person = jira.site.accounts.add("lee@example.com", "Lee")
    await jira.post("/version", {"name": "1.0", "project": "AB"})
    await jira.post("/component", {"name": "Core", "project": "AB"})
    key = await jira.new_issue(
        description=document("Grüße"),
        environment=document("Linux"),
        labels=["b", "a"],
        duedate="2026-01-02",
        priority={"name": "High"},
        reporter={"id": person.account_id},
        assignee={"accountId": person.account_id},
        versions=[{"name": "1.0"}],
        fixVersions=[{"name": "1.0"}],
        components=[{"name": "Core"}],
        timetracking={"originalEstimate": "1d 2h"},
    )
    fields = await jira.issue(key)
    assert fields["description"] == document("Grüße")
    assert fields["labels"] == ["a", "b"]
    assert fields["priority"]["name"] == "High"
    assert fields["reporter"]["accountId"] == fields["assignee"]["accountId"] == person.account_id
    assert fields["creator"]["accountId"] == account_id_of(ADMIN_EMAIL)
    assert [each["name"] for each in fields["versions"] + fields["components"]] == ["1.0", "Core"]
    assert fields["timetracking"]["originalEstimateSeconds"] == 36_000
    assert fields["created"] == "2026-03-04T05:06:07.000+0000"


async def test_a_priority_can_be_taken_away_by_an_edit_alone(jira: JiraCaller) -> None:
    key = await jira.new_issue(priority=None)
    assert (await jira.issue(key))["priority"]["name"] == "Medium"
    answer = await jira.call("PUT", f"/issue/{key}", {"fields": {"priority": None}})
    assert answer.status == 204
    assert (await jira.issue(key))["priority"] is None


async def test_a_summary_loses_its_outer_blanks(jira: JiraCaller) -> None:
    key = await jira.new_issue(summary=" kept ")
    assert (await jira.issue(key))["summary"] == "kept"
    await jira.call("PUT", f"/issue/{key}", {"fields": {"summary": "edited  "}})
    assert (await jira.issue(key))["summary"] == "edited"


async def test_a_subtask_needs_a_parent_of_its_own_project(jira: JiraCaller) -> None:
    await jira.new_project("CD")
    await jira.new_issue("AB")
    await jira.new_issue("CD")
    without = await jira.post("/issue", {"fields": await jira.fields(kind="Sub-task")})
    foreign = await jira.fields(kind="Sub-task", parent={"key": "CD-1"})
    assert set(without.json["errors"]) == {"issuetype"}
    assert (await jira.post("/issue", {"fields": foreign})).status == 400
    child = await jira.new_issue(kind="Sub-task", parent={"key": "AB-1"})
    assert (await jira.issue(child))["parent"]["key"] == "AB-1"


async def test_a_parent_is_one_level_higher(jira: JiraCaller) -> None:
    epic, task = await jira.new_issue(kind="Epic"), await jira.new_issue()
    story = await jira.new_issue(kind="Story", parent={"key": epic})
    assert (await jira.issue(story))["parent"]["key"] == epic
    wrong = await jira.fields(kind="Story", parent={"key": task})
    assert (await jira.post("/issue", {"fields": wrong})).status == 400
    assert (await jira.put(f"/issue/{task}", {"fields": {"parent": {"key": epic}}})).status == 204
    assert (await jira.issue(task))["parent"]["key"] == epic
    assert (await jira.put(f"/issue/{task}", {"fields": {"parent": None}})).status == 204
    assert "parent" not in await jira.issue(task)


async def test_properties_of_a_create_are_kept_and_read_by_name(jira: JiraCaller) -> None:
    value = {"id": "1", "key": "OLD-1"}
    properties = [{"key": "sitekeep.origin", "value": value}]
    await jira.post("/issue", {"fields": await jira.fields(), "properties": properties})
    body = {"issueIdsOrKeys": ["AB-1"], "fields": ["key"], "properties": ["sitekeep.origin"]}
    issue = (await jira.post("/issue/bulkfetch", body)).json["issues"][0]
    assert issue["properties"] == {"sitekeep.origin": value}
    changed = await jira.put("/issue/AB-1/properties/other", [1])
    assert [changed.status, (await jira.put("/issue/AB-1/properties/other", 2)).status] == [
        201,
        200,
    ]
    keys = (await jira.get("/issue/AB-1/properties")).json["keys"]
    assert [each["key"] for each in keys] == ["other", "sitekeep.origin"]
    assert (await jira.put("/issue/AB-1/properties/big", "x" * 33_000)).status == 400


async def test_a_create_with_a_transition_ends_in_its_status(jira: JiraCaller) -> None:
    first = await jira.new_issue()
    listed = (await jira.get(f"/issue/{first}/transitions")).json["transitions"]
    done = next(each["id"] for each in listed if each["to"]["name"] == "Done")
    elements = [
        {"fields": await jira.fields(), "transition": {"id": number}} for number in (done, "999")
    ]
    answer = (await jira.post("/issue/bulk", {"issueUpdates": elements})).json
    assert [each["transition"]["status"] for each in answer["issues"]] == [200, 400]
    statuses = [(await jira.issue(f"AB-{n}"))["status"]["name"] for n in (2, 3)]
    assert statuses == ["Done", "To Do"]


async def test_an_edit_is_remembered_in_the_history(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    await jira.put(f"/issue/{key}?notifyUsers=false", {"fields": {"summary": "New"}})
    transitions = (await jira.get(f"/issue/{key}/transitions")).json["transitions"]
    body = {"transition": {"id": transitions[1]["id"]}}
    assert (await jira.post(f"/issue/{key}/transitions", body)).status == 204
    history = (await jira.get(f"/issue/{key}/changelog")).json["values"]
    items = [item for entry in history for item in entry["items"]]
    assert [(item["field"], item["fromString"], item["toString"]) for item in items] == [
        ("summary", "An issue", "New"),
        ("status", "To Do", "In Progress"),
    ]


async def test_a_resolution_is_set_by_an_edit_with_its_date(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    await jira.put(f"/issue/{key}", {"fields": {"resolution": {"name": "Done"}}})
    fields = await jira.issue(key)
    assert fields["resolution"]["name"] == "Done"
    assert fields["resolutiondate"] == "2026-03-04T05:06:07.000+0000"
    await jira.put(f"/issue/{key}", {"fields": {"resolution": None}})
    assert (await jira.issue(key))["resolutiondate"] is None


async def test_a_refused_edit_changes_nothing(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    body = {"fields": {"summary": "New", "created": "2020-01-01"}}
    answer = await jira.put(f"/issue/{key}", body)
    assert (answer.status, set(answer.json["errors"])) == (400, {"created"})
    assert (await jira.issue(key))["summary"] == "An issue"
    assert (await jira.put(f"/issue/{key}", {})).status == 400


async def test_an_update_adds_and_removes(jira: JiraCaller) -> None:
    key = await jira.new_issue(labels=["old"])
    operations = {"labels": [{"add": "new"}, {"remove": "old"}]}
    comment = {"comment": [{"add": {"body": document("why")}}]}
    await jira.put(f"/issue/{key}", {"update": operations | comment})
    fields = await jira.issue(key)
    assert fields["labels"] == ["new"]
    assert fields["comment"]["total"] == 1
    both: Json = {"fields": {"labels": []}, "update": operations}
    assert (await jira.put(f"/issue/{key}", both)).status == 400


async def test_a_comment_is_the_callers_and_of_now_whatever_it_says(jira: JiraCaller) -> None:
    person = jira.site.accounts.add("lee@example.com", "Lee")
    key = await jira.new_issue()
    body = {
        "body": document("Hello"),
        "author": {"accountId": person.account_id},
        "created": "2020-01-01T00:00:00.000+0000",
        "visibility": {"type": "role", "value": "Administrators"},
        "properties": [{"key": "sitekeep.origin", "value": {"id": "1"}}],
    }
    answer = await jira.post(f"/issue/{key}/comment?expand=properties", body)
    assert answer.status == 201
    comment = answer.json
    assert comment["author"]["accountId"] == account_id_of(ADMIN_EMAIL)
    assert comment["created"] == "2026-03-04T05:06:07.000+0000"
    assert comment["visibility"]["identifier"] == "Administrators"
    assert comment["properties"] == body["properties"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": "text"},
        {"body": document("")},
        {"body": {"type": "doc", "version": 1, "content": [{"type": "text", "text": "top"}]}},
        {"body": document("x"), "visibility": {"type": "odd", "value": "x"}},
        {"body": document("x"), "properties": [{"key": "", "value": 1}]},
    ],
)
async def test_a_malformed_comment_is_refused(jira: JiraCaller, body: Json) -> None:
    key = await jira.new_issue()
    assert (await jira.post(f"/issue/{key}/comment", body)).status == 400
    assert (await jira.issue(key))["comment"]["total"] == 0


async def test_a_document_may_only_show_files_that_are_attached(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    uploaded = (await jira.upload(key, ("a.png", b"1"))).json[0]
    location = (await jira.get(f"/attachment/content/{uploaded['id']}")).headers["Location"]
    media_id = location.split("/file/")[1].split("/")[0]

    def shown(file_id: str) -> Json:
        media = {"type": "media", "attrs": {"type": "file", "id": file_id, "collection": ""}}
        single = {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media]}
        return {"body": {"type": "doc", "version": 1, "content": [single]}}

    refused = await jira.post(f"/issue/{key}/comment", shown("a.png"))
    assert refused.json["errorMessages"] == ["ATTACHMENT_VALIDATION_ERROR"]
    assert (await jira.post(f"/issue/{key}/comment", shown(media_id))).status == 201


async def test_a_worklog_keeps_its_start_in_whole_minutes(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    path = f"/issue/{key}/worklog?adjustEstimate=leave&notifyUsers=false"
    body = {"started": "2020-01-02T03:04:05.000+0100", "timeSpentSeconds": 119}
    worklog = (await jira.post(path, body | {"comment": document("work")})).json
    assert worklog["started"] == "2020-01-02T02:04:05.000+0000"
    assert (worklog["timeSpentSeconds"], worklog["timeSpent"]) == (60, "1m")
    assert worklog["created"] == "2026-03-04T05:06:07.000+0000"
    assert (await jira.issue(key))["timespent"] == 60


@pytest.mark.parametrize(
    "body",
    [{"timeSpentSeconds": 59}, {}, {"timeSpent": "soon"}, {"timeSpentSeconds": 60, "started": "x"}],
)
async def test_a_malformed_worklog_is_refused(jira: JiraCaller, body: Json) -> None:
    key = await jira.new_issue()
    assert (await jira.post(f"/issue/{key}/worklog", body)).status == 400


async def test_the_inward_issue_of_a_link_shows_the_outward_text(jira: JiraCaller) -> None:
    first, second = await jira.new_issue(), await jira.new_issue()
    body = {
        "type": {"name": "Blocks"},
        "inwardIssue": {"key": first},
        "outwardIssue": {"key": second},
    }
    assert [(await jira.post("/issueLink", body)).status for _ in range(2)] == [201, 201]
    (shown,) = (await jira.issue(first))["issuelinks"]
    assert (shown["type"]["outward"], shown["outwardIssue"]["key"]) == ("blocks", second)
    (other,) = (await jira.issue(second))["issuelinks"]
    assert (other["id"], other["inwardIssue"]["key"]) == (shown["id"], first)
    assert (await jira.get(f"/issueLink/{shown['id']}")).status == 200
    assert (await jira.call("DELETE", f"/issueLink/{shown['id']}")).status == 204
    assert (await jira.issue(first))["issuelinks"] == []
    unknown = body | {"type": {"name": "Odd"}}
    assert (await jira.post("/issueLink", unknown)).status == 404


async def test_a_linked_issue_shows_the_changed_summary_of_the_other(jira: JiraCaller) -> None:
    first, second = await jira.new_issue(), await jira.new_issue()
    ends = {"inwardIssue": {"key": first}, "outwardIssue": {"key": second}}
    await jira.post("/issueLink", {"type": {"name": "Relates"}} | ends)
    await jira.issue(first)
    await jira.put(f"/issue/{second}", {"fields": {"summary": "Renamed"}})
    (link,) = (await jira.issue(first))["issuelinks"]
    assert link["outwardIssue"]["fields"]["summary"] == "Renamed"


async def test_a_remote_link_is_known_by_its_global_id(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    path, target = f"/issue/{key}/remotelink", {"url": "https://example.com/1", "title": "One"}
    answers = [
        await jira.post(path, {"globalId": "system=x&id=1", "object": target | {"title": title}})
        for title in ("One", "Two")
    ]
    assert [each.status for each in answers] == [201, 200]
    (found,) = (await jira.get(path)).json
    assert found["object"]["title"] == "Two"
    assert (await jira.post(path, {"object": {}})).status == 400


async def test_uploads_keep_odd_names_and_get_new_media_ids(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    names = ["ä b.txt", "日本語 & 100%.txt"]
    uploaded = (await jira.upload(key, *((name, b"same") for name in names))).json
    assert [each["filename"] for each in uploaded] == names
    shown = (await jira.issue(key))["attachment"]
    assert [(each["filename"], each["size"]) for each in shown] == [(name, 4) for name in names]
    locations = {
        (await jira.get(f"/attachment/content/{each['id']}")).headers["Location"]
        for each in uploaded
    }
    assert len(locations) == 2
    assert (await jira.call("DELETE", f"/attachment/{uploaded[0]['id']}")).status == 204
    assert len((await jira.issue(key))["attachment"]) == 1


async def test_an_upload_needs_the_header_against_forgery(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    answer = await jira.call("POST", f"/issue/{key}/attachments", data={"file": "x"})
    assert answer.status == 403


async def test_the_creator_watches_unless_the_preference_is_off(jira: JiraCaller) -> None:
    first = await jira.new_issue()
    assert (await jira.issue(first))["watches"]["watchCount"] == 1
    key = "user.autowatch.disabled"
    assert (await jira.call("GET", f"/mypreferences?key={key}")).status == 404
    url, headers = (
        f"{jira.running.base_url}{API}/mypreferences",
        {"Content-Type": "application/json"},
    )
    async with jira.session.put(url, params={"key": key}, data=b"true", headers=headers) as bare:
        assert bare.status == 204
    assert (await jira.get(f"/mypreferences?key={key}")).body == b"true"
    second = await jira.new_issue()
    await jira.post(f"/issue/{second}/comment", {"body": document("x")})
    assert (await jira.issue(second))["watches"]["watchCount"] == 0


async def test_watchers_are_added_by_a_bare_string(jira: JiraCaller) -> None:
    person = jira.site.accounts.add("lee@example.com", "Lee")
    gone = jira.site.accounts.add("gone@example.com", "Gone", active=False)
    key = await jira.new_issue()
    assert (await jira.post(f"/issue/{key}/watchers", person.account_id)).status == 204
    assert (await jira.post(f"/issue/{key}/watchers", gone.account_id)).status == 404
    assert (await jira.post(f"/issue/{key}/watchers", {"accountId": "x"})).status == 400
    assert (await jira.issue(key))["watches"]["watchCount"] == 2
    path = f"/issue/{key}/watchers?accountId={person.account_id}"
    assert (await jira.call("DELETE", path)).status == 204
    assert (await jira.get(f"/issue/{key}/watchers")).json["watchCount"] == 1


async def test_deleted_numbers_are_never_given_again(jira: JiraCaller) -> None:
    keys = [await jira.new_issue() for _ in range(3)]
    assert (await jira.call("DELETE", f"/issue/{keys[2]}")).status == 204
    assert (await jira.get(f"/issue/{keys[2]}")).status == 404
    assert await jira.new_issue() == "AB-4"


async def test_an_issue_with_subtasks_is_only_deleted_with_them(jira: JiraCaller) -> None:
    parent = await jira.new_issue()
    child = await jira.new_issue(kind="Sub-task", parent={"key": parent})
    assert (await jira.call("DELETE", f"/issue/{parent}")).status == 400
    assert (await jira.call("DELETE", f"/issue/{parent}?deleteSubtasks=true")).status == 204
    assert (await jira.get(f"/issue/{child}")).status == 404


async def test_a_bulk_delete_is_a_task_that_is_polled(jira: JiraCaller) -> None:
    keys = [await jira.new_issue() for _ in range(3)]
    body = {"selectedIssueIdsOrKeys": [*keys[:2], "AB-99"], "sendBulkNotification": False}
    answer = await jira.post("/bulk/issues/delete", body)
    assert answer.status == 201
    task = answer.json["taskId"]
    polls = [(await jira.get(f"/bulk/queue/{task}")).json for _ in range(2)]
    assert [each["status"] for each in polls] == ["RUNNING", "COMPLETE"]
    assert len(polls[1]["processedAccessibleIssues"]) == 2
    assert polls[1]["invalidOrInaccessibleIssueCount"] == 1
    assert (await jira.get(f"/task/{task}")).json["status"] == "COMPLETE"
    left = {"issueIdsOrKeys": keys, "fields": ["summary"]}
    found = (await jira.post("/issue/bulkfetch", left)).json["issues"]
    assert [each["key"] for each in found] == [keys[2]]
    many = {"selectedIssueIdsOrKeys": [str(n) for n in range(1001)]}
    assert (await jira.post("/bulk/issues/delete", many)).status == 400


async def test_an_issue_is_found_by_a_former_key_of_its_project(jira: JiraCaller) -> None:
    await jira.new_issue()
    assert (await jira.put("/project/AB", {"key": "NEW"})).status == 200
    body = {"issueIdsOrKeys": ["AB-1"], "fields": ["summary"]}
    found = (await jira.post("/issue/bulkfetch", body)).json["issues"]
    assert [each["key"] for each in found] == ["NEW-1"]


async def test_issues_are_archived_with_their_sub_tasks_and_leave_the_search(
    jira: JiraCaller,
) -> None:
    parent = await jira.new_issue()
    child = await jira.new_issue(kind="Sub-task", parent={"key": parent})
    answer = await jira.put("/issue/archive", {"issueIdsOrKeys": [parent, child, "AB-9"]})
    assert answer.status == 200
    assert answer.json["numberOfIssuesUpdated"] == 1
    errors = {name: each["issueIdsOrKeys"] for name, each in answer.json["errors"].items()}
    assert errors == {"issueIsSubtask": [child], "issuesNotFound": ["AB-9"]}
    found = await jira.post("/search/jql", {"jql": "project = AB", "fields": ["key"]})
    assert found.json["issues"] == []
    assert (await jira.issue(child))["archiveddate"] == (await jira.issue(child))["updated"]
    assert (await jira.put(f"/issue/{parent}", {"fields": {"labels": ["x"]}})).status == 400
    assert (await jira.put("/issue/archive", {"issueIdsOrKeys": [child]})).status == 400
    assert (await jira.put("/issue/unarchive", {"issueIdsOrKeys": [parent]})).status == 200
    assert (await jira.put(f"/issue/{parent}", {"fields": {"labels": ["x"]}})).status == 204
    jira.site.premium = False
    assert (await jira.put("/issue/archive", {"issueIdsOrKeys": [parent]})).status == 403
    assert jira.problems == []


async def test_an_issue_that_moves_into_another_project_gets_its_next_number(
    jira: JiraCaller,
) -> None:
    await jira.new_project("CD")
    await jira.new_issue("CD")
    moved = await jira.new_issue("AB", labels=["kept"])
    flags = ("ClassificationDefaults", "FieldDefaults", "StatusDefaults")
    source = {"issueIdsOrKeys": [moved], "inferSubtaskTypeDefault": True}
    source |= {f"infer{each}": True for each in flags}
    body = {"targetToSourcesMapping": {f"CD,{await jira.type_id('Task')}": source}}
    assert (await jira.post("/bulk/issues/move", body)).status == 201
    found = (await jira.get(f"/issue/{moved}")).json
    assert (found["key"], found["fields"]["labels"]) == ("CD-2", ["kept"])
    search = {"jql": 'updated >= "-1m" AND project = CD', "fields": ["key"]}
    keys = [each["key"] for each in (await jira.post("/search/jql", search)).json["issues"]]
    assert sorted(keys) == ["CD-1", "CD-2"]
    assert jira.problems == []
