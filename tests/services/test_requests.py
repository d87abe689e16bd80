"""What is expected of every request: names, pages, etags, request ids."""

from __future__ import annotations

import uuid

import pytest
from google.longrunning import operations_pb2
from google.protobuf import field_mask_pb2
from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client


@pytest.mark.parametrize("name", ["", "organizations/acme", "x", "organizations/A/backups/b"])
async def test_a_malformed_name_is_refused_with_the_form_that_is_asked_for(
    client: Client, name: str
) -> None:
    refusal = await client.refusal(client.backups.GetBackup(backup_pb2.GetBackupRequest(name=name)))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    [violation] = refusal.detail(error_details_pb2.BadRequest).field_violations
    assert violation.field == "name"


async def test_what_is_not_there_is_not_found_under_its_name(client: Client) -> None:
    name = f"{ORGANIZATION}/backups/missing"
    refusal = await client.refusal(client.backups.GetBackup(backup_pb2.GetBackupRequest(name=name)))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.metadata["name"] == name


async def test_every_missing_field_is_named_at_once(client: Client) -> None:
    refusal = await client.refusal(
        client.restores.CreateRestore(
            restore_pb2.CreateRestoreRequest(parent=ORGANIZATION, restore=restore_pb2.Restore())
        )
    )
    fields = {
        found.field for found in refusal.detail(error_details_pb2.BadRequest).field_violations
    }
    assert fields == {"restore.backup", "restore.product"}


async def test_the_same_request_id_gives_the_same_operation(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    policy = await client.add_policy("weekly", product)
    request = client.backup_request(policy, request_id=str(uuid.uuid4()))
    first = await client.backups.CreateBackup(request)
    await client.watch(first.name)
    assert (await client.backups.CreateBackup(request)).name == first.name
    request.backup_id = "another"
    refusal = await client.refusal(client.backups.CreateBackup(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")


async def test_a_request_id_that_is_no_uuid_is_refused(client: Client) -> None:
    request = client.backup_request(f"{ORGANIZATION}/backupPolicies/p", request_id="once")
    refusal = await client.refusal(client.backups.CreateBackup(request))
    assert refusal.reason == "REQUEST_INVALID"


async def test_pages_go_on_where_the_last_one_ended(client: Client) -> None:
    await client.add_organization()
    for number in range(5):
        await client.add_product(f"jira-{number}", "JIRA", "https://example.atlassian.net")
    seen: list[str] = []
    token = ""
    while True:
        page = await client.organizations.ListProducts(
            organization_pb2.ListProductsRequest(parent=ORGANIZATION, page_size=2, page_token=token)
        )
        seen += [product.name.split("/")[-1] for product in page.products]
        token = page.next_page_token
        if not token:
            break
    assert seen == [f"jira-{number}" for number in range(5)]


async def test_a_page_token_of_another_request_is_refused(client: Client) -> None:
    await client.add_organization()
    for number in range(3):
        await client.add_product(f"jira-{number}", "JIRA", "https://example.atlassian.net")
    page = await client.organizations.ListProducts(
        organization_pb2.ListProductsRequest(parent=ORGANIZATION, page_size=1)
    )
    for token in (page.next_page_token, "nonsense"):
        refusal = await client.refusal(
            client.backups.ListBackups(
                backup_pb2.ListBackupsRequest(parent=ORGANIZATION, page_token=token)
            )
        )
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


async def test_a_negative_page_size_is_refused(client: Client) -> None:
    refusal = await client.refusal(
        client.organizations.ListOrganizations(
            organization_pb2.ListOrganizationsRequest(page_size=-1)
        )
    )
    assert refusal.metadata["field"] == "page_size"


async def test_an_update_of_what_changed_meanwhile_is_refused(client: Client) -> None:
    await client.add_organization()
    read = await client.organizations.GetOrganization(
        organization_pb2.GetOrganizationRequest(name=ORGANIZATION)
    )
    read.display_name = "First"
    await client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(organization=read)
    )
    read.display_name = "Second"
    refusal = await client.refusal(
        client.organizations.UpdateOrganization(
            organization_pb2.UpdateOrganizationRequest(organization=read)
        )
    )
    assert (refusal.code, refusal.reason) == ("ABORTED", "ETAG_MISMATCH")


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
                update_mask=field_mask_pb2.FieldMask(paths=["create_time"]),
            )
        )
    )
    assert refusal.metadata["field"] == "update_mask"


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


async def test_operations_cannot_be_deleted(client: Client) -> None:
    refusal = await client.refusal(
        client.operations.DeleteOperation(
            operations_pb2.DeleteOperationRequest(name=f"{ORGANIZATION}/operations/x")
        )
    )
    assert (refusal.code, refusal.reason) == ("UNIMPLEMENTED", "METHOD_NOT_IMPLEMENTED")
