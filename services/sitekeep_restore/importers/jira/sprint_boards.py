"""The boards that sprints come back on: their own ones, else others, else one made for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sitekeep_restore.importers.jira import board_filters, identity_kinds
from sitekeep_restore.importers.jira.reading import Json, read_all
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

BOARD = "/rest/agile/1.0/board"
OF_FILTER = f"{BOARD}/filter/{{filter}}"
MADE_NAME = "Sitekeep: sprints of boards that are gone"
"""The name of a board that is made where a site of sprints has no board for them."""


@dataclass
class SprintBoards:
    """Finds boards for the sprints of one unit."""

    unit: ImportUnit
    own: dict[str, str]
    """Source → target id of the boards that the sprints were made on."""
    _made: dict[str, str] = field(default_factory=dict[str, str])

    async def other(self, project: str) -> str:
        """The target id of another scrum board: best of the project with that source id.

        Empty: there is none, and the site takes none.
        """
        boards = [
            board
            for board in await read_all(self.unit.backup, Kind.BOARD)
            if board.get("type") == "scrum"
        ]
        targets = await self.unit.identities.get(
            identity_kinds.BOARD, [str(board["id"]) for board in boards]
        )
        boards.sort(key=lambda board: _project_of(board) != project)
        found = (targets[str(board["id"])] for board in boards if str(board["id"]) in targets)
        return next(found, "") or await self._made_for(project)

    async def _made_for(self, project: str) -> str:
        if project not in self._made:
            targets = await self.unit.identities.get(identity_kinds.PROJECT, [project])
            target = targets.get(project, "")
            self._made[project] = await self._find_or_create(target) if target else ""
        return self._made[project]

    async def _find_or_create(self, project: str) -> str:
        """What another unit or an earlier attempt has made serves all sprints of the project."""
        found = await board_filters.replacement(self.unit, MADE_NAME, project)
        if not found:
            return ""
        page: Json = await self.unit.site.get_json(OF_FILTER, filter=found)
        for board in page.get("values", ()):
            return str(board["id"])
        place = {"type": "project", "projectKeyOrId": project}
        body = {"name": MADE_NAME, "type": "scrum", "filterId": int(found), "location": place}
        try:
            created: Json = await self.unit.site.post_json(BOARD, body)
        except (SiteRefused, SiteForbidden, SiteNotFound):
            return ""
        return str(created["id"])


def _project_of(board: Json) -> str:
    location: Json = board.get("location") or {}
    return str(location.get("projectId") or "")
