"""Where a scheme of the backup goes when the destination has one of that name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, all_values, fold
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind

SEARCH = "/rest/api/3/project/search"
STATES = ("live", "archived", "deleted")
SUFFIX = " (restored)"
REASON = "SCHEME_OF_THAT_NAME_KEPT"
WHY = (
    "There is another scheme of that name, which projects that were there already may use or "
    "which has parts of its own: it stays, and the restored one has another name."
)


@dataclass(frozen=True)
class Home:
    """The scheme that becomes the restored one, or the name under which it is made."""

    name: str
    found: Json | None


@dataclass
class SchemeHomes:
    """Chooses the homes of the schemes of one kind."""

    unit: ImportUnit
    kind: Kind
    existing: Mapping[str, Any]
    """The schemes of the destination by their folded names."""
    in_use: bool
    """Whether the destination has projects that a changed scheme would touch."""
    longest: int = 255
    """How many characters a name may have."""

    async def of(
        self,
        scheme: Json,
        is_same: Callable[[Json], bool],
        cannot_become: Callable[[Json], bool] = lambda found: False,
    ) -> Home:
        """The home of a scheme.

        One of that name is taken over where it is the same, where it is ours from an earlier
        attempt, or where no project can be using it and it can become the restored one.
        """
        name = str(scheme["name"])
        found: Json | None = self.existing.get(fold(name))
        if found is None or is_same(found) or await self._ours(scheme, found):
            return Home(name, found)
        if not self.in_use and not cannot_become(found):
            return Home(name, found)
        self.unit.tally.remark(self.kind, name, REASON, WHY)
        other = name[: self.longest - len(SUFFIX)] + SUFFIX
        return Home(other, self.existing.get(fold(other)))

    async def _ours(self, scheme: Json, found: Json) -> bool:
        source = str(scheme["id"])
        kept = await self.unit.identities.get(self.kind.value, [source])
        return kept.get(source) == str(found["id"])

    async def noted(self, scheme: Json, *, is_equal: bool) -> Home:
        """The home of a scheme that nothing marks as ours but a note made before it was."""
        noted = await self.unit.identities.get(identity_kinds.MADE_SCHEME, [self._key(scheme)])
        name = noted.get(self._key(scheme))
        return await self.of(scheme, lambda found: is_equal or str(found["name"]) == name)

    async def note(self, scheme: Json, name: str) -> None:
        """Notes that a scheme is made under a name that was free: its answer may be lost."""
        await self.unit.identities.put(identity_kinds.MADE_SCHEME, {self._key(scheme): name})

    def _key(self, scheme: Json) -> str:
        return f"{self.kind.value}/{scheme['id']}"

    async def keep(self, scheme: Json, target: str) -> None:
        """Notes at once which scheme became which, so that a later attempt knows it again."""
        await self.unit.identities.put(self.kind.value, {str(scheme["id"]): target})


async def has_projects_beyond(unit: ImportUnit, own: set[str]) -> bool:
    """Whether the destination has any project but the restored ones."""
    found = await all_values(unit.site, SEARCH, [("status", state) for state in STATES])
    return any(str(project["id"]) not in own for project in found)


async def has_projects(unit: ImportUnit) -> bool:
    """Whether the destination has any project; ours are made later."""
    query = [("status", state) for state in STATES]
    page: Json = await unit.site.get_json(SEARCH, [*query, ("maxResults", "1")])
    return bool(page.get("values"))
