"""Sites backed up, restored into empty ones, backed up again and compared, all in memory."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference, KindResult, Mode
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_restore.importers.confluence import IMPORTER as CONFLUENCE
from sitekeep_restore.importers.jira import IMPORTER as JIRA
from sitekeep_shared import coverage
from sitekeep_shared.coverage import CoverageRow, Product
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.tally import Tally
from support.confluence_fakes import MemoryBackup, restore
from support.confluence_pair import Pair, site_pair
from support.jira_fakes import JiraPair, jira_pair
from support.shown_losses import Shown, watched

Json = Any
Alteration = Callable[[MemoryBackup], Awaitable[MemoryBackup]]


@dataclass(frozen=True)
class RoundTrip:
    """What came of it."""

    before: MemoryBackup
    after: MemoryBackup
    export: Tally
    restore: Tally
    differences: Sequence[Difference]
    results: dict[Kind, KindResult]
    shown: Shown
    rows: Mapping[Kind, CoverageRow]

    @property
    def undeclared(self) -> list[Difference]:
        """What differs and nothing declares."""
        return [one for one in self.differences if not one.declared]


def jira_round_trip(
    prepare: Callable[[JiraPair], Awaitable[None]],
    alter: Alteration | None = None,
) -> RoundTrip:
    """A Jira site that ``prepare`` fills; ``alter`` changes its backup before the restore."""
    return asyncio.run(run_jira(prepare, alter))


async def run_jira(
    prepare: Callable[[JiraPair], Awaitable[None]],
    alter: Alteration | None = None,
    then: Callable[[JiraPair], Awaitable[None]] | None = None,
) -> RoundTrip:
    """The same for a caller that has a loop; ``then`` looks at both sites afterwards."""
    with watched() as shown:
        async with jira_pair() as pair:
            await prepare(pair)
            stored, export = await pair.source.backup_and_tally()
            before = stored if alter is None else await alter(stored)
            tally = await restore(JIRA, pair.destination.client, before)
            after = await pair.destination.backup()
            if then is not None:
                await then(pair)
        found, results = compared("jira", before, after)
        rows = coverage.rows_of("jira")
        return RoundTrip(before, after, export, tally, found, results, shown, rows)


def confluence_round_trip(prepare: Callable[[Pair], None]) -> RoundTrip:
    """A Confluence site that ``prepare`` fills."""
    return asyncio.run(_run_confluence(prepare))


async def _run_confluence(prepare: Callable[[Pair], None]) -> RoundTrip:
    with watched() as shown:
        async with site_pair() as pair:
            prepare(pair)
            before = await pair.source.backup()
            tally = await restore(CONFLUENCE, pair.destination.client, before)
            after = await pair.destination.backup()
        found, results = compared("confluence", before, after)
        rows = coverage.rows_of("confluence")
        return RoundTrip(before, after, Tally(), tally, found, results, shown, rows)


def compared(
    product: Product, left: MemoryBackup, right: MemoryBackup
) -> tuple[list[Difference], dict[Kind, KindResult]]:
    """Every difference between the source and what was restored, and what became of each kind."""
    with Shelf() as shelf:
        comparison = Comparison(shelf, Mode.RESTORED, coverage.rows_of(product))
        comparison.read(left, right, jira=product == "jira")
        return list(comparison.differences()), comparison.results


async def with_changed(
    backup: MemoryBackup, kind: Kind, change: Callable[[Json, dict[str, str]], object]
) -> MemoryBackup:
    """The same backup with every record of a kind changed, as other sites send them.

    ``change`` gets the payload and the attributes of a record and changes both in place.
    """
    result = MemoryBackup(backup.site_uri)
    for each in Kind:
        records = [(entry, await backup.read(entry)) async for entry in backup.entries(each)]
        if each is kind:
            records = [_changed(*record, change) for record in records]
        result.add(each.value, records)
    return result


def _changed(
    entry: Entry, content: bytes, change: Callable[[Json, dict[str, str]], object]
) -> tuple[Entry, bytes]:
    payload: Json = msgspec.json.decode(content)
    attributes = dict(entry.attributes)
    change(payload, attributes)
    changed = msgspec.json.encode(payload)
    return dataclasses.replace(entry, size_bytes=len(changed), attributes=attributes), changed
