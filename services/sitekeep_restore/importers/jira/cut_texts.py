"""Texts that were too long for the site: the whole is attached to the issue."""

from __future__ import annotations

from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

ATTACHMENTS = "/rest/api/3/issue/{issue}/attachments"
ISSUE = "/rest/api/3/issue/{issue}"


async def attach_cut_texts(context: DetailContext, issue: DetailedIssue) -> None:
    """Attaches the whole documents of an issue's cut texts, each once."""
    files = context.texts.cut.get(issue.key)
    if not files:
        return
    present = await _present(context, issue)
    for name, content in files.items():
        if name in present:
            continue
        try:
            await context.unit.site.upload(ATTACHMENTS, name, content, issue=issue.target)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            key = f"{issue.key}/{name}"
            reason = "WHOLE_TEXT_NOT_ATTACHED"
            context.unit.tally.remark(Kind.ISSUE, key, reason, error.message)


async def _present(context: DetailContext, issue: DetailedIssue) -> set[str]:
    if context.unit.first_attempt:
        return set()
    query = [("fields", "attachment")]
    found: Json = await context.unit.site.get_json(ISSUE, query, issue=issue.target)
    return {str(each["filename"]) for each in found["fields"].get("attachment") or ()}
