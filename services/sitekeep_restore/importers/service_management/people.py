"""Adding people to organizations and desks: only those who have an account; nobody is invited."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.service_management.pages import API, REFUSALS
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry

PEOPLE_PER_REQUEST = 50


async def add_people(
    unit: ImportUnit, kind: Kind, entries: Sequence[Entry], template: str, **path: str
) -> None:
    """Adds the accounts of some entries; whoever is not at the destination is named.

    Who was added by an earlier attempt may be added again: the site changes nothing then.
    """
    accounts = [entry.attributes["account"] for entry in entries]
    known = await unit.identities.get(identity_kinds.USER, accounts)
    for entry in entries:
        if entry.attributes["account"] not in known:
            await _name(unit, entry)
    targets = [known[account] for account in accounts if account in known]
    for start in range(0, len(targets), PEOPLE_PER_REQUEST):
        part = targets[start : start + PEOPLE_PER_REQUEST]
        await _add(unit, kind, part, template, path)


async def _name(unit: ImportUnit, entry: Entry) -> None:
    person: Json = await read_json(unit.backup, entry)
    place = entry.key.partition("/")[0].lstrip("0")
    message = "Not at the destination; customers are neither invited nor written to."
    reason = f"{entry.kind.name}_NOT_AT_DESTINATION"
    name = str(person.get("displayName") or person["accountId"])
    unit.tally.not_restorable(entry.kind, f"{place}/{name}", reason, message)


async def _add(
    unit: ImportUnit, kind: Kind, accounts: Sequence[str], template: str, path: dict[str, str]
) -> None:
    """One that the site does not take fails the whole request: they are tried singly then."""
    try:
        body = {"accountIds": list(accounts)}
        await unit.site.post(API + template, body, (), read=False, **path)
    except REFUSALS as error:
        if len(accounts) == 1:
            unit.tally.missing(kind, accounts[0], f"{kind.name}_REFUSED", error.message)
            return
        for account in accounts:
            await _add(unit, kind, [account], template, path)
    else:
        unit.tally.done(kind, count=len(accounts))
