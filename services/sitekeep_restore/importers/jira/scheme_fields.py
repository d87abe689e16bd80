"""The fields of a field scheme: which it has, for which issue types, and what it says of them.

Requests about fields answer for each field by itself: 207 where some are refused, 400 where all
are (config/fieldschemes/fields, Jira REST v3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from sitekeep_restore.importers.jira.reading import Json, all_values
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteRefused

FIELDS = "/rest/api/3/config/fieldschemes/fields"
OF_ONE = "/rest/api/3/config/fieldschemes/{scheme}/fields"
PARAMETERS = FIELDS + "/parameters"
PER_REQUEST = 100
"""No largest number is documented; as many as a page of the list has."""

_NAMES = ("isRequired", "description")
_CUSTOM = "customfield_"
Send = Callable[[Mapping[str, Any]], Awaitable[Json | None]]


def target_of(custom: Mapping[str, str], source: str) -> str | None:
    """The id of a field at the destination: Jira's own ones have the same everywhere."""
    return custom.get(source) if source.startswith(_CUSTOM) else source


class Said(NamedTuple):
    """What a scheme says of a field that it has."""

    types: frozenset[str]
    """The issue types that have it; empty: all."""
    parameters: Json
    """Whether it is required, and its description."""
    own: Mapping[str, Json]
    """Those that are said for one issue type."""
    is_removable: bool = True

    @classmethod
    def of(cls, item: Json) -> Said:
        """What the list of a scheme's fields shows."""
        own = {
            str(each["workTypeId"]): _given(each) for each in item.get("workTypeParameters") or ()
        }
        return cls(
            types=frozenset(str(each) for each in item.get("restrictedToWorkTypes") or ()),
            parameters=OPEN.parameters | _given(item.get("parameters") or {}),
            own={kind: each for kind, each in own.items() if each},
            is_removable="REMOVE" in item.get("allowedOperations", ["REMOVE"]),
        )

    def at(self, types: Mapping[str, str]) -> tuple[Said | None, bool]:
        """The same with the ids of another site, and whether all of it is there.

        None: it was only for issue types that are not there.
        """
        there = frozenset(types[each] for each in self.types if each in types)
        own = {types[kind]: each for kind, each in self.own.items() if kind in types}
        is_whole = len(there) == len(self.types) and len(own) == len(self.own)
        if self.types and not there:
            return None, False
        return self._replace(types=there, own=own), is_whole


OPEN = Said(frozenset(), {"isRequired": False, "description": ""}, {})
"""A field that all issue types have and none needs."""


def _given(parameters: Json) -> Json:
    return {name: parameters[name] for name in _NAMES if parameters.get(name) is not None}


@dataclass(frozen=True)
class SchemeFields:
    """The fields that a scheme of the destination has now."""

    site: SiteClient
    scheme: str
    present: Mapping[str, Said]

    @classmethod
    async def of(cls, site: SiteClient, scheme: str) -> SchemeFields:
        """Asks the destination."""
        found = await all_values(site, OF_ONE, scheme=scheme)
        return cls(site, scheme, {str(each["fieldId"]): Said.of(each) for each in found})

    async def become(self, wanted: Mapping[str, Said], restored: frozenset[str]) -> set[str]:
        """Makes them those, and returns of which fields the site refuses something.

        A custom field that is not among the restored ones is the destination's own: it stays.
        """
        refused = await self._remove(wanted, restored)
        refused |= await self._associate(wanted)
        there = {field: said for field, said in wanted.items() if field not in refused}
        return refused | await self._forget(there) | await self._say(there)

    async def _remove(self, wanted: Mapping[str, Said], restored: frozenset[str]) -> set[str]:
        gone = [
            field
            for field, said in self.present.items()
            if field not in wanted and said.is_removable
            if field in restored or not field.startswith(_CUSTOM)
        ]
        body = {field: {"schemeIds": [int(self.scheme)]} for field in gone}
        return await _send(body, self._deleting(FIELDS))

    async def _associate(self, wanted: Mapping[str, Said]) -> set[str]:
        body: dict[str, list[Json]] = {}
        for field, said in wanted.items():
            present = self.present.get(field)
            if present is None or present.types != said.types:
                types = sorted(int(each) for each in said.types)
                chosen: Json = {"restrictedToWorkTypes": types} if types else {}
                body[field] = [{"schemeIds": [int(self.scheme)], **chosen}]
        return await _send(body, self._putting(FIELDS))

    async def _say(self, wanted: Mapping[str, Said]) -> set[str]:
        body: dict[str, list[Json]] = {}
        for field, said in wanted.items():
            present = self.present.get(field, OPEN)
            changed: Json = {}
            if parameters := _changed(said.parameters, present.parameters):
                changed["parameters"] = parameters
            own = [
                {"workTypeId": int(kind), **different}
                for kind, each in said.own.items()
                if (different := _changed(each, present.own.get(kind, {})))
            ]
            if own:
                changed["workTypeParameters"] = own
            if changed:
                body[field] = [{"schemeIds": [int(self.scheme)], **changed}]
        return await _send(body, self._putting(PARAMETERS))

    async def _forget(self, wanted: Mapping[str, Said]) -> set[str]:
        """Takes back what is said for one issue type and should not be."""
        body: dict[str, list[Json]] = {}
        for field, said in wanted.items():
            for kind, each in self.present.get(field, OPEN).own.items():
                names = [name for name in each if name not in said.own.get(kind, {})]
                if names:
                    one = {"schemeId": int(self.scheme), "workTypeIds": [int(kind)]}
                    body.setdefault(field, []).append({**one, "parameters": names})
        return await _send(body, self._deleting(PARAMETERS))

    def _putting(self, template: str) -> Send:
        async def put(body: Mapping[str, Any]) -> Json | None:
            answer: Json | None = await self.site.put_json(template, body)
            return answer

        return put

    def _deleting(self, template: str) -> Send:
        async def delete(body: Mapping[str, Any]) -> Json | None:
            answer = await self.site.delete(template, body=body)
            return msgspec.json.decode(answer, type=dict[str, Any]) if answer else None

        return delete


def _changed(wanted: Json, present: Json) -> Json:
    return {name: value for name, value in wanted.items() if present.get(name) != value}


async def _send(body: Mapping[str, Any], send: Send) -> set[str]:
    """Sends a request of any size in parts, and returns the fields that are refused."""
    refused: set[str] = set()
    fields = list(body)
    for start in range(0, len(fields), PER_REQUEST):
        part = {field: body[field] for field in fields[start : start + PER_REQUEST]}
        refused |= await _send_part(part, send)
    return refused


async def _send_part(part: Mapping[str, Any], send: Send) -> set[str]:
    try:
        answer = await send(part)
    except SiteRefused:
        # All of them, or one that spoils the request for the others.
        if len(part) == 1:
            return set(part)
        refused = [await _send_part({field: each}, send) for field, each in part.items()]
        return set[str]().union(*refused)
    results: list[Json] = (answer or {}).get("results", [])
    return {str(each["fieldId"]) for each in results if not each.get("success", True)}
