"""Sprints with their issues: closed ones first, each begun, filled and closed before the next.

An issue stays in the closed sprints that it was in, but is in one open sprint at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.dashboards import DASHBOARDS
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.ranks import RANKS
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.jira.sprint_boards import SprintBoards
from sitekeep_restore.importers.jira.sprint_members import Members, members_of, take_in
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SPRINTS_PER_UNIT = 50
SPRINT = "/rest/agile/1.0/sprint"
ONE = "/rest/agile/1.0/sprint/{sprint}"
NAME_LENGTH = 30
"""The longest name that a sprint can be given."""

FUTURE, ACTIVE, CLOSED = "future", "active", "closed"
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)

CLOSED_SPRINTS = UnitPlan(ImportPhase.PLANNING, "closed-sprints", "closed-sprints")
"""Planned once all boards are there."""
OPEN_SPRINTS = UnitPlan(ImportPhase.PLANNING, "open-sprints", "open-sprints")


@dataclass(frozen=True)
class SourceSprint:
    """A sprint of the backup: as its board lists it, or as an issue shows it."""

    listed: Json

    @property
    def id(self) -> str:
        """Its source id."""
        return str(self.listed["id"])

    @property
    def name(self) -> str:
        """Its name as the destination takes it."""
        name = str(self.listed.get("name") or "").strip()[:NAME_LENGTH].strip()
        return name or f"Sprint {self.id}"

    @property
    def board(self) -> str:
        """The source id of the board that it was made on."""
        return str(self.listed.get("originBoardId") or self.listed.get("boardId") or "")

    @property
    def state(self) -> str:
        """``future``, ``active`` or ``closed``."""
        return str(self.listed.get("state") or FUTURE).lower()

    @property
    def dates(self) -> Json:
        """Begin and end; one that was begun has both, whatever the backup says."""
        begin, end = self.listed.get("startDate"), self.listed.get("endDate")
        if self.state != FUTURE:
            begin = begin or self.listed.get("createdDate") or end
            end = end or self.listed.get("completeDate") or begin
        return {name: value for name, value in (("startDate", begin), ("endDate", end)) if value}

    @property
    def order(self) -> tuple[str, int]:
        """Older ones first."""
        return str(self.listed.get("startDate") or "~"), int(self.id)


@dataclass
class _Context:
    """What the sprints of one unit share."""

    unit: ImportUnit
    losses: LossCounter
    boards: SprintBoards
    known: dict[str, str]
    """Source → target id of the sprints that are at the destination."""
    on_board: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    """On a later attempt: target board → the sprints on it."""


async def import_closed_sprints(unit: ImportUnit) -> None:
    """The closed ones of some sprints; after the last ones come the open ones."""
    await _import_batch(unit, closed=True)
    if is_last_batch(unit):
        unit.spawn(OPEN_SPRINTS)


async def import_open_sprints(unit: ImportUnit) -> None:
    """The active and the future ones of some sprints; after the last ones comes the order."""
    await _import_batch(unit, closed=False)
    if is_last_batch(unit):
        unit.spawn(RANKS, DASHBOARDS)


async def _import_batch(unit: ImportUnit, *, closed: bool) -> None:
    entries = await batch_of(unit, Kind.SPRINT, SPRINTS_PER_UNIT)
    listed = [SourceSprint(await read_json(unit.backup, entry)) for entry in entries]
    sprints = [each for each in listed if (each.state == CLOSED) == closed]
    if not sprints:
        return
    unit.tally.expect(Kind.SPRINT, len(sprints))
    context = await _context(unit, sprints)
    members = await members_of(unit, [each.id for each in sprints])
    for sprint in sorted(sprints, key=lambda each: each.order):
        await _import(context, sprint, members[sprint.id])
    context.losses.report()


async def _context(unit: ImportUnit, sprints: Sequence[SourceSprint]) -> _Context:
    boards = await unit.identities.get(identity_kinds.BOARD, {each.board for each in sprints})
    known: dict[str, str] = {}
    if not unit.first_attempt:
        keys = [entry.key async for entry in unit.backup.entries(Kind.SPRINT)]
        known = await unit.identities.get(identity_kinds.SPRINT, keys)
    return _Context(unit, LossCounter(unit.tally), SprintBoards(unit, boards), known)


async def _import(context: _Context, sprint: SourceSprint, members: Members) -> None:
    current = await _current(context, sprint, members)
    if current is None:
        return
    losses = [Loss.SPRINT_DATES]
    if sprint.name != sprint.listed.get("name"):
        losses.append(Loss.SPRINT_NAME_CUT)
    if current["state"] != CLOSED:
        target = str(current["id"])
        refused = await take_in(context.unit, target, members)
        context.losses.add(Kind.SPRINT, Loss.SPRINT_MEMBER_REFUSED, sprint.name, refused)
        if not await _bring_to_state(context, sprint, current):
            losses.append(Loss.SPRINT_NOT_STARTED)
    for loss in losses:
        context.losses.add(Kind.SPRINT, loss, sprint.name)
    context.unit.tally.done(Kind.SPRINT, lossy=True)


async def _current(context: _Context, sprint: SourceSprint, members: Members) -> Json | None:
    """The sprint at the destination: an earlier attempt's or a new one; None: refused."""
    unit = context.unit
    if sprint.id in context.known:
        found: Json = await unit.site.get_json(ONE, sprint=context.known[sprint.id])
        return found
    board = await _board(context, sprint, members)
    if not board:
        message = "Its board did not come back, and there is no other one for it."
        unit.tally.missing(Kind.SPRINT, sprint.name, "SPRINT_WITHOUT_BOARD", message)
        return None
    current = await _earlier(context, sprint, board) or await _create(context, sprint, board)
    if current is not None:
        context.known[sprint.id] = str(current["id"])
        await unit.identities.put(identity_kinds.SPRINT, {sprint.id: str(current["id"])})
    return current


