"""What the ids inside some issues became: asked for once for all issues of a unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.addresses import Addresses
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.adf import is_list, is_node

_BY_FIELD = {
    "priority": identity_kinds.PRIORITY,
    "resolution": identity_kinds.RESOLUTION,
    "status": identity_kinds.STATUS,
    "issuetype": identity_kinds.ISSUE_TYPE,
    "fixVersions": identity_kinds.VERSION,
    "versions": identity_kinds.VERSION,
    "components": identity_kinds.COMPONENT,
    "project": identity_kinds.PROJECT_SECURITY_SCHEME,
}


@dataclass(frozen=True)
class Known:
    """Source → target ids of everything that the issues of a unit name, by identity kind."""

    maps: Mapping[str, Mapping[str, str]]
    addresses: Addresses

    def of(self, kind: str) -> Mapping[str, str]:
        """The map of an identity kind."""
        return self.maps.get(kind, {})

    @property
    def users(self) -> Mapping[str, str]:
        """Accounts that are at the destination."""
        return self.of(identity_kinds.USER)

    @property
    def media(self) -> Mapping[str, str]:
        """Media files of restored attachments."""
        return self.of(identity_kinds.MEDIA)

    def link(self, url: str) -> str:
        """An address within the source site, as one within the destination; ids follow."""
        return self.addresses.link(url, self._attachment_path)

    def _attachment_path(self, path: str) -> str:
        """The path with the id of a restored attachment in place of the original one."""
        for stem in ("/secure/attachment/", "/rest/api/3/attachment/content/"):
            if path.startswith(stem):
                source, slash, rest = path.removeprefix(stem).partition("/")
                target = self.of(identity_kinds.ATTACHMENT).get(source, source)
                return f"{stem}{target}{slash}{rest}"
        return path


async def known_of(unit: ImportUnit, documents: Iterable[Any]) -> Known:
    """Collects every id in issues, comments and worklogs, and asks what they became."""
    wanted: dict[str, set[str]] = {}
    for document in documents:
        _collect(document, wanted)
    maps = {kind: await unit.identities.get(kind, ids) for kind, ids in wanted.items() if ids}
    if identity_kinds.ASSET_OBJECT in maps:
        assets = await unit.identities.get(identity_kinds.ASSETS, ["workspace"])
        maps[identity_kinds.ASSETS] = assets
    return Known(maps, await Addresses.of(unit))


def _collect(document: Any, wanted: dict[str, set[str]]) -> None:
    for item in _objects(document):
        _add(wanted, identity_kinds.USER, item.get("accountId"))
        attributes = item.get("attrs")
        if is_node(attributes):
            kind = {"mention": identity_kinds.USER, "media": identity_kinds.MEDIA}
            kind["mediaInline"] = identity_kinds.MEDIA
            _add(wanted, kind.get(str(item.get("type")), ""), attributes.get("id"))
        if is_node(item.get("fields")):
            _collect_fields(item["fields"], wanted)


def _collect_fields(fields: Json, wanted: dict[str, set[str]]) -> None:
    for name, value in fields.items():
        if value is None:
            continue
        for item in _objects(value):
            if name.startswith("customfield_"):
                for kind in (identity_kinds.OPTION, identity_kinds.VERSION, identity_kinds.PROJECT):
                    _add(wanted, kind, item.get("id"))
                _add(wanted, identity_kinds.APP_OPTION, f"{name}/{item.get('id')}")
                _add(wanted, identity_kinds.GROUP, item.get("groupId"))
                _add(wanted, identity_kinds.ASSET_OBJECT, item.get("objectId"))
            elif name in _BY_FIELD:
                _add(wanted, _BY_FIELD[name], item.get("id"))
        if name.startswith("customfield_"):
            _add(wanted, identity_kinds.FIELD, name)
            _add(wanted, identity_kinds.FIELD_TYPE, name)
    for item in fields.get("attachment") or ():
        _add(wanted, identity_kinds.ATTACHMENT, item.get("id"))


def _add(wanted: dict[str, set[str]], kind: str, found: object) -> None:
    if kind and isinstance(found, (str, int)) and found != "":
        wanted.setdefault(kind, set()).add(str(found))


def _objects(value: Any) -> Iterator[Json]:
    """Every JSON object in a value, the value itself included."""
    stack: list[Any] = [value]
    while stack:
        current = stack.pop()
        if is_node(current):
            yield current
            stack.extend(current.values())
        elif is_list(current):
            stack.extend(current)
