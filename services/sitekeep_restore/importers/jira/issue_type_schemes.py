"""Issue type schemes, under the same name: made before the projects that begin with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, read_json
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/issuetypescheme"
ONE = SCHEMES + "/{scheme}"
TYPES = ONE + "/issuetype"

FIRST = UnitPlan(ImportPhase.SCHEMES, "issue-type-schemes", "issue-type-schemes")


async def import_issue_type_schemes(unit: ImportUnit) -> None:
    """Every scheme with its types in their order."""
    entries = [entry async for entry in unit.backup.entries(Kind.ISSUE_TYPE_SCHEME)]
    if not entries:
        return
    unit.tally.expect(Kind.ISSUE_TYPE_SCHEME, len(entries))
    writer = await _writer(unit, entries)
    for entry in entries:
        await writer.write(entry, await read_json(unit.backup, entry))
    writer.losses.report()


async def _writer(unit: ImportUnit, entries: Sequence[Entry]) -> _Writer:
    wanted = {each for entry in entries for each in _types_of(entry)}
    types = await unit.identities.get(identity_kinds.ISSUE_TYPE, wanted)
    existing = by_name(await all_values(unit.site, SCHEMES))
    in_use = await has_projects(unit)
    homes = SchemeHomes(unit, Kind.ISSUE_TYPE_SCHEME, existing, in_use)
    present: dict[str, list[str]] = {}
    for item in await all_values(unit.site, f"{SCHEMES}/mapping"):
        present.setdefault(str(item["issueTypeSchemeId"]), []).append(str(item["issueTypeId"]))
    return _Writer(unit, homes, types, present, LossCounter(unit.tally))


def _types_of(entry: Entry) -> list[str]:
    found: list[str] = msgspec.json.decode(entry.attributes.get("types") or "[]")
    return found


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    types: dict[str, str]
    """Source → target id of the issue types."""
    present: dict[str, list[str]]
    """The types of each scheme of the destination."""
    losses: LossCounter

    async def write(self, entry: Entry, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        name, listed = str(scheme["name"]), _types_of(entry)
        wanted = list(dict.fromkeys(self.types[each] for each in listed if each in self.types))
        body: Json = {"description": str(scheme.get("description") or "")}
        default = self.types.get(str(scheme.get("defaultIssueTypeId")))
        body |= {"defaultIssueTypeId": default} if default in wanted else {}
        home = await self.homes.of(scheme, lambda found: self._is_same(found, body, wanted))
        try:
            await self._put(scheme, home, body, wanted)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            reason = "ISSUE_TYPE_SCHEME_REFUSED"
            self.unit.tally.missing(Kind.ISSUE_TYPE_SCHEME, name, reason, error.message)
            return
        lost = sum(each not in self.types for each in listed)
        self.losses.add(Kind.ISSUE_TYPE_SCHEME, Loss.ISSUE_TYPE_NOT_IN_SCHEME, name, lost)
        lossy = bool(lost) or home.name != scheme["name"]
        self.unit.tally.done(Kind.ISSUE_TYPE_SCHEME, lossy=lossy)

    def _is_same(self, found: Json, body: Json, wanted: Sequence[str]) -> bool:
        """Whether it is the default one, or ours of an attempt whose answer was lost."""
        default = found.get("defaultIssueTypeId")
        same = self.present.get(str(found["id"])) == list(wanted)
        same = same and str(found.get("description") or "") == body["description"]
        return bool(found.get("isDefault")) or (same and default == body.get("defaultIssueTypeId"))

    async def _put(self, scheme: Json, home: Home, body: Json, wanted: Sequence[str]) -> None:
        if home.found is None:
            more = {"name": home.name, "issueTypeIds": list(wanted)}
            created: Json = await self.unit.site.post_json(SCHEMES, {**body, **more})
            await self.homes.keep(scheme, str(created["issueTypeSchemeId"]))
            return
        target = str(home.found["id"])
        is_default = bool(home.found.get("isDefault"))
        if not (is_default and self.homes.in_use):
            await self._change(target, body, wanted, is_default=is_default)
        await self.homes.keep(scheme, target)

    async def _change(
        self, target: str, body: Json, wanted: Sequence[str], *, is_default: bool
    ) -> None:
        """Makes a scheme like the original; the default one keeps its further types behind."""
        present = self.present.get(target, [])
        added = [each for each in wanted if each not in present]
        if added:
            await self.unit.site.put_json(TYPES, {"issueTypeIds": added}, scheme=target)
        await self.unit.site.put_json(ONE, body, scheme=target)
        for each in present:
            if each not in wanted and not is_default:
                template = TYPES + "/{issue_type}"
                await self.unit.site.delete(template, scheme=target, issue_type=each)
        order: Json = {"issueTypeIds": list(wanted), "position": "First"}
        await self.unit.site.put_json(f"{TYPES}/move", order, scheme=target)


async def issue_type_scheme_of(unit: ImportUnit, entry: Entry) -> str:
    """The target id of the issue type scheme of a project; empty where it is not there."""
    source = entry.attributes.get("issue_type_scheme", "")
    kind = identity_kinds.ISSUE_TYPE_SCHEME
    found = await unit.identities.get(kind, [source] if source else [])
    return found.get(source, "")
