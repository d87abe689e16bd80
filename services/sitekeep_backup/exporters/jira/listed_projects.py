"""The list of projects in every state, with how many issues the site counts in each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from sitekeep_backup.exporters.jira.raw import decode_page, is_end
from sitekeep_backup.exporters.unit import ExportUnit

LIVE, ARCHIVED, DELETED = "live", "archived", "deleted"
SEARCH = "/rest/api/3/project/search"
PAGE_SIZE = 100
"""The largest page of project/search, versions and components (Jira REST v3)."""

QUERY: Sequence[tuple[str, str]] = (
    *(("status", status) for status in (LIVE, ARCHIVED, DELETED)),
    ("maxResults", str(PAGE_SIZE)),
    ("expand", "insight"),
    ("orderBy", "key"),
)
"""The only list that shows projects in the archive and in the trash."""


class _Insight(msgspec.Struct, rename="camel"):
    total_issue_count: int | None = None


class ListedProject(msgspec.Struct):
    """A project as the list and ``GET project/{id}`` show it."""

    id: str
    key: str
    name: str = ""
    archived: bool = False
    deleted: bool = False
    insight: _Insight | None = None
    roles: dict[str, str] = {}
    project_type: str = msgspec.field(default="", name="projectTypeKey")

    @property
    def issue_count(self) -> int:
        """How many issues the site says it has, whether the account sees them or not."""
        return (self.insight.total_issue_count or 0) if self.insight else 0

    @property
    def state(self) -> str:
        """One of LIVE, ARCHIVED, DELETED."""
        return DELETED if self.deleted else ARCHIVED if self.archived else LIVE


async def all_projects(unit: ExportUnit) -> AsyncIterator[ListedProject]:
    """Every project, whatever its state, by key."""
    start = 0
    while True:
        page = decode_page(await unit.site.get(SEARCH, [*QUERY, ("startAt", str(start))]))
        for item in page.values:
            yield msgspec.json.decode(item, type=ListedProject)
        if is_end(page, start):
            return
        start += len(page.values)
