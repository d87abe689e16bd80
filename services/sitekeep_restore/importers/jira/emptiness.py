"""Whether a Jira destination is empty, and if not, what has to be deleted.

What cannot be read counts as unknown, never as empty: the error of the site is raised. A Product
Discovery project without ideas is no content: no request makes one, so people have to make it
before ideas can come back into one. Should none of the backup have its key, it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sitekeep_restore.importers.product_discovery.prepared import is_prepared
from sitekeep_shared.atlassian.assets_site import AssetsSite, workspaces_of
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.errors import Violation

ACTIVE_CONTENT = "ACTIVE_CONTENT"
ARCHIVED_CONTENT = "ARCHIVED_CONTENT"
DELETED_CONTENT = "DELETED_CONTENT"

SEARCH = "/rest/api/3/project/search"
COUNT = "/rest/api/3/search/approximate-count"
STATES = ("live", "archived", "deleted")
PAGE_SIZE = 100
"""The largest page of project/search (Jira REST v3)."""

_EXAMPLES = 3
_FEW = ("maxResults", str(_EXAMPLES))

_LISTINGS: Sequence[tuple[str, str, Sequence[tuple[str, str]]]] = (
    ("filters", "/rest/api/3/filter/search", [("overrideSharePermissions", "true"), _FEW]),
    ("boards", "/rest/agile/1.0/board", [("includePrivate", "true"), _FEW]),
    ("dashboards", "/rest/api/3/dashboard/search", [_FEW]),
    ("organizations", "/rest/servicedeskapi/organization", [("limit", str(_EXAMPLES))]),
)
"""What else people make: what it is called and the list of it."""

_ADVICE = {
    ACTIVE_CONTENT: "Delete it, then delete it from the trash, too.",
    ARCHIVED_CONTENT: "Restore it from the archive, delete it, then delete it from the trash.",
    DELETED_CONTENT: "Delete it from the trash: it keeps its key until then.",
}


async def find_content(site: SiteClient) -> list[Violation]:
    """Every project, live, archived or in the trash, issues of no listed project, and what
    else people make.

    Raises SiteError.
    """
    projects = [each for each in await _projects(site) if not is_prepared(each)]
    violations = [_violation(project) for project in projects]
    hidden = 0 if violations else await _issue_count(site)
    if hidden:
        text = f"The search finds about {hidden} issues of projects that are not listed."
        violations.append(Violation(ACTIVE_CONTENT, "issues", text))
    return [*violations, *await _of_listings(site), *await _of_assets(site)]


async def _of_listings(site: SiteClient) -> list[Violation]:
    """What outlives the projects that it was made for: one violation for all of a kind."""
    found: list[Violation] = []
    for noun, template, query in _LISTINGS:
        try:
            page: dict[str, Any] = await site.get_json(template, query)
        except SiteNotFound:
            # The app of the product that has such things is not on the site.
            continue
        listed: list[Mapping[str, Any]] = page.get("values", [])
        names = [str(each.get("name", "")) for each in listed if not _comes_with_jira(each)]
        if names:
            count = int(page.get("total") or len(listed)) - (len(listed) - len(names))
            # Lists of Jira Service Management tell no total, only that there are more.
            more = "at least " if page.get("isLastPage") is False else ""
            text = f"There are {more}{count} {noun}, such as {', '.join(names)}. Delete them."
            found.append(Violation(ACTIVE_CONTENT, noun, text))
    return [*found, *await _plans(site)]


async def _of_assets(site: SiteClient) -> list[Violation]:
    """The schemas of Assets; a site without the app has none."""
    try:
        found = await workspaces_of(site)
    except (SiteNotFound, SiteForbidden):
        return []
    names: list[str] = []
    for workspace in found:
        assets = AssetsSite.of(site, await site.cloud_id(), workspace)
        page: dict[str, Any] = await assets.get_json("/objectschema/list")
        names += [str(each.get("name", "")) for each in page.get("values", ())]
    if not names:
        return []
    examples = ", ".join(names[:_EXAMPLES])
    text = f"There are {len(names)} object schemas of Assets, such as {examples}. Delete them."
    return [Violation(ACTIVE_CONTENT, "object schemas", text)]


async def _projects(site: SiteClient) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    while True:
        query = [("status", state) for state in STATES]
        query += [("expand", "insight"), ("maxResults", str(PAGE_SIZE))]
        query.append(("startAt", str(len(found))))
        page: dict[str, Any] = await site.get_json(SEARCH, query)
        values: list[Mapping[str, Any]] = page.get("values", [])
        found.extend(values)
        if not values or page.get("isLast", False):
            return found


def _comes_with_jira(listed: Mapping[str, Any]) -> bool:
    """Whether it is the dashboard that every site begins with."""
    return bool(listed.get("systemDashboard"))


async def _plans(site: SiteClient) -> list[Violation]:
    """Plans, archived and trashed ones too: only the premium edition of Jira has any."""
    query = [("includeTrashed", "true"), ("includeArchived", "true")]
    try:
        page: dict[str, Any] = await site.get_json("/rest/api/3/plans/plan", query)
    except (SiteForbidden, SiteNotFound):
        return []
    names = [str(each.get("name", "")) for each in page.get("values", ())]
    if not names:
        return []
    count = int(page.get("total") or len(names))
    text = f"There are {count} plans, such as {', '.join(names[:_EXAMPLES])}. Delete them."
    return [Violation(ACTIVE_CONTENT, "plans", text)]


def _violation(project: Mapping[str, Any]) -> Violation:
    kind = ARCHIVED_CONTENT if project.get("archived") else ACTIVE_CONTENT
    kind = DELETED_CONTENT if project.get("deleted") else kind
    insight: Mapping[str, Any] = project.get("insight") or {}
    count = int(insight.get("totalIssueCount") or 0)
    name = f"{project['key']} ({project.get('name', '')})"
    text = f"There is the project {name} with {count} issues. {_ADVICE[kind]}"
    return Violation(kind, f"project {project['key']}", text)


async def _issue_count(site: SiteClient) -> int:
    """How many issues the search index knows: a second source beside the list of projects."""
    body = {"jql": 'created >= "1970-01-01"'}
    answer: dict[str, Any] = await site.post_json(COUNT, body, read=True)
    return int(answer.get("count", 0))
