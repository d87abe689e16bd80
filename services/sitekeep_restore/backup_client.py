"""The Backup service as Restore calls it: a backup's state, and the hold while it is read."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, cast

import grpc
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep.backup.v1 import backup_pb2_grpc
from sitekeep_shared import errors

CALL_SECONDS = 20.0

_KINDS: dict[grpc.StatusCode, type[errors.SitekeepError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidRequest,
    grpc.StatusCode.NOT_FOUND: errors.NotFound,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDenied,
    grpc.StatusCode.FAILED_PRECONDITION: errors.PreconditionFailed,
}


class BackupClient:
    """A channel to the Backup service. An async context manager."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._channel = aio.insecure_channel(address)
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
                request, timeout=CALL_SECONDS, wait_for_ready=True
            )
        except aio.AioRpcError as error:
            raise self._translated(error) from error

    def _translated(self, error: aio.AioRpcError) -> errors.SitekeepError:
        kind = _KINDS.get(error.code())
        if kind is None:
            return errors.Unavailable(
                "UPSTREAM_UNAVAILABLE",
                f"The Backup service at {self._address} does not answer. Is it running, and is "
                "SITEKEEP_BACKUP_ADDRESS right?",
                {"address": self._address},
            )
        status = cast(Any, rpc_status).from_call(error)
        info = error_details_pb2.ErrorInfo()
        for detail in status.details if status is not None else ():
            if detail.Unpack(info):
                break
        reason = info.reason or "REQUEST_INVALID"
        return kind(reason, error.details() or "", dict(info.metadata))