async def _board(context: _Context, sprint: SourceSprint, members: Members) -> str:
    """The target id of its board, else of another one; empty: there is none."""
    board = context.boards.own.get(sprint.board)
    if board is None:
        board = await context.boards.other(members.project)
        if board:
            context.losses.add(Kind.SPRINT, Loss.SPRINT_BOARD_REPLACED, sprint.name)
    return board


async def _earlier(context: _Context, sprint: SourceSprint, board: str) -> Json | None:
    """What an earlier attempt made on that board and no other sprint of the backup became."""
    if context.unit.first_attempt:
        return None
    if board not in context.on_board:
        template = "/rest/agile/1.0/board/{board}/sprint"
        context.on_board[board] = await all_values(context.unit.site, template, board=board)
    taken = set(context.known.values())
    found = (
        each
        for each in context.on_board[board]
        if each.get("name") == sprint.name and str(each["id"]) not in taken
    )
    return next(found, None)


async def _create(context: _Context, sprint: SourceSprint, board: str) -> Json | None:
    body: Json = {"name": sprint.name, "originBoardId": int(board), **sprint.dates}
    if sprint.listed.get("goal"):
        body["goal"] = sprint.listed["goal"]
    try:
        created: Json = await context.unit.site.post_json(SPRINT, body)
    except _REFUSALS as error:
        unit = context.unit
        unit.tally.missing(Kind.SPRINT, sprint.name, "SPRINT_REFUSED", error.message)
        return None
    return created


async def _bring_to_state(context: _Context, sprint: SourceSprint, current: Json) -> bool:
    """Starts and closes it as far as it was; whether the site went along."""
    steps = {ACTIVE: (ACTIVE,), CLOSED: (ACTIVE, CLOSED)}.get(sprint.state, ())
    done = {ACTIVE: (ACTIVE,)}.get(str(current["state"]), ())
    for state in steps:
        if state in done:
            continue
        body = {"state": state, **(sprint.dates if state == ACTIVE else {})}
        try:
            await context.unit.site.post(ONE, body, sprint=str(current["id"]))
        except _REFUSALS:
            return False
    return True
