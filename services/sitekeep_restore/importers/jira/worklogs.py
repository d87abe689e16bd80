"""Worklogs: the time of the work is kept, its author becomes a line."""

from __future__ import annotations

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.marked_items import marked_items, place_of, visibility_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteRefused
from sitekeep_shared.content.adf import said_line
from sitekeep_shared.kinds import Kind

WORKLOGS = "/rest/api/3/issue/{issue}/worklog"
QUIET = [("adjustEstimate", "leave"), ("notifyUsers", "false")]
MINUTE = 60


def whole_minutes(seconds: int) -> int:
    """Seconds as the site keeps them: whole minutes, rounded, one at least."""
    return max(MINUTE, (seconds + MINUTE // 2) // MINUTE * MINUTE)


async def import_worklogs(context: DetailContext, issue: DetailedIssue) -> None:
    """The worklogs of one issue: those inside its payload and those beside it."""
    embedded: Json = issue.source["fields"].get("worklog") or {}
    worklogs: list[Json] = [*embedded.get("worklogs", ()), *issue.worklogs]
    if not worklogs:
        return
    unit = context.unit
    unit.tally.expect(Kind.WORKLOG, len(worklogs))
    present = set[str]()
    if not unit.first_attempt:
        present = await marked_items(unit, WORKLOGS, "worklogs", issue.target)
    for worklog in sorted(worklogs, key=_age):
        if str(worklog["id"]) in present or await _post(context, issue, worklog):
            unit.tally.done(Kind.WORKLOG, lossy=True)
            context.losses.add(Kind.WORKLOG, Loss.WORKLOG_AUTHOR, issue.key)


def _age(worklog: Json) -> tuple[str, str]:
    return (str(worklog.get("created") or ""), f"{worklog['id']!s:>020}")


async def _post(context: DetailContext, issue: DetailedIssue, worklog: Json) -> bool:
    """Whether the site took it."""
    message = ""
    for plain in (False, True):
        body = _body(context, issue, worklog, plain=plain)
        try:
            await context.unit.site.post_json(WORKLOGS, body, QUIET, issue=issue.target)
        except (SiteRefused, SiteForbidden) as error:
            message = error.message
        else:
            if body["timeSpentSeconds"] != worklog.get("timeSpentSeconds"):
                context.losses.add(Kind.WORKLOG, Loss.WORKLOG_ROUNDED, issue.key)
            return True
    place = place_of(Kind.WORKLOG, issue.key, worklog)
    context.texts.forget(place)
    context.unit.tally.missing(Kind.WORKLOG, place.name, "WORKLOG_REFUSED", message)
    return False


def _body(context: DetailContext, issue: DetailedIssue, worklog: Json, *, plain: bool) -> Json:
    author: Json = worklog.get("author") or {}
    line = said_line(author.get("displayName"), worklog.get("created"))
    place = place_of(Kind.WORKLOG, issue.key, worklog)
    return {
        "started": worklog.get("started"),
        "timeSpentSeconds": whole_minutes(int(worklog.get("timeSpentSeconds") or 0)),
        "comment": context.texts.with_speaker(place, worklog.get("comment"), line, plain=plain),
        "properties": [origin.marker(worklog, author, issue.key)],
        **visibility_of(worklog),
    }
