"""Who may call what: every method, for every kind of caller."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, cast

import grpc
import pytest
from google.longrunning import operations_pb2 as operations
from google.protobuf import field_mask_pb2, timestamp_pb2
from google.protobuf.message import Message
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from sqlalchemy import select

from sitekeep.backup.v1 import api_key_pb2 as keys
from sitekeep.backup.v1 import backup_pb2 as backups
from sitekeep.backup.v1 import backup_policy_pb2 as policies
from sitekeep.backup.v1 import organization_pb2 as organizations
from sitekeep.operation.v1 import operation_pb2 as events
from sitekeep.restore.v1 import content_pb2 as contents
from sitekeep.restore.v1 import restore_pb2 as restores
from sitekeep_backup.server import BackupServer
from sitekeep_shared import api_keys
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database import schema
from sitekeep_shared.kinds import Kind
from sitekeep_shared.rpc.gate import service_token
from sitekeep_shared.rpc.names import entity_id
from sitekeep_simulator.server import RunningSite
from support.client import ADMIN_ACCOUNT, ORGANIZATION, Client, make_key, open_channel
from support.methods import Method, every_method

PRODUCT = f"{ORGANIZATION}/products/jira"
POLICY = f"{ORGANIZATION}/backupPolicies/weekly"
OPERATION = f"{ORGANIZATION}/operations/missing"
LOCK = f"{ORGANIZATION}/operationLocks/spare"
RESTORE = f"{ORGANIZATION}/restores/missing"
BACKUP = f"{ORGANIZATION}/backups/first"
ENTITY = f"{BACKUP}/entities/{entity_id(Kind.ISSUE, 'missing')}"
OTHER = organizations.Organization(name=ORGANIZATION, display_name="Other")

MISSING = "NOT_FOUND RESOURCE_NOT_FOUND"
DENIED = "PERMISSION_DENIED NOT_ORGANIZATION_ADMIN"
RESTORATION = restores.Restore(backup=BACKUP, product=PRODUCT)

# What an admin is answered in an organization that has one product with one backup.
# In this order: what is removed is of no use to the methods behind it.
TABLE: list[tuple[str, Message, str]] = [
    ("GetOrganization", organizations.GetOrganizationRequest(name=ORGANIZATION), "OK"),
    ("ListOrganizations", organizations.ListOrganizationsRequest(), "OK"),
    (
        "CreateOrganization",
        organizations.CreateOrganizationRequest(
            organization_id="new", organization=organizations.Organization(), validate_only=True
        ),
        "OK",
    ),
    (
        "UpdateOrganization",
        organizations.UpdateOrganizationRequest(organization=OTHER, validate_only=True),
        "OK",
    ),
    ("GetAdmin", organizations.GetAdminRequest(name=f"{ORGANIZATION}/admins/founder"), "OK"),
    ("ListAdmins", organizations.ListAdminsRequest(parent=ORGANIZATION), "OK"),
    (
        "CreateAdmin",
        organizations.CreateAdminRequest(
            parent=ORGANIZATION,
            admin_id="second",
            admin=organizations.Admin(account_id="somebody-else"),
        ),
        "OK",
    ),
    ("DeleteAdmin", organizations.DeleteAdminRequest(name=f"{ORGANIZATION}/admins/second"), "OK"),
    ("GetProduct", organizations.GetProductRequest(name=PRODUCT), "OK"),
    ("ListProducts", organizations.ListProductsRequest(parent=ORGANIZATION), "OK"),
    (
        "CreateProduct",
        organizations.CreateProductRequest(
            parent=ORGANIZATION,
            product_id="spare",
            product=organizations.Product(
                type=organizations.Product.JIRA, site_uri="https://acme.atlassian.net"
            ),
        ),
        "OK",
    ),
    (
        "UpdateProduct",
        organizations.UpdateProductRequest(
            product=organizations.Product(name=PRODUCT, display_name="Jira"), validate_only=True
        ),
        "OK",
    ),
    (
        "DeleteProduct",
        organizations.DeleteProductRequest(name=f"{ORGANIZATION}/products/spare"),
        "OK",
    ),
    ("ListApiKeys", keys.ListApiKeysRequest(), "OK"),
    (
        "CreateApiKey",
        keys.CreateApiKeyRequest(api_key_id="one", api_key=keys.ApiKey(display_name="One")),
        "OK",
    ),
    ("GetApiKey", keys.GetApiKeyRequest(name="apiKeys/one"), "OK"),
    ("RevokeApiKey", keys.RevokeApiKeyRequest(name="apiKeys/one"), "OK"),
    ("GetBackupPolicy", policies.GetBackupPolicyRequest(name=POLICY), "OK"),
    ("ListBackupPolicies", policies.ListBackupPoliciesRequest(parent=ORGANIZATION), "OK"),
    (
        "CreateBackupPolicy",
        policies.CreateBackupPolicyRequest(
            parent=ORGANIZATION, backup_policy=policies.BackupPolicy(product=PRODUCT)
        ),
        "ALREADY_EXISTS BACKUP_POLICY_EXISTS",
    ),
    (
        "UpdateBackupPolicy",
        policies.UpdateBackupPolicyRequest(
            backup_policy=policies.BackupPolicy(name=POLICY, display_name="Weekly"),
            validate_only=True,
        ),
        "OK",
    ),
    ("GetBackup", backups.GetBackupRequest(name=BACKUP), "OK"),
    ("ListBackups", backups.ListBackupsRequest(parent=ORGANIZATION), "OK"),
    (
        "CreateBackup",
        backups.CreateBackupRequest(
            parent=ORGANIZATION, backup=backups.Backup(backup_policy=POLICY)
        ),
        "RESOURCE_EXHAUSTED BACKUP_TOO_SOON",
    ),
    ("ListBackupIssues", backups.ListBackupIssuesRequest(parent=BACKUP), "OK"),
    ("HoldBackup", backups.HoldBackupRequest(name=BACKUP, holder="a test"), "OK"),
    ("RenewHold", backups.RenewHoldRequest(name=BACKUP, hold_id="missing"), MISSING),
    ("ReleaseHold", backups.ReleaseHoldRequest(name=BACKUP, hold_id="missing"), "OK"),
    (
        "CheckRestore",
        restores.CheckRestoreRequest(parent=ORGANIZATION, restore=RESTORATION),
        "OK",
    ),
    (
        "PlanRestore",
        restores.PlanRestoreRequest(parent=ORGANIZATION, restore=RESTORATION),
        "UNIMPLEMENTED METHOD_NOT_IMPLEMENTED",
    ),
    (
        "CreateRestore",
        restores.CreateRestoreRequest(parent=ORGANIZATION, restore=RESTORATION, validate_only=True),
        "OK",
    ),
    ("GetRestore", restores.GetRestoreRequest(name=RESTORE), MISSING),
    ("ListRestores", restores.ListRestoresRequest(parent=ORGANIZATION), "OK"),
    ("ListRestoreIssues", restores.ListRestoreIssuesRequest(parent=RESTORE), MISSING),
    ("VerifyBackup", restores.VerifyBackupRequest(name=BACKUP), "OK"),
    ("GetEntity", contents.GetEntityRequest(name=ENTITY), MISSING),
    ("ListEntities", contents.ListEntitiesRequest(parent=BACKUP), "OK"),
    ("StreamEntities", contents.StreamEntitiesRequest(parent=BACKUP), "OK"),
    ("ReadAttachment", contents.ReadAttachmentRequest(name=ENTITY), MISSING),
    ("WatchOperation", events.WatchOperationRequest(name=OPERATION), MISSING),
    ("GetOperationLock", events.GetOperationLockRequest(name=LOCK), MISSING),
    ("ListOperationLocks", events.ListOperationLocksRequest(parent=ORGANIZATION), "OK"),
    (
        "ReleaseOperationLock",
        events.ReleaseOperationLockRequest(name=LOCK, etag='"1"', justification="a test"),
        MISSING,
    ),
    ("ListOperations", operations.ListOperationsRequest(name=ORGANIZATION), "OK"),
    ("GetOperation", operations.GetOperationRequest(name=OPERATION), MISSING),
    (
        "DeleteOperation",
        operations.DeleteOperationRequest(name=OPERATION),
        "UNIMPLEMENTED METHOD_NOT_IMPLEMENTED",
    ),
    ("CancelOperation", operations.CancelOperationRequest(name=OPERATION), MISSING),
    ("WaitOperation", operations.WaitOperationRequest(name=OPERATION), MISSING),
    (
        "DeleteBackupPolicy",
        policies.DeleteBackupPolicyRequest(name=POLICY),
        "OK",
    ),
    (
        "DeleteBackup",
        backups.DeleteBackupRequest(name=BACKUP),
        "FAILED_PRECONDITION BACKUP_HELD",
    ),
]

# What concerns the caller alone is answered to any account; another's key is not shown.
OWN_METHODS = {
    "ListOrganizations": "OK",
    "CreateOrganization": "OK",
    "ListApiKeys": "OK",
    "CreateApiKey": "OK",
    "GetApiKey": "OK",
    "RevokeApiKey": "OK",
}
NOT_ENROLLED = {
    "CreateBackup": "PERMISSION_DENIED ORGANIZATION_NOT_ENROLLED",
    "CreateRestore": "PERMISSION_DENIED ORGANIZATION_NOT_ENROLLED",
}
NAMES = [name for name, _, _ in TABLE]
AS_ADMIN = {name: answer for name, _, answer in TABLE}
EXPECTED: dict[str, Mapping[str, str]] = {
    "nobody": dict.fromkeys(NAMES, "UNAUTHENTICATED CREDENTIALS_MISSING"),
    "a wrong key": dict.fromkeys(NAMES, "UNAUTHENTICATED CREDENTIALS_INVALID"),
    "another organization's admin": dict.fromkeys(NAMES, DENIED) | OWN_METHODS,
    "an admin": AS_ADMIN,
    "an admin who is not enrolled": AS_ADMIN | NOT_ENROLLED,
}


def test_the_table_has_every_method_of_both_servers() -> None:
    assert {method.name for method in every_method()} == set(NAMES)


@pytest.mark.parametrize("caller", EXPECTED)
async def test_every_method_answers_only_those_who_may_call_it(
    client: Client,
    key: str,
    settings: Settings,
    grpc_server: BackupServer,
    clock: ManualClock,
    empty_site: RunningSite,
    caller: str,
) -> None:
    await _prepare(client, empty_site, enrolled=caller != "an admin who is not enrolled")
    key = {
        "nobody": "",
        "a wrong key": "sitekeep_" + "x" * 43,
        "another organization's admin": await _other_admin(client, grpc_server, clock, settings),
    }.get(caller, key)
    answers = await _ask_everything(settings, key)
    assert answers == {(server, name): EXPECTED[caller][name] for server, name in answers}


async def _prepare(client: Client, site: RunningSite, *, enrolled: bool) -> None:
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site.base_url)
    await client.add_policy("weekly", product)
    started = await client.backups.CreateBackup(client.backup_request(POLICY, backup_id="first"))
    await client.watch(started.name)
    await client.organizations.UpdateOrganization(
        organizations.UpdateOrganizationRequest(
            organization=organizations.Organization(name=ORGANIZATION, enrolled=enrolled),
            update_mask=field_mask_pb2.FieldMask(paths=["enrolled"]),
        )
    )


async def _other_admin(
    client: Client, server: BackupServer, clock: ManualClock, settings: Settings
) -> str:
    key = await make_key(server.database, clock, "admin-of-another")
    async with open_channel(settings.backup_listen, key) as channel:
        await Client(channel, channel).organizations.CreateOrganization(
            organizations.CreateOrganizationRequest(
                organization_id="other", organization=organizations.Organization()
            )
        )
    return key


async def _ask_everything(settings: Settings, key: str) -> dict[tuple[str, str], str]:
    """In the order of the table; what both servers have is asked of both, Restore first."""
    methods: dict[str, list[Method]] = {}
    for method in every_method():
        methods.setdefault(method.name, []).insert(0, method)
    answers: dict[tuple[str, str], str] = {}
    async with (
        open_channel(settings.backup_listen, key) as backup,
        open_channel(settings.restore_listen, key) as restore,
    ):
        for name, request, _ in TABLE:
            for method in methods[name]:
                channel = backup if method.server == "backup" else restore
                answers[method.server, name] = await method.call(channel, request)
    return answers


async def test_health_and_reflection_are_open(client: Client, settings: Settings) -> None:
    async with open_channel(settings.restore_listen) as channel:
        answer = (
            await cast(Any, health_pb2_grpc)
            .HealthStub(channel)
            .Check(health_pb2.HealthCheckRequest())
        )
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stub = cast(Any, reflection_pb2_grpc).ServerReflectionStub(channel)
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        [listed] = [item async for item in stub.ServerReflectionInfo(asked)]
        names = {service.name for service in listed.list_services_response.service}
    assert "sitekeep.restore.v1.RestoreService" in names


async def test_a_method_that_is_not_there_is_refused_with_a_reason(
    client: Client, settings: Settings
) -> None:
    async with open_channel(settings.backup_listen) as channel:
        call: Any = cast(Any, channel).unary_unary("/sitekeep.backup.v1.BackupService/Nonsense")
        with pytest.raises(aio.AioRpcError) as caught:
            await call(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "Nonsense" in str(caught.value.details())


async def test_a_key_is_shown_once_and_kept_as_a_hash(
    client: Client, grpc_server: BackupServer
) -> None:
    created = await client.keys.CreateApiKey(_key_request("laptop"))
    assert created.key_string.startswith(api_keys.PREFIX)
    assert created.account_id == ADMIN_ACCOUNT
    shown = await client.keys.GetApiKey(keys.GetApiKeyRequest(name=created.name))
    listed = (await client.keys.ListApiKeys(keys.ListApiKeysRequest())).api_keys
    assert not shown.key_string
    assert not any(key.key_string for key in listed)
    async with grpc_server.database.read() as connection:
        rows = (await connection.execute(select(schema.api_key))).all()
    assert created.key_string not in str(rows)


async def test_a_new_key_works_until_it_is_revoked(client: Client, settings: Settings) -> None:
    created = await client.keys.CreateApiKey(_key_request("laptop"))
    assert await _calls_with(settings, created.key_string) == "OK"
    revoked = await client.keys.RevokeApiKey(keys.RevokeApiKeyRequest(name=created.name))
    assert revoked.api_key.HasField("revoke_time")
    again = await client.keys.RevokeApiKey(keys.RevokeApiKeyRequest(name=created.name))
    assert again == revoked
    answer = await _calls_with(settings, created.key_string)
    assert answer == "UNAUTHENTICATED CREDENTIALS_INVALID"


async def test_a_key_works_until_the_instant_it_expires(
    client: Client, clock: ManualClock, settings: Settings
) -> None:
    lasts = datetime.timedelta(hours=1)
    created = await client.keys.CreateApiKey(_key_request("laptop", clock.now() + lasts))
    clock.advance(lasts - datetime.timedelta(microseconds=1))
    assert await _calls_with(settings, created.key_string) == "OK"
    clock.advance(datetime.timedelta(microseconds=1))
    answer = await _calls_with(settings, created.key_string)
    assert answer == "UNAUTHENTICATED CREDENTIALS_INVALID"


async def test_a_key_that_would_be_expired_already_is_refused(
    client: Client, clock: ManualClock
) -> None:
    refusal = await client.refusal(client.keys.CreateApiKey(_key_request("old", clock.now())))
    assert refusal.metadata["field"] == "api_key.expire_time"


async def test_the_keys_of_another_account_are_not_there(
    client: Client, grpc_server: BackupServer, clock: ManualClock, settings: Settings
) -> None:
    created = await client.keys.CreateApiKey(_key_request("laptop"))
    other = await make_key(grpc_server.database, clock, "somebody-else")
    async with open_channel(settings.backup_listen, other) as channel:
        stranger = Client(channel, channel)
        for call in (
            stranger.keys.GetApiKey(keys.GetApiKeyRequest(name=created.name)),
            stranger.keys.RevokeApiKey(keys.RevokeApiKeyRequest(name=created.name)),
        ):
            assert (await client.refusal(call)).reason == "RESOURCE_NOT_FOUND"
        [own] = (await stranger.keys.ListApiKeys(keys.ListApiKeysRequest())).api_keys
    assert own.account_id == "somebody-else"
    assert await _calls_with(settings, created.key_string) == "OK"


async def test_an_organization_that_is_not_there_is_as_closed_as_anothers(
    client: Client, settings: Settings
) -> None:
    await client.add_organization()
    missing = organizations.GetOrganizationRequest(name="organizations/missing")
    refusal = await client.refusal(client.organizations.GetOrganization(missing))
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "NOT_ORGANIZATION_ADMIN")
    assert refusal.metadata == {"organization": "organizations/missing", "account": ADMIN_ACCOUNT}


async def test_the_role_is_asked_for_before_the_form_of_the_request(client: Client) -> None:
    request = restores.CreateRestoreRequest(parent="organizations/missing", request_id="x")
    refusal = await client.refusal(client.restores.CreateRestore(request))
    assert refusal.reason == "NOT_ORGANIZATION_ADMIN"


async def test_who_is_no_admin_any_more_is_refused_at_once(
    client: Client, grpc_server: BackupServer, clock: ManualClock, settings: Settings
) -> None:
    await client.add_organization()
    created = await client.organizations.CreateAdmin(
        organizations.CreateAdminRequest(
            parent=ORGANIZATION, admin_id="second", admin=organizations.Admin(account_id="second")
        )
    )
    key = await make_key(grpc_server.database, clock, "second")
    request = organizations.GetOrganizationRequest(name=ORGANIZATION)
    async with open_channel(settings.backup_listen, key) as channel:
        second = Client(channel, channel)
        assert (await second.organizations.GetOrganization(request)).name == ORGANIZATION
        await client.organizations.DeleteAdmin(organizations.DeleteAdminRequest(name=created.name))
        refusal = await client.refusal(second.organizations.GetOrganization(request))
    assert refusal.reason == "NOT_ORGANIZATION_ADMIN"


async def test_the_last_admin_of_an_organization_stays(client: Client) -> None:
    await client.add_organization()
    request = organizations.DeleteAdminRequest(name=f"{ORGANIZATION}/admins/founder")
    refusal = await client.refusal(client.organizations.DeleteAdmin(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "LAST_ADMIN")


async def test_only_ones_own_organizations_are_listed(
    client: Client, grpc_server: BackupServer, clock: ManualClock, settings: Settings
) -> None:
    await client.add_organization()
    await _other_admin(client, grpc_server, clock, settings)
    request = organizations.ListOrganizationsRequest()
    listed = (await client.organizations.ListOrganizations(request)).organizations
    assert [organization.name for organization in listed] == [ORGANIZATION]


async def test_the_restore_service_may_only_read_and_hold_backups(
    client: Client, grpc_server: BackupServer, settings: Settings
) -> None:
    await client.add_organization()
    token = service_token(grpc_server.secrets)
    async with open_channel(settings.backup_listen, token) as channel:
        service = Client(channel, channel)
        missing = backups.GetBackupRequest(name=BACKUP)
        refusal = await client.refusal(service.backups.GetBackup(missing))
        assert refusal.reason == "RESOURCE_NOT_FOUND"
        request = backups.ListBackupsRequest(parent=ORGANIZATION)
        refusal = await client.refusal(service.backups.ListBackups(request))
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "NOT_ORGANIZATION_ADMIN")


async def _calls_with(settings: Settings, key: str) -> str:
    async with open_channel(settings.backup_listen, key) as channel:
        [method] = [found for found in every_method() if found.name == "ListApiKeys"]
        return await method.call(channel, keys.ListApiKeysRequest())


def _key_request(name: str, expires: datetime.datetime | None = None) -> keys.CreateApiKeyRequest:
    key = keys.ApiKey(display_name=name)
    if expires is not None:
        instant = timestamp_pb2.Timestamp()
        instant.FromDatetime(expires)
        key.expire_time.CopyFrom(instant)
    return keys.CreateApiKeyRequest(api_key=key)
