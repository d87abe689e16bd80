"""The fields that make an issue a request: which they are, and what a request had in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.fields import custom_type
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.adf import is_list, is_node
from sitekeep_shared.content.service_fields import (
    ORGANIZATIONS_FIELD,
    PARTICIPANTS_FIELD,
    REQUEST_TYPE_FIELD,
    WRITABLE_FIELDS,
    is_service_field,
    request_type_of,
)
from sitekeep_shared.kinds import Kind


@dataclass(frozen=True)
class RequestFields:
    """The fields of one site: by type those that can be written, and the ids of the others."""

    writable: Mapping[str, str]
    measured: frozenset[str]

    @classmethod
    def among(cls, fields: Iterable[Json]) -> RequestFields:
        """Those among all fields of a site."""
        by_id = {str(each["id"]): custom_type(each) for each in fields}
        writable = {kind: number for number, kind in by_id.items() if kind in WRITABLE_FIELDS}
        measured = (n for n, kind in by_id.items() if is_service_field(kind))
        return cls(writable, frozenset(measured) - set(writable.values()))


@dataclass(frozen=True)
class Request:
    """What an issue was as a request, by the ids of the source."""

    key: str
    issue: str
    kind: str
    participants: Sequence[str] = ()
    organizations: Sequence[str] = ()
    is_measured: bool = False
    """Whether goals, approvals or ratings go with it."""


def request_in_issue(issue: Json, source: RequestFields) -> Request:
    """The request that the fields of an issue tell of."""
    fields: Json = issue["fields"]
    values = {kind: fields.get(number) for kind, number in source.writable.items()}
    return Request(
        key=str(issue["key"]),
        issue=str(issue["id"]),
        kind=request_type_of(values.get(REQUEST_TYPE_FIELD)),
        participants=_ids(values.get(PARTICIPANTS_FIELD), "accountId"),
        organizations=_ids(values.get(ORGANIZATIONS_FIELD), "id"),
        is_measured=any(fields.get(number) for number in source.measured),
    )


def request_on_its_own(request: Json, parts: Mapping[str, str]) -> Request:
    """The request that was read beside its issue, because the issue does not tell.

    ``parts``: the rest of its lists, approvals and feedback, as JSON texts.
    """
    pages: dict[str, Json] = {name: request.get(name) or {} for name in ("participants", "sla")}
    listed: dict[str, list[Json]] = {name: page.get("values") or [] for name, page in pages.items()}
    more: list[Json] = msgspec.json.decode(parts.get("participant") or "[]")
    return Request(
        key=str(request["issueKey"]),
        issue=str(request["issueId"]),
        kind=str(request.get("requestTypeId") or ""),
        participants=_ids([*listed["participants"], *more], "accountId"),
        is_measured=bool(listed["sla"] or {"approval", "feedback"} & parts.keys()),
    )


def _ids(value: Any, name: str) -> list[str]:
    items = value if is_list(value) else []
    return [str(item[name]) for item in items if is_node(item) and item.get(name)]


@dataclass
class KnownRequests:
    """What the ids in some requests are at the destination."""

    target: RequestFields
    linked: frozenset[str] | None = None
    """The organizations of the desk there: a site takes no others. None: it does not say."""
    maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    @classmethod
    async def of(
        cls,
        unit: ImportUnit,
        target: RequestFields,
        linked: frozenset[str] | None,
        requests: Sequence[Request],
    ) -> KnownRequests:
        """Asks for all of them at once."""
        wanted = {
            identity_kinds.ISSUE: {each.issue for each in requests},
            identity_kinds.REQUEST_TYPE: {each.kind for each in requests},
            identity_kinds.USER: {one for each in requests for one in each.participants},
            identity_kinds.ORGANIZATION: {one for each in requests for one in each.organizations},
        }
        maps = {k: await unit.identities.get(k, ids) for k, ids in wanted.items()}
        return cls(target, linked, maps)

    def values(self, request: Request) -> Json:
        """What is written into the fields of the issue, by the ids of the destination.

        The type is a plain text, organizations are numbers: live sites take nothing else.
        """
        people = self.maps[identity_kinds.USER]
        values: dict[str, Any] = {
            REQUEST_TYPE_FIELD: self.maps[identity_kinds.REQUEST_TYPE].get(request.kind),
            PARTICIPANTS_FIELD: [
                {"accountId": people[each]} for each in request.participants if each in people
            ],
            ORGANIZATIONS_FIELD: [int(each) for each in self._organizations(request)],
        }
        there = self.target.writable
        return {there[kind]: value for kind, value in values.items() if value and kind in there}

    def lost(self, request: Request) -> tuple[int, int]:
        """How many participants and how many organizations cannot be named there."""
        people = self.maps[identity_kinds.USER]
        return (
            sum(each not in people for each in request.participants),
            len(request.organizations) - len(self._organizations(request)),
        )

    def _organizations(self, request: Request) -> list[str]:
        """Those of its organizations that the desk at the destination has, by their ids there."""
        known = self.maps[identity_kinds.ORGANIZATION]
        found = [known[each] for each in request.organizations if each in known]
        return [each for each in found if self.linked is None or each in self.linked]


async def fields_of_both(unit: ImportUnit) -> tuple[RequestFields, RequestFields]:
    """The fields of the backup and those of the destination."""
    backed_up = [
        await read_json(unit.backup, entry) async for entry in unit.backup.entries(Kind.FIELD)
    ]
    return RequestFields.among(backed_up), await _at_destination(unit)


async def _at_destination(unit: ImportUnit) -> RequestFields:
    existing: list[Json] = await unit.site.get_json("/rest/api/3/field")
    return RequestFields.among(existing)


async def fields_to_write(unit: ImportUnit) -> set[str]:
    """The ids at the destination of the fields that requests are written to, if any are.

    A backup may lack these fields: some sites show them to nobody.
    """
    async for _ in unit.backup.entries(Kind.SERVICE_DESK):
        return set((await _at_destination(unit)).writable.values())
    return set()
