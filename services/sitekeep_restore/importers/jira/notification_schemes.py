"""Notification schemes: who hears of what, under the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_json
from sitekeep_restore.importers.jira.references import References
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.jira.silence import SCHEMES, begin_silence
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

ONE = SCHEMES + "/{scheme}"
ADD = ONE + "/notification"
REMOVE = ADD + "/{notification}"
EVENTS = "/rest/api/3/events"
PER_REQUEST = 1000
"""The most notifications that one request may add (Jira REST v3)."""

FIRST = UnitPlan(ImportPhase.SCHEMES, "notification-schemes", "notification-schemes")


@dataclass(frozen=True)
class Recipient:
    """Who hears of an event: a type, and the id of whom it names, if anybody."""

    event: str
    type: str
    id: str


@dataclass(frozen=True)
class _Listed:
    """A recipient as a scheme lists it."""

    recipient: Recipient
    event_name: str
    parameter: str
    """How people know whom it names: a group by its name, anybody else by the id."""
    number: str


async def import_notification_schemes(unit: ImportUnit) -> None:
    """Every scheme; before that the one that keeps the restore silent."""
    existing = await all_values(unit.site, SCHEMES, [("expand", "all")])
    await begin_silence(unit, existing)
    entries = [entry async for entry in unit.backup.entries(Kind.NOTIFICATION_SCHEME)]
    schemes: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    listed = [each.recipient for scheme in schemes for each in _recipients(scheme)]
    references = await References.of(unit, [(each.type, each.id) for each in listed])
    homes = SchemeHomes(
        unit,
        Kind.NOTIFICATION_SCHEME,
        by_name(existing),
        bool(schemes) and await has_projects(unit),
    )
    writer = _Writer(unit, homes, references, await _events(unit))
    unit.tally.expect(Kind.NOTIFICATION_SCHEME, len(schemes))
    for entry, scheme in zip(entries, schemes, strict=True):
        target = await writer.write(scheme)
        if target is not None:
            projects: list[str] = msgspec.json.decode(entry.attributes.get("projects") or "[]")
            pairs = dict.fromkeys(projects, target)
            await unit.identities.put(identity_kinds.PROJECT_NOTIFICATION_SCHEME, pairs)


async def _events(unit: ImportUnit) -> dict[str, Any]:
    """The events of the destination by name: only the ids of Jira's own are equal everywhere."""
    found: list[Json] = await unit.site.get_json(EVENTS)
    return by_name(found)


def _recipients(scheme: Json) -> list[_Listed]:
    found: list[_Listed] = []
    events: list[Json] = scheme.get("notificationSchemeEvents") or []
    for each in events:
        event: Json = each.get("event") or {}
        notifications: list[Json] = each.get("notifications") or []
        found += [_listed(event, one) for one in notifications]
    return found


