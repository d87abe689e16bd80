"""What is expected of every request: names, field masks, and what it may not see or change."""

from __future__ import annotations

from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import field_mask_pb2, timestamp_pb2
from google.rpc import error_details_pb2
from grpc import aio

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep_simulator.server import RunningSite
from support.client import ADMIN_ACCOUNT, ORGANIZATION, Client


@pytest.mark.parametrize("name", ["", "organizations/acme", "x", "organizations/A/backups/b"])
async def test_a_malformed_name_is_refused_with_the_form_that_is_asked_for(
    client: Client, name: str
) -> None:
    await client.add_organization()
    refusal = await client.refusal(client.backups.GetBackup(backup_pb2.GetBackupRequest(name=name)))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    [violation] = refusal.detail(error_details_pb2.BadRequest).field_violations
    assert violation.field == "name"


async def test_what_is_not_there_is_not_found_under_its_name(client: Client) -> None:
    await client.add_organization()
    name = f"{ORGANIZATION}/backups/missing"
    refusal = await client.refusal(client.backups.GetBackup(backup_pb2.GetBackupRequest(name=name)))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.metadata["name"] == name


async def test_every_missing_field_is_named_at_once(client: Client) -> None:
    await client.add_organization()
    refusal = await client.refusal(
        client.restores.CreateRestore(
            restore_pb2.CreateRestoreRequest(parent=ORGANIZATION, restore=restore_pb2.Restore())
        )
    )
    fields = {
        found.field for found in refusal.detail(error_details_pb2.BadRequest).field_violations
    }
    assert fields == {"restore.backup", "restore.product"}


async def test_a_field_mask_changes_what_it_names_and_nothing_else(client: Client) -> None:
    await client.add_organization()
    changed = await client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(name=ORGANIZATION, display_name="New"),
            update_mask=field_mask_pb2.FieldMask(paths=["display_name"]),
        )
    )
    assert (changed.display_name, changed.enrolled) == ("New", True)
    refusal = await client.refusal(
        client.organizations.UpdateOrganization(
            organization_pb2.UpdateOrganizationRequest(
                organization=organization_pb2.Organization(name=ORGANIZATION),
                update_mask=field_mask_pb2.FieldMask(paths=["display_name", "name"]),
            )
        )
    )
    assert "'name'" in refusal.message
    assert refusal.metadata["field"] == "update_mask"


async def test_a_mask_may_name_what_only_the_server_sets(client: Client) -> None:
    await client.add_organization()
    before = await client.organizations.GetOrganization(
        organization_pb2.GetOrganizationRequest(name=ORGANIZATION)
    )
    given = organization_pb2.Organization(
        name=ORGANIZATION, display_name="New", create_time=timestamp_pb2.Timestamp(seconds=7)
    )
    changed = await client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(
            organization=given,
            update_mask=field_mask_pb2.FieldMask(paths=["create_time", "display_name"]),
        )
    )
    assert (changed.display_name, changed.create_time) == ("New", before.create_time)


@pytest.mark.parametrize("path", ["type", "name", "nothing", "credentials.email"])
async def test_a_mask_may_not_name_what_never_changes(client: Client, path: str) -> None:
    await client.add_organization()
    name = await client.add_product("jira", "JIRA", "https://example.atlassian.net")
    refusal = await client.refusal(
        client.organizations.UpdateProduct(
            organization_pb2.UpdateProductRequest(
                product=organization_pb2.Product(
                    name=name, type=organization_pb2.Product.CONFLUENCE
                ),
                update_mask=field_mask_pb2.FieldMask(paths=[path]),
            )
        )
    )
    assert (refusal.reason, refusal.metadata["field"]) == ("REQUEST_INVALID", "update_mask")
    assert repr(path) in refusal.message


async def test_credentials_are_never_shown(client: Client, empty_site: RunningSite) -> None:
    await client.add_organization()
    name = await client.add_product("jira", "JIRA", empty_site.base_url)
    shown = await client.organizations.GetProduct(organization_pb2.GetProductRequest(name=name))
    assert shown.has_credentials
    assert not shown.HasField("credentials")
    assert b"simulated-token" not in shown.SerializeToString()


