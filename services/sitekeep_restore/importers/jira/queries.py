"""JQL for the destination: every id in a query becomes the one of the restored thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.fields import custom_type
from sitekeep_restore.importers.jira.reading import Json, fold, read_all
from sitekeep_restore.importers.jira.security_levels import levels_in_backup
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.jql import (
    OPTION,
    SECURITY_LEVEL,
    Reference,
    custom_realms,
    references,
    replaced,
)
from sitekeep_shared.kinds import Kind

NOTHING = "project is EMPTY"
"""A query that every site takes and that finds nothing."""

_LATER = (identity_kinds.FILTER, identity_kinds.SPRINT)
"""Realms of what is restored together with filters or after them."""

_NAMED = (
    Kind.PROJECT,
    Kind.PROJECT_CATEGORY,
    Kind.VERSION,
    Kind.COMPONENT,
    Kind.ISSUE_TYPE,
    Kind.STATUS,
    Kind.PRIORITY,
    Kind.RESOLUTION,
    Kind.FILTER,
    Kind.SPRINT,
)


@dataclass(frozen=True)
class Rewritten:
    """What became of a query."""

    text: str
    waits: bool = False
    """Whether it names something that the restore brings back later."""
    lost: Sequence[str] = ()
    """The ids in it that nothing at the destination stands for."""


class Queries:
    """Rewrites the queries of one unit."""

    def __init__(self, unit: ImportUnit, custom: dict[str, str]) -> None:
        self._unit = unit
        self._custom = custom
        self._names: dict[str, frozenset[str]] = {}

    @classmethod
    async def of(cls, unit: ImportUnit) -> Queries:
        """Reads which fields the source has."""
        fields = await read_all(unit.backup, Kind.FIELD)
        return cls(unit, custom_realms(field for field in fields if custom_type(field)))

    async def rewritten(self, query: str) -> Rewritten:
        """The query with every id that is known replaced."""
        found = references(query, self._custom)
        targets = await self._targets(found)
        texts: dict[Reference, str] = {}
        waits, lost = False, list[str]()
        for reference in found:
            target = targets.get((reference.realm, reference.id))
            if reference.quoted and await self._is_name(reference):
                continue
            if target is not None:
                texts[reference] = _text(reference, target)
            elif reference.realm == Kind.USER or await self._is_name(reference):
                # Accounts are the same on every site: whether one is there the site says.
                continue
            elif await self._comes_later(reference):
                waits = True
            else:
                lost.append(reference.id)
        return Rewritten(replaced(query, texts), waits, lost)

    async def _targets(self, found: Iterable[Reference]) -> dict[tuple[str, str], str]:
        wanted: dict[str, set[str]] = {}
        for reference in found:
            wanted.setdefault(reference.realm, set()).add(reference.id)
        targets: dict[tuple[str, str], str] = {}
        for realm, ids in wanted.items():
            pairs = await self._unit.identities.get(realm, ids)
            targets |= {(realm, source): target for source, target in pairs.items()}
        return targets

    async def _comes_later(self, reference: Reference) -> bool:
        if reference.realm not in _LATER:
            return False
        return await self._unit.backup.entry(Kind(reference.realm), reference.id) is not None

    async def _is_name(self, reference: Reference) -> bool:
        """Whether the number is the name of something: versions are often named by a year."""
        if reference.realm not in self._names:
            self._names[reference.realm] = await self._names_of(reference.realm)
        return fold(reference.id) in self._names[reference.realm]

    async def _names_of(self, realm: str) -> frozenset[str]:
        if realm == OPTION:
            return frozenset([name async for name in self._option_names()])
        if realm == SECURITY_LEVEL:
            return frozenset([name async for name in self._level_names()])
        if realm not in _NAMED:
            return frozenset()
        items = await read_all(self._unit.backup, Kind(realm))
        return frozenset(fold(item.get("name")) for item in items)

    async def _option_names(self) -> AsyncIterator[str]:
        async for entry in self._unit.backup.entries(Kind.FIELD_CONTEXT):
            options: list[Json] = msgspec.json.decode(entry.attributes.get("options") or "[]")
            for option in options:
                yield fold(option.get("value"))

    async def _level_names(self) -> AsyncIterator[str]:
        async for entry in self._unit.backup.entries(Kind.ISSUE_SECURITY_SCHEME):
            for level in levels_in_backup(entry):
                yield fold(level.name)


def _text(reference: Reference, target: str) -> str:
    if reference.realm == Kind.FIELD:
        return target.removeprefix("customfield_")
    return f'"{target}"' if reference.quoted else target
