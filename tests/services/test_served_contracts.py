"""Every method of the contracts is served, on the server that it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from grpc import aio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from sitekeep.backup.v1 import (
    api_key_pb2_grpc,
    backup_pb2_grpc,
    backup_policy_pb2_grpc,
    organization_pb2_grpc,
)
from sitekeep.operation.v1 import operation_pb2_grpc
from sitekeep.restore.v1 import content_pb2_grpc, restore_pb2, restore_pb2_grpc
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.config import Settings
from support.client import ORGANIZATION, Client, open_channel
from support.methods import Method, every_method

COMMON = {
    "google.longrunning.Operations": {
        "GetOperation",
        "ListOperations",
        "CancelOperation",
        "WaitOperation",
        "DeleteOperation",
    },
    "sitekeep.operation.v1.OperationEventService": {"WatchOperation"},
    "sitekeep.operation.v1.OperationLockService": {
        "GetOperationLock",
        "ListOperationLocks",
        "ReleaseOperationLock",
    },
}
OFFERED = {
    "backup": COMMON
    | {
        "sitekeep.backup.v1.OrganizationService": {
            *("GetOrganization", "ListOrganizations", "CreateOrganization", "UpdateOrganization"),
            *("GetAdmin", "ListAdmins", "CreateAdmin", "DeleteAdmin"),
            *("GetProduct", "ListProducts", "CreateProduct", "UpdateProduct", "DeleteProduct"),
        },
        "sitekeep.backup.v1.ApiKeyService": {
            *("GetApiKey", "ListApiKeys", "CreateApiKey", "RevokeApiKey"),
        },
        "sitekeep.backup.v1.BackupPolicyService": {
            *("GetBackupPolicy", "ListBackupPolicies", "CreateBackupPolicy"),
            *("UpdateBackupPolicy", "DeleteBackupPolicy"),
        },
        "sitekeep.backup.v1.BackupService": {
            *("GetBackup", "ListBackups", "CreateBackup", "DeleteBackup", "ListBackupIssues"),
            *("HoldBackup", "RenewHold", "ReleaseHold"),
        },
    },
    "restore": COMMON
    | {
        "sitekeep.restore.v1.RestoreService": {
            *("CheckRestore", "PlanRestore", "CreateRestore", "GetRestore", "ListRestores"),
            *("ListRestoreIssues", "VerifyBackup"),
        },
        "sitekeep.restore.v1.ContentService": {
            *("GetEntity", "ListEntities", "StreamEntities", "ReadAttachment"),
        },
    },
}
OPEN = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
BASES: dict[str, type[Any]] = {
    "google.longrunning.Operations": cast(Any, operations_pb2_grpc).OperationsServicer,
    "sitekeep.operation.v1.OperationEventService": (
        operation_pb2_grpc.OperationEventServiceServicer
    ),
    "sitekeep.operation.v1.OperationLockService": operation_pb2_grpc.OperationLockServiceServicer,
    "sitekeep.backup.v1.OrganizationService": organization_pb2_grpc.OrganizationServiceServicer,
    "sitekeep.backup.v1.ApiKeyService": api_key_pb2_grpc.ApiKeyServiceServicer,
    "sitekeep.backup.v1.BackupPolicyService": backup_policy_pb2_grpc.BackupPolicyServiceServicer,
    "sitekeep.backup.v1.BackupService": backup_pb2_grpc.BackupServiceServicer,
    "sitekeep.restore.v1.RestoreService": restore_pb2_grpc.RestoreServiceServicer,
    "sitekeep.restore.v1.ContentService": content_pb2_grpc.ContentServiceServicer,
}


async def _listed(address: str) -> set[str]:
    async def ask() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with aio.insecure_channel(address) as channel:
        stub = cast(Any, reflection_pb2_grpc).ServerReflectionStub(channel)
        [answer] = [answer async for answer in stub.ServerReflectionInfo(ask())]
    return {service.name for service in answer.list_services_response.service}


def test_the_contracts_have_what_the_design_asks_for() -> None:
    found: dict[str, dict[str, set[str]]] = {}
    for method in every_method():
        services = found.setdefault(method.server, {})
        services.setdefault(method.service, set()).add(method.name)
    assert found == OFFERED


async def test_reflection_lists_the_services_of_each_server(
    grpc_server: BackupServer, restore_server: RestoreServer, settings: Settings
) -> None:
    for server, address in (
        ("backup", settings.backup_listen),
        ("restore", settings.restore_listen),
    ):
        assert await _listed(address) == set(OFFERED[server]) | OPEN


async def test_every_method_is_registered_on_its_server(
    grpc_server: BackupServer, restore_server: RestoreServer, settings: Settings, key: str
) -> None:
    async with (
        open_channel(settings.backup_listen, key) as backup,
        open_channel(settings.restore_listen, key) as restore,
    ):
        channels = {"backup": backup, "restore": restore}
        for method in every_method():
            answer = await method.call(channels[method.server], method.request())
            assert answer in ("OK", "INVALID_ARGUMENT REQUEST_INVALID"), method.path


@pytest.mark.parametrize("method", list(every_method()), ids=lambda each: each.path)
def test_every_method_is_implemented(method: Method) -> None:
    base = BASES[method.service]
    [servicer] = [kind for kind in base.__subclasses__() if kind.__module__.startswith("sitekeep_")]
    assert getattr(servicer, method.name) is not getattr(base, method.name)


async def test_what_is_not_offered_yet_says_so(client: Client) -> None:
    await client.add_organization()
    product = f"{ORGANIZATION}/products/jira"
    wanted = restore_pb2.Restore(backup=f"{ORGANIZATION}/backups/b", product=product)
    planned = await client.refusal(
        client.restores.PlanRestore(
            restore_pb2.PlanRestoreRequest(parent=ORGANIZATION, restore=wanted)
        )
    )
    deleted = await client.refusal(
        client.operations.DeleteOperation(
            operations_pb2.DeleteOperationRequest(name=f"{ORGANIZATION}/operations/x")
        )
    )
    for refusal in (planned, deleted):
        assert (refusal.code, refusal.reason) == ("UNIMPLEMENTED", "METHOD_NOT_IMPLEMENTED")
