"""What an issue's own answer asks to be fetched: cut lists and watchers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import NamedTuple

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.jira.sub_resources import CONCURRENT_REQUESTS, bodies, store_list
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.entry_keys import child_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order


class _Listing(msgspec.Struct):
    comments: list[msgspec.Raw] = []
    worklogs: list[msgspec.Raw] = []


def _comments(page: _Listing) -> list[msgspec.Raw]:
    return page.comments


def _worklogs(page: _Listing) -> list[msgspec.Raw]:
    return page.worklogs


class _Cut(NamedTuple):
    """A list inside an issue that may be shorter than it is on the site."""

    kind: Kind
    template: str
    page_size: int
    items: Callable[[_Listing], list[msgspec.Raw]]
    known: set[str]
    """The ids of the items that are embedded."""
    total: int

    @property
    def is_cut(self) -> bool:
        """Whether items are lacking."""
        return self.total > len(self.known)


class _Watchers(msgspec.Struct):
    watchers: list[msgspec.Raw] = []


_COMMENTS = "/rest/api/3/issue/{issue}/comment"
_WORKLOGS = "/rest/api/3/issue/{issue}/worklog"


def _cuts(issue: SeenIssue) -> Iterator[_Cut]:
    comments, worklogs = issue.fields.comment, issue.fields.worklog
    if comments and (comments.comments or comments.total):
        known = {str(item.id) for item in comments.comments}
        yield _Cut(Kind.COMMENT, _COMMENTS, 100, _comments, known, comments.total)
    if worklogs and (worklogs.worklogs or worklogs.total):
        known = {str(item.id) for item in worklogs.worklogs}
        yield _Cut(Kind.WORKLOG, _WORKLOGS, 5000, _worklogs, known, worklogs.total)


async def follow_up(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """Stores what the issues of a range hold beyond their own answers, in number order."""
    await store_cut_lists(unit, project_id, seen)
    watched = [issue for issue in seen if issue.watch_count > 0]
    await _store_watchers(unit, project_id, watched)


async def store_cut_lists(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """Stores the comments and worklogs that the issues' own answers lack, in number order."""
    lists = [(issue, cut) for issue in seen for cut in _cuts(issue)]
    for issue, cut in lists:
        issue.reading.expect(cut.kind, max(cut.total, len(cut.known)))
        issue.reading.done(cut.kind, count=len(cut.known))
    lists = [(issue, cut) for issue, cut in lists if cut.is_cut]
    calls = [partial(_lacking, unit, issue, cut) for issue, cut in lists]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        for issue, cut in lists:
            await _store_cut(project_id, issue, cut, await anext(answers))


async def _store_cut(
    project_id: str, issue: SeenIssue, cut: _Cut, lacking: Mapping[str, msgspec.Raw]
) -> None:
    """Stores the items that an embedded list lacks."""
    found = len(cut.known) + len(lacking)
    issue.reading.expect(cut.kind, max(0, found - cut.total))
    for item_id, raw in sorted(lacking.items(), key=lambda pair: f"{pair[0]:>020}"):
        await _store_item(project_id, issue, cut.kind, item_id, bytes(raw))
    if cut.total > found:
        _report_short_list(issue, cut, cut.total - found)


async def _lacking(unit: ExportUnit, issue: SeenIssue, cut: _Cut) -> dict[str, msgspec.Raw]:
    """The items that are not embedded, oldest first, until as many as the total says."""
    known = cut.known
    lacking: dict[str, msgspec.Raw] = {}
    start = 0
    while len(known) + len(lacking) < cut.total:
        items = await _page(unit, issue, cut, start)
        if not items:
            break
        start += len(items)
        for raw in items:
            if (item_id := identity_of(raw)) not in known:
                lacking[item_id] = raw
    return lacking


async def _page(unit: ExportUnit, issue: SeenIssue, cut: _Cut, start: int) -> list[msgspec.Raw]:
    query = [("startAt", str(start)), ("maxResults", str(cut.page_size))]
    if cut.kind is Kind.COMMENT:
        query.append(("orderBy", "created"))
    try:
        body = await unit.site.get(cut.template, query, issue=issue.id)
    except (SiteForbidden, SiteNotFound):
        return []
    return cut.items(msgspec.json.decode(body, type=_Listing))


async def _store_item(
    project_id: str, issue: SeenIssue, kind: Kind, item_id: str, payload: bytes
) -> None:
    key = child_entry(project_id, issue.number, item_id)
    attributes = {"issue": issue.key, "id": item_id}
    issue.further.setdefault(kind, []).append(item_id)
    await issue.reading.put(kind, key, payload, attributes=attributes)


def _report_short_list(issue: SeenIssue, cut: _Cut, lacking: int) -> None:
    message = f"The site counts {cut.total} but lists {lacking} fewer."
    reason = f"{cut.kind.name}S_NOT_LISTED"
    issue.reading.missing(cut.kind, issue.key, reason, message, count=lacking)


async def _store_watchers(unit: ExportUnit, project_id: str, issues: Sequence[SeenIssue]) -> None:
    async with aclosing(bodies(unit, issues, "watchers")) as answers:
        async for issue, body in answers:
            listed = len(msgspec.json.decode(body, type=_Watchers).watchers) if body else 0
            if listed < issue.watch_count:
                _report_hidden_watchers(issue, issue.watch_count - listed)
            if body:
                await store_list(Kind.WATCHER, project_id, issue, body, listed)


def _report_hidden_watchers(issue: SeenIssue, hidden: int) -> None:
    message = f"{hidden} watchers are counted by the site but not shown to this account."
    issue.reading.remark(Kind.WATCHER, issue.key, "WATCHERS_NOT_VISIBLE", message, count=hidden)
