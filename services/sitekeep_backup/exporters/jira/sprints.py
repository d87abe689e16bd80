"""Sprints: those that boards list, and those that only issues know any more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import plan_properties
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import OffsetPage, decode_array, identity_of, text_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.content.jql import RANK_FIELD, SPRINT_FIELD
from sitekeep_shared.content.service_fields import REQUEST_TYPE_FIELD
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The largest page of board/{id}/sprint (Jira Software REST 1.0)."""


class _Sprint(msgspec.Struct, rename="camel"):
    id: int
    origin_board_id: int | None = None


class _Schema(msgspec.Struct):
    custom: str = ""


class _Field(msgspec.Struct):
    id: str
    schema: _Schema | None = None


class PlanningFields(msgspec.Struct, frozen=True):
    """The ids of the fields that the apps of Jira keep; empty where one is not installed."""

    sprint: str = ""
    rank: str = ""
    request: str = ""

    def source_of(self, project_id: str, project_key: str) -> IssueSource:
        """A project whose issues are read together with these fields."""
        return IssueSource(
            project_id,
            project_key,
            sprint_field=self.sprint,
            rank_field=self.rank,
            request_field=self.request,
        )


async def planning_fields(unit: ExportUnit) -> PlanningFields:
    """GET field: which fields of an issue hold its sprints, its rank and its request type."""
    found: dict[str, str] = {}
    for item in decode_array(await unit.site.get("/rest/api/3/field")):
        field = msgspec.json.decode(item, type=_Field)
        if field.schema is not None:
            found.setdefault(field.schema.custom, field.id)
    kinds = (SPRINT_FIELD, RANK_FIELD, REQUEST_TYPE_FIELD)
    return PlanningFields(*(found.get(kind, "") for kind in kinds))


def sprints_of(board_id: int) -> UnitPlan:
    """The unit that reads the sprints of a board."""
    key = f"board-sprints/{board_id:010d}"
    return UnitPlan(ExportPhase.CONFIGURATION, key, "board-sprints", {"board": board_id})


async def export_board_sprints(unit: ExportUnit) -> None:
    """One page of the sprints that were made on a board; others are listed where they were."""
    board_id = int(unit.plan.arguments["board"])
    page = await _page(unit, board_id)
    own = [item for item in page.values if _is_of(item, board_id)]
    await store_items(unit, Kind.SPRINT, own)
    # Issues name sprints, too: a unit that exists already is not planned once more.
    unit.spawn(*(_seen(identity_of(item), "") for item in own))
    plan_properties(unit, Owner.SPRINT, [identity_of(item) for item in own])
    spawn_next(unit, page)


async def _page(unit: ExportUnit, board_id: int) -> OffsetPage:
    template = "/rest/agile/1.0/board/{board}/sprint"
    query = [("maxResults", str(PAGE_SIZE))]
    try:
        return await read_page(unit, template, query, board=str(board_id))
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        # Boards of team-managed projects may have sprints switched off.
        reason = "SPRINTS_NOT_LISTED"
        unit.tally.remark(Kind.SPRINT, f"board {board_id}", reason, refusal.message)
        return OffsetPage()


def _is_of(item: msgspec.Raw, board_id: int) -> bool:
    return msgspec.json.decode(item, type=_Sprint).origin_board_id == board_id


def _seen(sprint_id: str, text: str) -> UnitPlan:
    arguments = {"sprint": sprint_id, "text": text}
    return UnitPlan(ExportPhase.CONTENT, f"sprint/{sprint_id:>010}", "sprint", arguments)


def plan_seen(unit: ExportUnit, sprints: Sequence[msgspec.Raw]) -> None:
    """Plans the storing of sprints that issues name, as the issues show them."""
    unit.spawn(*(_seen(identity_of(item), text_of(item)) for item in sprints))


async def export_seen_sprint(unit: ExportUnit) -> None:
    """A sprint of a board that is gone or hidden; nothing where its board has listed it."""
    text = str(unit.plan.arguments["text"])
    if text:
        await store_items(unit, Kind.SPRINT, [msgspec.Raw(text.encode())])
        plan_properties(unit, Owner.SPRINT, [str(unit.plan.arguments["sprint"])])