def _listed(event: Json, notification: Json) -> _Listed:
    parameter = str(notification.get("parameter") or "")
    identifier = str(notification.get("recipient") or parameter)
    kind = str(notification.get("notificationType"))
    recipient = Recipient(str(event.get("id")), kind, identifier)
    name = str(event.get("name", ""))
    return _Listed(recipient, name, parameter, str(notification.get("id", "")))


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    references: References
    events: dict[str, Any]

    async def write(self, scheme: Json) -> str | None:
        """The id of the scheme at the destination; None where the site refused it."""
        name = str(scheme["name"])
        wanted = self._wanted(scheme)
        dropped = len(_recipients(scheme)) - len(wanted)
        recipients = {each.recipient for each in wanted}
        home = await self.homes.of(scheme, lambda found: recipients == _set_of(found))
        try:
            target, present = await self._found_or_made(scheme, home, wanted)
            await self.homes.keep(scheme, target)
            dropped += await self._fill(target, name, present, wanted)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            reason = "NOTIFICATION_SCHEME_REFUSED"
            self.unit.tally.missing(Kind.NOTIFICATION_SCHEME, name, reason, error.message)
            return None
        self.unit.tally.done(Kind.NOTIFICATION_SCHEME, lossy=dropped > 0 or home.name != name)
        return target

    def _wanted(self, scheme: Json) -> list[_Listed]:
        """The recipients as the destination knows them, without those that it does not."""
        found: dict[Recipient, _Listed] = {}
        for each in _recipients(scheme):
            event: Json | None = self.events.get(fold(each.event_name))
            target = self.references.target(each.recipient.type, each.recipient.id)
            if event is None or target is None:
                self._drop(str(scheme["name"]), each)
                continue
            recipient = Recipient(str(event["id"]), each.recipient.type, target)
            parameter = each.parameter if each.recipient.type == "Group" else target
            found[recipient] = _Listed(recipient, each.event_name, parameter, "")
        return list(found.values())

    def _drop(self, scheme: str, listed: _Listed) -> None:
        kind = listed.recipient.type
        key = f"{scheme}: {listed.event_name}, {kind} {listed.parameter}".rstrip()
        loss = Loss.RECIPIENT_NOT_RESTORED
        self.unit.tally.remark(Kind.NOTIFICATION_SCHEME, key, loss.name, loss.value)

    async def _found_or_made(
        self, scheme: Json, home: Home, wanted: Sequence[_Listed]
    ) -> tuple[str, list[_Listed]]:
        """The id of the scheme and the recipients that it has by now."""
        text = str(scheme.get("description") or "")
        if home.found is None:
            return await self._made(home.name, text, wanted[:PER_REQUEST])
        target = str(home.found["id"])
        if str(home.found.get("description") or "") != text:
            await self.unit.site.put_json(ONE, {"description": text}, scheme=target)
        return target, _recipients(home.found)

    async def _made(
        self, name: str, text: str, wanted: Sequence[_Listed]
    ) -> tuple[str, list[_Listed]]:
        """Made with its recipients, so that a lost answer is known by them; else empty."""
        body: Json = {"name": name, "description": text}
        try:
            created: Json = await self.unit.site.post_json(SCHEMES, body | _body(wanted))
        except SiteRefused:
            created = await self.unit.site.post_json(SCHEMES, body)
            return str(created["id"]), []
        return str(created["id"]), list(wanted)

    async def _fill(
        self, target: str, name: str, present: Sequence[_Listed], wanted: Sequence[_Listed]
    ) -> int:
        """Makes the recipients those that are wanted; how many the site refused."""
        recipients = {each.recipient for each in wanted}
        for each in present:
            if each.recipient not in recipients:
                await self._remove(target, each.number)
        known = {each.recipient for each in present}
        lacking = [each for each in wanted if each.recipient not in known]
        parts = [
            lacking[start : start + PER_REQUEST] for start in range(0, len(lacking), PER_REQUEST)
        ]
        return sum([await self._add(target, name, part) for part in parts])

    async def _remove(self, target: str, number: str) -> None:
        try:
            await self.unit.site.delete(REMOVE, scheme=target, notification=number)
        except SiteNotFound:
            return

    async def _add(self, target: str, name: str, part: Sequence[_Listed]) -> int:
        """One that is refused fails the whole request: they are tried one by one then."""
        try:
            await self.unit.site.put_json(ADD, _body(part), scheme=target)
        except SiteRefused:
            if len(part) > 1:
                return sum([await self._add(target, name, [each]) for each in part])
            self._drop(name, part[0])
            return 1
        return 0


def _set_of(scheme: Json) -> set[Recipient]:
    return {each.recipient for each in _recipients(scheme)}


def _body(part: Sequence[_Listed]) -> Json:
    events: dict[str, list[Json]] = {}
    for each in part:
        notification = {"notificationType": each.recipient.type}
        if each.parameter:
            notification["parameter"] = each.parameter
        events.setdefault(each.recipient.event, []).append(notification)
    listed = [{"event": {"id": event}, "notifications": each} for event, each in events.items()]
    return {"notificationSchemeEvents": listed}
