"""Before a damaged backup is restored: what of it can still be read, and what is lost, by name.

Everything is read once, before anything is written. The importers then read the backup as if
it had never held what is lost, so that none of them has to know of damage.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sitekeep_restore.importers.jira.orphans import name_orphans
from sitekeep_restore.importers.unit import ImportOptions, ImportPhase
from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader, Lost
from sitekeep_shared.vault.verify import Slice, Verified, Verifier
from sitekeep_shared.work import journal
from sitekeep_shared.work.records import ClaimedUnit, UnitOutcome
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan

PLAN = UnitPlan(ImportPhase.SALVAGE, "salvage", "salvage")
_READ = "salvage-content"
_ORPHANS = UnitPlan(ImportPhase.USERS_AND_GROUPS, "salvage-orphans", "salvage-orphans")


class Salvage:
    """What can be read of the backup of one restore."""

    def __init__(
        self,
        database: Database,
        operation: str,
        backup: BackupReader,
        product_type: str,
        options: ImportOptions,
    ) -> None:
        self._database = database
        self._operation = operation
        self._backup = backup
        self._verifier = Verifier(backup)
        self._product_type = product_type
        self._options = options
        self._readable: BackupReader | None = None
        self._reading = asyncio.Lock()

    async def readable(self) -> BackupReader:
        """The backup without what is lost; to be asked for once all of it was read."""
        async with self._reading:
            if self._readable is None:
                self._readable = self._backup.without(await self._lost())
            return self._readable

    def runs(self, unit: ClaimedUnit) -> bool:
        """Whether the unit is one of these."""
        return unit.plan.kind in (PLAN.kind, _READ, _ORPHANS.kind)

    async def run(self, unit: ClaimedUnit) -> UnitOutcome:
        """One attempt; it writes nothing to the site."""
        if unit.plan.kind == PLAN.kind:
            return UnitOutcome(unit.tally, self._units())
        if unit.plan.kind == _ORPHANS.kind:
            return await self._name_orphans(unit.tally)
        lost = await self._read(Slice(**unit.plan.arguments), unit.tally)
        return UnitOutcome(unit.tally, (), {"lost": lost})

    def _units(self) -> Sequence[UnitPlan]:
        reading = [
            UnitPlan(ImportPhase.SALVAGE, f"salvage/{number:08d}", _READ, asdict(part))
            for number, part in enumerate(self._verifier.slices())
        ]
        # Importers of Confluence meet everything, and name what has lost its container.
        return [*reading, _ORPHANS] if self._product_type == "JIRA" else reading

    async def _name_orphans(self, tally: Tally) -> UnitOutcome:
        if await self._lost():
            attachments = not self._options.skip_attachments
            await name_orphans(await self.readable(), tally, attachments=attachments)
        return UnitOutcome(tally)

    async def _read(self, part: Slice, tally: Tally) -> list[list[Any]]:
        lost: list[list[Any]] = []
        async for verified in self._verifier.verify(part):
            if verified.problem and not self._is_left_out(verified.kind):
                lost.append([verified.page, verified.key])
                _name(tally, verified)
        return lost

    def _is_left_out(self, kind: Kind) -> bool:
        return kind is Kind.ATTACHMENT and self._options.skip_attachments

    async def _lost(self) -> Lost:
        found: defaultdict[bytes, set[str]] = defaultdict(set)
        whole: set[bytes] = set()
        async for _, result in journal.results(self._database, self._operation):
            for page, key in result.get("lost", ()):
                found[bytes.fromhex(page)].add(key)
                if not key:
                    whole.add(bytes.fromhex(page))
        return {page: frozenset() if page in whole else frozenset(found[page]) for page in found}


def _name(tally: Tally, verified: Verified) -> None:
    tally.expect(verified.kind, verified.entry_count)
    tally.missing(
        verified.kind,
        verified.name,
        "ARCHIVE_CORRUPT",
        f"Lost: the backup is damaged here. {verified.problem}",
        count=verified.entry_count,
    )
