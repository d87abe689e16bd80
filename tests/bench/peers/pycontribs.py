"""Pulls all issues with their comments through the library ``jira`` of pycontribs.

The quickest way that it has: pages of the search as JSON, without its objects.
"""

from __future__ import annotations

import importlib
from typing import Any

from bench.peers.measuring import EMAIL, PAGE, TOKEN, Haul, measure


def pull(base: str) -> Haul:
    """Every page of every project, then what the issues say that they lack."""
    library: Any = importlib.import_module("jira")
    options = {"rest_api_version": "3", "check_update": False}
    jira = library.JIRA(server=base, basic_auth=(EMAIL, TOKEN), options=options)
    haul = Haul()
    for project in jira.projects():
        token = None
        while True:
            page = jira.enhanced_search_issues(
                f"project = {project.key} ORDER BY id",
                nextPageToken=token,
                maxResults=PAGE,
                json_result=True,
            )
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
        path = f"issue/{issue['id']}/comment"
        page = jira._get_json(path, params={"startAt": start, "maxResults": PAGE})
        haul.comments.update(each["id"] for each in page["comments"])


if __name__ == "__main__":
    measure(pull)
