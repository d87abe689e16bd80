"""Screens, under the same name, with the same tabs and fields in the same order.

No restored project has one of them before nothing else is written (open_screens.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    by_name,
    fold,
    is_last_batch,
    project_of,
    read_json,
)
from sitekeep_restore.importers.jira.scheme_homes import SchemeHomes, has_projects
from sitekeep_restore.importers.jira.screen_schemes import SCREEN_SCHEMES
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

SCREENS = "/rest/api/3/screens"
ONE = SCREENS + "/{screen}"
TABS = ONE + "/tabs"
TAB = TABS + "/{tab}"
FIELDS = TAB + "/fields"
FIELD = FIELDS + "/{field}"
OF_ALL_PROJECTS = [("scope", "GLOBAL")]
"""The screens that are not a single project's."""
SCREENS_PER_UNIT = 20

FIRST = UnitPlan(ImportPhase.SCHEMES, "screens", "screens")


@dataclass(frozen=True)
class Tab:
    """A tab of a screen of the destination, with the ids of its fields."""

    id: str
    name: str
    fields: Sequence[str]


Wanted = Sequence[tuple[str, Sequence[str]]]
"""Names of tabs, each with the target ids of its fields."""


async def import_screens(unit: ImportUnit) -> None:
    """Some screens; after the last ones the schemes that name them."""
    entries = await batch_of(unit, Kind.SCREEN, SCREENS_PER_UNIT)
    unit.tally.expect(Kind.SCREEN, len(entries))
    if entries:
        writer = await _writer(unit, entries)
        for entry in entries:
            await writer.write(entry, await read_json(unit.backup, entry))
        writer.losses.report()
    if is_last_batch(unit):
        unit.spawn(SCREEN_SCHEMES)


async def _writer(unit: ImportUnit, entries: Sequence[Entry]) -> _Writer:
    listed = (
        str(each["id"]) for entry in entries for tab in _tabs(entry) for each in tab["fields"]
    )
    fields = await unit.identities.get(identity_kinds.FIELD, set(listed))
    existing = by_name(await all_values(unit.site, SCREENS, OF_ALL_PROJECTS))
    homes = SchemeHomes(unit, Kind.SCREEN, existing, await has_projects(unit))
    return _Writer(unit, homes, fields, LossCounter(unit.tally))


def _tabs(entry: Entry) -> list[Json]:
    found: list[Json] = msgspec.json.decode(entry.attributes.get("tabs") or "[]")
    return found


async def tabs_of(unit: ImportUnit, screen: str) -> list[Tab]:
    """The tabs of a screen of the destination with their fields."""
    found: list[Json] = await unit.site.get_json(TABS, screen=screen)
    tabs: list[Tab] = []
    for tab in found:
        own = str(tab["id"])
        fields: list[Json] = await unit.site.get_json(FIELDS, screen=screen, tab=own)
        tabs.append(Tab(own, str(tab["name"]), [str(each["id"]) for each in fields]))
    return tabs


