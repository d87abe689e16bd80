"""Issues and all that hangs on them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison import adf, jira_values, service_management
from sitekeep_cli.comparison.jira_queries import REALM
from sitekeep_cli.comparison.links import ADDRESS_FIELD, ATTACHMENT, FIELD, MEDIA
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.provenance import (
    created_line,
    instant,
    said_line,
    take_created_from_document,
    take_said_from_document,
)
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import is_object, items, part
from sitekeep_shared.kinds import Kind

ORIGIN = "sitekeep.origin"

_DERIVED = frozenset(
    {
        # Sums over sub-tasks and worklogs, which are compared themselves.
        "aggregateprogress",
        "aggregatetimeestimate",
        "aggregatetimeoriginalestimate",
        "aggregatetimespent",
        "progress",
        "timeestimate",
        "timeoriginalestimate",
        "timespent",
        "workratio",
        # What follows from other fields.
        "project",
        "statusCategory",
        "subtasks",
        "thumbnail",
        # About the account that reads.
        "lastViewed",
        # Kinds of their own.
        "attachment",
        "comment",
        "issuelinks",
        "watches",
        "worklog",
    }
)
"""Fields that are left out, because what they say is compared elsewhere."""

_SPENT = frozenset({"timeSpent", "timeSpentSeconds", "originalEstimate", "remainingEstimate"})
"""Parts of the time tracking that follow from worklogs or repeat another part in words."""


RANK = "rank"
"""The realm of the places of issues."""

_RANK_TEXT = re.compile(r"[0-2]\|[0-9a-z]+:[0-9a-z]*")
"""How Jira writes the place of an issue in the order of all: each site in its own way."""


def read(reading: Reading) -> None:
    """Puts issues by key, and comments, worklogs, links and files below their issues."""
    _attachments(reading)
    for record, issue in reading.objects(Kind.ISSUE):
        _issue(reading, record, issue)
    _ranks(reading)
    for record, comment in reading.objects(Kind.COMMENT):
        _comment(reading, record.attributes["issue"], comment)
    for record, worklog in reading.objects(Kind.WORKLOG):
        _worklog(reading, record.attributes["issue"], worklog)
    _watchers(reading)
    _remote_links(reading)
    _changelog(reading)


def _attachments(reading: Reading) -> None:
    for record in reading.records(Kind.ATTACHMENT):
        attributes = record.attributes
        issue, filename = attributes.get("issue", ""), attributes.get("filename", "")
        reading.refer(ATTACHMENT, attributes.get("id", ""), f"{issue}/{filename}")
        if attributes.get("media"):
            reading.refer(MEDIA, attributes["media"], filename)
        reading.put(Kind.ATTACHMENT, f"{issue}/{filename}", _file(record), record.digest)


def _file(record: Record) -> Json:
    metadata = json.loads(record.attributes.get("metadata") or "{}")
    return without_nothing(
        {
            "size": record.size_bytes,
            "sha256": record.digest,
            "mediaType": record.attributes.get("media_type"),
            "author": part(metadata, "author").get("accountId"),
            "created": instant(metadata.get("created")),
        }
    )


def _issue(reading: Reading, record: Record, issue: Mapping[str, Any]) -> None:
    key = str(issue.get("key") or record.attributes["key"])
    fields = part(issue, "fields")
    reading.refer(f"{REALM}{Kind.ISSUE}", str(issue.get("id")), key)
    if record.attributes.get("rank"):
        project = key.rpartition("-")[0]
        reading.refer(RANK, f"{project} {record.attributes['rank']} {key}", key)
    reading.put(Kind.ISSUE, key, _canonical_issue(reading, key, issue, fields))
    service_management.put_request(reading, key, fields)
    for comment in items(part(fields, "comment"), "comments"):
        _comment(reading, key, comment)
    for worklog in items(part(fields, "worklog"), "worklogs"):
        _worklog(reading, key, worklog)
    for link in items(fields, "issuelinks"):
        _link(reading, key, link)


def _ranks(reading: Reading) -> None:
    """Puts each issue behind the one before it in its project, by what stands beside both."""
    previous: dict[str, str] = {}
    for key in reading.shelf.values(reading.side, RANK):
        project = key.rpartition("-")[0]
        reading.put(Kind.RANK, key, {"after": previous.get(project, "none")})
        previous[project] = key


def _canonical_issue(
    reading: Reading, key: str, issue: Mapping[str, Any], fields: Mapping[str, Any]
) -> Json:
    value: dict[str, Json] = {"project": key.rpartition("-")[0], "custom": {}}
    value["archived"] = bool(fields.get("archiveddate")) or None
    for name in fields:
        if name not in _DERIVED:
            _place(reading, value, name, fields)
    line, description = _described(reading, fields)
    value |= {"description": adf.canonical(description, reading.links), "origin": line}
    properties = part(issue, "properties")
    mark = properties.pop(ORIGIN, None)
    value["marker"] = _marker(reading, key, issue, fields, mark)
    value["properties"] = properties
    texts = [field for name, field in fields.items() if name not in _DERIVED]
    value["mentions"] = adf.mentions(texts)
    value[adf.NOT_HELD] = adf.not_held(texts, reading.links) or None
    custom = without_nothing(value["custom"])
    return {**without_nothing(value), "custom": custom}


def _place(reading: Reading, value: dict[str, Json], name: str, fields: Mapping[str, Any]) -> None:
    field = fields[name]
    if name == "timetracking":
        tracked = part(fields, name)
        value[name] = {one: tracked[one] for one in tracked.keys() - _SPENT}
    elif name == "votes":
        value[name] = part(fields, name).get("votes") or None
    elif name == "parent":
        value[name] = part(fields, name).get("key")
    elif name.startswith("customfield_"):
        if service_management.is_of_request(reading, name):
            return
        label = reading.links.name(FIELD, name) or name
        if _RANK_TEXT.fullmatch(str(field)):
            return
        is_link = isinstance(field, str) and reading.links.name(ADDRESS_FIELD, name) is not None
        shaped = reading.links.text(field) if is_link else None
        value["custom"][label] = shaped or jira_values.canonical(field, reading.links)
    else:
        value[name] = jira_values.canonical(field, reading.links)


def _described(reading: Reading, fields: Mapping[str, Any]) -> tuple[str | None, Json]:
    """The line about the original author and dates, and the description without it."""
    description = fields.get("description")
    if not reading.lines_count:
        return None, description
    if reading.restored:
        return take_created_from_document(description)
    name = part(fields, "creator").get("displayName")
    return created_line(name, fields.get("created"), fields.get("updated")), description


def _marker(
    reading: Reading, key: str, issue: Mapping[str, Any], fields: Mapping[str, Any], mark: Json
) -> Json:
    """The property that tells programs what the line tells people."""
    if not reading.lines_count:
        return None
    if reading.restored:
        mark = mark if is_object(mark) else {}
        return _marker_of(
            mark.get("id"), mark.get("key"), mark.get("author"), mark.get("created"), mark
        )
    return _marker_of(issue.get("id"), key, fields.get("creator"), fields.get("created"), fields)


def _marker_of(
    identifier: Json, key: Json, author: Json, created: Json, dated: Mapping[str, Any]
) -> Json:
    return without_nothing(
        {
            "id": str(identifier) if identifier else None,
            "key": key,
            "author": author.get("accountId") if is_object(author) else None,
            "created": instant(created),
            "updated": instant(dated.get("updated")),
        }
    )


def _comment(reading: Reading, issue: str, comment: Mapping[str, Any]) -> None:
    line, body = _said(reading, comment, comment.get("body"))
    visibility = part(comment, "visibility")
    value = {
        "body": adf.canonical(body, reading.links),
        "mentions": adf.mentions(body),
        adf.NOT_HELD: adf.not_held(body, reading.links) or None,
        "origin": line,
        "author": part(comment, "author").get("accountId"),
        "created": instant(comment.get("created")),
        "updated": instant(comment.get("updated")),
        "visibility": without_nothing(
            {"type": visibility.get("type"), "value": visibility.get("value")}
        ),
        "internal": True if comment.get("jsdPublic") is False else None,
    }
    reading.put(Kind.COMMENT, issue, without_nothing(value), _in_time(comment, "created"))


def _worklog(reading: Reading, issue: str, worklog: Mapping[str, Any]) -> None:
    line, text = _said(reading, worklog, worklog.get("comment"))
    visibility = part(worklog, "visibility")
    value = {
        "comment": adf.canonical(text, reading.links),
        "mentions": adf.mentions(text),
        adf.NOT_HELD: adf.not_held(text, reading.links) or None,
        "origin": line,
        "author": part(worklog, "author").get("accountId"),
        "created": instant(worklog.get("created")),
        "updated": instant(worklog.get("updated")),
        "started": instant(worklog.get("started")),
        "timeSpentSeconds": worklog.get("timeSpentSeconds"),
        "visibility": without_nothing(
            {"type": visibility.get("type"), "value": visibility.get("value")}
        ),
    }
    reading.put(Kind.WORKLOG, issue, without_nothing(value), _in_time(worklog, "started"))


def _said(reading: Reading, item: Mapping[str, Any], text: Json) -> tuple[str | None, Json]:
    if not reading.lines_count:
        return None, text
    if reading.restored:
        return take_said_from_document(text)
    name = part(item, "author").get("displayName")
    return said_line(name, item.get("created")), text


def _in_time(item: Mapping[str, Any], field: str) -> str:
    return f"{instant(item.get(field))} {item.get('id', '')!s:>020}"


def _link(reading: Reading, key: str, link: Mapping[str, Any]) -> None:
    # Each link is seen from both of its ends; the one that names the outward end counts.
    other = part(link, "outwardIssue").get("key")
    if other:
        kind = part(link, "type").get("name")
        reading.put(Kind.ISSUE_LINK, f"{key} {kind} {other}", {})


def _watchers(reading: Reading) -> None:
    for record, answer in reading.objects(Kind.WATCHER):
        issue = record.attributes["issue"]
        for watcher in items(answer, "watchers"):
            reading.put(Kind.WATCHER, f"{issue}/{watcher.get('accountId')}", {})


def _remote_links(reading: Reading) -> None:
    for record in reading.records(Kind.REMOTE_LINK):
        for link in json.loads(record.payload):
            thing = part(link, "object")
            url = reading.links.text(thing.get("url") or "")
            name = f"{record.attributes['issue']} {link.get('globalId') or url}"
            reading.put(Kind.REMOTE_LINK, name, _remote(reading, link, thing, url))


def _remote(reading: Reading, link: Mapping[str, Any], thing: Mapping[str, Any], url: str) -> Json:
    value = {
        "globalId": link.get("globalId"),
        "relationship": link.get("relationship"),
        "application": without_nothing(part(link, "application")),
        "url": url,
        "title": thing.get("title"),
        "summary": thing.get("summary"),
        "icon": without_nothing(part(thing, "icon")),
        "status": jira_values.canonical(part(thing, "status"), reading.links),
    }
    return without_nothing(value)


def _changelog(reading: Reading) -> None:
    for record, history in reading.objects(Kind.CHANGELOG):
        for entry in items(history, "changeHistories"):
            value = _entry(entry)
            reading.put(
                Kind.CHANGELOG, record.attributes["issue"], value, _in_time(entry, "created")
            )


def _entry(entry: Mapping[str, Any]) -> Json:
    return without_nothing(
        {
            "author": part(entry, "author").get("accountId"),
            "created": instant(entry.get("created")),
            "items": [
                without_nothing(
                    {
                        "field": item.get("field"),
                        "from": item.get("fromString"),
                        "to": item.get("toString"),
                    }
                )
                for item in items(entry, "items")
            ],
        }
    )
