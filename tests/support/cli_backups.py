"""Small backups in memory, made of records as the sites send them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference, KindResult, Mode, Record
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

Records = dict[Kind, list[dict[str, Any]]]
"""By kind: what :class:`Record` is made of; ``payload`` is JSON that is not written yet."""


class MemoryBackup:
    """A backup for the comparison."""

    def __init__(self, records: Records, site_uri: str) -> None:
        self._records = records
        self._site_uri = site_uri

    @property
    def site_uri(self) -> str:
        return self._site_uri

    def records(self, kind: Kind) -> Iterator[Record]:
        for values in self._records.get(kind, []):
            payload = values.get("payload")
            yield Record(
                kind,
                values["key"],
                values.get("attributes", {}),
                values.get("size_bytes", 0),
                values.get("digest", ""),
                b"" if payload is None else json.dumps(payload).encode(),
            )


def compared(
    left: Records,
    right: Records,
    *,
    jira: bool,
    mode: Mode = Mode.SAME_SITE,
    coverage: Sequence[CoverageRow] = (),
    sites: tuple[str, str] = ("https://left.example", "https://right.example"),
) -> tuple[list[Difference], dict[Kind, KindResult]]:
    """The differences and the results of a comparison."""
    with Shelf() as shelf:
        comparison = Comparison(shelf, mode, {row.kind: row for row in coverage})
        comparison.read(MemoryBackup(left, sites[0]), MemoryBackup(right, sites[1]), jira=jira)
        return list(comparison.differences()), comparison.results


def changed(records: Records, change: Callable[[Records], object]) -> Records:
    """A copy of the records with a change planted."""
    copied = copy.deepcopy(records)
    change(copied)
    return copied


def paragraph(*texts: str) -> dict[str, Any]:
    """An ADF paragraph."""
    return {"type": "paragraph", "content": [{"type": "text", "text": text} for text in texts]}


def document(*nodes: Mapping[str, Any]) -> dict[str, Any]:
    """An ADF document."""
    return {"type": "doc", "version": 1, "content": list(nodes)}


ANNA = {"accountId": "a1", "displayName": "Anna Ångström"}
BOB = {"accountId": "b2", "displayName": "Bob"}


OPTIONS: list[Any] = [{"id": "33", "value": "Red"}]


def jira() -> Records:
    """Two issues with something of every kind."""
    issue = {
        "id": "10001",
        "key": "ALOY-1",
        "fields": {
            "summary": "It breaks",
            "issuetype": {"id": "1", "name": "Bug"},
            "status": {"id": "3", "name": "Open"},
            "priority": {"id": "2", "name": "High"},
            "resolution": None,
            "labels": ["b", "a"],
            "fixVersions": [{"id": "7", "name": "1.0"}],
            "components": [{"id": "8", "name": "Core"}],
            "assignee": BOB,
            "reporter": ANNA,
            "creator": ANNA,
            "created": "2024-05-01T12:00:00.000+0200",
            "updated": "2024-05-02T10:00:00.000+0000",
            "description": document(
                paragraph("See https://left.example/browse/ALOY-2"),
                {
                    "type": "mediaSingle",
                    "content": [
                        {"type": "media", "attrs": {"id": "m-1", "collection": "c", "type": "file"}}
                    ],
                },
            ),
            "customfield_10010": {"id": "33", "value": "Red"},
            "comment": {
                "total": 2,
                "comments": [
                    {
                        "id": "501",
                        "author": BOB,
                        "created": "2024-05-01T11:00:00.000+0000",
                        "updated": "2024-05-01T11:00:00.000+0000",
                        "body": document(paragraph("Me too")),
                    }
                ],
            },
            "worklog": {
                "total": 1,
                "worklogs": [
                    {
                        "id": "601",
                        "author": BOB,
                        "created": "2024-05-01T11:30:00.000+0000",
                        "started": "2024-05-01T11:30:00.000+0000",
                        "timeSpentSeconds": 3600,
                        "comment": document(paragraph("Looked")),
                    }
                ],
            },
            "issuelinks": [
                {"id": "9", "type": {"name": "Blocks"}, "outwardIssue": {"key": "ALOY-2"}}
            ],
        },
    }
    other = {
        "id": "10002",
        "key": "ALOY-2",
        "fields": {
            "summary": "Below",
            "parent": {"id": "10001", "key": "ALOY-1"},
            "issuelinks": [
                {"id": "9", "type": {"name": "Blocks"}, "inwardIssue": {"key": "ALOY-1"}}
            ],
            "creator": ANNA,
            "created": "2024-05-01T10:00:00.000+0000",
            "updated": "2024-05-01T10:00:00.000+0000",
        },
    }
    return {
        Kind.USER: [{"key": "a1", "payload": ANNA}, {"key": "b2", "payload": BOB}],
        Kind.GROUP: [{"key": "g1", "payload": {"groupId": "g1", "name": "devs"}}],
        Kind.MEMBERSHIP: [{"key": "g1/a1", "payload": ANNA}],
        Kind.ISSUE_TYPE: [{"key": "1", "payload": {"id": "1", "name": "Bug", "subtask": False}}],
        Kind.STATUS: [
            {"key": "3", "payload": {"id": "3", "name": "Open", "statusCategory": "TODO"}}
        ],
        Kind.PRIORITY: [{"key": "2", "payload": {"id": "2", "name": "High"}}],
        Kind.RESOLUTION: [{"key": "4", "payload": {"id": "4", "name": "Done"}}],
        Kind.ISSUE_LINK_TYPE: [
            {"key": "5", "payload": {"id": "5", "name": "Blocks", "outward": "blocks"}}
        ],
        Kind.FIELD: [
            {
                "key": "customfield_10010",
                "payload": {
                    "id": "customfield_10010",
                    "name": "Colour",
                    "custom": True,
                    "schema": {"type": "option", "custom": "select"},
                },
            }
        ],
        Kind.FIELD_CONTEXT: [
            {
                "key": "300",
                "payload": {"id": "300", "name": "All", "isGlobalContext": True},
                "attributes": {"field": "customfield_10010", "options": json.dumps(OPTIONS)},
            }
        ],
        Kind.PROJECT: [
            {
                "key": "10000",
                "payload": {"id": "10000", "key": "ALOY", "name": "Alloy", "lead": ANNA},
                "attributes": {"key": "ALOY"},
            }
        ],
        Kind.VERSION: [
            {
                "key": "7",
                "payload": {"id": "7", "name": "1.0", "released": True},
                "attributes": {"project": "10000"},
            }
        ],
        Kind.COMPONENT: [
            {
                "key": "8",
                "payload": {"id": "8", "name": "Core", "description": "The core"},
                "attributes": {"project": "10000"},
            }
        ],
        Kind.FILTER: [
            {
                "key": "90",
                "payload": {
                    "id": "90",
                    "name": "Open",
                    "description": "Not done",
                    "jql": "project = 10000 AND fixVersion = 7 AND status = 3",
                    "owner": ANNA,
                    "sharePermissions": [{"type": "group", "group": {"name": "devs"}}],
                    "editPermissions": [],
                    "subscriptions": [],
                },
            }
        ],
        Kind.BOARD: [
            {
                "key": "95",
                "payload": {
                    "id": 95,
                    "name": "Alloy board",
                    "type": "kanban",
                    "location": {"projectId": 10000, "projectKey": "ALOY"},
                    "admins": {"users": [ANNA]},
                },
                "attributes": {
                    "configuration": json.dumps(
                        {
                            "filter": {"id": "90"},
                            "columnConfig": {"columns": [{"name": "New", "statuses": []}]},
                        }
                    ),
                    "quickFilters": json.dumps([{"name": "Mine", "jql": "assignee = a1"}]),
                },
            }
        ],
        Kind.SPRINT: [
            {
                "key": "97",
                "payload": {
                    "id": 97,
                    "name": "Sprint 1",
                    "state": "active",
                    "originBoardId": 95,
                    "goal": "Ship it",
                    "startDate": "2024-05-01T10:00:00.000Z",
                    "endDate": "2024-05-15T10:00:00.000Z",
                },
            }
        ],
        Kind.DASHBOARD: [
            {
                "key": "99",
                "payload": {
                    "id": "99",
                    "name": "Wall",
                    "description": "d",
                    "owner": ANNA,
                    "sharePermissions": [],
                    "editPermissions": [],
                },
                "attributes": {
                    "state": "active",
                    "gadgets": json.dumps(
                        [{"id": 7, "uri": "u", "title": "T", "position": {"column": 0, "row": 1}}]
                    ),
                    "properties": json.dumps({"7": {"config": {"filterId": "filter-90"}}}),
                },
            }
        ],
        Kind.ISSUE: [
            {
                "key": "1",
                "payload": issue,
                "attributes": {"key": "ALOY-1", "id": "10001", "rank": "0|i0000b:"},
            },
            {
                "key": "2",
                "payload": other,
                "attributes": {"key": "ALOY-2", "id": "10002", "rank": "0|i0000a:"},
            },
        ],
        Kind.COMMENT: [
            {
                "key": "1/500",
                "payload": {
                    "id": "500",
                    "author": ANNA,
                    "created": "2024-05-01T10:30:00.000+0000",
                    "updated": "2024-05-01T10:30:00.000+0000",
                    "body": document(paragraph("An older one")),
                },
                "attributes": {"issue": "ALOY-1", "id": "500"},
            }
        ],
        Kind.CHANGELOG: [
            {
                "key": "1",
                "payload": {
                    "issueId": "10001",
                    "changeHistories": [
                        {
                            "id": "701",
                            "created": 1714557600000,
                            "author": ANNA,
                            "items": [{"field": "status", "fromString": "New", "toString": "Open"}],
                        }
                    ],
                },
                "attributes": {"issue": "ALOY-1"},
            }
        ],
        Kind.WATCHER: [
            {
                "key": "1",
                "payload": {"watchCount": 1, "watchers": [BOB]},
                "attributes": {"issue": "ALOY-1"},
            }
        ],
        Kind.REMOTE_LINK: [
            {
                "key": "1",
                "payload": [
                    {
                        "id": 1,
                        "globalId": "system=1",
                        "object": {"url": "https://elsewhere.example/1", "title": "Ticket 1"},
                    }
                ],
                "attributes": {"issue": "ALOY-1"},
            }
        ],
        Kind.ATTACHMENT: [
            {
                "key": "1/801",
                "size_bytes": 5,
                "digest": "aa",
                "attributes": {
                    "issue": "ALOY-1",
                    "id": "801",
                    "filename": "log.txt",
                    "media_type": "text/plain",
                    "media": "m-1",
                    "metadata": json.dumps({"id": "801", "author": BOB}),
                },
            }
        ],
    }


def _storage(value: str) -> dict[str, Any]:
    return {"storage": {"representation": "storage", "value": value}}


def _version(author: str, created: str, number: int = 1) -> dict[str, Any]:
    return {"authorId": author, "createdAt": created, "number": number}


def _page(identifier: str, title: str, parent: str, position: int, body: str) -> dict[str, Any]:
    payload = {
        "id": identifier,
        "status": "current",
        "title": title,
        "spaceId": "1",
        "parentId": parent or None,
        "position": position,
        "authorId": "a1",
        "createdAt": "2024-05-01T10:00:00.000Z",
        "version": _version("a1", "2024-05-02T10:00:00.000Z"),
        "body": _storage(body),
    }
    attributes = {"space": "1", "title": title, "parent": parent}
    return {"key": identifier, "payload": payload, "attributes": attributes}


def _comment(identifier: str, container: str, parent: str, body: str) -> dict[str, Any]:
    return {
        "key": identifier,
        "payload": {
            "id": identifier,
            "status": "current",
            "version": _version("b2", "2024-05-03T10:00:00.000Z"),
            "body": _storage(body),
        },
        "attributes": {"container": container, "container_kind": "page", "parent": parent},
    }


def confluence() -> Records:
    """A space with something of every kind."""
    inline = _comment("60", "11", "", "<p>Why?</p>")
    inline["payload"] |= {
        "resolutionStatus": "open",
        "properties": {"inlineOriginalSelection": "words"},
    }
    return {
        Kind.USER: [{"key": "a1", "payload": ANNA}, {"key": "b2", "payload": BOB}],
        Kind.GROUP: [{"key": "g1", "payload": {"id": "g1", "name": "writers"}}],
        Kind.MEMBERSHIP: [{"key": "g1/a1", "payload": ANNA}],
        Kind.SPACE: [
            {
                "key": "1",
                "payload": {
                    "id": "1",
                    "key": "DOCS",
                    "name": "Docs",
                    "type": "global",
                    "status": "current",
                    "homepageId": "10",
                    "description": {"plain": {"value": "All of it"}},
                },
                "attributes": {"key": "DOCS"},
            }
        ],
        Kind.PAGE: [
            _page("10", "Home", "", 1, '<p><a href="/wiki/spaces/DOCS/pages/11/Guide">g</a></p>'),
            _page("11", "Guide", "10", 2, "<p>One &nbsp; two &amp; three</p>"),
            _page("12", "Faq", "10", 5, "<p>Asked</p>"),
        ],
        Kind.BLOG_POST: [
            {
                "key": "20",
                "payload": {
                    "id": "20",
                    "status": "current",
                    "title": "News",
                    "spaceId": "1",
                    "authorId": "a1",
                    "createdAt": "2024-06-01T10:00:00.000Z",
                    "version": _version("a1", "2024-06-01T10:00:00.000Z"),
                    "body": _storage("<p>New</p>"),
                },
                "attributes": {"space": "1", "title": "News"},
            }
        ],
        Kind.FOOTER_COMMENT: [
            _comment("50", "11", "", "<p>First</p>"),
            _comment("51", "11", "50", "<p>Answer</p>"),
            _comment("52", "11", "", "<p>Second</p>"),
        ],
        Kind.INLINE_COMMENT: [inline],
        Kind.LABEL: [{"key": "11", "payload": [{"id": "1", "prefix": "global", "name": "howto"}]}],
        Kind.ATTACHMENT: [
            {
                "key": "att7",
                "size_bytes": 9,
                "digest": "bb",
                "attributes": {
                    "container": "11",
                    "container_kind": "page",
                    "filename": "plan.png",
                    "media_type": "image/png",
                    "metadata": json.dumps({"id": "att7", "status": "current"}),
                },
            }
        ],
    }
