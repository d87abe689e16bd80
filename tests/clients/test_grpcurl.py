"""What grpcurl, which knows nothing of the project, gets from both servers."""

from __future__ import annotations

import uuid
from dataclasses import replace

import grpc
import pytest

from clients.contracts import Contracts
from clients.grpcurl import REFUSED, Grpcurl
from clients.story import ORGANIZATION, PHASES, add_product
from support.processes import Deployment

SHARED_SERVICES = {
    "google.longrunning.Operations",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "sitekeep.operation.v1.OperationEventService",
    "sitekeep.operation.v1.OperationLockService",
}
BACKUP_SERVICES = {
    "sitekeep.backup.v1.ApiKeyService",
    "sitekeep.backup.v1.BackupPolicyService",
    "sitekeep.backup.v1.BackupService",
    "sitekeep.backup.v1.OrganizationService",
}
RESTORE_SERVICES = {"sitekeep.restore.v1.ContentService", "sitekeep.restore.v1.RestoreService"}

CREATE_BACKUP = "sitekeep.backup.v1.BackupService/CreateBackup"
GET_BACKUP = "sitekeep.backup.v1.BackupService/GetBackup"
WATCH = "sitekeep.operation.v1.OperationEventService/WatchOperation"


def exit_code(code: grpc.StatusCode) -> int:
    return REFUSED + int(code.value[0])


@pytest.fixture(scope="module")
def backup(grpcurl: Grpcurl, deployment: Deployment) -> Grpcurl:
    return replace(grpcurl, address=deployment.addresses["backup"])


@pytest.fixture(scope="module")
def restore(grpcurl: Grpcurl, deployment: Deployment) -> Grpcurl:
    return replace(grpcurl, address=deployment.addresses["restore"])


@pytest.fixture(scope="module")
def request_for_backup(backup: Grpcurl, deployment: Deployment) -> dict[str, object]:
    """The request for a backup of a product that has none yet."""
    product = add_product(deployment, "grpcurl")
    created = backup.call(
        "sitekeep.backup.v1.BackupPolicyService/CreateBackupPolicy",
        {
            "parent": ORGANIZATION,
            "backup_policy_id": "grpcurl",
            "backup_policy": {"product": product},
        },
    )
    assert created.code == 0, created.err
    assert created.message["product"] == product
    return {"parent": ORGANIZATION, "backup": {"backup_policy": created.message["name"]}}


@pytest.fixture(scope="module")
def operation(backup: Grpcurl, request_for_backup: dict[str, object]) -> str:
    """The operation of a backup that runs or has ended."""
    started = backup.call(CREATE_BACKUP, {**request_for_backup, "request_id": str(uuid.uuid4())})
    assert started.code == 0, started.err
    return str(started.message["name"])


@pytest.fixture(scope="module")
def ended(backup: Grpcurl, operation: str) -> list[dict[str, object]]:
    """Every message of the stream of that operation."""
    watched = backup.call(WATCH, {"name": operation})
    assert watched.code == 0, watched.err
    return watched.messages


def test_it_lists_the_services_of_the_backup_server(backup: Grpcurl) -> None:
    assert set(backup.ask("list").split()) == SHARED_SERVICES | BACKUP_SERVICES


def test_it_lists_the_services_of_the_restore_server(restore: Grpcurl) -> None:
    assert set(restore.ask("list").split()) == SHARED_SERVICES | RESTORE_SERVICES


def test_it_lists_the_methods_of_a_service(restore: Grpcurl) -> None:
    assert "sitekeep.restore.v1.RestoreService.CheckRestore" in restore.ask(
        "list", "sitekeep.restore.v1.RestoreService"
    )


def test_it_describes_a_service(backup: Grpcurl) -> None:
    described = backup.ask("describe", "sitekeep.operation.v1.OperationEventService")
    assert (
        "rpc WatchOperation ( .sitekeep.operation.v1.WatchOperationRequest ) "
        "returns ( stream .google.longrunning.Operation );"
    ) in described


def test_it_describes_a_message_with_what_its_fields_demand(backup: Grpcurl) -> None:
    described = backup.ask("describe", "sitekeep.backup.v1.CreateBackupRequest")
    assert ".sitekeep.backup.v1.Backup backup = 3 [(.google.api.field_behavior) = REQUIRED];" in (
        described
    )


@pytest.mark.parametrize("detail", ["ErrorInfo", "RetryInfo", "PreconditionFailure", "BadRequest"])
def test_both_servers_describe_the_details_of_errors(
    backup: Grpcurl, restore: Grpcurl, detail: str
) -> None:
    for server in (backup, restore):
        assert f"message {detail} {{" in server.ask("describe", f"google.rpc.{detail}")


