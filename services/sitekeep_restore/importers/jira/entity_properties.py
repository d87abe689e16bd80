"""Properties of projects, issue types, boards, sprints and users, each put under its own key.

A key is a natural one: putting a value once more changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import Owner, list_of, property_entry, value_of
from sitekeep_shared.content.entry_keys import end_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

OWNERS_AT_ONCE = 100
REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)
_REALMS: Mapping[Owner, str] = {
    Owner.BOARD: identity_kinds.BOARD,
    Owner.ISSUE_TYPE: identity_kinds.ISSUE_TYPE,
    Owner.PROJECT: identity_kinds.PROJECT,
    Owner.SPRINT: identity_kinds.SPRINT,
    Owner.USER: identity_kinds.USER,
}
_MAY_BE_OLDER = frozenset({Owner.ISSUE_TYPE, Owner.USER})
"""Owners that may have been there before the restore: what they have already, they keep."""


def _plan(owner: Owner) -> UnitPlan:
    # Boards and sprints are the last of these to come.
    key = f"properties/{owner}"
    return UnitPlan(ImportPhase.CLEAN_UP, key, "properties", {"owner": owner.value})


FIRST = tuple(_plan(owner) for owner in _REALMS)


async def import_properties(unit: ImportUnit) -> None:
    """The properties of all owners of one kind."""
    owner = Owner(unit.plan.arguments["owner"])
    losses = LossCounter(unit.tally)
    waiting: list[Entry] = []
    first = property_entry(owner, "")
    entries = unit.backup.entries(Kind.ENTITY_PROPERTY, first=first, last=end_of(first))
    async for entry in entries:
        waiting.append(entry)
        if len(waiting) == OWNERS_AT_ONCE:
            await _import_some(unit, owner, waiting, losses)
            waiting = []
    await _import_some(unit, owner, waiting, losses)
    losses.report()


async def _import_some(
    unit: ImportUnit, owner: Owner, entries: Sequence[Entry], losses: LossCounter
) -> None:
    ids = [entry.attributes["id"] for entry in entries]
    targets = await unit.identities.get(_REALMS[owner], ids)
    for entry in entries:
        properties: Json = await read_json(unit.backup, entry)
        unit.tally.expect(Kind.ENTITY_PROPERTY, len(properties))
        target = targets.get(entry.attributes["id"])
        if target is None and owner is Owner.USER:
            loss = Loss.PROPERTY_OF_ABSENT_USER
            losses.gone(Kind.ENTITY_PROPERTY, loss, entry.key, len(properties))
            continue
        if target is None:
            miss_owner(unit, entry.key, len(properties))
            continue
        present = await _present(unit, owner, target)
        for key, value in properties.items():
            if key not in present:
                await put(unit, owner, target, key, value, f"{entry.key}/{key}")
                continue
            lossy = present[key] != value
            losses.add(Kind.ENTITY_PROPERTY, Loss.PROPERTY_KEPT, f"{entry.key}/{key}", int(lossy))
            unit.tally.done(Kind.ENTITY_PROPERTY, lossy=lossy)


def miss_owner(unit: ImportUnit, name: str, count: int) -> None:
    """Names the properties of something that did not come back."""
    message = "What has these properties is not at the destination."
    reason = "PROPERTY_OWNER_MISSING"
    unit.tally.missing(Kind.ENTITY_PROPERTY, name, reason, message, count=count)


async def _present(unit: ImportUnit, owner: Owner, target: str) -> Json:
    if owner not in _MAY_BE_OLDER:
        return {}
    template, query, path = list_of(owner, target)
    listed: Json = await unit.site.get_json(template, query, **path)
    keys = [str(each["key"]) for each in listed.get("keys", ())]
    return {key: await _value(unit, owner, target, key) for key in keys}


async def _value(unit: ImportUnit, owner: Owner, target: str, key: str) -> Any:
    template, query, path = value_of(owner, target, key)
    found: Json = await unit.site.get_json(template, query, **path)
    return found.get("value")


async def put(
    unit: ImportUnit, owner: Owner, target: str, key: str, value: object, name: str
) -> None:
    """Puts one value and counts it; one that the site refuses is named."""
    body = b"null" if value is None else value
    template, query, path = value_of(owner, target, key)
    try:
        await unit.site.put_json(template, body, query, **path)
    except REFUSALS as error:
        unit.tally.missing(Kind.ENTITY_PROPERTY, name, "PROPERTY_REFUSED", error.message)
    else:
        unit.tally.done(Kind.ENTITY_PROPERTY)
