"""Remote links: no list has them, each issue has to be asked for its own.

An issue may have some that its history does not tell of: it was imported with them, or an app
made them. So all issues of a project are asked as soon as one of them is found to have any.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.raw import decode_array
from sitekeep_backup.exporters.jira.sub_resources import CONCURRENT_REQUESTS, bodies, store_list
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

PROBES = 100
"""How many issues of a project are asked before all of them are, spread over its numbers."""


@dataclass(frozen=True)
class AskedLinks:
    """What came of asking some issues of a project."""

    found: int
    """How many links they have."""
    every: bool
    """Whether every one was asked."""


async def may_have_links(unit: ExportUnit, project_key: str, highest: int) -> bool:
    """Asks some issues, spread over all numbers, until one has a link; few are asked anyway."""
    if highest <= PROBES:
        return True
    numbers = [1 + place * (highest - 1) // (PROBES - 1) for place in range(PROBES)]

    async def probe(number: int) -> bool:
        template = "/rest/api/3/issue/{issue}/remotelink"
        try:
            return bool(
                decode_array(await unit.site.get(template, issue=f"{project_key}-{number}"))
            )
        except (SiteForbidden, SiteNotFound):
            return False

    calls = [lambda number=number: probe(number) for number in numbers]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        async for has_any in answers:
            if has_any:
                return True
    return False


async def export_remote_links(
    unit: ExportUnit, source: IssueSource, seen: Sequence[SeenIssue], hinted: set[str]
) -> AskedLinks:
    """Those of issues whose history names one; of all where that or the project says so."""
    first = seen if source.every_link else [issue for issue in seen if issue.id in hinted]
    found = await _store(unit, source, first, hinted)
    if source.every_link or not found:
        return AskedLinks(found, source.every_link)
    rest = [issue for issue in seen if issue.id not in hinted]
    return AskedLinks(found + await _store(unit, source, rest, hinted), every=True)


async def _store(
    unit: ExportUnit, source: IssueSource, issues: Sequence[SeenIssue], hinted: set[str]
) -> int:
    found = 0
    async with aclosing(bodies(unit, issues, "remotelink")) as answers:
        async for issue, body in answers:
            if not body and issue.id in hinted:
                _miss(issue)
            if links := len(decode_array(body)) if body else 0:
                await store_list(Kind.REMOTE_LINK, source.project_id, issue, body, links)
                found += links
    return found


def _miss(issue: SeenIssue) -> None:
    """Says so where the history of an issue names a link and the site does not show any list."""
    message = "The history names a remote link, but the site does not hand out the issue's links."
    issue.reading.expect(Kind.REMOTE_LINK)
    issue.reading.missing(Kind.REMOTE_LINK, issue.key, "REMOTE_LINKS_NOT_READABLE", message)
