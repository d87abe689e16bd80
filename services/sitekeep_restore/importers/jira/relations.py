"""What joins issues: links, and parents that had no number yet when their children began."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.parents import import_parents
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import issue_entry, split_issue_key
from sitekeep_shared.kinds import Kind

ISSUE_LINK = "/rest/api/3/issueLink"
BULKFETCH = "/rest/api/3/issue/bulkfetch"
BLOCK = 100

Triple = tuple[str, str, str]
"""Target ids: link type, the issue that holds the outward text, the other issue."""


async def import_relations(unit: ImportUnit) -> None:
    """Parents and links of a range of issues."""
    project = TargetProject(**unit.plan.arguments["project"])
    losses = LossCounter(unit.tally)
    issues = await _issues(unit, project)
    await import_parents(unit, project, issues, losses)
    await _import_links(unit, issues, losses)
    losses.report()


async def _issues(unit: ImportUnit, project: TargetProject) -> list[Json]:
    """Id, key, type, parent and links of the issues of the range; the rest is let go."""
    first = issue_entry(project.source, int(unit.plan.arguments["first"]))
    last = issue_entry(project.source, int(unit.plan.arguments["last"]))
    found: list[Json] = []
    async for entry in unit.backup.entries(Kind.ISSUE, first=first, last=last):
        issue: Json = await read_json(unit.backup, entry)
        kept = {name: issue["fields"].get(name) for name in ("issuetype", "parent", "issuelinks")}
        found.append({"id": str(issue["id"]), "key": str(issue["key"]), "fields": kept})
    return found


def outward_links(issue: Json) -> list[Json]:
    """The links whose outward text this issue holds: each link is one of just one issue."""
    links: list[Json] = issue["fields"].get("issuelinks") or []
    return [link for link in links if link.get("outwardIssue")]


async def _import_links(unit: ImportUnit, issues: Sequence[Json], losses: LossCounter) -> None:
    links = [(issue, link) for issue in issues for link in outward_links(issue)]
    if not links:
        return
    ends = {issue["id"] for issue, _ in links}
    ends |= {str(link["outwardIssue"]["id"]) for _, link in links}
    targets = await unit.identities.get(identity_kinds.ISSUE, ends)
    types = await unit.identities.get(
        identity_kinds.ISSUE_LINK_TYPE, {str(link["type"]["id"]) for _, link in links}
    )
    unit.tally.expect(Kind.ISSUE_LINK, len(links))
    held: set[str] = set()
    present = await _present(unit, {targets[i["id"]] for i, _ in links if i["id"] in targets})
    for issue, link in links:
        triple = (
            types.get(str(link["type"]["id"]), ""),
            targets.get(issue["id"], ""),
            targets.get(str(link["outwardIssue"]["id"]), ""),
        )
        if not triple[2]:
            # Asked for where something is lacking alone: a site may have thousands of projects.
            held = held or await _held_projects(unit)
            other = str(link["outwardIssue"].get("key"))
            if split_issue_key(other)[0] not in held:
                losses.gone(Kind.ISSUE_LINK, Loss.LINK_OUT_OF_BACKUP, f"{issue['key']} {other}")
                continue
        await _import_link(unit, issue, link, triple, present)


async def _held_projects(unit: ImportUnit) -> set[str]:
    """The keys of the projects that the backup holds."""
    return {entry.attributes["key"] async for entry in unit.backup.entries(Kind.PROJECT)}


async def _present(unit: ImportUnit, issues: set[str]) -> set[Triple]:
    """The links that an earlier attempt made."""
    found: set[Triple] = set()
    ids = [] if unit.first_attempt else sorted(issues)
    for start in range(0, len(ids), BLOCK):
        body = {"issueIdsOrKeys": ids[start : start + BLOCK], "fields": ["issuelinks"]}
        answer: Json = await unit.site.post_json(BULKFETCH, body, read=True)
        for issue in answer.get("issues", ()):
            for link in outward_links(issue):
                other = str(link["outwardIssue"]["id"])
                found.add((str(link["type"]["id"]), str(issue["id"]), other))
    return found


async def _import_link(
    unit: ImportUnit, issue: Json, link: Json, triple: Triple, present: set[Triple]
) -> None:
    name = f"{issue['key']} {link['type'].get('outward', '')} {link['outwardIssue'].get('key', '')}"
    if not all(triple):
        message = "One of both issues or the link type is not at the destination."
        unit.tally.missing(Kind.ISSUE_LINK, name, "LINK_END_MISSING", message)
        return
    if triple not in present:
        try:
            await _post(unit, triple)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            unit.tally.missing(Kind.ISSUE_LINK, name, "ISSUE_LINK_REFUSED", error.message)
            return
    unit.tally.done(Kind.ISSUE_LINK)


async def _post(unit: ImportUnit, triple: Triple) -> None:
    """With inwardIssue=A and outwardIssue=B the site shows "A <outward text> B"."""
    kind, holder, other = triple
    body = {"type": {"id": kind}, "inwardIssue": {"id": holder}, "outwardIssue": {"id": other}}
    await unit.site.post_json(ISSUE_LINK, body)
