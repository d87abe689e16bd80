"""Reads one committed backup, and proves what it reads."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobPlace
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of, name_of_page
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_loader import IndexLoader, LoadedIndexes
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest import ManifestBody, decode_body
from sitekeep_shared.vault.manifest_store import read_manifest
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.pack_reader import PackReader
from sitekeep_shared.vault.page import PageReference, decode_page
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.unlisted_packs import add_unlisted


@dataclass(frozen=True)
class ListedEntry:
    """An entry and the page that lists it."""

    page: bytes
    """The blob id of the page."""
    entry: Entry


Lost = Mapping[bytes, frozenset[str]]
"""By the blob id of a page: the keys of its entries that cannot be read; none means all of it."""

NOTHING_LOST: Lost = {}


async def open_reader(
    store: Store, sealer: Sealer, limits: Limits, site: str, backup_id: str
) -> BackupReader:
    """Opens a backup.

    Raises:
        BackupNotFound: there is no such backup.
        DamagedObject: its manifest is not what was written.
        WrongKey: the keys lack the part that reads, or are older than the backup.
        StoreUnavailable: the store does not answer.
    """
    name = names.backup_name(site, backup_id)
    try:
        manifest = await read_manifest(store, sealer, name)
    except ObjectMissing as error:
        raise BackupNotFound.of(site, backup_id) from error
    header, packs = manifest.header, manifest.packs
    sealer.require_reading(header.key_id)
    body = await asyncio.to_thread(decode_body, sealer, name, header, manifest.body)
    needed = set(packs)
    loaded = await IndexLoader(store, sealer, limits).load(needed.__contains__)
    pack_reader = PackReader(store, sealer, limits)
    await add_unlisted(pack_reader, packs, loaded.blobs)
    return BackupReader(name, header, body, packs, loaded, pack_reader)


class BackupReader:
    """One committed backup. Every blob is checked against its id, every page against the root."""

    def __init__(
        self,
        name: str,
        header: ManifestHeader,
        body: ManifestBody,
        packs: Sequence[PackReference],
        loaded: LoadedIndexes,
        pack_reader: PackReader,
        lost: Lost = NOTHING_LOST,
    ) -> None:
        self.header = header
        self.details = body.details
        """What the coordinator gave as ManifestFacts.details: JSON."""
        self.packs = packs
        self.name = name
        """The key of its manifest."""
        self.all_pages = sorted(body.pages, key=lambda page: (page.unit_key, page.kind.value))
        """The pages of all kinds, those of one unit, which lie together, behind each other."""
        self._body = body
        self._lost = lost
        self._loaded = loaded
        self._pack_reader = pack_reader
        self._pages: dict[Kind, list[PageReference]] = {}
        self._decoded: OrderedDict[bytes, list[Entry]] = OrderedDict()
        self.limits = pack_reader.limits
        for page in body.pages:
            self._pages.setdefault(page.kind, []).append(page)

    def pages(self, kind: Kind) -> Sequence[PageReference]:
        """The pages of a kind, sorted by unit key, then first key."""
        return self._pages.get(kind, [])

    async def entries(
        self, kind: Kind, *, first: str = "", last: str | None = None
    ) -> AsyncIterator[Entry]:
        """The entries of a kind whose keys are from ``first`` to ``last``, both included.

        In the order of unit keys, within a unit in the order of keys.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        for page in self.pages(kind):
            if page.last_key < first or (last is not None and page.first_key > last):
                continue
            for entry in await self.page_entries(page):
                if entry.key >= first and (last is None or entry.key <= last):
                    yield entry

    async def entry(self, kind: Kind, key: str) -> Entry | None:
        """One entry, None when the backup has none of that key.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        async for entry in self.entries(kind, first=key, last=key):
            return entry
        return None

    async def page_entries(self, page: PageReference) -> Sequence[Entry]:
        """The entries of one page, proven by the page's root.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        cached = self._decoded.get(page.blob_id)
        if cached is not None:
            self._decoded.move_to_end(page.blob_id)
            return cached
        try:
            payload = await self._blob(page.blob_id)
            entries = await asyncio.to_thread(decode_page, page, payload)
        except DamagedObject as error:
            raise error.met_in(name_of_page(page)) from error
        except ValueError as error:
            problem = f"a page of {page.unit_key}: {error}"
            raise DamagedObject(self.name, problem, entry=name_of_page(page)) from error
        gone = page.superseded | self._lost.get(page.blob_id, frozenset())
        if gone:
            entries = [entry for entry in entries if entry.key not in gone]
        self._decoded[page.blob_id] = entries
        while len(self._decoded) > self.limits.page_cache_count:
            self._decoded.popitem(last=False)
        return entries

    async def read(self, entry: Entry) -> bytes:
        """The whole content of an entry.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        if len(entry.blobs) != 1:
            return b"".join([part async for part in self.stream(entry)])
        payload = await self._blob_of(entry, entry.blobs[0])
        self._check_size(entry, len(payload))
        return payload

    async def prove(self, entry: Entry) -> None:
        """Reads the content of an entry, blob by blob, and keeps none of it.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        size = 0
        for blob_id in entry.blobs:
            size += len(await self._blob_of(entry, blob_id))
        self._check_size(entry, size)

    async def stream(self, entry: Entry) -> AsyncIterator[bytes]:
        """The content of an entry, blob by blob; a blob has at most 16 MiB.

        Raises:
            DamagedObject: something is missing or altered; it is named.
        """
        size = 0
        for blob_id in entry.blobs:
            payload = await self._blob_of(entry, blob_id)
            size += len(payload)
            yield payload
        self._check_size(entry, size)

    async def _blob_of(self, entry: Entry, blob_id: bytes) -> bytes:
        try:
            return await self._blob(blob_id)
        except DamagedObject as error:
            raise error.met_in(name_of(entry)) from error

    def _check_size(self, entry: Entry, size: int) -> None:
        if size != entry.size_bytes:
            problem = f"{entry.kind} {entry.key} has another size"
            raise DamagedObject(self.name, problem, entry=name_of(entry))

    def require_listed(self, entry: Entry) -> None:
        """Makes sure that the indexes list everything that the entry is made of; reads nothing.

        Raises:
            DamagedObject: they do not.
        """
        for blob_id in entry.blobs:
            self._place(blob_id)

    async def in_stored_order(self, entries: Iterable[ListedEntry]) -> list[ListedEntry]:
        """The entries in the order in which their content lies in the packs."""
        return await asyncio.to_thread(sorted, entries, key=self._position)

    def without(self, lost: Lost) -> BackupReader:
        """The same backup without what is lost; it is closed with this one."""
        pages: list[PageReference] = []
        for page in self._body.pages:
            gone = lost.get(page.blob_id)
            if gone is None:
                pages.append(page)
            elif gone:
                pages.append(replace(page, entry_count=page.entry_count - len(gone)))
        body = ManifestBody(self.details, pages)
        return BackupReader(
            self.name, self.header, body, self.packs, self._loaded, self._pack_reader, lost
        )

    def _position(self, listed: ListedEntry) -> list[int]:
        blobs = listed.entry.blobs
        return self._loaded.blobs.position(blobs[0]) if blobs else []

    async def close(self) -> None:
        """Frees what is cached."""
        self._decoded.clear()
        await self._pack_reader.close()

    async def _blob(self, blob_id: bytes) -> bytes:
        return await self._pack_reader.blob(blob_id, self._place(blob_id))

    def _place(self, blob_id: bytes) -> BlobPlace:
        place = self._loaded.blobs.place(blob_id)
        if place is not None:
            return place
        for damage in self._loaded.damaged:
            raise damage
        raise DamagedObject(self.name, f"no index lists the blob {blob_id.hex()} that it needs")
