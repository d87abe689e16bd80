"""Remote links: the site replaces one that has the same global id."""

from __future__ import annotations

from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

REMOTE_LINKS = "/rest/api/3/issue/{issue}/remotelink"
KEPT = ("globalId", "application", "relationship", "object")


async def import_remote_links(context: DetailContext, issue: DetailedIssue) -> None:
    """The remote links of one issue."""
    if not issue.remote_links:
        return
    context.unit.tally.expect(Kind.REMOTE_LINK, len(issue.remote_links))
    present = await _present(context, issue)
    for link in (_followed(context, each) for each in issue.remote_links):
        if _identity(link) in present or await _post(context, issue, link):
            context.unit.tally.done(Kind.REMOTE_LINK)


def _followed(context: DetailContext, link: Json) -> Json:
    """The link; one that leads into the source site leads to the same place here."""
    target: Json = link.get("object") or {}
    if not target.get("url"):
        return link
    return {**link, "object": {**target, "url": context.known.link(str(target["url"]))}}


async def _present(context: DetailContext, issue: DetailedIssue) -> set[tuple[str, str, str]]:
    """What an earlier attempt left: links without a global id could be doubled."""
    if context.unit.first_attempt:
        return set()
    found: list[Json] = await context.unit.site.get_json(REMOTE_LINKS, issue=issue.target)
    return {_identity(link) for link in found}


def _identity(link: Json) -> tuple[str, str, str]:
    target: Json = link.get("object") or {}
    return (str(link.get("globalId")), str(target.get("url")), str(target.get("title")))


async def _post(context: DetailContext, issue: DetailedIssue, link: Json) -> bool:
    body = {name: link[name] for name in KEPT if link.get(name)}
    try:
        await context.unit.site.post_json(REMOTE_LINKS, body, issue=issue.target)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        name = f"{issue.key}/remote link {link.get('id', '')}"
        context.unit.tally.missing(Kind.REMOTE_LINK, name, "REMOTE_LINK_REFUSED", error.message)
        return False
    return True
