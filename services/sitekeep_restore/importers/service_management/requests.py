"""Requests: issues get their request type, participants and organizations back.

That is done last, when comments and all else are there: from then on Jira Service Management
takes the issue for a request and may write to its customers of what happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.edits import ONE, QUIET
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, read_json, take
from sitekeep_restore.importers.service_management.organizations import linked_organizations
from sitekeep_restore.importers.service_management.pages import REFUSALS
from sitekeep_restore.importers.service_management.request_fields import (
    KnownRequests,
    Request,
    RequestFields,
    fields_of_both,
    request_in_issue,
    request_on_its_own,
)
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.content.entry_keys import end_of, first_of_project
from sitekeep_shared.content.service_fields import REQUEST_TYPE_FIELD
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.concurrently import concurrently
from sitekeep_shared.work.unit import UnitPlan

ISSUES_PER_UNIT = 500
CONCURRENT_REQUESTS = 8
ATTRIBUTE = "request"
"""The attribute of an issue's entry: the id of its request type."""


def of(project: str, desk: str) -> UnitPlan:
    """The unit of the first requests of a desk; ids of the backup. No desk: it has none of it."""
    first = first_of_project(project)
    arguments = {"desk": desk, "first": first, "last": end_of(first)}
    return UnitPlan(ImportPhase.PLANNING, f"requests/{project:>010}", "requests", arguments)


async def import_requests(unit: ImportUnit) -> None:
    """The requests among some issues of a desk's project."""
    entries = await _entries(unit)
    if not entries:
        return
    unit.tally.expect(Kind.REQUEST, len(entries))
    losses = LossCounter(unit.tally)
    source = str(unit.plan.arguments["desk"])
    desks = await unit.identities.get(identity_kinds.SERVICE_DESK, [source])
    if source in desks:
        await _bind_all(unit, desks[source], entries, losses)
    else:
        first = entries[0].attributes.get("key") or entries[0].attributes["issue"]
        loss = Loss.SERVICE_DESK_ABSENT if source else Loss.SERVICE_DESK_NOT_IN_BACKUP
        losses.gone(Kind.REQUEST, loss, first, len(entries))
    losses.report()


async def _entries(unit: ImportUnit) -> list[Entry]:
    """The issues that are requests, and requests that were read on their own."""
    arguments = unit.plan.arguments
    first, last = str(arguments["first"]), str(arguments["last"])
    issues, following = await take(unit.backup, Kind.ISSUE, ISSUES_PER_UNIT, first=first, last=last)
    end = issues[-1].key if following is not None and issues else last
    own = [each async for each in unit.backup.entries(Kind.REQUEST, first=first, last=end)]
    if following is not None:
        key = f"{unit.plan.key.partition('@')[0]}@{following}"
        more = {**arguments, "first": following}
        unit.spawn(UnitPlan(unit.plan.phase, key, unit.plan.kind, more))
    return [*(entry for entry in issues if entry.attributes.get(ATTRIBUTE)), *own]


async def _requests(
    unit: ImportUnit, entries: list[Entry], source: RequestFields
) -> AsyncIterator[Request]:
    for entry in entries:
        record: Json = await read_json(unit.backup, entry)
        is_issue = entry.kind is Kind.ISSUE
        own = request_on_its_own
        yield request_in_issue(record, source) if is_issue else own(record, entry.attributes)


async def _bind_all(unit: ImportUnit, desk: str, entries: list[Entry], losses: LossCounter) -> None:
    source, target = await fields_of_both(unit)
    requests = [each async for each in _requests(unit, entries, source)]
    linked = await linked_organizations(unit.site, desk) if _name_any(requests) else None
    known = await KnownRequests.of(unit, target, linked, requests)
    calls = [partial(_bind, unit, known, request, losses) for request in requests]
    await concurrently(calls, limit=CONCURRENT_REQUESTS)


def _name_any(requests: Sequence[Request]) -> bool:
    return any(request.organizations for request in requests)


async def _bind(
    unit: ImportUnit, known: KnownRequests, request: Request, losses: LossCounter
) -> None:
    """One edit; what the site refuses by name is left out of a second one."""
    issue = known.maps[identity_kinds.ISSUE].get(request.issue)
    values = known.values(request)
    kind = known.target.writable.get(REQUEST_TYPE_FIELD, "")
    if issue is None or kind not in values:
        message = "Its issue or its request type is not at the destination."
        unit.tally.missing(Kind.REQUEST, request.key, "REQUEST_NOT_BOUND", message)
        return
    try:
        refused = await _write(unit, issue, values)
    except REFUSALS as error:
        unit.tally.missing(Kind.REQUEST, request.key, "REQUEST_REFUSED", error.message)
        return
    losses.add(Kind.REQUEST, Loss.REQUEST_FIELD_REFUSED, request.key, len(refused - {kind}))
    if kind in refused:
        message = "The site refused its request type."
        unit.tally.missing(Kind.REQUEST, request.key, "REQUEST_NOT_BOUND", message)
        return
    lossy = _declare(known, request, losses)
    unit.tally.done(Kind.REQUEST, lossy=lossy or bool(refused))


async def _write(unit: ImportUnit, issue: str, values: Json) -> set[str]:
    """Writes the fields; which of them the site refused. Raises SiteError."""
    refused: set[str] = set()
    while values:
        try:
            await unit.site.put_json(ONE, {"fields": values}, QUIET, issue=issue)
        except SiteRefused as error:
            named = set(error.errors) & set(values)
            if not named:
                raise
            refused |= named
            values = {name: value for name, value in values.items() if name not in named}
        else:
            break
    return refused


def _declare(known: KnownRequests, request: Request, losses: LossCounter) -> bool:
    """Says what of a request cannot be written; whether anything is lost."""
    participants, organizations = known.lost(request)
    losses.add(Kind.REQUEST, Loss.PARTICIPANT_NOT_RESTORED, request.key, participants)
    losses.add(Kind.REQUEST, Loss.ORGANIZATION_NOT_ON_REQUEST, request.key, organizations)
    losses.add(Kind.REQUEST, Loss.REQUEST_MEASUREMENTS, request.key, int(request.is_measured))
    return bool(participants or organizations or request.is_measured)
