"""Boards, each with what of its configuration can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import plan_properties
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next
from sitekeep_backup.exporters.jira.raw import decode_page, join_array
from sitekeep_backup.exporters.jira.sprints import sprints_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.content.invisible import BOARDS_NOT_VISIBLE
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The largest page of board (Jira Software REST 1.0)."""

CONCURRENT_BOARDS = 5
TEAM_MANAGED = "simple"
WITHOUT_SPRINTS = "kanban"
_BOARD = "/rest/agile/1.0/board"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "boards", "boards")


class _Listed(msgspec.Struct, rename="camel"):
    id: int
    type: str = ""
    is_private: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether there is more to it than its place: others' private boards have no name."""
        return bool(self.type) or not self.is_private


async def export_boards(unit: ExportUnit) -> None:
    """One page of boards with their configurations and quick filters.

    A site without Jira Software has no boards, and no list of them.
    """
    query = [
        ("includePrivate", "true"),
        ("expand", "admins,permissions"),
        ("maxResults", str(PAGE_SIZE)),
    ]
    try:
        page = await read_page(unit, _BOARD, query)
    except SiteNotFound:
        return
    listed = [(msgspec.json.decode(item, type=_Listed), bytes(item)) for item in page.values]
    shown = [(board, payload) for board, payload in listed if board.is_shown]
    _report_hidden(unit, [board for board, _ in listed if not board.is_shown])
    unit.tally.expect(Kind.BOARD, len(shown))
    calls = [partial(_attributes, unit, board) for board, _ in shown]
    async with aclosing(in_order(calls, limit=CONCURRENT_BOARDS)) as configured:
        place = 0
        async for attributes in configured:
            board, payload = shown[place]
            key = str(board.id)
            await unit.records.put_record(Kind.BOARD, key, payload, attributes=attributes)
            unit.tally.done(Kind.BOARD, len(payload))
            place += 1
    unit.spawn(*(sprints_of(board.id) for board, _ in shown if board.type != WITHOUT_SPRINTS))
    plan_properties(unit, Owner.BOARD, [str(board.id) for board, _ in shown])
    spawn_next(unit, page)


def _report_hidden(unit: ExportUnit, hidden: Sequence[_Listed]) -> None:
    if hidden:
        message = f"{len(hidden)} private boards are listed but not shown to this account."
        key = str(hidden[0].id)
        unit.tally.remark(Kind.BOARD, key, BOARDS_NOT_VISIBLE, message, count=len(hidden))


async def _attributes(unit: ExportUnit, board: _Listed) -> Mapping[str, str]:
    """A board's ``configuration``, ``quickFilters`` and ``features``, as JSON texts."""
    try:
        attributes = {
            "configuration": (await _read(unit, board, "configuration")).decode(),
            "quickFilters": await _quick_filters(unit, board),
        }
        if board.type == TEAM_MANAGED:
            attributes["features"] = (await _read(unit, board, "features")).decode()
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        reason = "BOARD_CONFIGURATION_NOT_READABLE"
        unit.tally.remark(Kind.BOARD, str(board.id), reason, refusal.message)
        return {}
    return attributes


async def _read(unit: ExportUnit, board: _Listed, noun: str, start: int = 0) -> bytes:
    query = [("startAt", str(start))] if start else []
    return await unit.site.get(f"{_BOARD}/{{board}}/{noun}", query, board=str(board.id))


async def _quick_filters(unit: ExportUnit, board: _Listed) -> str:
    found: list[msgspec.Raw] = []
    while True:
        page = decode_page(await _read(unit, board, "quickfilter", len(found)))
        found.extend(page.values)
        if not page.values or page.is_last is not False:
            return join_array(found).decode()
