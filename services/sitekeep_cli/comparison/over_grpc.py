"""Reads a backup for the comparison over ``ContentService``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import grpc

from sitekeep.restore.v1 import content_pb2 as pb
from sitekeep.type.v1 import content_pb2 as type_pb
from sitekeep_cli.comparison.model import Record
from sitekeep_shared.kinds import Kind

if TYPE_CHECKING:
    from sitekeep.restore.v1.content_pb2_grpc import ContentServiceStub

ATTEMPTS = 5
"""How often a broken stream is gone on with before the error is passed on."""


class StreamedBackup:
    """A backup behind a Restore server."""

    def __init__(self, contents: ContentServiceStub, name: str, site_uri: str) -> None:
        self._contents = contents
        self._name = name
        self._site_uri = site_uri

    @property
    def site_uri(self) -> str:
        """The address of the site."""
        return self._site_uri

    def records(self, kind: Kind) -> Iterator[Record]:
        """Every entity of the kind; goes on behind the last batch when the stream breaks.

        Raises:
            grpc.RpcError: the server refuses or stays away.
        """
        request = pb.StreamEntitiesRequest(
            parent=self._name, kinds=[type_pb.EntityKind.Value(f"ENTITY_KIND_{kind.name}")]
        )
        failures = 0
        while True:
            try:
                for batch in self._contents.StreamEntities(request):
                    yield from (_record(kind, entity) for entity in batch.entities)
                    request.resume_token = batch.resume_token
                    failures = 0
                return
            except grpc.RpcError as error:
                failures += 1
                if not _broken(error) or failures >= ATTEMPTS:
                    raise
                time.sleep(failures)


def _broken(error: grpc.RpcError) -> bool:
    return isinstance(error, grpc.Call) and error.code() is grpc.StatusCode.UNAVAILABLE


def _record(kind: Kind, entity: pb.Entity) -> Record:
    return Record(
        kind,
        entity.key,
        dict(entity.attributes),
        entity.size_bytes,
        entity.digest,
        entity.payload,
    )
