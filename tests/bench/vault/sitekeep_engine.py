"""One step of Sitekeep's vault on a folder, in a process of its own: what the bench measures.

``sitekeep_engine.py WORK backup TREE BACKUP_ID [read-all]``; so do ``create``, ``verify``,
``restore`` and ``expire``. Everything goes through the vault's public interface, as the exporters
and the restore use it.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.memory import share_one_heap
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.reader import BackupReader, ListedEntry
from sitekeep_shared.vault.session import BackupSession, UnitWriter
from sitekeep_shared.vault.vault import Vault

SITE = "bench"
ISSUES, ATTACHMENTS = "issues", "attachments"

_KEEPING = datetime.timedelta(days=14)
_UNITS_AT_ONCE = 8
_RECORDS_PER_REQUEST = 100
_PIECE_BYTES = 1024 * 1024


class SitekeepEngine:
    """The vault and its key in a working folder."""

    def __init__(self, work: Path) -> None:
        self.store = DurableLocalStore(work / "vault")
        self._keys = load_or_create_key_file(work / "key")

    async def open(self, limits: Limits | None = None) -> Vault:
        """The vault; made where there is none."""
        return await Vault.open(self.store, self._keys, SystemClock(), create=True, limits=limits)

    async def backup(self, tree: Path, backup_id: str, *, read_all: bool) -> None:
        """Commits the tree: every byte of the records, and of the files at least the unknown."""
        vault = await self.open()
        session = await vault.begin_backup(backup_id, site=SITE, fence=1, keeping=_KEEPING)
        try:
            pages = await _put_tree(session, tree, read_all=read_all)
            now = datetime.datetime.now(datetime.UTC)
            await session.commit(pages, ManifestFacts(now, now, now, COMPLETE))
        finally:
            await session.close()

    async def verify(self, backup_id: str) -> None:
        """All bytes of a backup's packs, and all that it holds: the levels STORAGE and DATA."""
        from sitekeep_shared.vault.examination import examine
        from sitekeep_shared.vault.levels import Level

        vault = await self.open()
        async with vault.reading():
            hashed = await vault.hash_packs(await vault.packs_of(SITE, backup_id))
            _, record = await examine(vault, SystemClock(), SITE, backup_id, Level.DATA)
            if hashed.damaged_packs or not record.sound:
                raise SystemExit(f"{backup_id} is damaged: {hashed.damaged_packs}, {record}")
            await vault.keep_record(record)

    async def restore(self, backup_id: str, target: Path) -> None:
        """Writes a whole backup to files."""
        reader = await (await self.open()).open_backup(SITE, backup_id)
        listed = [
            ListedEntry(page.blob_id, entry)
            for kind in (Kind.ISSUE, Kind.ATTACHMENT)
            for page in reader.pages(kind)
            for entry in await reader.page_entries(page)
        ]
        ordered = await reader.in_stored_order(listed)
        await _write_entries(reader, [each.entry for each in ordered], target)
        await reader.close()

    async def expire(self, backup_id: str) -> None:
        """Gives up a backup and what only it needs: condemned, then swept without the wait."""
        limits = replace(Limits(), condemned_seconds=0.0, orphan_seconds=0.0, skew_seconds=0.0)
        vault = await self.open(limits)
        await vault.expire(SITE, backup_id, "bench")
        for swept in (0, 1):
            report = await vault.collect()
            if report.swept_backups_count != swept:
                raise SystemExit(f"{backup_id} is not swept: {report}")


async def _put_tree(session: BackupSession, tree: Path, *, read_all: bool) -> list[PageReference]:
    gate = asyncio.Semaphore(_UNITS_AT_ONCE)
    pages: list[PageReference] = []

    async def put(folder: Path) -> None:
        async with gate:
            unit = session.unit(folder.relative_to(tree).as_posix())
            files = await asyncio.to_thread(lambda: sorted(os.listdir(folder)))
            if folder.parent.name == ISSUES:
                await _put_records(unit, folder, files)
            else:
                await _put_files(unit, folder, files, read_all=read_all)
            pages.extend(await unit.finish())

    parts = [tree / part for part in (ISSUES, ATTACHMENTS)]
    folders = [folder for part in parts for folder in sorted(part.iterdir())]
    await asyncio.gather(*(put(folder) for folder in folders))
    return pages


