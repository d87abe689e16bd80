"""Pulls all issues with their comments through the library ``atlassian-python-api``."""

from __future__ import annotations

import importlib
from typing import Any

from bench.peers.measuring import EMAIL, PAGE, TOKEN, Haul, measure


def pull(base: str) -> Haul:
    """Every page of every project, then what the issues say that they lack."""
    library: Any = importlib.import_module("atlassian.jira")
    jira = library.JiraCloud(url=base, username=EMAIL, password=TOKEN)
    haul = Haul()
    for project in jira.get_all_projects():
        token = None
        while True:
            query = f"project = {project['key']} ORDER BY id"
            page = jira.enhanced_jql(query, nextPageToken=token, limit=PAGE)
            for issue in page["issues"]:
                take(jira, issue, haul)
            token = page.get("nextPageToken")
            if not token:
                break
    return haul


def take(jira: Any, issue: Any, haul: Haul) -> None:
    """Counts an issue and its comments."""
    embedded = issue["fields"]["comment"]
    haul.issues.add(issue["key"])
    haul.comments.update(each["id"] for each in embedded["comments"])
    if embedded["total"] <= len(embedded["comments"]):
        return
    for start in range(0, embedded["total"], PAGE):
        page = jira.get_comments(issue["id"], start_at=start, max_results=PAGE)
        haul.comments.update(each["id"] for each in page["comments"])


if __name__ == "__main__":
    measure(pull)
