"""What a backup holds, browsed and read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from google.protobuf.message import Message

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
from sitekeep_shared.vault.names import split_backup_name
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
        """Lists entities kind by kind, unit by unit of the backup, by key, without payloads."""
        size = pages.page_size(request.page_size)
        after = _position(request, "page_token")
        found: list[_Placed] = []
        async with self._reader(request.parent) as reader:
            async for placed in _entries(reader, request.kinds, after):
                found.append(placed)
                if len(found) > size:
                    break
        return pb.ListEntitiesResponse(
            entities=[_message(request.parent, placed.entry, b"") for placed in found[:size]],
            next_page_token=_token(request, found[size - 1]) if len(found) > size else "",
        )

    async def StreamEntities(
        self, request: pb.StreamEntitiesRequest, context: Context
    ) -> AsyncIterator[pb.StreamEntitiesResponse]:
        """Streams entities with payloads, about 100 or 256 KiB a message."""
        after = _position(request, "resume_token")
        batch: list[pb.Entity] = []
        size = 0
        async with self._reader(request.parent) as reader:
            async for placed in _entries(reader, request.kinds, after):
                payload = await _payload(reader, placed.entry)
                batch.append(_message(request.parent, placed.entry, payload))
                size += len(payload)
                if len(batch) >= BATCH_ENTITIES or size >= BATCH_BYTES:
                    token = _token(request, placed)
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
        refusal = rules.backup_is_readable(backup_facts(backup), self._clock.now())
        if refusal is not None:
            raise refusal
        site, backup_id = split_backup_name(backup.manifest_key)
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


class _Placed(NamedTuple):
    """An entry and the unit of the backup that wrote it; both together are a position."""

    unit_key: str
    entry: Entry


Position = tuple[Kind, str, str]
"""Kind, unit key and key of an entry."""


def _position(request: Message, field: str) -> Position | None:
    """What a token goes on behind.

    Raises:
        InvalidRequest: the token was not issued for the request.
    """
    found = pages.decode(request, str, str, str, field=field)
    if found is None:
        return None
    kind, unit_key, key = found
    if kind not in list(Kind):
        raise pages.refused("is not a token that this method issued.", field)
    return Kind(kind), unit_key, key


def _token(request: Message, placed: _Placed) -> str:
    return pages.encode(request, placed.entry.kind.value, placed.unit_key, placed.entry.key)


async def _entries(
    reader: BackupReader,
    kinds: Sequence[content_pb2.EntityKind.ValueType],
    after: Position | None,
) -> AsyncIterator[_Placed]:
    """The entries of the kinds in the order of ``Kind``, unit key and key, behind ``after``."""
    wanted = {content_pb2.EntityKind.Name(kind) for kind in kinds}
    start = list(Kind).index(after[0]) if after else 0
    for kind in list(Kind)[start:]:
        if wanted and f"ENTITY_KIND_{kind.name}" not in wanted:
            continue
        # Keys start anew with each unit, so that a key alone says not where to go on.
        behind = after[1:] if after and kind is after[0] else ("", "")
        for page in reader.pages(kind):
            if (page.unit_key, page.last_key) <= behind:
                continue
            for entry in await reader.page_entries(page):
                if (page.unit_key, entry.key) > behind:
                    yield _Placed(page.unit_key, entry)


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
