"""The library ``jira`` of pycontribs, unmodified, against the simulated site."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from clients.judged_site import DUE, ISSUES, PROJECT, judged_site
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.server import RunningSite

__all__ = ["judged_site"]
library: Any = pytest.importorskip("jira", reason="pip install jira (extra develop)")


def text(words: str) -> dict[str, Any]:
    """A document of one paragraph: what version 3 of the API takes for a text."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": words}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


def connect(site: RunningSite, token: str) -> Any:
    return library.JIRA(
        server=site.base_url,
        basic_auth=(ADMIN_EMAIL, token),
        options={"rest_api_version": "3", "check_update": False},
        max_retries=0,
    )


@pytest.fixture
def jira(judged_site: RunningSite) -> Generator[Any]:
    client = connect(judged_site, ADMIN_TOKEN)
    yield client
    client.close()


def new_issue(jira: Any, summary: str = "By a client") -> Any:
    fields = {"project": {"key": PROJECT}, "issuetype": {"name": "Task"}, "summary": summary}
    return jira.create_issue(
        fields={**fields, "duedate": DUE, "description": text("Größe „x“ 出荷")}
    )


def test_it_connects_and_knows_who_it_is(jira: Any) -> None:
    assert jira.server_info()["deploymentType"] == "Cloud"
    assert jira.myself()["emailAddress"] == ADMIN_EMAIL
    assert jira.current_user() == jira.myself()["accountId"]
    assert jira.user(jira.current_user()).displayName == "Site Admin"


def test_it_reads_projects_and_what_they_are_made_of(jira: Any) -> None:
    project = jira.project("PLAT")
    assert {"PLAT", "WEB"} <= {each.key for each in jira.projects()}
    assert [each.name for each in jira.project_versions("PLAT")] == [
        each.name for each in project.versions
    ]
    assert len(jira.project_components("PLAT")) == 3
    assert "Administrators" in jira.project_roles("PLAT")
    assert {each.name for each in jira.issue_types()} >= {"Task", "Epic", "Sub-task"}
    assert jira.issue_type_by_name("Task").name == "Task"


def test_it_reads_the_small_lists(jira: Any) -> None:
    assert {each["name"] for each in jira.fields()} >= {"Summary", "Story points", "Rank"}
    assert {each.name for each in jira.statuses()} >= {"To Do", "In Review"}
    assert jira.status(jira.statuses()[0].id).name
    assert {each.name for each in jira.priorities()} >= {"Medium"}
    assert jira.priority(jira.priorities()[0].id).name
    assert jira.resolution(jira.resolutions()[0].id).name
    assert {each.key for each in jira.statuscategories()} >= {"new", "done"}
    assert "Blocks" in {each.name for each in jira.issue_link_types()}
    assert jira.my_permissions(permissions="BROWSE_PROJECTS")["permissions"]


def test_it_finds_people_and_groups(jira: Any) -> None:
    assert jira.search_users(query="Site Admin")[0].accountId == jira.current_user()
    assert "developers" in jira.groups()


def test_it_creates_reads_edits_and_deletes_an_issue(jira: Any) -> None:
    issue = new_issue(jira)
    issue.update(fields={"summary": "Another title", "labels": ["one", "two"]})
    assert jira.issue(issue.key).fields.summary == "Another title"
    issue.update(assignee={"accountId": jira.current_user()})
    assert jira.issue(issue.key, fields="assignee").fields.assignee.displayName == "Site Admin"
    issue.delete()
    with pytest.raises(library.JIRAError) as error:
        jira.issue(issue.key)
    assert error.value.status_code == 404


def test_it_creates_several_issues_at_once(jira: Any) -> None:
    fields = {"project": {"key": PROJECT}, "issuetype": {"name": "Task"}, "duedate": DUE}
    made = jira.create_issues([{**fields, "summary": "a"}, {**fields, "summary": ""}])
    assert [each["status"] for each in made] == ["Success", "Error"]


def test_it_takes_an_issue_through_its_workflow(jira: Any) -> None:
    issue = new_issue(jira)
    steps = {each["name"]: each["id"] for each in jira.transitions(issue)}
    jira.transition_issue(issue, "Done")
    assert jira.issue(issue.key).fields.status.name == "Done"
    assert jira.find_transitionid_by_name(issue, "Done") in (steps["Done"], None)


def test_it_comments(jira: Any) -> None:
    issue = new_issue(jira)
    comment = jira.add_comment(issue, text("first"))
    assert jira.comment(issue, comment.id).author.displayName == "Site Admin"
    comment.update(body=text("second"))
    [found] = jira.comments(issue)
    assert found.raw["body"] == text("second")
    found.delete()
    assert jira.comments(issue) == []


