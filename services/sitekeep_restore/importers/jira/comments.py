"""Comments, oldest first, each with a line that says who wrote it and when."""

from __future__ import annotations

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.marked_items import place_of, visibility_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.said_items import Saying, import_sayings
from sitekeep_shared.content.adf import said_line
from sitekeep_shared.kinds import Kind

INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""What makes a comment of a service project invisible to customers."""


async def import_comments(context: DetailContext, issue: DetailedIssue) -> None:
    """The comments of one issue: those inside its payload and those beside it."""
    await import_sayings(context, issue, COMMENTS, issue.comments)


def _body(context: DetailContext, issue: DetailedIssue, comment: Json, plain: bool) -> Json:
    author: Json = comment.get("author") or {}
    line = said_line(author.get("displayName"), comment.get("created"))
    place = place_of(Kind.COMMENT, issue.key, comment)
    return {
        "body": context.texts.with_speaker(place, comment.get("body"), line, plain=plain),
        "properties": [origin.marker(comment, author, issue.key), *_internal(comment)],
        **visibility_of(comment),
    }


def _internal(comment: Json) -> list[Json]:
    return [INTERNAL] if comment.get("jsdPublic") is False else []


COMMENTS = Saying(
    Kind.COMMENT,
    "/rest/api/3/issue/{issue}/comment",
    "comment",
    Loss.COMMENT_AUTHOR_AND_TIME,
    (),
    _body,
)