async def _put_records(unit: UnitWriter, folder: Path, files: Sequence[str]) -> None:
    """As many at a time as one answer of the site holds."""
    prefix = f"{ISSUES}/{folder.name}"
    for start in range(0, len(files), _RECORDS_PER_REQUEST):
        batch = files[start : start + _RECORDS_PER_REQUEST]
        contents = await asyncio.to_thread(_read_all, str(folder), batch)
        for name, content in zip(batch, contents, strict=True):
            attributes = {"key": name.partition(".")[0]}
            await unit.put_record(Kind.ISSUE, f"{prefix}/{name}", content, attributes=attributes)


async def _put_files(
    unit: UnitWriter, folder: Path, files: Sequence[str], *, read_all: bool
) -> None:
    """Known is what has the same path, time and size, as it is to the peers."""
    for name in files:
        key, file = f"{ATTACHMENTS}/{folder.name}/{name}", f"{folder}/{name}"
        attributes = {"filename": name}
        status = os.stat(file)
        identity = FileIdentity(key, str(status.st_mtime_ns), status.st_size)
        known = None if read_all else unit.find_file(Kind.ATTACHMENT, identity, even_if_due=True)
        if known and unit.reuse_file(Kind.ATTACHMENT, key, known, attributes=attributes):
            continue
        await unit.put_file(
            Kind.ATTACHMENT, key, _pieces(file), attributes=attributes, identity=identity
        )


async def _pieces(path: str) -> AsyncIterator[bytes]:
    """A file as an answer of the site brings it: piece by piece."""
    position = 0
    while piece := await asyncio.to_thread(_read, path, position):
        yield piece
        position += len(piece)
        if len(piece) < _PIECE_BYTES:
            return


async def _write_entries(reader: BackupReader, entries: Sequence[Entry], target: Path) -> None:
    for folder in {(target / entry.key).parent for entry in entries}:
        folder.mkdir(parents=True, exist_ok=True)
    batch: list[tuple[Path, bytes]] = []
    size = 0
    for entry in entries:
        if len(entry.blobs) > 1:
            await _write_large(reader, entry, target / entry.key)
            continue
        batch.append((target / entry.key, await reader.read(entry)))
        size += entry.size_bytes
        if size >= _PIECE_BYTES:
            await asyncio.to_thread(_write_all, batch)
            batch, size = [], 0
    await asyncio.to_thread(_write_all, batch)


async def _write_large(reader: BackupReader, entry: Entry, path: Path) -> None:
    """Blob by blob, as the restore sends it."""
    with path.open("xb") as file:
        async for part in reader.stream(entry):
            await asyncio.to_thread(file.write, part)


def _read_all(folder: str, files: Sequence[str]) -> list[bytes]:
    return [_read(f"{folder}/{name}", 0) for name in files]


def _read(file: str, start: int) -> bytes:
    """At most one piece: with as few calls of the system as the peers make."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        length = min(os.fstat(descriptor).st_size - start, _PIECE_BYTES)
        return os.pread(descriptor, length, start)
    finally:
        os.close(descriptor)


def _write_all(batch: Sequence[tuple[Path, bytes]]) -> None:
    for path, content in batch:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            os.writev(descriptor, [content])
        finally:
            os.close(descriptor)


def main() -> None:
    """Runs one step, with memory as the servers have it."""
    share_one_heap()
    work, step, *arguments = sys.argv[1:]
    engine = SitekeepEngine(Path(work))
    steps: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "create": engine.open,
        "backup": lambda: engine.backup(
            Path(arguments[0]), arguments[1], read_all="read-all" in arguments
        ),
        "verify": lambda: engine.verify(arguments[0]),
        "restore": lambda: engine.restore(arguments[0], Path(arguments[1])),
        "expire": lambda: engine.expire(arguments[0]),
    }
    asyncio.run(steps[step]())


if __name__ == "__main__":
    main()