async def test_a_product_with_a_policy_cannot_be_removed(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    name = await client.add_product("jira", "JIRA", empty_site.base_url)
    policy = await client.add_policy("weekly", name)
    request = organization_pb2.DeleteProductRequest(name=name)
    refusal = await client.refusal(client.organizations.DeleteProduct(request))
    assert (refusal.reason, refusal.metadata["usedBy"]) == ("RESOURCE_IN_USE", policy)
    await client.policies.DeleteBackupPolicy(
        backup_policy_pb2.DeleteBackupPolicyRequest(name=policy)
    )
    await client.organizations.DeleteProduct(request)


ENTITY = f"{ORGANIZATION}/backups/none/entities/issue.YQ"
BACKUP, POLICY, RESTORE, OPERATION, LOCK, ADMIN, PRODUCT = (
    f"{ORGANIZATION}/{collection}/none"
    for collection in (
        "backups",
        "backupPolicies",
        "restores",
        "operations",
        "operationLocks",
        "admins",
        "products",
    )
)
WANTED = restore_pb2.Restore(backup=BACKUP, product=PRODUCT)

# The stub, the request, and what the error says is missing.
MISSING: list[tuple[str, str, Any, str]] = [
    ("organizations", "GetAdmin", organization_pb2.GetAdminRequest(name=ADMIN), ADMIN),
    ("organizations", "DeleteAdmin", organization_pb2.DeleteAdminRequest(name=ADMIN), ADMIN),
    ("organizations", "GetProduct", organization_pb2.GetProductRequest(name=PRODUCT), PRODUCT),
    (
        "organizations",
        "UpdateProduct",
        organization_pb2.UpdateProductRequest(product=organization_pb2.Product(name=PRODUCT)),
        PRODUCT,
    ),
    (
        "organizations",
        "DeleteProduct",
        organization_pb2.DeleteProductRequest(name=PRODUCT),
        PRODUCT,
    ),
    ("keys", "GetApiKey", api_key_pb2.GetApiKeyRequest(name="apiKeys/none"), "apiKeys/none"),
    ("keys", "RevokeApiKey", api_key_pb2.RevokeApiKeyRequest(name="apiKeys/none"), "apiKeys/none"),
    ("policies", "GetBackupPolicy", backup_policy_pb2.GetBackupPolicyRequest(name=POLICY), POLICY),
    (
        "policies",
        "CreateBackupPolicy",
        backup_policy_pb2.CreateBackupPolicyRequest(
            parent=ORGANIZATION, backup_policy=backup_policy_pb2.BackupPolicy(product=PRODUCT)
        ),
        PRODUCT,
    ),
    (
        "policies",
        "UpdateBackupPolicy",
        backup_policy_pb2.UpdateBackupPolicyRequest(
            backup_policy=backup_policy_pb2.BackupPolicy(name=POLICY)
        ),
        POLICY,
    ),
    (
        "policies",
        "DeleteBackupPolicy",
        backup_policy_pb2.DeleteBackupPolicyRequest(name=POLICY),
        POLICY,
    ),
    ("backups", "GetBackup", backup_pb2.GetBackupRequest(name=BACKUP), BACKUP),
    (
        "backups",
        "CreateBackup",
        backup_pb2.CreateBackupRequest(
            parent=ORGANIZATION, backup=backup_pb2.Backup(backup_policy=POLICY)
        ),
        POLICY,
    ),
    ("backups", "DeleteBackup", backup_pb2.DeleteBackupRequest(name=BACKUP), BACKUP),
    ("backups", "ListBackupIssues", backup_pb2.ListBackupIssuesRequest(parent=BACKUP), BACKUP),
    ("backups", "HoldBackup", backup_pb2.HoldBackupRequest(name=BACKUP, holder="x"), BACKUP),
    ("backups", "RenewHold", backup_pb2.RenewHoldRequest(name=BACKUP, hold_id="x"), BACKUP),
    ("backups", "ReleaseHold", backup_pb2.ReleaseHoldRequest(name=BACKUP, hold_id="x"), BACKUP),
    (
        "restores",
        "CheckRestore",
        restore_pb2.CheckRestoreRequest(parent=ORGANIZATION, restore=WANTED),
        "",
    ),
    (
        "restores",
        "CreateRestore",
        restore_pb2.CreateRestoreRequest(parent=ORGANIZATION, restore=WANTED),
        "",
    ),
    ("restores", "GetRestore", restore_pb2.GetRestoreRequest(name=RESTORE), RESTORE),
    (
        "restores",
        "ListRestoreIssues",
        restore_pb2.ListRestoreIssuesRequest(parent=RESTORE),
        RESTORE,
    ),
    ("restores", "VerifyBackup", restore_pb2.VerifyBackupRequest(name=BACKUP), BACKUP),
    ("contents", "GetEntity", content_pb2.GetEntityRequest(name=ENTITY), BACKUP),
    ("contents", "ListEntities", content_pb2.ListEntitiesRequest(parent=BACKUP), BACKUP),
    ("operations", "GetOperation", operations_pb2.GetOperationRequest(name=OPERATION), OPERATION),
    (
        "operations",
        "CancelOperation",
        operations_pb2.CancelOperationRequest(name=OPERATION),
        OPERATION,
    ),
    ("operations", "WaitOperation", operations_pb2.WaitOperationRequest(name=OPERATION), OPERATION),
    ("locks", "GetOperationLock", operation_pb2.GetOperationLockRequest(name=LOCK), LOCK),
    (
        "locks",
        "ReleaseOperationLock",
        operation_pb2.ReleaseOperationLockRequest(name=LOCK, etag='"1"', justification="x"),
        LOCK,
    ),
]


@pytest.mark.parametrize(
    ("stub", "method", "request_", "missing"), MISSING, ids=[entry[1] for entry in MISSING]
)
async def test_what_is_not_found_is_named(
    client: Client, stub: str, method: str, request_: Any, missing: str
) -> None:
    await client.add_organization()
    refusal = await client.refusal(getattr(getattr(client, stub), method)(request_))
    assert refusal.code == "NOT_FOUND"
    assert refusal.reason in ("RESOURCE_NOT_FOUND", "PRODUCT_NOT_IN_ORGANIZATION")
    found = refusal.detail(error_details_pb2.ResourceInfo)
    assert found.resource_type.startswith("sitekeep.dev/")
    assert found.resource_name == missing or not missing


async def test_what_only_the_server_sets_is_not_stored(
    client: Client, empty_site: RunningSite
) -> None:
    moment = timestamp_pb2.Timestamp(seconds=-(2**62), nanos=-1)
    times: dict[str, Any] = {"create_time": moment, "update_time": moment}
    organization = await client.organizations.CreateOrganization(
        organization_pb2.CreateOrganizationRequest(
            organization_id="acme",
            organization=organization_pb2.Organization(
                enrolled=True, profile=organization_pb2.Profile(profile_id="\x00"), **times
            ),
        )
    )
    product = await client.organizations.CreateProduct(
        organization_pb2.CreateProductRequest(
            parent=ORGANIZATION,
            product_id="jira",
            product=organization_pb2.Product(
                type=organization_pb2.Product.JIRA,
                site_uri=empty_site.base_url,
                has_credentials=True,
                apps=[99],  # type: ignore[list-item]
                **times,
            ),
        )
    )
    policy = await client.policies.CreateBackupPolicy(
        backup_policy_pb2.CreateBackupPolicyRequest(
            parent=ORGANIZATION,
            backup_policy=backup_policy_pb2.BackupPolicy(
                product=product.name,
                uid="\x00",
                last_complete_backup="\x00",
                next_backup_time=moment,
                **times,
            ),
        )
    )
    key = await client.keys.CreateApiKey(
        api_key_pb2.CreateApiKeyRequest(
            api_key=api_key_pb2.ApiKey(
                display_name="x",
                account_id="\x00",
                key_string="chosen",
                create_time=moment,
                revoke_time=moment,
            )
        )
    )
    started = await client.backups.CreateBackup(
        backup_pb2.CreateBackupRequest(
            parent=ORGANIZATION,
            backup=backup_pb2.Backup(
                backup_policy=policy.name,
                uid="\x00",
                product="nothing",
                product_type=99,  # type: ignore[arg-type]
                state=99,  # type: ignore[arg-type]
                final_state=backup_pb2.Backup.COMPLETE,
                expire_time=moment,
                size_bytes=-1,
                archive_digest="\x00",
                manifest_key="\x00",
            ),
        )
    )
    await client.watch(started.name)
    [backup] = (
        await client.backups.ListBackups(backup_pb2.ListBackupsRequest(parent=ORGANIZATION))
    ).backups
    for shown in (organization, product, policy, key, backup):
        assert b"\x00" not in shown.name.encode()
        assert shown.create_time.seconds > 0
    assert organization.profile.profile_id == "closed-beta"
    assert (product.has_credentials, list(product.apps)) == (False, [])
    assert len(policy.uid) == 32
    assert not policy.last_complete_backup
    assert key.account_id == ADMIN_ACCOUNT
    assert key.key_string != "chosen"
    assert not key.HasField("revoke_time")
    assert (backup.product, backup.product_type) == (product.name, organization_pb2.Product.JIRA)
    assert backup.size_bytes >= 0


async def test_an_update_does_not_store_what_only_the_server_sets(client: Client) -> None:
    await client.add_organization()
    name = await client.add_product("jira", "JIRA", "https://example.atlassian.net")
    before = await client.organizations.GetProduct(organization_pb2.GetProductRequest(name=name))
    moment = timestamp_pb2.Timestamp(seconds=2**62)
    given = organization_pb2.Product(
        name=name,
        display_name="New",
        has_credentials=False,
        apps=[99],  # type: ignore[list-item]
        create_time=moment,
        update_time=moment,
    )
    for paths in ((), ("display_name", "create_time", "has_credentials", "apps")):
        after = await client.organizations.UpdateProduct(
            organization_pb2.UpdateProductRequest(
                product=given, update_mask=field_mask_pb2.FieldMask(paths=paths)
            )
        )
        assert after.display_name == "New"
        assert (after.create_time, after.apps) == (before.create_time, before.apps)
        assert after.has_credentials


@pytest.mark.parametrize(
    "address",
    [
        "acme.atlassian.net",
        "ftp://acme.atlassian.net",
        "https://",
        "https://[",
        "https://acme.atlassian.net:0",
        "https://acme.atlassian.net:port",
        "https://ac\tme.atlassian.net",
        "https://acme.atlassian.net/\n",
        "https://you@acme.atlassian.net",
        "https://acme.atlassian.net?x=1",
    ],
)
async def test_a_site_address_that_names_no_site_is_refused(client: Client, address: str) -> None:
    await client.add_organization()
    with pytest.raises(aio.AioRpcError) as caught:
        await client.add_product("jira", "JIRA", address)
    assert "product.site_uri" in str(caught.value.details())
