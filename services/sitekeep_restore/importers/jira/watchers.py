"""Watchers: accounts that are at the destination."""

from __future__ import annotations

from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

WATCHERS = "/rest/api/3/issue/{issue}/watchers"


async def import_watchers(context: DetailContext, issue: DetailedIssue) -> None:
    """Adds the watchers of one issue; adding one twice changes nothing."""
    watchers: list[Json] = issue.watchers.get("watchers") or []
    context.unit.tally.expect(Kind.WATCHER, len(watchers))
    for watcher in watchers:
        account = context.known.users.get(str(watcher.get("accountId")))
        if account is not None and await _add(context, issue, account):
            context.unit.tally.done(Kind.WATCHER)
        else:
            context.losses.gone(Kind.WATCHER, Loss.WATCHER_NOT_RESTORED, issue.key)


async def _add(context: DetailContext, issue: DetailedIssue, account: str) -> bool:
    """The body is the account id alone, as a JSON string."""
    try:
        await context.unit.site.post_json(WATCHERS, account, issue=issue.target)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        return False
    return True
