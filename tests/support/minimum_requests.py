"""The fewest requests that a content can be read with, and the requests that were sent.

Sources of the largest pages: Jira REST v3 (bulkfetch 100 issues, changelog/bulkfetch 1,000 issues
or 10,000 entries, comments 100, worklogs 5,000), Confluence v2 (250 items a list).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

PAGE = 250

_GROUPS = (
    (r"/issue/bulkfetch$", "core: issues"),
    (r"/changelog/bulkfetch$", "core: histories"),
    (r"/search/jql$", "core: highest numbers, lists of keys, changes"),
    (r"/issue/\{[^}]+\}/(comment|worklog)$", "core: cut lists"),
    (r"/watchers$", "follow-ups: watchers"),
    (r"/properties$|/(comment|worklog)/list$", "follow-ups: properties"),
    (r"/remotelink$", "follow-ups: remote links"),
    (r"/attachment/content/|/child/attachment/.*/download$", "files: addresses"),
    (r"/file/|/media", "files: bytes"),
    (r"/v2/spaces/\{[^}]+\}/(pages|blogposts)$", "core: contents"),
    (r"/v2/(footer|inline)-comments", "core: comments"),
    (r"/v2/labels", "core: labels"),
    (r"/v2/(pages|blogposts)/\{[^}]+\}/labels$", "core: labels of archived and trashed content"),
    (r"/v2/attachments$", "core: files listed"),
    (r"/v2/spaces$", "core: spaces"),
)


def grouped(log: Mapping[str, Any]) -> Counter[str]:
    """The requests of a site's log by what they are for."""
    groups: Counter[str] = Counter()
    for entry in log["requests"]:
        if not entry["template"].startswith(("/_simulator", "/_edge")):
            groups[_group(entry["template"])] += entry["count"]
    return groups


def _group(template: str) -> str:
    for pattern, group in _GROUPS:
        if re.search(pattern, template):
            return group
    return "configuration"


def of_jira(met: Mapping[str, int]) -> Counter[str]:
    """The minimum for what the raw loop met."""
    return Counter(
        {
            "core: issues": met["blocks"],
            "core: histories": met["history_pages"],
            "core: highest numbers, lists of keys, changes": 2 * met["projects"] + 1,
            "core: cut lists": met.get("comment_pages", 0) + met.get("worklog_pages", 0),
            "follow-ups: watchers": met.get("watched", 0),
            "follow-ups: remote links": met.get("linked", 0),
            "files: addresses": met.get("attachments", 0),
            "files: bytes": met.get("attachments", 0),
        }
    )


def of_confluence(met: Mapping[str, int]) -> Counter[str]:
    """The minimum for what a backup holds."""
    files = met["attachments"]
    return Counter(
        {
            "core: spaces": 2 * pages(met["spaces"]),
            "core: contents": met["content_pages"],
            "core: comments": pages(met["footer_comments"])
            + pages(met["inline_comments"])
            + met.get("reply_pages", 0),
            "core: labels": pages(met["labels"]) + 2 * met["labels"],
            "core: labels of archived and trashed content": met["not_current"],
            "core: files listed": pages(files),
            "files: addresses": files,
            "files: bytes": files,
        }
    )


def pages(items: int) -> int:
    """Pages of a list with that many items; an empty list is one."""
    return max(1, -(-items // PAGE))
