"""Labels of pages and blog posts. Adding one twice changes nothing."""

from __future__ import annotations

import msgspec

from sitekeep_restore.importers.confluence.ranges import entries_of, identifier, plan_ranges
from sitekeep_restore.importers.confluence.together import together
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V1
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-labels"
LABELS = "labels"

FIRST = UnitPlan(ImportPhase.DETAILS, "plan-labels", PLAN)

_CONTENTS_PER_UNIT = 100


class _Label(msgspec.Struct):
    prefix: str
    name: str


async def plan_labels(unit: ImportUnit) -> None:
    """Plans the labels."""
    await plan_ranges(unit, Kind.LABEL, LABELS, _CONTENTS_PER_UNIT)


async def import_labels(unit: ImportUnit) -> None:
    """Adds the labels of some contents. Raises SiteError."""
    entries = [entry async for entry in entries_of(unit)]
    sources = [identifier(entry) for entry in entries]
    targets = await unit.identities.get(Kind.PAGE.value, sources)
    targets |= await unit.identities.get(Kind.BLOG_POST.value, sources)
    await together(_labels(unit, entry, targets.get(identifier(entry))) for entry in entries)


async def _labels(unit: ImportUnit, entry: Entry, target: str | None) -> None:
    labels = msgspec.json.decode(await unit.backup.read(entry), type=list[_Label])
    unit.tally.expect(Kind.LABEL, len(labels))
    if target is None:
        message = "What the labels were on was not restored."
        _missing(unit, entry, len(labels), "CONTAINER_NOT_RESTORED", message)
        return
    body = [{"prefix": label.prefix, "name": label.name} for label in labels]
    try:
        await unit.site.post(f"{V1}/content/{{id}}/label", body, id=target)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        _missing(unit, entry, len(labels), "LABELS_REFUSED", error.message)
        return
    unit.tally.done(Kind.LABEL, count=len(labels))


def _missing(unit: ImportUnit, entry: Entry, count: int, reason: str, message: str) -> None:
    unit.tally.missing(Kind.LABEL, identifier(entry), reason, message, count=count)
