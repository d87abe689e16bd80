"""A vault, identities and an engine in memory, for tests of exporters and importers."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from sitekeep_backup.exporters.unit import Exporter, ExportOptions, ExportUnit, Superseded
from sitekeep_cli.comparison.model import Record
from sitekeep_restore.importers.unit import Importer, ImportOptions, ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry, StoredFile
from sitekeep_shared.vault.known_file import FileIdentity, KnownFile
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.session import BackupSession, UnitWriter
from sitekeep_shared.work.tally import Count, Tally
from sitekeep_shared.work.unit import UnitPlan


class MemoryWriter:
    """Holds what one attempt at a unit writes."""

    def __init__(self) -> None:
        self.records: list[tuple[Entry, bytes]] = []

    async def put_record(
        self,
        kind: Kind,
        key: str,
        payload: bytes,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self.records.append((Entry(kind, key, len(payload), dict(attributes or {})), payload))

    async def put_file(
        self,
        kind: Kind,
        key: str,
        chunks: AsyncIterator[bytes],
        *,
        attributes: Mapping[str, str] | None = None,
        identity: FileIdentity | None = None,
        note: bytes = b"",
    ) -> StoredFile:
        content = b"".join([chunk async for chunk in chunks])
        digest = hashlib.sha256(content).hexdigest()
        self.records.append(
            (Entry(kind, key, len(content), dict(attributes or {}), digest), content)
        )
        return StoredFile(len(content), digest)

    def find_file(
        self, kind: Kind, identity: FileIdentity, *, even_if_due: bool = False
    ) -> KnownFile | None:
        return None


@dataclass(frozen=True)
class MemoryPage:
    """The entries of one kind of one unit: a PageReference with what it leads to."""

    unit_key: str
    entries: Sequence[Entry]

    @property
    def entry_count(self) -> int:
        return len(self.entries)


class MemoryBackup:
    """A backup in memory: a BackupReader, and a backup for the comparison."""

    def __init__(self, site_uri: str = "", details: bytes = b"{}") -> None:
        self.site_uri = site_uri
        self.details = details
        self._units: dict[str, list[tuple[Entry, bytes]]] = {}

    def add(self, unit: str, records: Sequence[tuple[Entry, bytes]]) -> None:
        self._units[unit] = sorted(records, key=lambda record: record[0].key)

    def remove(self, superseded: Superseded) -> None:
        """Entries that a later unit takes back."""
        for unit, kinds in superseded.entries.items():
            gone = {(kind, key) for kind, keys in kinds.items() for key in keys}
            records = self._units[unit]
            assert gone <= {(entry.kind, entry.key) for entry, _ in records}
            self._units[unit] = [
                record for record in records if (record[0].kind, record[0].key) not in gone
            ]

    def _all(self, kind: Kind) -> Iterator[tuple[Entry, bytes]]:
        for unit in sorted(self._units):
            for entry, payload in self._units[unit]:
                if entry.kind is kind:
                    yield entry, payload

    def count(self, kind: Kind) -> int:
        return sum(1 for _ in self._all(kind))

    def payloads(self, kind: Kind) -> dict[str, bytes]:
        found = list(self._all(kind))
        payloads = {entry.key: payload for entry, payload in found}
        assert len(payloads) == len(found), f"a {kind} was stored twice"
        return payloads

    async def entries(
        self, kind: Kind, *, first: str = "", last: str | None = None
    ) -> AsyncIterator[Entry]:
        for entry, _ in list(self._all(kind)):
            if first <= entry.key and (last is None or entry.key <= last):
                yield entry

    def pages(self, kind: Kind) -> Sequence[MemoryPage]:
        units = (
            (unit, [entry for entry, _ in self._units[unit] if entry.kind is kind])
            for unit in sorted(self._units)
        )
        return [MemoryPage(unit, entries) for unit, entries in units if entries]

    async def page_entries(self, page: MemoryPage) -> Sequence[Entry]:
        return page.entries

    async def entry(self, kind: Kind, key: str) -> Entry | None:
        return next((entry for entry, _ in self._all(kind) if entry.key == key), None)

    async def read(self, entry: Entry) -> bytes:
        return next(content for found, content in self._all(entry.kind) if found == entry)

    async def stream(self, entry: Entry) -> AsyncIterator[bytes]:
        yield await self.read(entry)

    def records(self, kind: Kind) -> Iterator[Record]:
        for entry, payload in self._all(kind):
            content = b"" if entry.sha256 else payload
            yield Record(
                kind, entry.key, dict(entry.attributes), entry.size_bytes, entry.sha256, content
            )


class MemoryIdentities:
    """Identities in memory."""

    def __init__(self) -> None:
        self.targets: dict[str, dict[str, str]] = defaultdict(dict)

    async def get(self, kind: str, sources: Iterable[str]) -> dict[str, str]:
        known = self.targets[kind]
        return {source: known[source] for source in sources if source in known}

    async def put(self, kind: str, pairs: Mapping[str, str]) -> None:
        self.targets[kind].update(pairs)


class Journal:
    """The units of an operation: planned once per key, phase after phase."""

    def __init__(self, plans: Iterable[UnitPlan]) -> None:
        self._waiting: list[UnitPlan] = []
        self._known: set[str] = set()
        self.keys: list[str] = []
        self.total = Tally()
        self._notes: dict[str, Any] = {}
        self.plan(plans)

    async def notes(self, prefix: str) -> AsyncIterator[tuple[str, Any]]:
        for key in sorted(self._notes):
            if key.startswith(prefix):
                yield key, self._notes[key]

    def end(self, unit: ExportUnit) -> None:
        """Commits a unit of an export, with what it leaves and what it takes back."""
        if unit.note is not None:
            self._notes[unit.plan.key] = msgspec.json.decode(msgspec.json.encode(unit.note))
        for each in unit.superseded.findings:
            self.total.findings.remove(each.finding)
        self.commit(unit.tally, unit.spawned)

    def plan(self, plans: Iterable[UnitPlan]) -> None:
        for plan in plans:
            if plan.key not in self._known:
                self._known.add(plan.key)
                self._waiting.append(_through_json(plan))

    def next(self) -> UnitPlan | None:
        if not self._waiting:
            return None
        plan = min(self._waiting, key=lambda waiting: waiting.phase)
        self._waiting.remove(plan)
        self.keys.append(plan.key)
        return plan

    def commit(self, tally: Tally, spawned: Iterable[UnitPlan]) -> None:
        for kind, count in tally.counts.items():
            _add(self.total.of(kind), count)
        self.total.findings.extend(tally.findings)
        self.plan(spawned)


def _through_json(plan: UnitPlan) -> UnitPlan:
    arguments: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan.arguments))
    return dataclasses.replace(plan, arguments=arguments)


def _add(total: Count, more: Count) -> None:
    total.expected += more.expected
    total.done += more.done
    total.lossy += more.lossy
    total.missing += more.missing
    total.size_bytes += more.size_bytes


async def export(
    exporter: Exporter,
    site: SiteClient,
    *,
    site_uri: str = "",
    include_attachments: bool = True,
    running_for: datetime.timedelta = datetime.timedelta(),
) -> tuple[MemoryBackup, Tally]:
    """Runs every unit of an export once."""
    backup = MemoryBackup(site_uri)
    journal = Journal(exporter.initial_units)
    options = ExportOptions(include_attachments)
    while (plan := journal.next()) is not None:
        writer = MemoryWriter()
        unit = ExportUnit(plan, 1, site, cast(UnitWriter, writer), options, journal, running_for)
        await exporter.run[plan.kind](unit)
        backup.add(plan.key, writer.records)
        backup.remove(unit.superseded)
        journal.end(unit)
    return backup, journal.total


async def export_into(exporter: Exporter, site: SiteClient, session: BackupSession) -> Tally:
    """Runs every unit of an export once, into a vault, and commits."""
    journal = Journal(exporter.initial_units)
    pages: list[PageReference] = []
    while (plan := journal.next()) is not None:
        writer = session.unit(plan.key)
        unit = ExportUnit(plan, 1, site, writer, ExportOptions(), journal, datetime.timedelta())
        await exporter.run[plan.kind](unit)
        pages = list(_left(pages, unit.superseded))
        pages += await writer.finish()
        journal.end(unit)
    now = datetime.datetime.now(datetime.UTC)
    facts = ManifestFacts(now, now, now + datetime.timedelta(days=14), COMPLETE)
    await session.commit(sorted(pages, key=_page_order), facts)
    return journal.total


def _left(pages: Iterable[PageReference], superseded: Superseded) -> Iterator[PageReference]:
    for page in pages:
        gone = superseded.entries.get(page.unit_key, {}).get(page.kind, {})
        if (left := page.without(gone)) is not None:
            yield left


def _page_order(page: PageReference) -> tuple[str, str, str]:
    return (page.kind.value, page.unit_key, page.first_key)


async def restore(
    importer: Importer,
    site: SiteClient,
    backup: MemoryBackup | BackupReader,
    *,
    options: ImportOptions | None = None,
    attempts: int = 1,
    retried: tuple[type[Exception], ...] = (),
    identities: MemoryIdentities | None = None,
) -> Tally:
    """Runs every unit of an import; again after one of the errors in ``retried``."""
    identities = identities or MemoryIdentities()
    journal = Journal(importer.initial_units)
    while (plan := journal.next()) is not None:
        for attempt in range(1, attempts + 1):
            unit = ImportUnit(
                plan,
                attempt,
                site,
                cast(BackupReader, backup),
                identities,
                options or ImportOptions(),
            )
            try:
                await importer.run[plan.kind](unit)
            except retried:
                if attempt == attempts:
                    raise
            else:
                journal.commit(unit.tally, unit.spawned)
                break
    return journal.total
