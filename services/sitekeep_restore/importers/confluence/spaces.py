"""Spaces: made under their own key, personal ones as private spaces."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence.ranges import entries_of, plan_ranges
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V1, V2, read_page
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-spaces"
SPACES = "spaces"

FIRST = UnitPlan(ImportPhase.CONTAINERS, "plan-spaces", PLAN)

HOME = "space_home"
"""Identities: source space id → id of the home page that the new space came with."""
CHANGED_KEY = "space_key"
"""Identities: source space key → key at the destination, only where they differ."""
BASE = "base"
"""Identities: ``source`` and ``target`` → the base URL of the site, with ``/wiki``."""

_SPACES_PER_UNIT = 10
_PLAIN_TYPES = frozenset({"global", "collaboration", "personal"})
_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9]")


class _Value(msgspec.Struct):
    value: str = ""


class _Description(msgspec.Struct):
    plain: _Value | None = None


class _Space(msgspec.Struct):
    id: str
    key: str
    name: str = ""
    type: str = "global"
    homepage: str | None = msgspec.field(name="homepageId", default=None)
    description: _Description | None = None


@dataclass(frozen=True)
class _Made:
    """A space of the destination."""

    id: str
    key: str
    homepage: str
    base: str


async def plan_spaces(unit: ImportUnit) -> None:
    """Plans the spaces."""
    await plan_ranges(unit, Kind.SPACE, SPACES, _SPACES_PER_UNIT)


async def import_spaces(unit: ImportUnit) -> None:
    """Makes some spaces. Raises SiteError."""
    async for entry in entries_of(unit):
        space = msgspec.json.decode(await unit.backup.read(entry), type=_Space)
        unit.tally.expect(Kind.SPACE)
        made = await _make(unit, space)
        if made is None:
            continue
        await _remember(unit, entry, space, made)
        unit.tally.done(Kind.SPACE, lossy=_count_losses(unit, space, made))


async def _make(unit: ImportUnit, space: _Space) -> _Made | None:
    if not unit.first_attempt:
        for key in (space.key, _free_key(space)):
            found = await _find(unit, key)
            if found is not None:
                return found
    if space.type == "personal":
        return await _make_personal(unit, space)
    return await _make_under(unit, space, space.key, "")


async def _make_personal(unit: ImportUnit, space: _Space) -> _Made | None:
    """Only its owner can make a personal space: others become private spaces."""
    try:
        await _post(unit, space, space.key, "/_private")
    except (SiteRefused, SiteForbidden, SiteNotFound):
        return await _make_under(unit, space, _free_key(space), "/_private")
    return await _find(unit, space.key)


async def _make_under(unit: ImportUnit, space: _Space, key: str, variant: str) -> _Made | None:
    try:
        await _post(unit, space, key, variant)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        return await _adopt(unit, space, key, error.message)
    return await _find(unit, key)


async def _adopt(unit: ImportUnit, space: _Space, key: str, message: str) -> _Made | None:
    """A space of that key that is there already takes the content in."""
    found = await _find(unit, key)
    if found is None:
        unit.tally.missing(Kind.SPACE, space.key, "SPACE_REFUSED", message)
    else:
        unit.tally.remark(
            Kind.SPACE, space.key, "SPACE_EXISTED", "The space was there; content was added to it."
        )
    return found


async def _post(unit: ImportUnit, space: _Space, key: str, variant: str) -> None:
    """v1 ``POST /space`` or ``POST /space/_private``: works with and without roles."""
    body: dict[str, Any] = {"key": key, "name": space.name or key}
    description = space.description and space.description.plain and space.description.plain.value
    if description:
        body["description"] = {"plain": {"value": description, "representation": "plain"}}
    await unit.site.post(f"{V1}/space{variant}", body)


async def _find(unit: ImportUnit, key: str) -> _Made | None:
    page = await read_page(unit.site, f"{V2}/spaces", (("keys", key),))
    for item in page.items:
        found = msgspec.json.decode(item, type=_Space)
        if found.key == key:
            return _Made(found.id, found.key, found.homepage or "", page.base)
    return None


def _free_key(space: _Space) -> str:
    """A key that any space may have, for a personal space of somebody else."""
    return "PERSONAL" + _NOT_IN_KEY.sub("", space.key) if space.key.startswith("~") else space.key


async def _remember(unit: ImportUnit, entry: Entry, space: _Space, made: _Made) -> None:
    await unit.identities.put(Kind.SPACE.value, {space.id: made.id})
    if made.homepage:
        await unit.identities.put(HOME, {space.id: made.homepage})
    if made.key != space.key:
        await unit.identities.put(CHANGED_KEY, {space.key: made.key})
    source = entry.attributes.get("base", "")
    if source and made.base:
        await unit.identities.put(BASE, {"source": source, "target": made.base})


def _count_losses(unit: ImportUnit, space: _Space, made: _Made) -> bool:
    """Says what is not as it was; whether anything is."""
    if made.key != space.key:
        message = f"The personal space of somebody else became the private space {made.key}."
        unit.tally.remark(Kind.SPACE, space.key, "PERSONAL_SPACE_PRIVATE", message)
    if space.type not in _PLAIN_TYPES:
        message = f"The {space.type} space became a space of the usual type."
        unit.tally.remark(Kind.SPACE, space.key, "SPACE_TYPE_LOST", message)
    return made.key != space.key or space.type not in _PLAIN_TYPES


async def home_of(backup: BackupReader, space: str) -> str:
    """The id of the source's home page of a space; empty where it has none."""
    entry = await backup.entry(Kind.SPACE, f"{space:>020}")
    if entry is None:
        return ""
    return msgspec.json.decode(await backup.read(entry), type=_Space).homepage or ""
