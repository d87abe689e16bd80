"""One run of the command: whom it talks to, for which organization, and how it answers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.output import Output

if TYPE_CHECKING:
    import grpc
    from google.longrunning import operations_pb2 as pb
    from google.protobuf.empty_pb2 import Empty

    from sitekeep.backup.v1.backup_pb2_grpc import BackupServiceStub
    from sitekeep.backup.v1.backup_policy_pb2_grpc import BackupPolicyServiceStub
    from sitekeep.backup.v1.organization_pb2_grpc import OrganizationServiceStub
    from sitekeep.operation.v1.operation_pb2_grpc import (
        OperationEventServiceStub,
        OperationLockServiceStub,
    )
    from sitekeep.restore.v1.content_pb2_grpc import ContentServiceStub
    from sitekeep.restore.v1.restore_pb2_grpc import RestoreServiceStub


class Operations(Protocol):
    """Google's stub of ``google.longrunning.Operations``, which comes without types."""

    ListOperations: Callable[[pb.ListOperationsRequest], pb.ListOperationsResponse]
    GetOperation: Callable[[pb.GetOperationRequest], pb.Operation]
    CancelOperation: Callable[[pb.CancelOperationRequest], Empty]


BACKUP_ADDRESS = "127.0.0.1:50051"
RESTORE_ADDRESS = "127.0.0.1:50052"


@dataclass
class Call:
    """The stubs of both servers, each made when it is first needed."""

    output: Output
    organization_id: str = ""
    backup_address: str = BACKUP_ADDRESS
    restore_address: str = RESTORE_ADDRESS

    @functools.cached_property
    def backup_channel(self) -> grpc.Channel:
        """The channel to the Backup server."""
        return open_channel(self.backup_address)

    @functools.cached_property
    def restore_channel(self) -> grpc.Channel:
        """The channel to the Restore server."""
        return open_channel(self.restore_address)

    @functools.cached_property
    def organizations(self) -> OrganizationServiceStub:
        """Organizations and their products."""
        from sitekeep.backup.v1.organization_pb2_grpc import OrganizationServiceStub

        return OrganizationServiceStub(self.backup_channel)

    @functools.cached_property
    def policies(self) -> BackupPolicyServiceStub:
        """Backup policies."""
        from sitekeep.backup.v1.backup_policy_pb2_grpc import BackupPolicyServiceStub

        return BackupPolicyServiceStub(self.backup_channel)

    @functools.cached_property
    def backups(self) -> BackupServiceStub:
        """Backups."""
        from sitekeep.backup.v1.backup_pb2_grpc import BackupServiceStub

        return BackupServiceStub(self.backup_channel)

    @functools.cached_property
    def restores(self) -> RestoreServiceStub:
        """Restores."""
        from sitekeep.restore.v1.restore_pb2_grpc import RestoreServiceStub

        return RestoreServiceStub(self.restore_channel)

    @functools.cached_property
    def contents(self) -> ContentServiceStub:
        """What backups hold."""
        from sitekeep.restore.v1.content_pb2_grpc import ContentServiceStub

        return ContentServiceStub(self.restore_channel)

    @functools.cached_property
    def operations(self) -> Operations:
        """Operations, of backups and restores alike."""
        from google.longrunning.operations_pb2_grpc import OperationsStub

        return cast(Operations, cast(Any, OperationsStub)(self.backup_channel))

    @functools.cached_property
    def events(self) -> OperationEventServiceStub:
        """Operations as streams."""
        from sitekeep.operation.v1.operation_pb2_grpc import OperationEventServiceStub

        return OperationEventServiceStub(self.backup_channel)

    @functools.cached_property
    def locks(self) -> OperationLockServiceStub:
        """Operation locks."""
        from sitekeep.operation.v1.operation_pb2_grpc import OperationLockServiceStub

        return OperationLockServiceStub(self.backup_channel)

    @functools.cached_property
    def organization(self) -> str:
        """The name of the organization: the one asked for, else the only one there is.

        Raises:
            UsageError: none was asked for and there is not exactly one.
        """
        if self.organization_id:
            return f"organizations/{self.organization_id.removeprefix('organizations/')}"
        return self._only_organization()

    def _only_organization(self) -> str:
        from sitekeep.backup.v1 import organization_pb2

        request = organization_pb2.ListOrganizationsRequest(page_size=2)
        found = self.organizations.ListOrganizations(request).organizations
        if len(found) != 1:
            raise UsageError(
                "Say which organization: --organization ID or SITEKEEP_ORGANIZATION."
                if found
                else "There is no organization yet: sitekeep organization create ID."
            )
        return found[0].name

    def resource(self, collection: str, identifier: str) -> str:
        """The full name of a resource, from a full name or a short id."""
        if identifier.startswith("organizations/"):
            return identifier
        short = identifier.removeprefix(f"{collection}/")
        if not short or "/" in short:
            raise UsageError(f"{identifier!r} is neither an id nor a name in {collection}.")
        return f"{self.organization}/{collection}/{short}"

    def parent_of(self, name: str) -> str:
        """The organization that a full name belongs to, else the organization of this run."""
        if name.startswith("organizations/"):
            return "/".join(name.split("/")[:2])
        return self.organization

    def close(self) -> None:
        """Closes the channels that were opened."""
        for name in ("backup_channel", "restore_channel"):
            channel: grpc.Channel | None = self.__dict__.pop(name, None)
            if channel is not None:
                channel.close()


def open_channel(address: str) -> grpc.Channel:
    """A channel that carries large records and notices a server that is gone.

    Raises:
        CommandError: the address is empty.
    """
    import grpc

    if not address:
        raise CommandError("The address of the server is empty.")
    options = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.max_reconnect_backoff_ms", 3_000),
    ]
    return grpc.insecure_channel(address, options=options)
