"""Properties of organizations and request types, as the backup keeps them beside their owner."""

from __future__ import annotations

import msgspec

from sitekeep_restore.importers.service_management.pages import API, REFUSALS
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry


async def write_properties(
    unit: ImportUnit, kind: Kind, entry: Entry, name: str, template: str, **path: str
) -> int:
    """Sets every property of an owner; how many the site refused."""
    text = entry.attributes.get("properties") or "{}"
    found: dict[str, msgspec.Raw] = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    refused = 0
    for key, value in found.items():
        one = f"{API}{template}/property/{{key}}"
        try:
            await unit.site.put_json(one, bytes(value), (), **path, key=key)
        except REFUSALS as error:
            reason = "PROPERTY_REFUSED"
            unit.tally.remark(kind, f"{name}/{key}", reason, error.message)
            refused += 1
    return refused