def test_it_attaches_and_downloads_files(jira: Any, tmp_path: Any) -> None:
    issue = new_issue(jira)
    file = tmp_path / "größe ‚x‘.txt"
    file.write_bytes(b"content \x00 of a file" * 100)
    added = jira.add_attachment(issue, str(file))
    assert jira.attachment(added.id).get() == file.read_bytes()
    assert jira.issue(issue.key).fields.attachment[0].filename == file.name
    jira.delete_attachment(added.id)
    assert jira.issue(issue.key).fields.attachment == []


def test_it_links_issues_and_pages(jira: Any) -> None:
    one, other = new_issue(jira), new_issue(jira)
    jira.create_issue_link("Blocks", one.key, other.key)
    [link] = jira.issue(one.key).fields.issuelinks
    assert link.outwardIssue.key == other.key
    assert jira.issue_link(link.id).type.name == "Blocks"
    jira.delete_issue_link(link.id)
    assert jira.issue(one.key).fields.issuelinks == []
    page = {"url": "https://wiki.example.com/1", "title": "A page"}
    jira.add_simple_link(one.key, page)
    [remote] = jira.remote_links(one)
    assert remote.object.title == "A page"
    remote.delete()
    assert jira.remote_links(one) == []


def test_it_logs_work_watches_votes_and_keeps_properties(jira: Any) -> None:
    issue = new_issue(jira)
    jira.add_worklog(issue, timeSpent="2h", comment=text("worked"))
    assert [each.timeSpentSeconds for each in jira.worklogs(issue)] == [7200]
    assert jira.watchers(issue).watchCount == 1
    jira.remove_watcher(issue, jira.current_user())
    jira.add_watcher(issue, jira.current_user())
    assert jira.watchers(issue).watchCount == 1
    jira.add_issue_property(issue.key, "tool", {"a": [1, "ü"]})
    assert jira.issue_property(issue.key, "tool").value.a == [1, "ü"]
    assert [each.key for each in jira.issue_properties(issue.key)] == ["tool"]


def test_it_pages_through_a_search(jira: Any) -> None:
    first = jira.enhanced_search_issues("project in (PLAT, WEB, APP) ORDER BY id", maxResults=50)
    every = jira.search_issues("project in (PLAT, WEB, APP) ORDER BY id", maxResults=0)
    assert len(first) == 50
    assert len(every) == len({each.key for each in every}) >= ISSUES * 0.9
    assert [each.key for each in every[:50]] == [each.key for each in first]
    assert jira.approximate_issue_count("project in (PLAT, WEB, APP)") == len(every)


def test_it_uses_filters(jira: Any) -> None:
    made = jira.create_filter("Mine „x“", "d", "project = PLAT ORDER BY created")
    assert jira.filter(made.id).jql == "project = PLAT ORDER BY created"
    jira.update_filter(made.id, name="Renamed", jql="project = WEB")
    assert jira.filter(made.id).name == "Renamed"


def test_it_uses_boards_and_sprints(jira: Any) -> None:
    board = next(each for each in jira.boards() if each.type == "scrum")
    sprints = jira.sprints(board.id, maxResults=0)
    assert {each.state for each in sprints} >= {"closed"}
    made = jira.create_sprint("Next „x“", board.id, goal="Ship it")
    issue = new_issue(jira)
    jira.add_issues_to_sprint(made.id, [issue.key])
    assert [each.key for each in jira.search_issues(f"key = {issue.key}")] == [issue.key]
    jira.move_to_backlog([issue.key])
    jira.update_sprint(made.id, name="Later")
    assert jira.sprint(made.id).name == "Later"
    assert jira.rank(issue.key, next_issue=new_issue(jira).key)
    jira.sprint(made.id).delete()


def test_it_reads_dashboards(jira: Any) -> None:
    system, own, *_ = jira.dashboards(maxResults=50)
    assert system.systemDashboard
    assert jira.dashboard(own.id).name == own.name


def test_it_is_told_that_the_old_search_is_gone(jira: Any) -> None:
    with pytest.raises(library.JIRAError) as error:
        jira._get_json("search", params={"jql": "project = PLAT"})
    assert error.value.status_code == 410
    assert "has been removed" in error.value.text


def test_it_is_told_that_its_token_is_wrong(judged_site: RunningSite) -> None:
    client = connect(judged_site, "wrong")
    with pytest.raises(library.JIRAError) as error:
        client.myself()
    client.close()
    assert error.value.status_code == 401
