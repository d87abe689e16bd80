"""The gadgets of one dashboard with their properties, whose ids become the destination's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.queries import Queries
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.gadgets import replaced
from sitekeep_shared.vault.entry import Entry

GADGETS = "/rest/api/3/dashboard/{dashboard}/gadget"
PROPERTY = "/rest/api/3/dashboard/{dashboard}/items/{gadget}/properties/{property}"
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)
_KEPT = ("moduleKey", "uri", "color", "title", "position")


@dataclass
class _Named:
    """What a property names: first collected, then replaced."""

    targets: Mapping[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    queries: Mapping[str, str] = field(default_factory=dict[str, str])
    ids: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    texts: set[str] = field(default_factory=set[str])

    def identifier(self, realm: str, identifier: str) -> str:
        """The target id; the source id where there is none."""
        self.ids.add((realm, identifier))
        return self.targets.get((realm, identifier), identifier)

    def query(self, text: str) -> str:
        """The rewritten query."""
        self.texts.add(text)
        return self.queries.get(text, text)


@dataclass
class Gadgets:
    """Writes the gadgets of the dashboards of one unit."""

    unit: ImportUnit
    queries: Queries

    async def write(self, entry: Entry, dashboard: str) -> list[Loss]:
        """Adds what the dashboard lacks of its gadgets; what of them is lost."""
        gadgets: list[Json] = msgspec.json.decode(entry.attributes.get("gadgets") or "[]")
        if not gadgets:
            return []
        properties: dict[str, Json] = msgspec.json.decode(entry.attributes["properties"])
        present = await self._present(dashboard)
        losses: list[Loss] = []
        for gadget in sorted(gadgets, key=_place):
            target = present.get(_place(gadget)) or await self._add(dashboard, gadget)
            if target is None:
                losses.append(Loss.GADGET_REFUSED)
                continue
            settings = properties.get(str(gadget["id"]), {})
            losses += await self._set(dashboard, target, settings)
        return losses

    async def _present(self, dashboard: str) -> dict[tuple[int, int], str]:
        """By place: what an earlier attempt has put on the dashboard."""
        if self.unit.first_attempt:
            return {}
        found: Json = await self.unit.site.get_json(GADGETS, dashboard=dashboard)
        return {_place(each): str(each["id"]) for each in found.get("gadgets", ())}

    async def _add(self, dashboard: str, gadget: Json) -> str | None:
        body = {name: gadget[name] for name in _KEPT if gadget.get(name) is not None}
        if "uri" in body:
            body.pop("moduleKey", None)
        # The app that a gadget belongs to may be installed later.
        body["ignoreUriAndModuleKeyValidation"] = True
        try:
            made: Json = await self.unit.site.post_json(GADGETS, body, dashboard=dashboard)
        except _REFUSALS:
            return None
        return str(made["id"])

    async def _set(self, dashboard: str, gadget: str, settings: Json) -> list[Loss]:
        losses: list[Loss] = []
        for key, value in settings.items():
            target, complete = await self._translated(key, value)
            if not complete:
                losses.append(Loss.GADGET_SETTING_NOT_RESTORABLE)
                continue
            try:
                await self.unit.site.put_json(
                    PROPERTY, target, dashboard=dashboard, gadget=gadget, property=key
                )
            except _REFUSALS:
                losses.append(Loss.GADGET_SETTING_NOT_RESTORABLE)
        return losses

    async def _translated(self, key: str, value: Any) -> tuple[Any, bool]:
        """The value for the destination, and whether everything that it names is there.

        A setting with an id of the source would show something else, or nothing.
        """
        named = _Named()
        replaced(value, named, key)
        targets = await self._targets(named.ids)
        rewritten = {text: await self.queries.rewritten(text) for text in named.texts}
        queries = {text: each.text for text, each in rewritten.items()}
        lost = any(each.lost or each.waits for each in rewritten.values())
        own = {each for each in named.ids if each not in targets}
        return replaced(value, _Named(targets, queries), key), not own and not lost

    async def _targets(self, ids: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        realms = {realm for realm, _ in ids}
        found: dict[tuple[str, str], str] = {}
        for realm in realms:
            sources = [identifier for each, identifier in ids if each == realm]
            pairs = await self.unit.identities.get(realm, sources)
            found |= {(realm, source): target for source, target in pairs.items()}
        return found


def _place(gadget: Json) -> tuple[int, int]:
    position: Json = gadget.get("position") or {}
    return int(position.get("column") or 0), int(position.get("row") or 0)
