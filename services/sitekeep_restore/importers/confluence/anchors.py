"""Where on a restored page the text of an inline comment is."""

from __future__ import annotations

import asyncio

import msgspec

from sitekeep_restore.importers.confluence.lookup import find_entry
from sitekeep_restore.importers.confluence.origin import People
from sitekeep_restore.importers.confluence.rewriting import Rewriter
from sitekeep_restore.importers.confluence.stubs import PLURALS, Content, origin_of
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.storage_text import Anchor, find_anchor
from sitekeep_shared.kinds import Kind


class Anchors:
    """Bodies as they are at the destination, with the marks of the source. Lives as a unit."""

    def __init__(self, unit: ImportUnit, people: People) -> None:
        self._unit = unit
        self._people = people
        self._bodies: dict[tuple[str, str], str] = {}
        self._lock = asyncio.Lock()

    async def find(self, kind: str, source: str, reference: str, selection: str) -> Anchor | None:
        """Where the text of a comment is; None where it is not there."""
        if not selection:
            return None
        return find_anchor(await self._body(kind, source), reference, selection)

    async def _body(self, kind: str, source: str) -> str:
        async with self._lock:
            if (kind, source) not in self._bodies:
                self._bodies[kind, source] = await self._read(kind, source)
            return self._bodies[kind, source]

    async def _read(self, kind: str, source: str) -> str:
        if kind not in {known.value for known in PLURALS}:
            return ""
        entry = await find_entry(self._unit.backup, Kind(kind), source)
        if entry is None:
            return ""
        content = msgspec.json.decode(await self._unit.backup.read(entry), type=Content)
        rewriter = await Rewriter.of(self._unit, [content.storage], self._people)
        origin = await origin_of(content, self._people)
        return rewriter.rewrite(content.storage).body + origin.last_line