async def add_field(unit: ImportUnit, screen: str, tab: str, name: str) -> bool:
    """Puts a field on a tab; whether the site took it."""
    try:
        await unit.site.post_json(FIELDS, {"fieldId": name}, screen=screen, tab=tab)
    except (SiteRefused, SiteNotFound):
        return False
    return True


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    fields: Mapping[str, str]
    losses: LossCounter
    _refused: set[str] = field(default_factory=set[str])

    async def write(self, entry: Entry, screen: Json) -> None:
        """Makes a screen, or makes the one of that name like it."""
        if project_of(screen):
            loss = Loss.SCREEN_OF_TEAM_MANAGED_PROJECT
            self.losses.gone(Kind.SCREEN, loss, str(screen["name"]))
            return
        listed = [(str(tab["name"]), [str(e["id"]) for e in tab["fields"]]) for tab in _tabs(entry)]
        wanted = [(name, [t for e in ids if (t := self._target(e))]) for name, ids in listed]
        lost = sum(len(ids) for _, ids in listed) - sum(len(ids) for _, ids in wanted)
        name = str(screen["name"])
        try:
            target, renamed = await self._place(screen, wanted)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self.unit.tally.missing(Kind.SCREEN, name, "SCREEN_REFUSED", error.message)
            return
        lost += len(self._refused)
        self._refused.clear()
        self.losses.add(Kind.SCREEN, Loss.SCREEN_FIELD_NOT_RESTORED, name, lost)
        self.unit.tally.done(Kind.SCREEN, lossy=bool(lost) or renamed)
        await self.unit.identities.put(identity_kinds.SCREEN, {entry.key: target})

    def _target(self, source: str) -> str:
        """The field at the destination; Jira's own ones have the same id everywhere."""
        own = "" if source.startswith("customfield_") else source
        return self.fields.get(source, own)

    async def _place(self, screen: Json, wanted: Wanted) -> tuple[str, bool]:
        """The screen at the destination, and whether it has another name."""
        found: Json | None = self.homes.existing.get(fold(screen["name"]))
        present = [] if found is None else await tabs_of(self.unit, str(found["id"]))
        is_equal = [(tab.name, list(tab.fields)) for tab in present] == list(wanted)
        home = await self.homes.noted(screen, is_equal=is_equal)
        text = str(screen.get("description") or "")
        if home.found is None:
            await self.homes.note(screen, home.name)
            body = {"name": home.name, "description": text}
            made: Json = await self.unit.site.post_json(SCREENS, body)
            target = str(made["id"])
        else:
            target = str(home.found["id"])
            if str(home.found.get("description") or "") != text:
                await self.unit.site.put_json(ONE, {"description": text}, screen=target)
        await self.homes.keep(screen, target)
        if home.found is None or found is None or target != str(found["id"]):
            present = await tabs_of(self.unit, target)
        await self._fill(target, present, wanted)
        return target, home.name != screen["name"]

    async def _fill(self, screen: str, present: Sequence[Tab], wanted: Wanted) -> None:
        tabs = await self._tabs(screen, present, wanted)
        for tab, (_, fields) in zip(tabs, wanted, strict=True):
            for name in tab.fields:
                if name not in fields:
                    await self.unit.site.delete(FIELD, screen=screen, tab=tab.id, field=name)
        for tab, (_, fields) in zip(tabs, wanted, strict=True):
            await self._fill_tab(screen, tab, fields)

    async def _tabs(self, screen: str, present: Sequence[Tab], wanted: Wanted) -> list[Tab]:
        """The tabs in their order: found by name, renamed, or made; others go."""
        names = [name for name, _ in wanted]
        known = {tab.name: tab for tab in present}
        spare = [tab for tab in present if tab.name not in names]
        tabs: list[Tab] = []
        for name in names:
            tab = known.get(name) or await self._renamed(screen, spare, name)
            tabs.append(tab or await self._made(screen, name))
        for tab in spare:
            await self.unit.site.delete(TAB, screen=screen, tab=tab.id)
        kept = [tab.id for tab in present if tab not in spare]
        now = [*kept, *(tab.id for tab in tabs if tab.id not in kept)]
        if now != [tab.id for tab in tabs]:
            for place, tab in enumerate(tabs):
                move = TAB + "/move/{place}"
                await self.unit.site.post(move, None, screen=screen, tab=tab.id, place=str(place))
        return tabs

    async def _renamed(self, screen: str, spare: list[Tab], name: str) -> Tab | None:
        """A screen begins with a tab of the site's own."""
        if not spare:
            return None
        tab = spare.pop(0)
        await self.unit.site.put_json(TAB, {"name": name}, screen=screen, tab=tab.id)
        return replace(tab, name=name)

    async def _made(self, screen: str, name: str) -> Tab:
        made: Json = await self.unit.site.post_json(TABS, {"name": name}, screen=screen)
        return Tab(str(made["id"]), name, [])

    async def _fill_tab(self, screen: str, tab: Tab, wanted: Sequence[str]) -> None:
        now = [name for name in tab.fields if name in wanted]
        for name in wanted:
            if name in now:
                continue
            if await add_field(self.unit, screen, tab.id, name):
                now.append(name)
            else:
                self._refused.add(name)
        if now != [name for name in wanted if name in now]:
            for name in wanted:
                if name in now:
                    await self._move_last(screen, tab.id, name)

    async def _move_last(self, screen: str, tab: str, name: str) -> None:
        body = {"position": "Last"}
        await self.unit.site.post(FIELD + "/move", body, screen=screen, tab=tab, field=name)
