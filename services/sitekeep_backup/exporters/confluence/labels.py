"""Labels of pages and blog posts.

Read the other way round, by label: far fewer requests than one per page. What is
archived or trashed is asked for its labels itself, because a label's list need not show it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteNotFound
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V2, read_all
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

LABELS = "labels"
LABELS_APART = "labels-apart"

FIRST = UnitPlan(ExportPhase.CONTENT, "labels", LABELS)

_LIMIT = (("limit", str(LARGEST_PAGE)),)
_PLURALS = {Kind.PAGE: "pages", Kind.BLOG_POST: "blogposts"}
_AT_ONCE = 16


class _Label(msgspec.Struct):
    id: str


class _Labelled(msgspec.Struct):
    id: str
    status: str = "current"


@dataclass
class _Found:
    """Which content has which labels: a few bytes per pair, whatever the bodies hold."""

    labels: list[bytes] = field(default_factory=list[bytes])
    by_content: dict[Kind, dict[int, list[int]]] = field(
        default_factory=lambda: {kind: defaultdict(list) for kind in _PLURALS}
    )


async def export_labels(unit: ExportUnit) -> None:
    """Keeps the labels of all current content, one record per content. Raises SiteError."""
    found = _Found()
    waiting: list[int] = []
    async for item in read_all(unit.site, f"{V2}/labels", _LIMIT):
        waiting.append(len(found.labels))
        found.labels.append(item)
        if len(waiting) == _AT_ONCE:
            await _look_up(unit, found, waiting)
            waiting = []
    await _look_up(unit, found, waiting)
    for kind, contents in found.by_content.items():
        for content, numbers in sorted(contents.items()):
            labels = [found.labels[number] for number in sorted(numbers)]
            await _keep(unit, kind, str(content), labels)


async def _look_up(unit: ExportUnit, found: _Found, numbers: Sequence[int]) -> None:
    await asyncio.gather(
        *(_labelled(unit, found, number, kind) for number in numbers for kind in _PLURALS)
    )


async def _labelled(unit: ExportUnit, found: _Found, number: int, kind: Kind) -> None:
    label = msgspec.json.decode(found.labels[number], type=_Label).id
    template = f"{V2}/labels/{{label}}/{_PLURALS[kind]}"
    async for item in read_all(unit.site, template, _LIMIT, label=label):
        content = msgspec.json.decode(item, type=_Labelled)
        if content.status == "current":
            found.by_content[kind][int(content.id)].append(number)


def plan_apart(unit: ExportUnit, kind: Kind, contents: Sequence[str]) -> None:
    """Plans to read the labels of contents that are not current."""
    if contents:
        arguments = {"kind": kind.value, "contents": list(contents)}
        plan = UnitPlan(
            ExportPhase.CONTENT, f"labels-apart/{unit.plan.key}", LABELS_APART, arguments
        )
        unit.spawn(plan)


async def export_labels_apart(unit: ExportUnit) -> None:
    """Keeps the labels of single contents. Raises SiteError."""
    kind = Kind(unit.plan.arguments["kind"])
    template = f"{V2}/{_PLURALS[kind]}/{{content}}/labels"
    for content in unit.plan.arguments["contents"]:
        try:
            labels = [item async for item in read_all(unit.site, template, _LIMIT, content=content)]
        except SiteNotFound:
            _unreadable(unit, content)
        else:
            await _keep(unit, kind, content, labels)


def _unreadable(unit: ExportUnit, content: str) -> None:
    unit.tally.remark(
        Kind.LABEL,
        content,
        "LABELS_NOT_READABLE",
        "The site does not show the labels of this trashed or archived content.",
    )


async def _keep(unit: ExportUnit, kind: Kind, content: str, labels: Sequence[bytes]) -> None:
    if not labels:
        return
    payload = b"[" + b",".join(labels) + b"]"
    attributes = {"content": content, "content_kind": kind.value}
    unit.tally.expect(Kind.LABEL, len(labels))
    await unit.records.put_record(Kind.LABEL, f"{content:>020}", payload, attributes=attributes)
    unit.tally.done(Kind.LABEL, len(payload), count=len(labels))
