"""Worklogs: the time of the work is kept, its author becomes a line."""

from __future__ import annotations

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.marked_items import place_of, visibility_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.said_items import Saying, import_sayings
from sitekeep_shared.content.adf import said_line
from sitekeep_shared.kinds import Kind

QUIET = (("adjustEstimate", "leave"), ("notifyUsers", "false"))
MINUTE = 60


def whole_minutes(seconds: int) -> int:
    """Seconds as the site keeps them: whole minutes, rounded, one at least."""
    return max(MINUTE, (seconds + MINUTE // 2) // MINUTE * MINUTE)


async def import_worklogs(context: DetailContext, issue: DetailedIssue) -> None:
    """The worklogs of one issue: those inside its payload and those beside it."""
    for worklog, body in await import_sayings(context, issue, WORKLOGS, issue.worklogs):
        if body["timeSpentSeconds"] != worklog.get("timeSpentSeconds"):
            context.losses.add(Kind.WORKLOG, Loss.WORKLOG_ROUNDED, issue.key)


def _body(context: DetailContext, issue: DetailedIssue, worklog: Json, plain: bool) -> Json:
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


WORKLOGS = Saying(
    Kind.WORKLOG,
    "/rest/api/3/issue/{issue}/worklog",
    "worklog",
    Loss.WORKLOG_AUTHOR,
    QUIET,
    _body,
)
