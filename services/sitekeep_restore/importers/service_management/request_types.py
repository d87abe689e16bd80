"""Request types: made anew for the same issue types; the site puts them on no portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.service_management.namesakes import Namesakes
from sitekeep_restore.importers.service_management.pages import API, REFUSALS, all_service_items
from sitekeep_restore.importers.service_management.properties import write_properties
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

TYPES_PER_UNIT = 50
LIST = "/servicedesk/{desk}/requesttype"
ONE = LIST + "/{request_type}"

FIRST = UnitPlan(ImportPhase.SETTINGS, "request-types", "request-types")


async def import_request_types(unit: ImportUnit) -> None:
    """Some request types, desk by desk."""
    entries = await batch_of(unit, Kind.REQUEST_TYPE, TYPES_PER_UNIT)
    losses = LossCounter(unit.tally)
    kind = identity_kinds.SERVICE_DESK
    desks = await unit.identities.get(kind, {_desk(entry) for entry in entries})
    for source, group in groupby(entries, _desk):
        part = list(group)
        unit.tally.expect(Kind.REQUEST_TYPE, len(part))
        if source in desks:
            await _import_all(unit, desks[source], part, losses)
        else:
            loss = Loss.SERVICE_DESK_ABSENT
            losses.gone(Kind.REQUEST_TYPE, loss, part[0].key, len(part))
    losses.report()


def _desk(entry: Entry) -> str:
    return entry.attributes["desk"]


async def _import_all(
    unit: ImportUnit, desk: str, entries: list[Entry], losses: LossCounter
) -> None:
    kinds: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    types = await unit.identities.get(
        identity_kinds.ISSUE_TYPE, {str(kind.get("issueTypeId")) for kind in kinds}
    )
    known = await unit.identities.get(
        identity_kinds.REQUEST_TYPE,
        [_id(entry) async for entry in unit.backup.entries(Kind.REQUEST_TYPE)],
    )
    try:
        existing = await all_service_items(unit.site, LIST, desk=desk)
        able = await _issue_types_of(unit, desk)
    except REFUSALS as error:
        message, count = error.message, len(entries)
        reason = "REQUEST_TYPES_NOT_READABLE"
        unit.tally.missing(Kind.REQUEST_TYPE, entries[0].key, reason, message, count=count)
        return
    there = Namesakes(existing, lambda item: (item["name"], str(item["issueTypeId"])), known)
    for entry, kind in zip(entries, kinds, strict=True):
        target = known.get(_id(entry), "")
        body = _body(kind, types, able)
        target = target or await _found_or_made(unit, desk, body, there)
        if target:
            refused = await _keep(unit, entry, kind, desk, target)
            other = body["issueTypeId"] != types.get(str(kind.get("issueTypeId")))
            lossy = _declare(entry, kind, losses, other_type=other)
            unit.tally.done(Kind.REQUEST_TYPE, lossy=lossy or refused > 0)


async def _issue_types_of(unit: ImportUnit, desk: str) -> list[str]:
    """The issue types that a desk of the destination takes request types for."""
    found: Json = await unit.site.get_json(f"{API}/servicedesk/{{desk}}", desk=desk)
    template = "/rest/api/3/project/{project}"
    project: Json = await unit.site.get_json(template, project=str(found["projectId"]))
    return [str(each["id"]) for each in project["issueTypes"] if not each.get("subtask")]


def _id(entry: Entry) -> str:
    return entry.attributes["id"]


def _body(kind: Json, types: Mapping[str, str], able: Sequence[str]) -> Json:
    """Another issue type where the project does not have the original one any more.

    A site keeps such a request type, with its requests, and makes none.
    """
    texts = {name: str(kind.get(name) or "") for name in ("name", "description", "helpText")}
    wanted = types.get(str(kind.get("issueTypeId")), "")
    return {"issueTypeId": wanted if wanted in able else next(iter(able), wanted), **texts}


async def _found_or_made(unit: ImportUnit, desk: str, body: Json, there: Namesakes) -> str:
    """The id at the destination; empty where the site refuses."""
    found = there.take((body["name"], body["issueTypeId"]))
    try:
        found = found or await unit.site.post_json(API + LIST, body, desk=desk)
    except REFUSALS as error:
        reason = "REQUEST_TYPE_REFUSED"
        unit.tally.missing(Kind.REQUEST_TYPE, str(body["name"]), reason, error.message)
        return ""
    return str(found["id"])


async def _keep(unit: ImportUnit, entry: Entry, kind: Json, desk: str, target: str) -> int:
    """Notes what a request type became, and sets its properties; how many the site refused."""
    name = str(kind["name"])
    await unit.identities.put(identity_kinds.REQUEST_TYPE, {_id(entry): target})
    path = {"desk": desk, "request_type": target}
    return await write_properties(unit, Kind.REQUEST_TYPE, entry, name, ONE, **path)


def _declare(entry: Entry, kind: Json, losses: LossCounter, *, other_type: bool) -> bool:
    """Says what of a request type cannot be written; whether anything is lost."""
    name, off_portal = str(kind["name"]), bool(kind.get("groupIds")) or _asks_more(entry)
    for is_lost, loss in (
        (off_portal, Loss.REQUEST_TYPE_ON_NO_PORTAL),
        (other_type, Loss.REQUEST_TYPE_OF_ANOTHER_ISSUE_TYPE),
    ):
        losses.add(Kind.REQUEST_TYPE, loss, name, int(is_lost))
    return off_portal or other_type


def _asks_more(entry: Entry) -> bool:
    """Whether its form has more than the fields that the site puts there by itself."""
    form: Json = msgspec.json.decode(entry.attributes.get("form") or "{}")
    fields: list[Json] = form.get("requestTypeFields") or []
    return any(not field.get("required") for field in fields)
