"""The writer of one attempt of one unit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry, StoredFile
from sitekeep_shared.vault.file_register import FileRegister
from sitekeep_shared.vault.file_stager import stage_file, stage_record
from sitekeep_shared.vault.known_file import FileIdentity, KnownFile, check_note
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.pack import PackKind
from sitekeep_shared.vault.page import EncodedPage, PageReference, encode_pages
from sitekeep_shared.vault.staging import Staging


class UnitHost(Protocol):
    """What a unit's writer needs of its session."""

    limits: Limits
    staging: Staging
    files: FileRegister
    large_files: asyncio.Semaphore

    def check_open(self) -> None:
        """Raises what ended the session."""
        ...

    def note_progress(self) -> None:
        """Something was staged."""
        ...

    async def durable(self, writer: UnitWriter) -> str:
        """Waits until what the writer staged is durable; the checkpoint that made it so."""
        ...


class UnitWriter:
    """Stages the records and files of one attempt of one unit.

    Nothing of it counts before ``finish`` has returned and its page references
    are part of a commit; an attempt that is given up needs no clean-up. Putting a
    key of a kind again replaces the entry.
    """

    def __init__(self, host: UnitHost, key: str) -> None:
        self._host = host
        self._key = key
        self._entries: dict[Kind, dict[str, Entry]] = {}
        self._files: dict[bytes, KnownFile] = {}
        self._finished = False

    @property
    def key(self) -> str:
        """The key of the unit."""
        return self._key

    async def put_record(
        self,
        kind: Kind,
        key: str,
        payload: bytes,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        """Stages a record, verbatim.

        Raises:
            VaultError: the session has ended or failed.
        """
        self._check_open()
        host = self._host
        blobs: tuple[bytes, ...]
        if len(payload) <= host.limits.single_blob_bytes:
            blobs = (await host.staging.put(PackKind.RECORDS, payload),) if payload else ()
        else:
            blobs = await stage_record(host.staging, host.limits, payload)
        self._note(Entry(kind, key, len(payload), dict(attributes or {}), "", blobs))

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
        """Stages a file from its bytes as they come; never holds all of a large one.

        With an ``identity`` the next backup finds it, and with it the ``note``: up to 255 bytes
        of what the site tells only along with the bytes.

        Raises:
            ValueError: the note is longer.
            VaultError: the session has ended or failed.
        """
        self._check_open()
        host = self._host
        fetched, checked = host.files.now(), check_note(note)
        stored, blobs = await stage_file(host.staging, host.limits, host.large_files, chunks)
        if identity is not None and stored.size_bytes == identity.size_bytes:
            file_key = host.files.key_of(kind, identity)
            known = KnownFile(file_key, fetched, stored.size_bytes, stored.sha256, blobs, checked)
            self._files[file_key] = known
            stored = replace(stored, earlier_sha256=host.files.other_digest(known))
        self._note(
            Entry(kind, key, stored.size_bytes, dict(attributes or {}), stored.sha256, blobs)
        )
        return stored

    def find_file(
        self, kind: Kind, identity: FileIdentity, *, even_if_due: bool = False
    ) -> KnownFile | None:
        """A file that an earlier backup holds, to be passed to reuse_file.

        None when it has to be fetched: it is unknown, or due to be fetched anew.

        Raises:
            VaultError: the session has ended or failed.
        """
        self._check_open()
        files = self._host.files
        known = files.find(kind, identity)
        if known is None or (files.is_due(known) and not even_if_due):
            return None
        return known

    def reuse_file(
        self,
        kind: Kind,
        key: str,
        known: KnownFile,
        *,
        attributes: Mapping[str, str] | None = None,
    ) -> StoredFile | None:
        """References a known file instead of putting it again.

        None, and nothing is changed, when not all of it is in the vault any more.

        Raises:
            VaultError: the session has ended or failed.
        """
        self._check_open()
        if not self._host.staging.reference_all(known.blobs):
            return None
        self._files[known.file_key] = known
        self._note(
            Entry(kind, key, known.size_bytes, dict(attributes or {}), known.sha256, known.blobs)
        )
        return StoredFile(known.size_bytes, known.sha256)

    async def finish(self) -> Sequence[PageReference]:
        """Writes the pages and waits until everything that the unit wrote is durable.

        Raises:
            VaultError: the session has ended or failed; the unit has to run again.
        """
        self._check_open()
        self._finished = True
        staged: list[tuple[EncodedPage, bytes]] = []
        for kind in sorted(self._entries):
            staged.extend(await self._stage_pages(kind))
        self._entries = {}
        self._host.files.hold(list(self._files.values()))
        self._files = {}
        checkpoint = await self._host.durable(self)
        return [self._reference(page, blob_id, checkpoint) for page, blob_id in staged]

    async def _stage_pages(self, kind: Kind) -> list[tuple[EncodedPage, bytes]]:
        by_key = self._entries.pop(kind)
        entries = [by_key[key] for key in sorted(by_key)]
        limits = self._host.limits
        pages = await asyncio.to_thread(lambda: list(encode_pages(kind, entries, limits)))
        staging = self._host.staging
        return [(page, await staging.put(PackKind.RECORDS, page.payload)) for page in pages]

    def _reference(self, page: EncodedPage, blob_id: bytes, checkpoint: str) -> PageReference:
        return PageReference(
            kind=page.kind,
            unit_key=self._key,
            first_key=page.first_key,
            last_key=page.last_key,
            entry_count=page.entry_count,
            size_bytes=page.size_bytes,
            blob_id=blob_id,
            root=page.root,
            checkpoint=checkpoint,
        )

    def _note(self, entry: Entry) -> None:
        self._entries.setdefault(entry.kind, {})[entry.key] = entry
        if self._host.staging.bytes_since_checkpoint:
            self._host.note_progress()

    def _check_open(self) -> None:
        self._host.check_open()
        if self._finished:
            raise ValueError(f"the unit {self._key!r} is finished already")
