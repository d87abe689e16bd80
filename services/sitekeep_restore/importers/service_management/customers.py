"""The customers of desks, one request after the other: sites allow five of these a second."""

from __future__ import annotations

from itertools import groupby

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import batch_of
from sitekeep_restore.importers.service_management.people import add_people
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

CUSTOMERS_PER_UNIT = 500
TEMPLATE = "/servicedesk/{desk}/customer"

FIRST = UnitPlan(ImportPhase.SETTINGS, "customers", "customers")


async def import_customers(unit: ImportUnit) -> None:
    """Some customers, desk by desk."""
    entries = await batch_of(unit, Kind.CUSTOMER, CUSTOMERS_PER_UNIT)
    losses = LossCounter(unit.tally)
    kind = identity_kinds.SERVICE_DESK
    desks = await unit.identities.get(kind, {_desk(entry) for entry in entries})
    for source, group in groupby(entries, _desk):
        part = list(group)
        unit.tally.expect(Kind.CUSTOMER, len(part))
        if source in desks:
            await add_people(unit, Kind.CUSTOMER, part, TEMPLATE, desk=desks[source])
        else:
            losses.gone(Kind.CUSTOMER, Loss.SERVICE_DESK_ABSENT, part[0].key, len(part))
    losses.report()


def _desk(entry: Entry) -> str:
    return entry.attributes["desk"]
