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
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.reader import BackupReader


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

    async def verify(self, wanted: Slice) -> AsyncGenerator[Verified]:
        """Everything in the slice, once each.

        Raises:
            WrongKey: the keys lack the part that reads.
            StoreUnavailable: the store does not answer.
        """
        entries: list[Entry] = []
        for page in self._pages(wanted):
            part = _range(wanted, page)
            try:
                listed = await self._reader.page_entries(page)
            except DamagedObject as error:
                yield Verified(page.kind, _name_of_page(page), len(part), 0, str(error))
            else:
                entries.extend(listed[part.start : part.stop])
        for entry in await self._reader.in_stored_order(entries):
            yield Verified(
                entry.kind, name_of(entry), 1, entry.size_bytes, await self._problem(entry)
            )

    def _pages(self, wanted: Slice) -> Sequence[PageReference]:
        return self._reader.all_pages[wanted.first_page : wanted.first_page + wanted.page_count]

    async def _problem(self, entry: Entry) -> str:
        try:
            if entry.size_bytes <= self._limits.own_frame_bytes:
                await self._read(entry)
            else:
                async with self._large_files:
                    await self._read(entry)
        except DamagedObject as error:
            return str(error)
        return ""

    async def _read(self, entry: Entry) -> None:
        digest = hashlib.sha256()
        async for part in self._reader.stream(entry):
            if not entry.sha256:
                continue
            if len(part) <= self._limits.hash_inline_bytes:
                digest.update(part)
            else:
                await asyncio.to_thread(digest.update, part)
        if entry.sha256 and digest.hexdigest() != entry.sha256:
            raise DamagedObject(self._reader.name, f"{name_of(entry)} has another SHA-256")


def _range(wanted: Slice, page: PageReference) -> range:
    count, parts = page.entry_count, wanted.part_count
    return range(count * wanted.part // parts, count * (wanted.part + 1) // parts)


def name_of(entry: Entry) -> str:
    """An entry in words that the users of the site know, as far as its attributes have them."""
    attributes = entry.attributes
    issue = attributes.get("issue", "")
    identifier = attributes.get("key") or attributes.get("id") or _last_part(entry, issue)
    title = attributes.get("title") or attributes.get("filename") or attributes.get("name", "")
    name = f"{entry.kind.value.replace('_', ' ')} {identifier}"
    return name + (f" of {issue}" if issue else "") + (f" ({title})" if title else "")


def _last_part(entry: Entry, issue: str) -> str:
    key = entry.key.rpartition("/")[2] if issue else entry.key
    return key.lstrip("0 ") or key


def _name_of_page(page: PageReference) -> str:
    kind = page.kind.value.replace("_", " ")
    return f"{page.entry_count} of kind {kind}, from {page.first_key} to {page.last_key}"
