"""Screen schemes and issue type screen schemes, under the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_json
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/screenscheme"
ONE = SCHEMES + "/{scheme}"
TYPED = "/rest/api/3/issuetypescreenscheme"
ONE_TYPED = TYPED + "/{scheme}"
MAPPING = ONE_TYPED + "/mapping"
DEFAULT = "default"

SCREEN_SCHEMES = UnitPlan(ImportPhase.SCHEMES, "screen-schemes", "screen-schemes")
"""Comes after the screens, which its schemes name."""
TYPE_SCREEN_SCHEMES = UnitPlan(ImportPhase.SCHEMES, "type-screen-schemes", "type-screen-schemes")
"""Comes after the screen schemes."""

Chosen = dict[str, str]
"""Operations → screens, or issue types → screen schemes, each with one for ``default``."""


async def import_screen_schemes(unit: ImportUnit) -> None:
    """Every screen scheme; then the issue type screen schemes."""
    await _import(unit, _ScreenSchemes, Kind.SCREEN_SCHEME)
    unit.spawn(TYPE_SCREEN_SCHEMES)


async def import_type_screen_schemes(unit: ImportUnit) -> None:
    """Every issue type screen scheme, and which project gets it at the end."""
    await _import(unit, _TypeScreenSchemes, Kind.ISSUE_TYPE_SCREEN_SCHEME)


async def _import(unit: ImportUnit, writer_type: type[_Writer], kind: Kind) -> None:
    entries = [entry async for entry in unit.backup.entries(kind)]
    if not entries:
        return
    unit.tally.expect(kind, len(entries))
    writer = writer_type(unit, kind, LossCounter(unit.tally), await has_projects(unit))
    existing = by_name(await writer.existing())
    homes = SchemeHomes(unit, kind, existing, writer.in_use)
    for entry in entries:
        await writer.write(homes, entry, await read_json(unit.backup, entry))
    writer.losses.report()


@dataclass
class _Writer:
    """What both kinds of schemes have in common."""

    unit: ImportUnit
    kind: Kind
    losses: LossCounter
    in_use: bool

    async def existing(self) -> Sequence[Json]:
        """The schemes of the destination, each with its ``chosen``."""
        raise NotImplementedError

    async def chosen(self, entry: Entry, scheme: Json) -> tuple[Chosen, int]:
        """What a scheme of the backup chooses, with ids of the destination, and how many parts."""
        raise NotImplementedError

    async def make(self, body: Json, chosen: Chosen) -> str:
        """Makes a scheme; its id."""
        raise NotImplementedError

    async def change(self, target: str, body: Json, present: Chosen, chosen: Chosen) -> None:
        """Makes a scheme of the destination like that of the backup."""
        raise NotImplementedError

    async def write(self, homes: SchemeHomes, entry: Entry, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        name = str(scheme["name"])
        try:
            chosen, count = await self.chosen(entry, scheme)
            if DEFAULT not in chosen:
                raise LookupError("What it has for everything else is not at the destination.")
            found: Json | None = homes.existing.get(fold(name))
            home = await homes.noted(
                scheme, is_equal=found is not None and found["chosen"] == chosen
            )
            target = await self._place(homes, home, scheme, chosen)
        except (SiteRefused, SiteForbidden, SiteNotFound, LookupError) as error:
            reason = f"{self.kind.name}_REFUSED"
            self.unit.tally.missing(self.kind, name, reason, str(error))
            return
        lost = count - len(chosen)
        self.losses.add(self.kind, Loss.SCREEN_NOT_IN_SCHEME, name, lost)
        self.unit.tally.done(self.kind, lossy=lost > 0 or home.name != name)
        projects: list[str] = msgspec.json.decode(entry.attributes.get("projects") or "[]")
        pairs = dict.fromkeys(projects, target)
        await self.unit.identities.put(identity_kinds.PROJECT_SCREEN_SCHEME, pairs)

    async def _place(self, homes: SchemeHomes, home: Home, scheme: Json, chosen: Chosen) -> str:
        text = {"description": str(scheme.get("description") or "")}
        if home.found is None:
            await homes.note(scheme, home.name)
            target = await self.make({"name": home.name, **text}, chosen)
        else:
            target = str(home.found["id"])
            before = str(home.found.get("description") or "")
            body = text if before != text["description"] else {}
            await self.change(target, body, home.found["chosen"], chosen)
        await homes.keep(scheme, target)
        return target


class _ScreenSchemes(_Writer):
    async def existing(self) -> Sequence[Json]:
        found = await all_values(self.unit.site, SCHEMES)
        return [{**each, "chosen": _texts(each.get("screens") or {})} for each in found]

    async def chosen(self, entry: Entry, scheme: Json) -> tuple[Chosen, int]:
        listed = _texts(scheme.get("screens") or {})
        targets = await self.unit.identities.get(identity_kinds.SCREEN, listed.values())
        found = {name: targets[each] for name, each in listed.items() if each in targets}
        return found, len(listed)

    async def make(self, body: Json, chosen: Chosen) -> str:
        screens = {name: int(each) for name, each in chosen.items()}
        made: Json = await self.unit.site.post_json(SCHEMES, {**body, "screens": screens})
        return str(made["id"])

    async def change(self, target: str, body: Json, present: Chosen, chosen: Chosen) -> None:
        gone = dict.fromkeys(present.keys() - chosen.keys())
        changed = {name: each for name, each in chosen.items() if present.get(name) != each}
        if gone or changed:
            body = {**body, "screens": {**gone, **changed}}
        if body:
            await self.unit.site.put_json(ONE, body, scheme=target)


class _TypeScreenSchemes(_Writer):
    async def existing(self) -> Sequence[Json]:
        found = await all_values(self.unit.site, TYPED)
        chosen: dict[str, Chosen] = {str(each["id"]): {} for each in found}
        for each in await all_values(self.unit.site, f"{TYPED}/mapping"):
            scheme = chosen.setdefault(str(each["issueTypeScreenSchemeId"]), {})
            scheme[str(each["issueTypeId"])] = str(each["screenSchemeId"])
        return [{**each, "chosen": chosen[str(each["id"])]} for each in found]

    async def chosen(self, entry: Entry, scheme: Json) -> tuple[Chosen, int]:
        listed: Chosen = msgspec.json.decode(entry.attributes.get("mappings") or "{}")
        schemes = await self.unit.identities.get(identity_kinds.SCREEN_SCHEME, listed.values())
        types = await self.unit.identities.get(identity_kinds.ISSUE_TYPE, listed)
        types[DEFAULT] = DEFAULT
        found: Chosen = {}
        for name, each in listed.items():
            if name in types and each in schemes:
                found.setdefault(types[name], schemes[each])
        merged = len(types) - len(set(types.values()))
        return found, len(listed) - merged

    async def make(self, body: Json, chosen: Chosen) -> str:
        mappings = {"issueTypeMappings": _mappings(chosen)}
        made: Json = await self.unit.site.post_json(TYPED, {**body, **mappings})
        return str(made["id"])

    async def change(self, target: str, body: Json, present: Chosen, chosen: Chosen) -> None:
        site = self.unit.site
        if body:
            await site.put_json(ONE_TYPED, body, scheme=target)
        if present.get(DEFAULT) != chosen[DEFAULT]:
            default = {"screenSchemeId": chosen[DEFAULT]}
            await site.put_json(MAPPING + "/default", default, scheme=target)
        gone = [n for n, each in present.items() if n != DEFAULT and chosen.get(n) != each]
        if gone:
            await site.post(MAPPING + "/remove", {"issueTypeIds": gone}, scheme=target)
        added = {n: e for n, e in chosen.items() if n != DEFAULT and present.get(n) != e}
        if added:
            mappings = {"issueTypeMappings": _mappings(added)}
            await site.put_json(MAPPING, mappings, scheme=target)


def _texts(chosen: Mapping[str, object]) -> Chosen:
    return {name: str(each) for name, each in chosen.items() if each is not None}


def _mappings(chosen: Chosen) -> list[Json]:
    return [{"issueTypeId": name, "screenSchemeId": each} for name, each in chosen.items()]
