"""Properties of organizations and request types: the site lists keys, values come one by one."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.service_management.pages import API
from sitekeep_backup.exporters.unit import ExportUnit


class _Key(msgspec.Struct):
    key: str


class _Keys(msgspec.Struct):
    keys: list[_Key] = []


class _Property(msgspec.Struct):
    key: str
    value: msgspec.Raw


async def properties_of(unit: ExportUnit, template: str, **path: str) -> str:
    """JSON of the values by key of an owner's properties.

    Raises SiteError where the site does not show them.
    """
    body = await unit.site.get(f"{API}{template}/property", (), **path)
    found: dict[str, msgspec.Raw] = {}
    for each in msgspec.json.decode(body, type=_Keys).keys:
        one = f"{API}{template}/property/{{key}}"
        answer = await unit.site.get(one, (), **path, key=each.key)
        found[each.key] = msgspec.json.decode(answer, type=_Property).value
    return msgspec.json.encode(found).decode()
