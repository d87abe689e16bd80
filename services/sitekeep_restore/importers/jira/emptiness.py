"""Whether a Jira destination is empty, and if not, what has to be deleted.

What cannot be read counts as unknown, never as empty: the error of the site is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound
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
    violations = [_violation(project) for project in await _projects(site)]
    hidden = 0 if violations else await _issue_count(site)
    if hidden:
        text = f"The search finds about {hidden} issues of projects that are not listed."
        violations.append(Violation(ACTIVE_CONTENT, "issues", text))
    return [*violations, *await _of_listings(site)]


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
    return found


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
