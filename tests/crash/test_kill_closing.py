"""kill -9 during the closing pass of a backup: what changed while it ran is in it, once."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.processes import Deployment, wait_until

ISSUES = os.environ.get("SITEKEEP_TEST_CLOSING_ISSUES", "60")
END_SECONDS = 120.0
HELD_SECONDS = 4
"""How long the site has the server wait, so that it is killed in the middle of a unit."""

SEARCH, PROJECTS = "/search/jql$", "/project/search$"


@pytest.fixture
def deployment(tmp_path: Path) -> Generator[Deployment, None, None]:
    deployment = Deployment(tmp_path)
    try:
        deployment.simulate({"source": "generated"}, f"--issues={ISSUES}", "--pages=1")
        deployment.start("backup")
        deployment.start("restore")
        deployment.command("organization", "create", "acme", "--enroll")
        for name in ("jira", "jira-again"):
            deployment.command(
                "product", "add", name, "--type", "jira", "--site", deployment.site_url("source"),
                "--email", "admin@example.com",
            )  # fmt: skip
            deployment.command("policy", "create", name, "--product", name)
        yield deployment
    finally:
        deployment.stop()


def test_a_backup_killed_while_it_closes_holds_the_site_as_it_then_is(
    deployment: Deployment,
) -> None:
    statement = "SELECT count(*) FROM jira_project WHERE state = 'live'"
    projects = int(str(deployment.query_site("source", statement)[0][0]))
    # Behind the highest number of each project: the search for what changed.
    _hold(deployment, SEARCH, skip=projects)
    killed = _start(deployment, "jira")
    _wait_for_hold(deployment)
    _change(deployment)
    _kill(deployment)

    # Behind that search: the list of the issues of a project.
    _hold(deployment, SEARCH, skip=1)
    deployment.start("backup")
    _wait_for_hold(deployment)
    _kill(deployment)

    # The count at the end, the files being left.
    _hold(deployment, PROJECTS, skip=0)
    deployment.start("backup")
    _wait_for_hold(deployment)
    _kill(deployment)
    deployment.start("backup")

    backup = _ended(deployment, killed)
    again = _ended(deployment, _start(deployment, "jira-again"))
    assert backup["state"] == again["state"] == "COMPLETE"
    assert backup["contents"] == again["contents"]
    compared = deployment.command(
        "compare", _id(backup), _id(again), "--mode", "same-site", "--json", check=False
    )
    assert json.loads(compared.stdout)["differences"] == [], compared.stderr


def _call(deployment: Deployment, method: str, path: str, body: Any = None) -> Any:
    login = base64.b64encode(b"admin@example.com:simulated-token").decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    url = deployment.site_url("source") + path
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def _hold(deployment: Deployment, path: str, *, skip: int) -> None:
    _call(deployment, "DELETE", "/_simulator/faults")
    fault = {"kind": "rate_limited", "path": path, "skip": skip, "times": 1}
    _call(deployment, "POST", "/_simulator/faults", {**fault, "retryAfter": HELD_SECONDS})


def _wait_for_hold(deployment: Deployment) -> None:
    def is_fired() -> bool:
        found = _call(deployment, "GET", "/_simulator/faults")
        return all(each["fired"] for each in found)

    wait_until(is_fired, END_SECONDS, "the request that is held up")


def _kill(deployment: Deployment) -> None:
    running = "SELECT kind FROM unit WHERE state = 'RUNNING'"
    assert deployment.query(running), "a unit is in its midst"
    deployment.kill("backup")


def _change(deployment: Deployment) -> None:
    """One issue is edited, one comes, one goes."""
    edited, gone = next(pair for pair in _pairs(deployment) if _edit(deployment, pair[0]))
    assert edited != gone
    _call(deployment, "DELETE", f"/rest/api/3/issue/{gone}")
    _create(deployment)


def _pairs(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Two issues without children of each live project, the largest first."""
    alone = (
        "SELECT p.key, min(i.number), max(i.number) FROM jira_issue i "
        "JOIN jira_project p ON p.id = i.project_id WHERE p.state = 'live' AND i.parent_id IS NULL "
        "AND i.id NOT IN (SELECT parent_id FROM jira_issue WHERE parent_id NOT NULL) "
        "GROUP BY p.id HAVING count(*) > 1 ORDER BY count(*) DESC"
    )
    for project, first, last in deployment.query_site("source", alone):
        yield f"{project}-{first}", f"{project}-{last}"


def _edit(deployment: Deployment, key: str) -> bool:
    """Whether the issue takes a label; what links show of it stays as it is."""
    fields = {"fields": {"labels": ["changed-meanwhile"]}}
    try:
        _call(deployment, "PUT", f"/rest/api/3/issue/{key}", fields)
    except urllib.error.HTTPError:
        return False
    return True


def _create(deployment: Deployment) -> None:
    """One issue more, in the first project that demands no further field."""
    kinds = (
        "SELECT DISTINCT p.key, i.type_id FROM jira_issue i JOIN jira_project p "
        "ON p.id = i.project_id WHERE p.state = 'live' AND i.parent_id IS NULL ORDER BY p.key"
    )
    for project, kind in deployment.query_site("source", kinds):
        new = {"project": {"key": project}, "issuetype": {"id": str(kind)}, "summary": "Came late"}
        with contextlib.suppress(urllib.error.HTTPError):
            _call(deployment, "POST", "/rest/api/3/issue", {"fields": new})
            return
    raise AssertionError("no project takes an issue")


def _start(deployment: Deployment, policy: str) -> str:
    arguments = ("backup", "create", "--policy", policy, "--no-wait", "--json")
    return str(json.loads(deployment.command(*arguments).stdout)["name"]).split("/")[-1]


def _ended(deployment: Deployment, operation: str) -> dict[str, Any]:
    statement = "SELECT state FROM operation WHERE id = ?"

    def is_done() -> bool:
        return deployment.query(statement, operation)[0][0] not in ("QUEUED", "RUNNING")

    wait_until(is_done, END_SECONDS, f"the end of {operation}")
    shown = json.loads(deployment.command("operation", "show", operation, "--json").stdout)
    assert "error" not in shown, f"{shown['error']}\n{deployment.log('backup')[-3000:]}"
    response: dict[str, Any] = shown["response"]
    return response


def _id(resource: dict[str, Any]) -> str:
    return str(resource["name"]).split("/")[-1]