def test_a_descriptor_set_describes_with_comments(grpcurl: Grpcurl, contracts: Contracts) -> None:
    described = grpcurl.run(
        "-protoset", str(contracts.descriptors), "describe", "sitekeep.backup.v1.BackupPolicy"
    )
    assert "// How the backups of a product are made.\nmessage BackupPolicy {" in described.out


def test_a_descriptor_set_stands_in_for_reflection(backup: Grpcurl, contracts: Contracts) -> None:
    listed = backup.call(
        "sitekeep.backup.v1.OrganizationService/ListProducts",
        {"parent": ORGANIZATION},
        "-protoset", str(contracts.descriptors), "-use-reflection=false",
    )  # fmt: skip
    assert listed.code == 0, listed.err


@pytest.mark.parametrize(
    ("server", "service"),
    [
        ("backup", "sitekeep.backup.v1.BackupService"),
        ("restore", "sitekeep.restore.v1.RestoreService"),
    ],
)
def test_health_needs_no_key(request: pytest.FixtureRequest, server: str, service: str) -> None:
    grpcurl: Grpcurl = request.getfixturevalue(server)
    checked = grpcurl.call("grpc.health.v1.Health/Check", {"service": service}, with_key=False)
    assert checked.message == {"status": "SERVING"}


def test_a_stream_ends_with_the_operation_done(
    operation: str, ended: list[dict[str, object]]
) -> None:
    assert {message["name"] for message in ended} == {operation}
    assert [bool(message.get("done")) for message in ended] == [False] * (len(ended) - 1) + [True]


def test_the_metadata_of_an_operation_comes_decoded(backup: Grpcurl, operation: str) -> None:
    read = backup.call("google.longrunning.Operations/GetOperation", {"name": operation})
    metadata = read.message["metadata"]
    assert metadata["@type"].endswith("/sitekeep.backup.v1.CreateBackupMetadata")
    assert metadata["phase"] in PHASES


def test_the_response_of_an_operation_comes_decoded(ended: list[dict[str, object]]) -> None:
    response = ended[-1]["response"]
    assert isinstance(response, dict)
    assert response["@type"] == "type.googleapis.com/sitekeep.backup.v1.Backup"
    assert response["state"] == "COMPLETE"


@pytest.mark.usefixtures("ended")
def test_a_refusal_comes_with_its_details_decoded(
    backup: Grpcurl, request_for_backup: dict[str, object]
) -> None:
    refused = backup.call(CREATE_BACKUP, request_for_backup)
    assert refused.code == exit_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert refused.details["google.rpc.ErrorInfo"]["reason"] == "BACKUP_TOO_SOON"
    assert refused.details["google.rpc.ErrorInfo"]["domain"] == "sitekeep.dev"
    assert refused.details["google.rpc.RetryInfo"]["retry_delay"].endswith("s")
    quota = refused.details["google.rpc.QuotaFailure"]["violations"]
    assert [violation["subject"] for violation in quota] == [f"{ORGANIZATION}/products/grpcurl"]


def test_the_restore_server_decodes_its_refusals_too(restore: Grpcurl) -> None:
    refused = restore.call("sitekeep.restore.v1.RestoreService/GetRestore", {"name": "elsewhere"})
    assert refused.code == exit_code(grpc.StatusCode.INVALID_ARGUMENT)
    assert refused.details["google.rpc.ErrorInfo"]["reason"] == "REQUEST_INVALID"
    fields = refused.details["google.rpc.BadRequest"]["field_violations"]
    assert [violation["field"] for violation in fields] == ["name"]


def test_what_is_not_there_has_an_exit_code_of_its_own(backup: Grpcurl) -> None:
    missing = backup.call(GET_BACKUP, {"name": f"{ORGANIZATION}/backups/missing"})
    assert missing.code == exit_code(grpc.StatusCode.NOT_FOUND)


@pytest.mark.parametrize("server", ["backup", "restore"])
def test_a_call_without_a_key_is_refused(request: pytest.FixtureRequest, server: str) -> None:
    grpcurl: Grpcurl = request.getfixturevalue(server)
    refused = grpcurl.call(
        "sitekeep.operation.v1.OperationLockService/ListOperationLocks",
        {"parent": ORGANIZATION},
        with_key=False,
    )
    assert refused.code == exit_code(grpc.StatusCode.UNAUTHENTICATED)
    assert refused.details["google.rpc.ErrorInfo"]["reason"] == "CREDENTIALS_MISSING"


def test_a_field_that_no_message_has_never_reaches_the_server(backup: Grpcurl) -> None:
    refused = backup.call(GET_BACKUP, {"projects": ["ONE"]})
    assert refused.code == 1
    assert "no known field" in refused.err
