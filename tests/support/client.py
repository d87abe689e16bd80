"""The stubs of both services, and what tests ask of them again and again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, cast

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2, status_pb2
from grpc import aio
from grpc_status import rpc_status

from sitekeep.backup.v1 import (
    api_key_pb2_grpc,
    backup_pb2,
    backup_pb2_grpc,
    backup_policy_pb2,
    backup_policy_pb2_grpc,
    organization_pb2,
    organization_pb2_grpc,
)
from sitekeep.operation.v1 import operation_pb2, operation_pb2_grpc
from sitekeep.restore.v1 import content_pb2_grpc, restore_pb2, restore_pb2_grpc
from sitekeep_shared import api_keys
from sitekeep_shared.clock import Clock
from sitekeep_shared.config import ClientTls
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc import tls

ORGANIZATION = "organizations/acme"
ADMIN_ACCOUNT = "account-of-the-admin"
ADMIN_EMAIL = "admin@example.com"
TOKEN = "simulated-token"


class _KeyOnAnswer(aio.UnaryUnaryClientInterceptor):
    """Sends an API key with every call that has one answer."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_with_key(client_call_details, self._key), request)


class _KeyOnStream(aio.UnaryStreamClientInterceptor):
    """Sends an API key with every call that has a stream of answers."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return await continuation(_with_key(client_call_details, self._key), request)


def _with_key(details: Any, key: str) -> Any:
    metadata = [*(details.metadata or ()), ("authorization", f"Bearer {key}")]
    return details._replace(metadata=aio.Metadata(*metadata))


def open_channel(address: str, key: str = "", security: ClientTls | None = None) -> aio.Channel:
    """A channel whose calls carry the API key; empty: they carry none."""
    interceptors: list[Any] = [_KeyOnAnswer(key), _KeyOnStream(key)] if key else []
    if security is None:
        return aio.insecure_channel(address, interceptors=interceptors)
    credentials = tls.channel_credentials(security)
    return aio.secure_channel(address, credentials, interceptors=interceptors)


async def make_key(database: Database, clock: Clock, account_id: str = ADMIN_ACCOUNT) -> str:
    """A new API key of an account."""
    async with database.write() as connection:
        created = await api_keys.create(
            connection,
            uuid.uuid4().hex,
            account_id=account_id,
            display_name="a test",
            now=clock.now(),
        )
    return created.key_string


@dataclass(frozen=True)
class Refusal:
    """What a call was answered instead of a result."""

    code: str
    reason: str
    message: str
    metadata: dict[str, str]
    details: list[Any] = field(default_factory=list[Any])

    def detail(self, kind: type[Any]) -> Any:
        """The detail of this type; None where there is none."""
        return next((item for item in self.details if isinstance(item, kind)), None)


_DETAILS = (
    error_details_pb2.ErrorInfo,
    error_details_pb2.RetryInfo,
    error_details_pb2.QuotaFailure,
    error_details_pb2.PreconditionFailure,
    error_details_pb2.BadRequest,
    error_details_pb2.ResourceInfo,
)


def details_of(status: status_pb2.Status) -> list[Any]:
    """The details, unpacked."""
    found: list[Any] = []
    for packed in status.details:
        for kind in _DETAILS:
            message = kind()
            if packed.Unpack(message):
                found.append(message)
    return found


class Client:
    """Both services through their stubs."""

    def __init__(self, backup: aio.Channel, restore: aio.Channel) -> None:
        self.keys = cast(Any, api_key_pb2_grpc.ApiKeyServiceStub(backup))
        self.organizations = cast(Any, organization_pb2_grpc.OrganizationServiceStub(backup))
        self.policies = cast(Any, backup_policy_pb2_grpc.BackupPolicyServiceStub(backup))
        self.backups = cast(Any, backup_pb2_grpc.BackupServiceStub(backup))
        self.operations = cast(Any, operations_pb2_grpc).OperationsStub(backup)
        self.events = cast(Any, operation_pb2_grpc.OperationEventServiceStub(backup))
        self.locks = cast(Any, operation_pb2_grpc.OperationLockServiceStub(backup))
        self.restores = cast(Any, restore_pb2_grpc.RestoreServiceStub(restore))
        self.contents = cast(Any, content_pb2_grpc.ContentServiceStub(restore))

    async def refusal(self, call: Any) -> Refusal:
        """The refusal of a call that must be refused."""
        try:
            answer = await call
        except aio.AioRpcError as error:
            status = cast(Any, rpc_status).from_call(error)
            details = details_of(status)
            info = next(item for item in details if isinstance(item, error_details_pb2.ErrorInfo))
            return Refusal(
                error.code().name, info.reason, status.message, dict(info.metadata), details
            )
        raise AssertionError(f"the call was not refused: {answer}")

    async def add_organization(self, *, enrolled: bool = True) -> None:
        """The organization that the tests work in."""
        await self.organizations.CreateOrganization(
            organization_pb2.CreateOrganizationRequest(
                organization_id="acme",
                organization=organization_pb2.Organization(display_name="Acme", enrolled=enrolled),
            )
        )

    async def add_product(self, identifier: str, kind: str, site: str, **fields: Any) -> str:
        """A product with the credentials of the simulated site; returns its name."""
        product = await self.organizations.CreateProduct(
            organization_pb2.CreateProductRequest(
                parent=ORGANIZATION,
                product_id=identifier,
                product=organization_pb2.Product(
                    type=organization_pb2.Product.Type.Value(kind),
                    site_uri=site,
                    credentials=organization_pb2.Product.Credentials(
                        email=ADMIN_EMAIL, api_token=TOKEN
                    ),
                    **fields,
                ),
            )
        )
        return str(product.name)

    async def add_policy(self, identifier: str, product: str) -> str:
        """The policy of a product; returns its name."""
        policy = await self.policies.CreateBackupPolicy(
            backup_policy_pb2.CreateBackupPolicyRequest(
                parent=ORGANIZATION,
                backup_policy_id=identifier,
                backup_policy=backup_policy_pb2.BackupPolicy(product=product),
            )
        )
        return str(policy.name)

    def backup_request(self, policy: str, **fields: Any) -> backup_pb2.CreateBackupRequest:
        """The request for a backup of a policy."""
        return backup_pb2.CreateBackupRequest(
            parent=ORGANIZATION, backup=backup_pb2.Backup(backup_policy=policy), **fields
        )

    async def watch(self, name: str) -> operations_pb2.Operation:
        """The operation once it is done."""
        request = operation_pb2.WatchOperationRequest(name=name)
        seen = [operation async for operation in self.events.WatchOperation(request)]
        return cast(operations_pb2.Operation, seen[-1])

    async def back_up(self, policy: str) -> backup_pb2.Backup:
        """A backup that was run to its end."""
        started = await self.backups.CreateBackup(self.backup_request(policy))
        done = await self.watch(started.name)
        assert not done.HasField("error"), done.error
        backup = backup_pb2.Backup()
        assert done.response.Unpack(backup)
        return backup

    def restore_request(
        self, backup: str, product: str, **fields: Any
    ) -> restore_pb2.CreateRestoreRequest:
        """The request for a restore."""
        return restore_pb2.CreateRestoreRequest(
            parent=ORGANIZATION,
            restore=restore_pb2.Restore(backup=backup, product=product, **fields),
        )
