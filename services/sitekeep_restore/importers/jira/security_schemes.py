"""Issue security schemes: levels and who sees issues of them, under the same names.

The restoring account is a member of every level until nothing else is written any more: only
who sees the issues of a level can give it to one, and write to that one then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.holders import Holder
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, read_json
from sitekeep_restore.importers.jira.references import References
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.jira.security_levels import (
    SCHEMES,
    Level,
    levels_at_destination,
    levels_in_backup,
    levels_of,
)
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

ONE = SCHEMES + "/{scheme}"
LEVELS = ONE + "/level"
MEMBERS = LEVELS + "/{level}/member"
MEMBER = MEMBERS + "/{member}"
PER_REQUEST = 100
"""The most levels or members that one request may add (Jira REST v3)."""
LONGEST_NAME = 60
NO_LEVEL = "-1"

FIRST = UnitPlan(ImportPhase.SCHEMES, "security-schemes", "security-schemes")
LAST = UnitPlan(ImportPhase.OPENING, "security", "security")


async def import_security_schemes(unit: ImportUnit) -> None:
    """Every scheme, with the restoring account in each of its levels."""
    entries = [entry async for entry in unit.backup.entries(Kind.ISSUE_SECURITY_SCHEME)]
    if not entries:
        return
    unit.tally.expect(Kind.ISSUE_SECURITY_SCHEME, len(entries))
    writer = await _writer(unit, entries)
    for entry in entries:
        await writer.write(entry, await read_json(unit.backup, entry))


async def _writer(unit: ImportUnit, entries: Sequence[Entry]) -> _Writer:
    existing: list[Json] = []
    present: Mapping[str, list[Level]] = {}
    try:
        existing = await all_values(unit.site, f"{SCHEMES}/search")
        present = await levels_at_destination(unit) if existing else {}
    except (SiteForbidden, SiteNotFound):
        # A site that has no issue security says so again when a scheme is made.
        existing = []
    homes = SchemeHomes(
        unit,
        Kind.ISSUE_SECURITY_SCHEME,
        by_name(existing),
        await has_projects(unit),
        LONGEST_NAME,
    )
    return _Writer(unit, homes, await _references(unit, entries), present, await _own(unit))


async def _own(unit: ImportUnit) -> Holder:
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    return Holder("user", str(caller["accountId"]))


async def _references(unit: ImportUnit, entries: Sequence[Entry]) -> References:
    levels = [level for entry in entries for level in levels_in_backup(entry)]
    return await References.of(
        unit, [(holder.type, holder.id) for level in levels for holder in level.members]
    )


def _known(level: Level, references: References) -> dict[Holder, Holder]:
    """The members of a level that the destination knows: as they are there, and as they were."""
    found = {holder: holder.at(references) for holder in level.members}
    return {target: source for source, target in found.items() if target is not None}


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    references: References
    present: Mapping[str, list[Level]]
    own: Holder

    async def write(self, entry: Entry, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        levels = levels_in_backup(entry)
        names = {level.name for level in levels}
        home = await self.homes.of(
            scheme,
            lambda found: self._is_same(levels, found),
            lambda found: bool(self._levels_there(found).keys() - names),
        )
        try:
            target = await self._found_or_made(scheme, home)
            await self.homes.keep(scheme, target)
            lossy = await self._fill(target, str(scheme["name"]), levels)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            reason, name = "ISSUE_SECURITY_SCHEME_REFUSED", str(scheme["name"])
            self.unit.tally.missing(Kind.ISSUE_SECURITY_SCHEME, name, reason, error.message)
            return
        lossy = lossy or home.name != scheme["name"]
        self.unit.tally.done(Kind.ISSUE_SECURITY_SCHEME, lossy=lossy)
        projects: list[str] = msgspec.json.decode(entry.attributes.get("projects") or "[]")
        pairs = dict.fromkeys(projects, target)
        await self.unit.identities.put(identity_kinds.PROJECT_SECURITY_SCHEME, pairs)

    def _is_same(self, levels: Sequence[Level], found: Json) -> bool:
        """Whether a scheme is ours: the restoring account is in levels of foreign ones hardly."""
        there = {name: set(level.members) for name, level in self._levels_there(found).items()}
        return there == {
            level.name: {*_known(level, self.references), self.own} for level in levels
        }

    def _levels_there(self, found: Json) -> dict[str, Level]:
        return {level.name: level for level in self.present.get(str(found["id"]), ())}

    async def _found_or_made(self, scheme: Json, home: Home) -> str:
        text = str(scheme.get("description") or "")
        if home.found is None:
            body = {"name": home.name, "description": text}
            created: Json = await self.unit.site.post_json(SCHEMES, body)
            return str(created["id"])
        target = str(home.found["id"])
        if str(home.found.get("description") or "") != text:
            await self.unit.site.put_json(ONE, {"description": text}, scheme=target)
        return target

    async def _fill(self, target: str, name: str, levels: Sequence[Level]) -> bool:
        """Makes the levels those of the backup; whether anything of them is lost."""
        there = {level.name: level for level in self.present.get(target, ())}
        lacking = [level for level in levels if level.name not in there]
        for start in range(0, len(lacking), PER_REQUEST):
            body = {"levels": [_body(each) for each in lacking[start : start + PER_REQUEST]]}
            await self.unit.site.put_json(LEVELS, body, scheme=target)
        found = await levels_of(self.unit, target) if lacking else list(there.values())
        made = {level.name: level for level in found}
        lost = 0
        for level in levels:
            lost += await self._fill_level(target, f"{name}/{level.name}", level, made[level.name])
        await self._set_default(target, levels, made)
        pairs = {level.id: made[level.name].id for level in levels}
        await self.unit.identities.put(identity_kinds.SECURITY_LEVEL, pairs)
        return lost > 0

    async def _set_default(
        self, target: str, levels: Sequence[Level], made: Mapping[str, Level]
    ) -> None:
        wanted = next((made[each.name].id for each in levels if each.is_default), NO_LEVEL)
        present = next((each.id for each in made.values() if each.is_default), NO_LEVEL)
        if wanted != present:
            value = {"issueSecuritySchemeId": target, "defaultLevelId": wanted}
            await self.unit.site.put_json(f"{SCHEMES}/level/default", {"defaultValues": [value]})

    async def _fill_level(self, target: str, name: str, level: Level, made: Level) -> int:
        """Makes the members those of the backup and the account itself; how many are lost."""
        if made.description != level.description:
            body = {"name": level.name, "description": level.description}
            template = LEVELS + "/{level}"
            await self.unit.site.put_json(template, body, scheme=target, level=made.id)
        known = _known(level, self.references)
        lost = [holder for holder in level.members if holder not in known.values()]
        for holder, member in made.members.items():
            if holder not in known and holder != self.own:
                await _remove(self.unit, target, made.id, member)
        wanted = list(dict.fromkeys([*known, self.own]))
        lacking = [holder for holder in wanted if holder not in made.members]
        lost += await self._add(target, made.id, lacking)
        for holder in lost:
            key = f"{name}: {holder.type} {holder.name}".rstrip()
            loss = Loss.SECURITY_MEMBER_NOT_RESTORED
            self.unit.tally.remark(Kind.ISSUE_SECURITY_SCHEME, key, loss.name, loss.value)
        return len(lost)

    async def _add(self, target: str, level: str, holders: Sequence[Holder]) -> list[Holder]:
        """One that is refused fails the whole request: they are tried one by one then."""
        refused: list[Holder] = []
        for start in range(0, len(holders), PER_REQUEST):
            part = holders[start : start + PER_REQUEST]
            try:
                body = {"members": [_member(holder) for holder in part]}
                await self.unit.site.put_json(MEMBERS, body, scheme=target, level=level)
            except SiteRefused:
                if len(part) == 1:
                    return [*refused, *part]
                for holder in part:
                    refused += await self._add(target, level, [holder])
        return refused


def _body(level: Level) -> Json:
    return {"name": level.name, "description": level.description, "isDefault": False}


def _member(holder: Holder) -> Json:
    """A member as a request says it: a group by its name, a role by a word of its own."""
    kind = "projectrole" if holder.type == "projectRole" else holder.type
    parameter = holder.name if holder.type == "group" else holder.id
    return {"type": kind, "parameter": parameter} if parameter else {"type": kind}


async def _remove(unit: ImportUnit, scheme: str, level: str, member: str) -> None:
    try:
        await unit.site.delete(MEMBER, scheme=scheme, level=level, member=member)
    except SiteNotFound:
        return


async def end_security(unit: ImportUnit) -> None:
    """Takes the restoring account out of the levels that it was put into."""
    entries = [entry async for entry in unit.backup.entries(Kind.ISSUE_SECURITY_SCHEME)]
    kind = identity_kinds.ISSUE_SECURITY_SCHEME
    targets = await unit.identities.get(kind, [entry.key for entry in entries])
    if not targets:
        return
    own, references = await _own(unit), await _references(unit, entries)
    for entry in entries:
        if entry.key in targets:
            name = str((await read_json(unit.backup, entry))["name"])
            await _take_out(
                unit, targets[entry.key], name, levels_in_backup(entry), own, references
            )


async def _take_out(
    unit: ImportUnit,
    target: str,
    name: str,
    levels: Sequence[Level],
    own: Holder,
    references: References,
) -> None:
    stays = {level.name for level in levels if own in _known(level, references)}
    try:
        for level in await levels_of(unit, target):
            if own in level.members and level.name not in stays:
                await _remove(unit, target, level.id, level.members[own])
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"The restoring account still sees its issues: {error.message}"
        reason = "SECURITY_NOT_PUT_BACK"
        unit.tally.missing(Kind.ISSUE_SECURITY_SCHEME, name, reason, message)


async def security_scheme_of(unit: ImportUnit, project: str) -> Json:
    """What the body of a new project says about its security scheme."""
    known = await unit.identities.get(identity_kinds.PROJECT_SECURITY_SCHEME, [project])
    return {"issueSecurityScheme": int(known[project])} if project in known else {}
