"""What the people, groups, roles and fields that schemes name are at the destination."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.unit import ImportUnit

_KINDS = {
    "user": identity_kinds.USER,
    "group": identity_kinds.GROUP,
    "projectrole": identity_kinds.PROJECT_ROLE,
    "usercustomfield": identity_kinds.FIELD,
    "groupcustomfield": identity_kinds.FIELD,
}
"""The types of holders and recipients that name something, in small letters."""


@dataclass(frozen=True)
class References:
    """The references of some schemes, by type and source id."""

    maps: Mapping[str, Mapping[str, str]]

    @classmethod
    async def of(cls, unit: ImportUnit, named: Iterable[tuple[str, str]]) -> References:
        """Asks for all of them at once; each is a type and a source id."""
        wanted: dict[str, set[str]] = {}
        for kind, source in named:
            if source and kind.casefold() in _KINDS:
                wanted.setdefault(_KINDS[kind.casefold()], set()).add(source)
        return cls({kind: await unit.identities.get(kind, ids) for kind, ids in wanted.items()})

    def target(self, kind: str, source: str) -> str | None:
        """The id at the destination; what names nothing of the site's stays as it is."""
        realm = _KINDS.get(kind.casefold())
        if realm is None or not source:
            return source
        return self.maps.get(realm, {}).get(source)
