"""One run of the command: whom it talks to, for which organization, and how it answers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from sitekeep_cli.access import Access
from sitekeep_cli.errors import UsageError
from sitekeep_cli.output import Output

if TYPE_CHECKING:
    from pathlib import Path

    import grpc
    from google.longrunning import operations_pb2 as pb
    from google.protobuf.empty_pb2 import Empty

    from sitekeep.backup.v1.api_key_pb2_grpc import ApiKeyServiceStub
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
    api_key_file: Path | None = None
    own_access: Access | None = None
    """How calls are made; None: as the file and the environment say."""

    @functools.cached_property
    def access(self) -> Access:
        """What calls are made with; read when it is first needed."""
        return self.own_access or Access.given(self.api_key_file)

    @functools.cached_property
    def backup_channel(self) -> grpc.Channel:
        """The channel to the Backup server."""
        return self._open(self.backup_address)

    @functools.cached_property
    def restore_channel(self) -> grpc.Channel:
        """The channel to the Restore server."""
        return self._open(self.restore_address)

    def _open(self, address: str) -> grpc.Channel:
        # The library of gRPC is loaded by those who call only.
        from sitekeep_cli.channel import open_channel

        return open_channel(address, self.access)

    @functools.cached_property
    def keys(self) -> ApiKeyServiceStub:
        """The API keys of the caller."""
        from sitekeep.backup.v1.api_key_pb2_grpc import ApiKeyServiceStub

        return ApiKeyServiceStub(self.backup_channel)

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
                else "You administer no organization: sitekeep organization create ID, or ask an "
                "admin of one to add you (sitekeep admin add)."
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
