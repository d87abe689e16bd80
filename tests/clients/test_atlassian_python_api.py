"""The library ``atlassian-python-api``, unmodified, against the simulated site."""

from __future__ import annotations

from typing import Any

import pytest

from clients.judged_site import DUE, ISSUES, PROJECT, judged_site
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.server import RunningSite

__all__ = ["judged_site"]
library: Any = pytest.importorskip(
    "atlassian", reason="pip install atlassian-python-api (extra develop)"
)
requests: Any = pytest.importorskip("requests")
EVERYWHERE = "project in (PLAT, WEB, APP)"


def text(words: str) -> dict[str, Any]:
    """A document of one paragraph: what version 3 of the API takes for a text."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": words}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def sign_in(site: RunningSite) -> dict[str, str]:
    return {"url": site.base_url, "username": ADMIN_EMAIL, "password": ADMIN_TOKEN}


@pytest.fixture
def jira(judged_site: RunningSite) -> Any:
    from_cloud: Any = pytest.importorskip("atlassian.jira")
    return from_cloud.JiraCloud(**sign_in(judged_site))


@pytest.fixture
def software(judged_site: RunningSite) -> Any:
    from_cloud: Any = pytest.importorskip("atlassian.jira")
    return from_cloud.JiraSoftware(**sign_in(judged_site))


@pytest.fixture
def older(judged_site: RunningSite) -> Any:
    """The client that most programs use, told that the site is in the cloud."""
    return library.Jira(**sign_in(judged_site), cloud=True, api_version="3")


def new_issue(jira: Any) -> str:
    fields = {"project": {"key": PROJECT}, "issuetype": {"name": "Task"}, "summary": "By a client"}
    return str(
        jira.create_issue(data={"fields": {**fields, "duedate": DUE, "description": text("„x“")}})[
            "key"
        ]
    )


def test_it_connects_and_knows_who_it_is(jira: Any) -> None:
    assert jira.get_server_info()["deploymentType"] == "Cloud"
    assert jira.get_current_user()["emailAddress"] == ADMIN_EMAIL


def test_it_reads_projects_fields_and_lists(jira: Any) -> None:
    found = jira.search_projects(max_results=2)
    assert len(found["values"]) == 2
    assert jira.get_project("PLAT")["key"] == "PLAT"
    assert {"PLAT", "WEB"} <= {each["key"] for each in jira.get_all_projects()}
    assert {each["name"] for each in jira.get_fields()} >= {"Summary", "Sprint"}
    assert jira.get_issue_link_types()["issueLinkTypes"]
    assert len(jira.get_issue_all_types()) >= 5


def test_it_creates_reads_edits_and_deletes_an_issue(jira: Any) -> None:
    key = new_issue(jira)
    jira.edit_issue(key, data={"fields": {"summary": "Another title"}})
    me = jira.get_current_user()["accountId"]
    jira.assign_issue(key, data={"accountId": me})
    fields = jira.get_issue(key)["fields"]
    assert (fields["summary"], fields["assignee"]["accountId"]) == ("Another title", me)
    jira.assign_issue(key, data={"accountId": None})
    assert jira.get_issue(key, fields="assignee")["fields"] == {"assignee": None}
    jira.delete_issue(key)
    with pytest.raises(requests.HTTPError) as error:
        jira.get_issue(key)
    assert error.value.response.status_code == 404


def test_it_takes_an_issue_through_its_workflow(jira: Any) -> None:
    key = new_issue(jira)
    steps = jira.get_transitions(key)["transitions"]
    done = next(each["id"] for each in steps if each["name"] == "Done")
    jira.do_transition(key, data={"transition": {"id": done}})
    assert jira.get_issue(key)["fields"]["status"]["name"] == "Done"
    history = jira.get_change_logs(key)["values"]
    assert any(item["field"] == "status" for entry in history for item in entry["items"])


def test_it_comments_and_logs_work(jira: Any) -> None:
    key = new_issue(jira)
    comment = jira.add_comment(key, data={"body": text("first")})["id"]
    jira.update_comment(key, comment, data={"body": text("second")})
    assert [each["body"] for each in jira.get_comments(key)["comments"]] == [text("second")]
    jira.delete_comment(key, comment)
    assert jira.get_comments(key)["total"] == 0
    jira.add_worklog(key, data={"timeSpentSeconds": 600, "started": "2026-01-01T10:00:00.000+0000"})
    assert jira.get_issue_worklog(key)["total"] == 1


def test_it_attaches_a_file(older: Any, jira: Any, tmp_path: Any) -> None:
    key = new_issue(jira)
    file = tmp_path / "notes.txt"
    file.write_bytes(b"content")
    older.add_attachment(key, str(file))
    [attachment] = jira.get_issue(key)["fields"]["attachment"]
    assert jira.get_attachment(attachment["id"])["size"] == len(b"content")
    jira.remove_attachment(attachment["id"])
    assert jira.get_issue(key)["fields"]["attachment"] == []


def test_it_links_issues(jira: Any) -> None:
    one, other = new_issue(jira), new_issue(jira)
    ends = {"inwardIssue": {"key": one}, "outwardIssue": {"key": other}}
    jira.link_issues(data={"type": {"name": "Blocks"}, **ends})
    [link] = jira.get_issue(one)["fields"]["issuelinks"]
    jira.delete_issue_link(link["id"])
    page = {"globalId": "wiki=1", "object": {"url": "https://w.example.com", "title": "A page"}}
    made = jira.create_or_update_remote_issue_link(one, data=page)
    assert jira.get_remote_issue_link_by_id(one, made["id"])["object"]["title"] == "A page"
    jira.delete_remote_issue_link_by_id(one, made["id"])
    assert jira.get_remote_issue_links(one) == []


def test_it_pages_through_a_search(jira: Any, older: Any) -> None:
    every = jira.enhanced_jql_get_list_of_tickets(f"{EVERYWHERE} ORDER BY id", fields="summary")
    assert len(every) == len({each["id"] for each in every}) >= ISSUES * 0.9
    assert jira.count_issues(data={"jql": EVERYWHERE})["count"] == len(every)
    page = older.enhanced_jql(f"{EVERYWHERE} ORDER BY id", limit=10)
    assert [each["id"] for each in page["issues"]] == [each["id"] for each in every[:10]]
    first = [each["id"] for each in every[:100]]
    fetched = jira.bulk_fetch_issues(data={"issueIdsOrKeys": first, "fields": ["*all"]})
    assert [each["id"] for each in fetched["issues"]] == first


def test_it_uses_filters(jira: Any) -> None:
    made = jira.create_filter(data={"name": "Mine", "jql": "project = PLAT"})
    jira.update_filter(made["id"], data={"name": "Renamed", "jql": "project = WEB"})
    assert jira.get_filter(made["id"])["jql"] == "project = WEB"
    assert "Renamed" in {each["name"] for each in jira.get_filters_paginated()["values"]}
    jira.delete_filter(made["id"])


def test_it_uses_boards_and_sprints(software: Any, jira: Any) -> None:
    boards = software.get_all_boards()["values"]
    board = next(each["id"] for each in boards if each["type"] == "scrum")
    assert software.get_configuration(board)["filter"]["id"]
    made = software.create_sprint(data={"name": "Next", "originBoardId": board, "goal": "g"})["id"]
    dates = {"startDate": "2026-01-01T10:00:00.000Z", "endDate": "2026-01-15T10:00:00.000Z"}
    whole = software.update_sprint(made, data={"name": "Whole", "state": "future", **dates})
    assert (whole["name"], whole["goal"], "startDate" in whole) == ("Whole", "", True)
    part = software.partially_update_sprint(made, data={"goal": "again"})
    assert (part["name"], part["goal"], "startDate" in part) == ("Whole", "again", True)
    software.move_issues_to_sprint_and_rank(made, data={"issues": [new_issue(jira)]})
    software.delete_sprint(made)


def test_it_is_told_that_the_old_search_is_gone(older: Any, jira: Any) -> None:
    with pytest.raises(requests.HTTPError) as error:
        older.get(jira.endpoint("search"), params={"jql": EVERYWHERE})
    assert error.value.response.status_code == 410
    assert "has been removed" in str(error.value)
