"""The security levels of issues: given right after the creation, before anything is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.issue_heads import Head
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import concurrently

ONE = "/rest/api/3/issue/{issue}"
QUIET = [("notifyUsers", "false")]
CONCURRENT_ISSUES = 8
REASON = "SECURITY_LEVEL_NOT_RESTORED"


async def secure_issues(
    unit: ImportUnit, heads: Iterable[Head], targets: Mapping[str, str]
) -> None:
    """Gives issues their levels. ``targets``: source → target id of those that exist.

    Sub-tasks come last: they have the level of their parent.
    """
    secured = [head for head in heads if head.fields.security and head.id in targets]
    sources = [head.fields.security.id for head in secured if head.fields.security]
    levels = await unit.identities.get(identity_kinds.SECURITY_LEVEL, sources) if sources else {}
    for is_subtask in (False, True):
        part = [head for head in secured if head.fields.issuetype.subtask is is_subtask]
        calls = [lambda head=head: _secure(unit, head, targets[head.id], levels) for head in part]
        await concurrently(calls, limit=CONCURRENT_ISSUES)


async def _secure(unit: ImportUnit, head: Head, target: str, levels: Mapping[str, str]) -> None:
    level = levels.get(head.fields.security.id) if head.fields.security else None
    message = "Its level is not at the destination."
    if level is not None:
        try:
            body = {"fields": {"security": {"id": level}}}
            await unit.site.put_json(ONE, body, QUIET, issue=target)
            return
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            message = error.message
        if head.fields.issuetype.subtask and await _has(unit, target, level):
            return
    text = f"At the destination everyone in the project sees it: {message}"
    unit.tally.missing(Kind.ISSUE_SECURITY_SCHEME, head.key, REASON, text)


async def _has(unit: ImportUnit, target: str, level: str) -> bool:
    """Whether a sub-task has the level of its parent already."""
    try:
        found: Json = await unit.site.get_json(ONE, [("fields", "security")], issue=target)
    except (SiteForbidden, SiteNotFound):
        return False
    security: Json = found["fields"].get("security") or {}
    return str(security.get("id")) == level
