"""Verifies a backup: reads everything that it holds, a slice at a time, and says what is damaged.

A slice is small enough to be read again after a crash and to keep in memory what it lists,
however large the backup is. Within a slice the content is read in the order in which it lies
in the packs, so that each frame is opened once.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of, name_of_page
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.reader import BackupReader, ListedEntry


@dataclass(frozen=True)
class Slice:
    """Consecutive pages of ``BackupReader.all_pages``, or a part of one page of large files."""

    first_page: int
    page_count: int
    part: int = 0
    part_count: int = 1


@dataclass(frozen=True)
class Verified:
    """An entry that was read, or a page that cannot be."""

    kind: Kind
    name: str
    """What it is, in words: ``issue ALOY-12``, ``comment 33 of ALOY-12``."""
    entry_count: int
    size_bytes: int
    problem: str = ""
    """Why it cannot be read as it was written; empty where it can."""
    key: str = ""
    """The key of the entry; empty for a whole page."""
    page: str = ""
    """The blob id of the page that lists it, in hex."""
    damaged_pack: str = ""
    """The name of the pack that is not what was written; empty where it is none."""


def slices(pages: Sequence[PageReference], limits: Limits) -> Iterator[Slice]:
    """Cuts the pages of a backup; the same pages are always cut the same way."""
    first = entries = size = 0
    for number, page in enumerate(pages):
        full = (
            entries + page.entry_count > limits.slice_entries
            or size + page.size_bytes > limits.slice_bytes
        )
        if full and number > first:
            yield from _cut(pages, first, number, limits)
            first, entries, size = number, 0, 0
        entries += page.entry_count
        size += page.size_bytes
    if first < len(pages):
        yield from _cut(pages, first, len(pages), limits)


def _cut(pages: Sequence[PageReference], first: int, end: int, limits: Limits) -> Iterator[Slice]:
    parts = 1
    if end - first == 1:
        needed = -(-pages[first].size_bytes // limits.slice_bytes)
        parts = max(1, min(needed, pages[first].entry_count))
    for part in range(parts):
        yield Slice(first, end - first, part, parts)


class Verifier:
    """Reads slices of one backup."""

    def __init__(self, reader: BackupReader) -> None:
        self._reader = reader
        self._limits = reader.limits
        self._large_files = asyncio.Semaphore(self._limits.large_files_at_once)

    def slices(self) -> list[Slice]:
        """Everything that the backup holds; the same each time."""
        return list(slices(self._reader.all_pages, self._limits))

    def expected(self, wanted: Slice) -> list[tuple[Kind, int]]:
        """How many entries of each page are to be read; known without reading any."""
        return [(page.kind, len(_range(wanted, page))) for page in self._pages(wanted)]

    def verify(self, wanted: Slice) -> AsyncGenerator[Verified]:
        """Everything in the slice, once each; all of it is read.

        Raises:
            WrongKey: the keys lack the part that reads.
            StoreUnavailable: the store does not answer.
        """
        return self._looked(wanted, reads_all=True)

    def resolve(self, wanted: Slice) -> AsyncGenerator[Verified]:
        """Everything in the slice, once each; only the lists are read, none of the content.

        Raises:
            WrongKey: the keys lack the part that reads.
            StoreUnavailable: the store does not answer.
        """
        return self._looked(wanted, reads_all=False)

    def look(self, wanted: Slice, level: Level) -> AsyncGenerator[Verified]:
        """Everything in the slice, once each, as deep as the level looks at entities."""
        return self.verify(wanted) if level.reads_all else self.resolve(wanted)

    async def _looked(self, wanted: Slice, *, reads_all: bool) -> AsyncGenerator[Verified]:
        entries, lost = await self._listed(wanted)
        for each in lost:
            yield each
        if not reads_all:
            for listed in entries:
                yield _verified(listed, self._unlisted(listed.entry), 0)
            return
        for listed in await self._reader.in_stored_order(entries):
            damage = await self._damage(listed.entry)
            yield _verified(listed, damage, listed.entry.size_bytes)

    async def _listed(self, wanted: Slice) -> tuple[list[ListedEntry], list[Verified]]:
        """The entries of the slice, and the pages that do not say which they have."""
        entries: list[ListedEntry] = []
        lost: list[Verified] = []
        for page in self._pages(wanted):
            part = _range(wanted, page)
            try:
                listed = await self._reader.page_entries(page)
            except DamagedObject as error:
                lost.append(_lost_page(page, len(part), error))
            else:
                found = listed[part.start : part.stop]
                entries.extend(ListedEntry(page.blob_id, entry) for entry in found)
        return entries, lost

    def _unlisted(self, entry: Entry) -> DamagedObject | None:
        try:
            self._reader.require_listed(entry)
        except DamagedObject as error:
            return error
        return None

    def _pages(self, wanted: Slice) -> Sequence[PageReference]:
        return self._reader.all_pages[wanted.first_page : wanted.first_page + wanted.page_count]

    async def _damage(self, entry: Entry) -> DamagedObject | None:
        try:
            if entry.size_bytes <= self._limits.own_frame_bytes:
                await self._read(entry)
            else:
                async with self._large_files:
                    await self._read(entry)
        except DamagedObject as error:
            return error
        return None

    async def _read(self, entry: Entry) -> None:
        if not entry.sha256:
            await self._reader.prove(entry)
            return
        digest = hashlib.sha256()
        async for part in self._reader.stream(entry):
            if len(part) <= self._limits.hash_inline_bytes:
                digest.update(part)
            else:
                await asyncio.to_thread(digest.update, part)
        if digest.hexdigest() != entry.sha256:
            raise DamagedObject(self._reader.name, f"{name_of(entry)} has another SHA-256")


def _verified(listed: ListedEntry, damage: DamagedObject | None, size_bytes: int) -> Verified:
    entry, page = listed.entry, listed.page.hex()
    if damage is None:
        return Verified(entry.kind, name_of(entry), 1, size_bytes, key=entry.key, page=page)
    return Verified(
        entry.kind, name_of(entry), 1, size_bytes, str(damage), entry.key, page, _pack(damage)
    )


def _lost_page(page: PageReference, count: int, damage: DamagedObject) -> Verified:
    name, blob = name_of_page(page), page.blob_id.hex()
    return Verified(page.kind, name, count, 0, str(damage), page=blob, damaged_pack=_pack(damage))


def _pack(damage: DamagedObject) -> str:
    return damage.object_name if names.pack_id_of(damage.object_name) is not None else ""


def _range(wanted: Slice, page: PageReference) -> range:
    count, parts = page.entry_count, wanted.part_count
    return range(count * wanted.part // parts, count * (wanted.part + 1) // parts)
