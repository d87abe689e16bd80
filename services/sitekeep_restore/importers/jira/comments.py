"""Comments, oldest first, each with a line that says who wrote it and when."""

from __future__ import annotations

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.marked_items import marked_items, place_of, visibility_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteRefused
from sitekeep_shared.content.adf import said_line
from sitekeep_shared.kinds import Kind

COMMENTS = "/rest/api/3/issue/{issue}/comment"
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""What makes a comment of a service project invisible to customers."""


async def import_comments(context: DetailContext, issue: DetailedIssue) -> None:
    """The comments of one issue: those inside its payload and those beside it."""
    embedded: Json = issue.source["fields"].get("comment") or {}
    comments: list[Json] = [*embedded.get("comments", ()), *issue.comments]
    if not comments:
        return
    unit = context.unit
    unit.tally.expect(Kind.COMMENT, len(comments))
    present = set[str]()
    if not unit.first_attempt:
        present = await marked_items(unit, COMMENTS, "comments", issue.target)
    for comment in sorted(comments, key=_age):
        if str(comment["id"]) in present or await _post(context, issue, comment):
            unit.tally.done(Kind.COMMENT, lossy=True)
            context.losses.add(Kind.COMMENT, Loss.COMMENT_AUTHOR_AND_TIME, issue.key)


def _age(comment: Json) -> tuple[str, str]:
    return (str(comment.get("created") or ""), f"{comment['id']!s:>020}")


async def _post(context: DetailContext, issue: DetailedIssue, comment: Json) -> bool:
    """Whether the site took it. One that not everyone may see is never posted for everyone."""
    message = ""
    for plain in (False, True):
        body = _body(context, issue, comment, plain=plain)
        try:
            await context.unit.site.post_json(COMMENTS, body, issue=issue.target)
        except (SiteRefused, SiteForbidden) as error:
            message = error.message
        else:
            return True
    place = place_of(Kind.COMMENT, issue.key, comment)
    context.texts.forget(place)
    context.unit.tally.missing(Kind.COMMENT, place.name, "COMMENT_REFUSED", message)
    return False


def _body(context: DetailContext, issue: DetailedIssue, comment: Json, *, plain: bool) -> Json:
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
