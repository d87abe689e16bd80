"""The details of issues: status, fields, comments, worklogs, watchers, remote links."""

from __future__ import annotations

from typing import Any

from sitekeep_restore.importers.assets.issue_values import check_objects
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.comments import import_comments
from sitekeep_restore.importers.jira.cut_texts import attach_cut_texts
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.edits import edit_fields
from sitekeep_restore.importers.jira.field_values import FieldValues
from sitekeep_restore.importers.jira.known import known_of
from sitekeep_restore.importers.jira.losses import LossCounter
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.jira.remote_links import import_remote_links
from sitekeep_restore.importers.jira.said_properties import said_properties
from sitekeep_restore.importers.jira.texts import Texts
from sitekeep_restore.importers.jira.transitions import Transitions
from sitekeep_restore.importers.jira.votes import import_votes, voters_of
from sitekeep_restore.importers.jira.watchers import import_watchers
from sitekeep_restore.importers.jira.worklogs import import_worklogs
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.entry_keys import issue_entry, issue_part
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import concurrently

CONCURRENT_ISSUES = 8


async def import_details(unit: ImportUnit) -> None:
    """The details of a range of issues, several issues side by side."""
    project = TargetProject(**unit.plan.arguments["project"])
    issues = await _issues(unit, project)
    if not issues:
        return
    documents: list[Any] = [
        document
        for each in issues
        for document in (each.source, each.comments, each.worklogs, each.watchers, each.votes)
    ]
    known = await known_of(unit, documents)
    losses = LossCounter(unit.tally)
    texts = Texts(known, losses)
    values = FieldValues(known, texts, losses)
    transitions = await Transitions.of(unit, project, known, losses)
    context = DetailContext(
        unit,
        known,
        texts,
        losses,
        values,
        transitions,
        await said_properties(unit, *_bounds(unit, project)),
        await _caller(unit) if any(voters_of(each.votes) for each in issues) else "",
    )
    calls = [lambda issue=issue: _import(context, issue) for issue in issues]
    await concurrently(calls, limit=CONCURRENT_ISSUES)
    losses.report()


async def _caller(unit: ImportUnit) -> str:
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    return str(caller["accountId"])


async def _import(context: DetailContext, issue: DetailedIssue) -> None:
    """One issue. Its parts in order: a restored comment must not come before the text."""
    unit = context.unit
    await context.transitions.move(issue.source, issue.target)
    await edit_fields(unit, issue.source, issue.target, context.values, context.losses)
    await check_objects(context, issue)
    unit.tally.done(Kind.ISSUE, lossy=True)
    await import_comments(context, issue)
    await import_worklogs(context, issue)
    await import_watchers(context, issue)
    await import_votes(context, issue)
    await import_remote_links(context, issue)
    await attach_cut_texts(context, issue)


async def _issues(unit: ImportUnit, project: TargetProject) -> list[DetailedIssue]:
    """The issues of the range that exist at the destination."""
    first, last = _bounds(unit, project)
    sources = await _records(unit, Kind.ISSUE, first, last)
    ids = [str(items[0]["id"]) for items in sources.values()]
    targets = await unit.identities.get(identity_kinds.ISSUE, ids)
    below = last + "/\U0010ffff"
    comments = await _records(unit, Kind.COMMENT, first, below)
    worklogs = await _records(unit, Kind.WORKLOG, first, below)
    watchers = await _records(unit, Kind.WATCHER, first, last)
    votes = await _records(unit, Kind.VOTE, first, last)
    links = await _records(unit, Kind.REMOTE_LINK, first, last)
    return [
        DetailedIssue(
            source=items[0],
            target=targets[str(items[0]["id"])],
            comments=comments.get(key, []),
            worklogs=worklogs.get(key, []),
            watchers=watchers.get(key, [{}])[0],
            votes=votes.get(key, [{}])[0],
            remote_links=links.get(key, [[]])[0],
        )
        for key, items in sources.items()
        if str(items[0]["id"]) in targets
    ]


def _bounds(unit: ImportUnit, project: TargetProject) -> tuple[str, str]:
    """The entry keys of the first and of the last issue of the range."""
    first, last = (int(unit.plan.arguments[name]) for name in ("first", "last"))
    return issue_entry(project.source, first), issue_entry(project.source, last)


async def _records(unit: ImportUnit, kind: Kind, first: str, last: str) -> dict[str, list[Any]]:
    """Records by the entry key of the issue that they belong to."""
    found: dict[str, list[Any]] = {}
    async for entry in unit.backup.entries(kind, first=first, last=last):
        record = await read_json(unit.backup, entry)
        found.setdefault(issue_part(entry.key), []).append(record)
    return found
