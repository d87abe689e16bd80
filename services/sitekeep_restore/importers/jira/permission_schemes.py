"""Permission schemes: who may do what, under the same name.

A scheme holds besides what the restore needs until nothing else is written any more. So what
was closed is closed from the first issue on, and the restoring account can write all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.permission_grants import Grant, grants_meanwhile, grants_of
from sitekeep_restore.importers.jira.reading import Json, by_name, read_all
from sitekeep_restore.importers.jira.references import References
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/permissionscheme"
ONE = SCHEMES + "/{scheme}"
GRANTS = ONE + "/permission"

FIRST = UnitPlan(ImportPhase.SCHEMES, "permission-schemes", "permission-schemes")
LAST = UnitPlan(ImportPhase.OPENING, "permissions", "permissions")


async def import_permission_schemes(unit: ImportUnit) -> None:
    """Every scheme, with what the restore needs besides."""
    schemes = await read_all(unit.backup, Kind.PERMISSION_SCHEME)
    if not schemes:
        return
    answer: Json = await unit.site.get_json(SCHEMES, [("expand", "all")])
    existing: list[Json] = answer.get("permissionSchemes", [])
    in_use = await has_projects(unit)
    homes = SchemeHomes(unit, Kind.PERMISSION_SCHEME, by_name(existing), in_use)
    references = await _references(unit, schemes)
    writer = _Writer(unit, homes, references, await grants_meanwhile(unit))
    unit.tally.expect(Kind.PERMISSION_SCHEME, len(schemes))
    for scheme in schemes:
        await writer.write(scheme)


async def end_permissions(unit: ImportUnit) -> None:
    """Takes from every scheme what it held for the restore only."""
    schemes = await read_all(unit.backup, Kind.PERMISSION_SCHEME)
    ids = [str(scheme["id"]) for scheme in schemes]
    targets = await unit.identities.get(identity_kinds.PERMISSION_SCHEME, ids)
    if not targets:
        return
    references = await _references(unit, schemes)
    meanwhile = set(await grants_meanwhile(unit))
    for scheme in schemes:
        target = targets.get(str(scheme["id"]))
        if target is not None:
            own = meanwhile - set(_wanted(scheme, references)[0])
            await _take(unit, str(scheme["name"]), target, own)


async def _take(unit: ImportUnit, name: str, target: str, own: Iterable[Grant]) -> None:
    try:
        found: Json = await unit.site.get_json(ONE, [("expand", "all")], scheme=target)
        kept = [grant.body for grant in grants_of(found) if grant not in own]
        body = {"name": found["name"], "permissions": kept}
        await unit.site.put_json(ONE, body, scheme=target)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"It still grants what the restore needed: {error.message}"
        reason = "PERMISSIONS_NOT_PUT_BACK"
        unit.tally.missing(Kind.PERMISSION_SCHEME, name, reason, message)


async def _references(unit: ImportUnit, schemes: Sequence[Json]) -> References:
    holders = [grant.holder for scheme in schemes for grant in grants_of(scheme)]
    return await References.of(unit, [(holder.type, holder.id) for holder in holders])


def _wanted(scheme: Json, references: References) -> tuple[list[Grant], list[Grant]]:
    """The grants as the destination knows them, and those whose holder it does not know."""
    wanted: dict[Grant, None] = {}
    unknown: list[Grant] = []
    for grant in grants_of(scheme):
        holder = grant.holder.at(references)
        if holder is None:
            unknown.append(grant)
        else:
            wanted[Grant(grant.permission, holder)] = None
    return list(wanted), unknown


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    references: References
    meanwhile: Sequence[Grant]

    async def write(self, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        name = str(scheme["name"])
        wanted, unknown = _wanted(scheme, self.references)
        granted = {*wanted, *self.meanwhile}
        # What the restoring account holds is in none but ours: a lost answer is known by it.
        home = await self.homes.of(scheme, lambda found: granted == set(grants_of(found)))
        try:
            refused = await self._put(scheme, home, wanted)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            reason = "PERMISSION_SCHEME_REFUSED"
            self.unit.tally.missing(Kind.PERMISSION_SCHEME, name, reason, error.message)
            return
        for grant in (*unknown, *refused):
            key = f"{name}: {grant.permission}, {grant.holder.type} {grant.holder.name}".rstrip()
            loss = Loss.GRANT_NOT_RESTORED
            self.unit.tally.remark(Kind.PERMISSION_SCHEME, key, loss.name, loss.value)
        lossy = bool(unknown or refused) or home.name != name
        self.unit.tally.done(Kind.PERMISSION_SCHEME, lossy=lossy)

    async def _put(self, scheme: Json, home: Home, wanted: Sequence[Grant]) -> list[Grant]:
        """Writes all grants at once; where the site refuses that, one by one. Those refused."""
        granted = list(dict.fromkeys([*wanted, *self.meanwhile]))
        try:
            await self._write(scheme, home, granted)
        except SiteRefused:
            target = await self._write(scheme, home, [])
            return await self._grant_each(target, granted, set(wanted))
        return []

    async def _write(self, scheme: Json, home: Home, grants: Sequence[Grant]) -> str:
        body = {
            "name": home.name,
            "description": str(scheme.get("description") or ""),
            "permissions": [grant.body for grant in grants],
        }
        if home.found is None:
            created: Json = await self.unit.site.post_json(SCHEMES, body)
            target = str(created["id"])
        else:
            target = str(home.found["id"])
            await self.unit.site.put_json(ONE, body, scheme=target)
        await self.homes.keep(scheme, target)
        return target

    async def _grant_each(
        self, target: str, grants: Sequence[Grant], wanted: set[Grant]
    ) -> list[Grant]:
        refused: list[Grant] = []
        for grant in grants:
            try:
                await self.unit.site.post_json(GRANTS, grant.body, scheme=target)
            except SiteRefused:
                refused += [grant] if grant in wanted else []
        return refused
