"""Etags: what changed since it was read is not changed again; validate_only: nothing is."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from grpc import aio

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client
from support.databases import database_url
from support.methods import reason_of

__all__ = ["database_url"]

PRODUCT = f"{ORGANIZATION}/products/jira"
POLICY = f"{ORGANIZATION}/backupPolicies/weekly"
BACKUP = f"{ORGANIZATION}/backups/first"


@dataclass(frozen=True)
class Guarded:
    """A resource with an etag: how it is read, changed and removed with one."""

    read: Callable[[Client], Any]
    update: Callable[[Client, str, str], Any] | None = None
    """With an etag and a display name."""
    delete: Callable[[Client, str], Any] | None = None


GUARDED = {
    "Organization": Guarded(
        lambda client: client.organizations.GetOrganization(
            organization_pb2.GetOrganizationRequest(name=ORGANIZATION)
        ),
        lambda client, etag, name: client.organizations.UpdateOrganization(
            organization_pb2.UpdateOrganizationRequest(
                organization=organization_pb2.Organization(
                    name=ORGANIZATION, etag=etag, display_name=name
                )
            )
        ),
    ),
    "Product": Guarded(
        lambda client: client.organizations.GetProduct(
            organization_pb2.GetProductRequest(name=PRODUCT)
        ),
        lambda client, etag, name: client.organizations.UpdateProduct(
            organization_pb2.UpdateProductRequest(
                product=organization_pb2.Product(name=PRODUCT, etag=etag, display_name=name)
            )
        ),
        lambda client, etag: client.organizations.DeleteProduct(
            organization_pb2.DeleteProductRequest(name=PRODUCT, etag=etag)
        ),
    ),
    "BackupPolicy": Guarded(
        lambda client: client.policies.GetBackupPolicy(
            backup_policy_pb2.GetBackupPolicyRequest(name=POLICY)
        ),
        lambda client, etag, name: client.policies.UpdateBackupPolicy(
            backup_policy_pb2.UpdateBackupPolicyRequest(
                backup_policy=backup_policy_pb2.BackupPolicy(
                    name=POLICY, etag=etag, display_name=name
                )
            )
        ),
        lambda client, etag: client.policies.DeleteBackupPolicy(
            backup_policy_pb2.DeleteBackupPolicyRequest(name=POLICY, etag=etag)
        ),
    ),
    "Backup": Guarded(
        lambda client: client.backups.GetBackup(backup_pb2.GetBackupRequest(name=BACKUP)),
        None,
        lambda client, etag: client.backups.DeleteBackup(
            backup_pb2.DeleteBackupRequest(name=BACKUP, etag=etag)
        ),
    ),
}
updated = pytest.mark.parametrize("name", [name for name, each in GUARDED.items() if each.update])
deleted = pytest.mark.parametrize("name", [name for name, each in GUARDED.items() if each.delete])


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    if "database_url" not in request.fixturenames:
        return settings
    return replace(settings, database_url=request.getfixturevalue("database_url"))


@pytest.fixture
async def inhabited(client: Client, clock: ManualClock, empty_site: RunningSite) -> Client:
    """One of everything; the product may be backed up again."""
    await client.add_organization()
    await client.add_product("jira", "JIRA", empty_site.base_url)
    await client.add_policy("weekly", PRODUCT)
    request = client.backup_request(POLICY, backup_id="first")
    await client.watch((await client.backups.CreateBackup(request)).name)
    clock.advance(datetime.timedelta(days=8))
    return client


@updated
async def test_an_update_needs_the_etag_of_what_is_there(inhabited: Client, name: str) -> None:
    guarded = GUARDED[name]
    assert guarded.update is not None
    read = (await guarded.read(inhabited)).etag
    first = await guarded.update(inhabited, read, "First")
    assert first.etag not in ("", read)
    refusal = await inhabited.refusal(guarded.update(inhabited, read, "Second"))
    assert (refusal.code, refusal.reason) == ("ABORTED", "ETAG_MISMATCH")
    assert refusal.metadata == {"name": first.name, "etag": first.etag}
    assert (await guarded.read(inhabited)).display_name == "First"
    assert (await guarded.update(inhabited, first.etag, "Second")).display_name == "Second"
    assert (await guarded.update(inhabited, "", "Third")).display_name == "Third"


@deleted
async def test_a_removal_needs_the_etag_of_what_is_there(inhabited: Client, name: str) -> None:
    guarded = GUARDED[name]
    assert guarded.delete is not None
    read = (await guarded.read(inhabited)).etag
    for wrong in ('"0"', read.strip('"'), f"W/{read}", "*", read + "\n"):
        refusal = await inhabited.refusal(guarded.delete(inhabited, wrong))
        assert (refusal.code, refusal.reason) == ("ABORTED", "ETAG_MISMATCH")
    assert (await guarded.read(inhabited)).etag == read
    if name == "Product":
        await inhabited.policies.DeleteBackupPolicy(
            backup_policy_pb2.DeleteBackupPolicyRequest(name=POLICY)
        )
    await guarded.delete(inhabited, read)


@pytest.mark.usefixtures("database_url")
@updated
async def test_of_ten_updates_at_once_with_one_etag_one_gets_through(
    inhabited: Client, name: str
) -> None:
    guarded = GUARDED[name]
    assert guarded.update is not None
    read = (await guarded.read(inhabited)).etag
    calls = [_reason(guarded.update(inhabited, read, f"Update {number}")) for number in range(10)]
    reasons = await asyncio.gather(*calls)
    assert sorted(reasons) == ["", *["ETAG_MISMATCH"] * 9]


async def _reason(call: Any) -> str:
    try:
        await call
    except aio.AioRpcError as error:
        return reason_of(error)
    return ""


RESTORED = restore_pb2.Restore(backup=BACKUP, product=PRODUCT)

# A call that only validates and would be served, one that would not, and why not.
VALIDATED: dict[str, tuple[Callable[[Client], Any], Any, Any, str]] = {
    "CreateOrganization": (
        lambda client: client.organizations.CreateOrganization,
        organization_pb2.CreateOrganizationRequest(
            organization_id="new",
            organization=organization_pb2.Organization(),
            validate_only=True,
        ),
        organization_pb2.CreateOrganizationRequest(organization_id="acme"),
        "RESOURCE_ALREADY_EXISTS",
    ),
    "UpdateOrganization": (
        lambda client: client.organizations.UpdateOrganization,
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(name=ORGANIZATION, display_name="New"),
            validate_only=True,
        ),
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(etag='"0"')
        ),
        "ETAG_MISMATCH",
    ),
    "CreateProduct": (
        lambda client: client.organizations.CreateProduct,
        organization_pb2.CreateProductRequest(
            parent=ORGANIZATION,
            product_id="new",
            product=organization_pb2.Product(
                type=organization_pb2.Product.JIRA, site_uri="https://example.atlassian.net"
            ),
            validate_only=True,
        ),
        organization_pb2.CreateProductRequest(product_id="jira"),
        "RESOURCE_ALREADY_EXISTS",
    ),
    "UpdateProduct": (
        lambda client: client.organizations.UpdateProduct,
        organization_pb2.UpdateProductRequest(
            product=organization_pb2.Product(name=PRODUCT, display_name="New"),
            validate_only=True,
        ),
        organization_pb2.UpdateProductRequest(product=organization_pb2.Product(etag='"0"')),
        "ETAG_MISMATCH",
    ),
    "CreateBackupPolicy": (
        lambda client: client.policies.CreateBackupPolicy,
        backup_policy_pb2.CreateBackupPolicyRequest(
            parent=ORGANIZATION,
            backup_policy=backup_policy_pb2.BackupPolicy(product=f"{ORGANIZATION}/products/spare"),
            validate_only=True,
        ),
        backup_policy_pb2.CreateBackupPolicyRequest(
            backup_policy=backup_policy_pb2.BackupPolicy(product=PRODUCT)
        ),
        "BACKUP_POLICY_EXISTS",
    ),
    "UpdateBackupPolicy": (
        lambda client: client.policies.UpdateBackupPolicy,
        backup_policy_pb2.UpdateBackupPolicyRequest(
            backup_policy=backup_policy_pb2.BackupPolicy(name=POLICY, display_name="New"),
            validate_only=True,
        ),
        backup_policy_pb2.UpdateBackupPolicyRequest(
            backup_policy=backup_policy_pb2.BackupPolicy(etag='"0"')
        ),
        "ETAG_MISMATCH",
    ),
    "CreateBackup": (
        lambda client: client.backups.CreateBackup,
        backup_pb2.CreateBackupRequest(
            parent=ORGANIZATION,
            backup=backup_pb2.Backup(backup_policy=POLICY),
            validate_only=True,
        ),
        backup_pb2.CreateBackupRequest(backup_id="first"),
        "RESOURCE_ALREADY_EXISTS",
    ),
    "CreateRestore": (
        lambda client: client.restores.CreateRestore,
        restore_pb2.CreateRestoreRequest(parent=ORGANIZATION, restore=RESTORED, validate_only=True),
        restore_pb2.CreateRestoreRequest(
            restore=restore_pb2.Restore(backup=f"{ORGANIZATION}/backups/none")
        ),
        "RESOURCE_NOT_FOUND",
    ),
}


async def _everything(client: Client) -> list[Any]:
    """All that there is."""
    return [
        await client.organizations.ListOrganizations(organization_pb2.ListOrganizationsRequest()),
        await client.organizations.ListProducts(
            organization_pb2.ListProductsRequest(parent=ORGANIZATION)
        ),
        await client.policies.ListBackupPolicies(
            backup_policy_pb2.ListBackupPoliciesRequest(parent=ORGANIZATION)
        ),
        await client.backups.ListBackups(backup_pb2.ListBackupsRequest(parent=ORGANIZATION)),
        await client.restores.ListRestores(restore_pb2.ListRestoresRequest(parent=ORGANIZATION)),
    ]


@pytest.mark.parametrize("name", VALIDATED)
async def test_a_call_that_only_validates_refuses_alike_and_changes_nothing(
    inhabited: Client, name: str
) -> None:
    method, request, change, reason = VALIDATED[name]
    await inhabited.add_product("spare", "JIRA", "https://example.atlassian.net")
    before = await _everything(inhabited)
    await method(inhabited)(request)
    assert await _everything(inhabited) == before
    refused = type(request)()
    refused.CopyFrom(request)
    refused.MergeFrom(change)
    only_validated = await inhabited.refusal(method(inhabited)(refused))
    refused.validate_only = False
    assert await inhabited.refusal(method(inhabited)(refused)) == only_validated
    assert only_validated.reason == reason
    assert await _everything(inhabited) == before
