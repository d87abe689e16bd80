"""Boards: of the restored filters, in the restored projects, with the columns of new ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import board_filters, identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import (
    Json,
    batch_of,
    fold,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.jira.sprints import CLOSED_SPRINTS
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

BOARDS_PER_UNIT = 50
BOARD = "/rest/agile/1.0/board"
NAME_LENGTH = 254
TYPES = ("scrum", "kanban")
"""The types that REST can create (Jira Software REST 1.0, POST board)."""

BOARDS = UnitPlan(ImportPhase.PLANNING, "boards", "boards")
"""Planned once all filters are there."""


@dataclass(frozen=True)
class SourceBoard:
    """A board of the backup."""

    entry: Entry
    listed: Json

    @property
    def id(self) -> str:
        """Its source id."""
        return self.entry.key

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.listed.get("name") or f"Board {self.id}")

    @property
    def filter_id(self) -> str:
        """The source id of its filter; empty: the backup does not say."""
        found: Json = self._attribute("configuration").get("filter") or {}
        return str(found.get("id") or "")

    @property
    def location(self) -> Json:
        """The project or the person that it belongs to."""
        found: Json = self.listed.get("location") or {}
        return found

    @property
    def owner(self) -> str:
        """The account that it belongs to; empty: it belongs to nobody."""
        return str(self.location.get("userAccountId") or "")

    @property
    def project_id(self) -> str:
        """The source id of its project; empty: it is in none."""
        return str(self.location.get("projectId") or "")

    @property
    def type(self) -> str:
        """The type that it can have at the destination."""
        if self.listed.get("type") in TYPES:
            return str(self.listed["type"])
        features: list[Json] = self._attribute("features").get("features") or []
        sprints = any(
            each.get("boardFeature") == "SPRINTS" and each.get("state") == "ENABLED"
            for each in features
        )
        return "scrum" if sprints else "kanban"

    def _attribute(self, name: str) -> Json:
        found: Json = msgspec.json.decode(self.entry.attributes.get(name) or "{}")
        return found


async def import_boards(unit: ImportUnit) -> None:
    """Some boards."""
    entries = await batch_of(unit, Kind.BOARD, BOARDS_PER_UNIT)
    if is_last_batch(unit):
        unit.spawn(CLOSED_SPRINTS)
    boards = [SourceBoard(entry, await read_json(unit.backup, entry)) for entry in entries]
    unit.tally.expect(Kind.BOARD, len(boards))
    losses = LossCounter(unit.tally)
    filters = await unit.identities.get(identity_kinds.FILTER, {each.filter_id for each in boards})
    projects = await unit.identities.get(
        identity_kinds.PROJECT, {each.project_id for each in boards}
    )
    known = await _known(unit)
    caller = await _caller(unit, boards)
    for board in boards:
        project = projects.get(board.project_id, "")
        found = filters.get(board.filter_id, "")
        if board.id not in known:
            target = await _find_or_create(unit, board, found, project, known)
            if target is None:
                continue
            known[board.id] = target
            await unit.identities.put(identity_kinds.BOARD, {board.id: target})
        moved = bool(board.location) and not project and board.owner != caller
        _declare(losses, board, moved=moved)
        unit.tally.done(Kind.BOARD, lossy=True)
    losses.report()


async def _known(unit: ImportUnit) -> dict[str, str]:
    """On a later attempt: what every board of the backup became so far."""
    if unit.first_attempt:
        return {}
    keys = [entry.key async for entry in unit.backup.entries(Kind.BOARD)]
    return await unit.identities.get(identity_kinds.BOARD, keys)


async def _caller(unit: ImportUnit, boards: Sequence[SourceBoard]) -> str:
    """The restoring account; asked for only where a board belongs to a person."""
    if not any(board.owner for board in boards):
        return ""
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    return str(caller["accountId"])


def _declare(losses: LossCounter, board: SourceBoard, *, moved: bool) -> None:
    losses.add(Kind.BOARD, Loss.BOARD_CONFIGURATION, board.name)
    if board.listed.get("type") not in TYPES:
        losses.add(Kind.BOARD, Loss.BOARD_TYPE_CHANGED, board.name)
    if moved:
        losses.add(Kind.BOARD, Loss.BOARD_PLACE_CHANGED, board.name)


async def _find_or_create(
    unit: ImportUnit, board: SourceBoard, found: str, project: str, known: dict[str, str]
) -> str | None:
    """The id at the destination; None where the site takes no board for any filter."""
    message = "Its filter is not at the destination, and it is in no project."
    async for filter_id in _filters(unit, board, found, project):
        target = await _earlier(unit, board, filter_id, known)
        if target is not None:
            return target
        for body in _bodies(board, filter_id, project):
            try:
                created: Json = await unit.site.post_json(BOARD, body)
            except (SiteRefused, SiteForbidden, SiteNotFound) as error:
                message = error.message
            else:
                if board.location and "location" not in body:
                    _say_it_is_nowhere(unit, board, message)
                return str(created["id"])
    unit.tally.missing(Kind.BOARD, board.name, "BOARD_REFUSED", message)
    return None


def _say_it_is_nowhere(unit: ImportUnit, board: SourceBoard, why: str) -> None:
    message = f"The site did not take the board in its place, but without one: {why}"
    unit.tally.remark(Kind.BOARD, board.name, "BOARD_PLACE_REFUSED", message)


async def _filters(
    unit: ImportUnit, board: SourceBoard, found: str, project: str
) -> AsyncIterator[str]:
    """Its own filter, then one that finds the whole project, as Jira makes for new boards."""
    if found:
        yield found
    if project:
        replacement = await board_filters.replacement(unit, board.name, project)
        if replacement:
            yield replacement


async def _earlier(
    unit: ImportUnit, board: SourceBoard, filter_id: str, known: dict[str, str]
) -> str | None:
    """What an earlier attempt made of that filter and name and no other board became."""
    if unit.first_attempt:
        return None
    template = f"{BOARD}/filter/{{filter}}"
    page: Json = await unit.site.get_json(template, [("maxResults", "50")], filter=filter_id)
    taken = set(known.values())
    for each in page.get("values", ()):
        same = fold(each.get("name")) == fold(board.name[:NAME_LENGTH])
        if same and str(each["id"]) not in taken:
            return str(each["id"])
    return None


def _bodies(board: SourceBoard, filter_id: str, project: str) -> Iterator[Json]:
    """Bodies of a create: in its place, then in none."""
    body: Json = {
        "name": board.name[:NAME_LENGTH],
        "type": board.type,
        "filterId": int(filter_id),
    }
    if project:
        yield {**body, "location": {"type": "project", "projectKeyOrId": project}}
    elif board.location:
        yield {**body, "location": {"type": "user"}}
    yield body
