"""What a backup holds, browsed and read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sitekeep.restore.v1 import content_pb2 as pb
from sitekeep.restore.v1 import content_pb2_grpc
from sitekeep.type.v1 import content_pb2
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.backup_facts import backup_facts
from sitekeep_shared import failures, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.facts import not_found
from sitekeep_shared.kinds import Kind
from sitekeep_shared.rpc import messages, pages
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import entity_id, entity_of, invalid
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.vault import Vault

BATCH_ENTITIES = 100
BATCH_BYTES = 256 * 1024
PIECE_BYTES = 256 * 1024


class ContentService(content_pb2_grpc.ContentServiceServicer):
    """Serves ``sitekeep.restore.v1.ContentService``."""

    def __init__(self, vault: Vault, backups: BackupClient, clock: Clock) -> None:
        self._vault = vault
        self._backups = backups
        self._clock = clock

    async def GetEntity(self, request: pb.GetEntityRequest, context: Context) -> pb.Entity:
        """Reads one entity with its payload."""
        backup = request.name.split("/entities/")[0]
        async with self._reader(backup) as reader:
            entry = await self._entry(reader, request.name)
            return _message(backup, entry, await _payload(reader, entry))

    async def ListEntities(
        self, request: pb.ListEntitiesRequest, context: Context
    ) -> pb.ListEntitiesResponse:
        """Lists entities in the order of kind and key, without payloads."""
        size = pages.page_size(request.page_size)
        after = pages.decode(request, request.page_token)
        found: list[Entry] = []
        async with self._reader(request.parent) as reader:
            async for entry in _entries(reader, request.kinds, after):
                found.append(entry)
                if len(found) > size:
                    break
        more = ""
        if len(found) > size:
            more = pages.encode(request, [found[size - 1].kind.value, found[size - 1].key])
        return pb.ListEntitiesResponse(
            entities=[_message(request.parent, entry, b"") for entry in found[:size]],
            next_page_token=more,
        )

    async def StreamEntities(
        self, request: pb.StreamEntitiesRequest, context: Context
    ) -> AsyncIterator[pb.StreamEntitiesResponse]:
        """Streams entities with payloads, about 100 or 256 KiB a message."""
        after = pages.decode(request, request.resume_token)
        batch: list[pb.Entity] = []
        size = 0
        async with self._reader(request.parent) as reader:
            async for entry in _entries(reader, request.kinds, after):
                payload = await _payload(reader, entry)
                batch.append(_message(request.parent, entry, payload))
                size += len(payload)
                if len(batch) >= BATCH_ENTITIES or size >= BATCH_BYTES:
                    token = pages.encode(request, [entry.kind.value, entry.key])
                    yield pb.StreamEntitiesResponse(entities=batch, resume_token=token)
                    batch, size = [], 0
        if batch:
            yield pb.StreamEntitiesResponse(entities=batch)

    async def ReadAttachment(
        self, request: pb.ReadAttachmentRequest, context: Context
    ) -> AsyncIterator[pb.ReadAttachmentResponse]:
        """Streams the bytes of a file."""
        backup = request.name.split("/entities/")[0]
        async with self._reader(backup) as reader:
            entry = await self._entry(reader, request.name)
            if entry.kind is not Kind.ATTACHMENT:
                raise invalid("name", f"names a {entry.kind.value}; only attachments have bytes.")
            async for chunk in reader.stream(entry):
                for start in range(0, len(chunk), PIECE_BYTES):
                    yield pb.ReadAttachmentResponse(data=chunk[start : start + PIECE_BYTES])

    @asynccontextmanager
    async def _reader(self, name: str) -> AsyncGenerator[BackupReader]:
        backup = await self._backups.get(name)
        facts = backup_facts(backup)
        refusal = rules.backup_is_finished(facts) or rules.backup_is_not_expired(
            facts, self._clock.now()
        )
        if refusal is not None:
            raise refusal
        _, site, backup_id = backup.manifest_key.split("/")
        try:
            reader = await self._vault.open_backup(site, backup_id)
            try:
                yield reader
            finally:
                await reader.close()
        except VaultError as error:
            raise failures.translate(error) from error

    async def _entry(self, reader: BackupReader, name: str) -> Entry:
        kind, key = entity_of(name)
        entry = await reader.entry(kind, key)
        if entry is None:
            raise not_found("Entity", name)
        return entry


async def _entries(
    reader: BackupReader, kinds: Sequence[content_pb2.EntityKind.ValueType], after: Any
) -> AsyncIterator[Entry]:
    """The entries of the kinds in the order of ``Kind``, behind ``after`` (kind, key)."""
    wanted = {content_pb2.EntityKind.Name(kind) for kind in kinds}
    start = list(Kind).index(Kind(after[0])) if after else 0
    for kind in list(Kind)[start:]:
        if wanted and f"ENTITY_KIND_{kind.name}" not in wanted:
            continue
        behind = after[1] if after and kind.value == after[0] else ""
        async for entry in reader.entries(kind, first=behind):
            if entry.key != behind:
                yield entry


async def _payload(reader: BackupReader, entry: Entry) -> bytes:
    return b"" if entry.sha256 else await reader.read(entry)


def _message(backup: str, entry: Entry, payload: bytes) -> pb.Entity:
    return pb.Entity(
        name=f"{backup}/entities/{entity_id(entry.kind, entry.key)}",
        kind=messages.entity_kind(entry.kind.value),
        key=entry.key,
        attributes=dict(entry.attributes),
        size_bytes=entry.size_bytes,
        digest=entry.sha256,
        payload=payload,
    )
