"""The API keys of the account that calls."""

from __future__ import annotations

import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import api_key_pb2 as pb
from sitekeep.backup.v1 import api_key_pb2_grpc
from sitekeep_shared import api_keys
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc import callers, listing, messages, times
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import chosen_id, identifier_of, invalid


class ApiKeyService(api_key_pb2_grpc.ApiKeyServiceServicer):
    """Serves ``sitekeep.backup.v1.ApiKeyService``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def GetApiKey(self, request: pb.GetApiKeyRequest, context: Context) -> pb.ApiKey:
        """Reads a key of the caller."""
        async with self._database.read() as connection:
            row = await api_keys.get(
                connection, identifier_of(request.name), callers.current().account_id
            )
        return messages.api_key(row)

    async def ListApiKeys(
        self, request: pb.ListApiKeysRequest, context: Context
    ) -> pb.ListApiKeysResponse:
        """Lists the caller's keys by id."""
        table = schema.api_key
        mine = select(table).where(table.c.account_id == callers.current().account_id)
        async with self._database.read() as connection:
            rows, more = await listing.by_id(connection, table, mine, request)
        return pb.ListApiKeysResponse(
            api_keys=[messages.api_key(row) for row in rows], next_page_token=more
        )

    async def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Context) -> pb.ApiKey:
        """Makes a key for the caller; only this answer shows it."""
        created = await decide(self._database, lambda connection: self._create(connection, request))
        answer = messages.api_key(created.row)
        answer.key_string = created.key_string
        return answer

    async def _create(
        self, connection: AsyncConnection, request: pb.CreateApiKeyRequest
    ) -> api_keys.CreatedKey:
        now = self._clock.now()
        return await api_keys.create(
            connection,
            chosen_id("api_key_id", request.api_key_id),
            account_id=callers.current().account_id,
            display_name=request.api_key.display_name,
            now=now,
            expire_time=_expire_time(request.api_key, now),
        )

    async def RevokeApiKey(
        self, request: pb.RevokeApiKeyRequest, context: Context
    ) -> pb.RevokeApiKeyResponse:
        """Revokes a key of the caller; a second time changes nothing."""
        identifier = identifier_of(request.name)
        async with self._database.write() as connection:
            account = callers.current().account_id
            row = await api_keys.revoke(connection, identifier, account, self._clock.now())
        return pb.RevokeApiKeyResponse(api_key=messages.api_key(row))


def _expire_time(given: pb.ApiKey, now: datetime.datetime) -> datetime.datetime | None:
    if not given.HasField("expire_time"):
        return None
    instant = times.instant(given.expire_time, "api_key.expire_time")
    if instant <= now:
        raise invalid("api_key.expire_time", "is over already; leave it out or name a later one.")
    return instant
