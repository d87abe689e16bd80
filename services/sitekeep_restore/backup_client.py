"""The Backup service as Restore calls it: a backup's state, and the hold while it is read."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, cast

import grpc
from grpc import aio
from grpc_status import rpc_status

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep.backup.v1 import backup_pb2_grpc
from sitekeep_shared import errors
from sitekeep_shared.rpc.status import from_status

CALL_SECONDS = 20.0

# What says something about the backup; anything else is about the service.
_ANSWERS = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
)


class BackupClient:
    """A channel to the Backup service. An async context manager."""

    def __init__(
        self, address: str, token: str, credentials: grpc.ChannelCredentials | None = None
    ) -> None:
        """``token`` is what the Restore service proves itself with; ``credentials`` are for TLS."""
        self._address = address
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._channel = (
            aio.insecure_channel(address)
            if credentials is None
            else aio.secure_channel(address, credentials)
        )
        self._stub = cast(Any, backup_pb2_grpc.BackupServiceStub(self._channel))

    async def __aenter__(self) -> Self:
        """Connects at the first call."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the channel."""
        await self._channel.close()

    async def get(self, name: str) -> pb.Backup:
        """The backup as it stands.

        Raises:
            NotFound: there is none.
            Unavailable: the Backup service does not answer.
        """
        return cast(pb.Backup, await self._call("GetBackup", pb.GetBackupRequest(name=name)))

    async def hold(self, name: str, holder: str) -> str:
        """Keeps the backup readable; returns the id of the hold.

        Raises:
            PreconditionFailed: the backup expired.
            Unavailable: the Backup service does not answer.
        """
        request = pb.HoldBackupRequest(name=name, holder=holder)
        return str((await self._call("HoldBackup", request)).hold.hold_id)

    async def renew(self, name: str, hold: str) -> None:
        """Keeps the backup readable for longer."""
        await self._call("RenewHold", pb.RenewHoldRequest(name=name, hold_id=hold))

    async def release(self, name: str, hold: str) -> None:
        """Gives the hold back."""
        await self._call("ReleaseHold", pb.ReleaseHoldRequest(name=name, hold_id=hold))

    async def _call(self, method: str, request: Any) -> Any:
        try:
            # A server that is being restarted is waited for, not given up at once.
            return await getattr(self._stub, method)(
                request,
                timeout=CALL_SECONDS,
                wait_for_ready=True,
                metadata=self._metadata,
            )
        except aio.AioRpcError as error:
            raise self._translated(error) from error

    def _translated(self, error: aio.AioRpcError) -> errors.SitekeepError:
        status = cast(Any, rpc_status).from_call(error)
        if status is None or error.code() not in _ANSWERS:
            return errors.Unavailable(
                "UPSTREAM_UNAVAILABLE",
                f"The Backup service at {self._address} does not answer. Is it running, and is "
                "SITEKEEP_BACKUP_ADDRESS right?",
                {"address": self._address},
            )
        return from_status(status)
