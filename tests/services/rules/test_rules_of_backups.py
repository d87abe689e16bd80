"""The sentences of the rule table about backups, each through the real channel."""

from __future__ import annotations

import datetime

import pytest
from google.longrunning import operations_pb2
from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep_shared.database import schema
from sitekeep_shared.rpc.behaviors import OUTPUT_ONLY, behaviors
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client
from support.rule_world import DAY, MICROSECOND, World

JIRA = f"{ORGANIZATION}/products/jira"


def _policy_request(product: str, **fields: object) -> backup_policy_pb2.CreateBackupPolicyRequest:
    return backup_policy_pb2.CreateBackupPolicyRequest(
        parent=ORGANIZATION,
        backup_policy=backup_policy_pb2.BackupPolicy(product=product),
        **fields,  # type: ignore[arg-type]
    )


async def test_an_organization_that_is_not_enrolled_makes_no_backup(
    world: World, policy: str
) -> None:
    await world.change(schema.organization, enrolled=False)
    refusal = await world.refused_backup(policy)
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "ORGANIZATION_NOT_ENROLLED")
    assert refusal.metadata["organization"] == ORGANIZATION
    await world.client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(name=ORGANIZATION, enrolled=True)
        )
    )
    await world.allow_backup(policy)


@pytest.mark.parametrize("product", [f"{ORGANIZATION}/products/gone", "organizations/b/products/x"])
async def test_only_products_of_the_organization_get_a_policy(world: World, product: str) -> None:
    call = world.client.policies.CreateBackupPolicy(_policy_request(product))
    refusal = await world.client.refusal(call)
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "PRODUCT_NOT_IN_ORGANIZATION")
    resource = refusal.detail(error_details_pb2.ResourceInfo)
    assert (resource.resource_type, resource.resource_name) == ("sitekeep.dev/Product", product)


async def test_a_policy_of_another_organization_makes_no_backup(world: World) -> None:
    request = world.client.backup_request("organizations/other/backupPolicies/weekly")
    refusal = await world.client.refusal(world.client.backups.CreateBackup(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert refusal.metadata["field"] == "backup.backup_policy"


async def test_a_product_encrypted_with_its_owners_key_is_not_backed_up(
    world: World, policy: str
) -> None:
    await world.client.organizations.UpdateProduct(
        organization_pb2.UpdateProductRequest(
            product=organization_pb2.Product(
                name=JIRA, encryption=organization_pb2.Product.BRING_YOUR_OWN_KEY
            )
        )
    )
    refusal = await world.refused_backup(policy)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BYOK_PRODUCT_UNSUPPORTED")
    [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert (violation.type, violation.subject) == ("ENCRYPTION", JIRA)


@pytest.mark.parametrize("validate_only", [False, True])
async def test_a_product_has_one_policy(world: World, policy: str, validate_only: bool) -> None:
    request = _policy_request(JIRA, validate_only=validate_only)
    refusal = await world.client.refusal(world.client.policies.CreateBackupPolicy(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "BACKUP_POLICY_EXISTS")
    assert refusal.detail(error_details_pb2.ResourceInfo).resource_name == policy
    assert refusal.metadata == {"product": JIRA, "backupPolicy": policy}


async def test_once_a_policy_is_deleted_its_product_gets_another_one(
    world: World, policy: str
) -> None:
    await world.client.policies.DeleteBackupPolicy(
        backup_policy_pb2.DeleteBackupPolicyRequest(name=policy)
    )
    assert await world.client.add_policy("daily", JIRA) != policy


async def test_a_backup_runs_seven_days_after_the_last_complete_one_and_not_before(
    world: World, policy: str
) -> None:
    first = await world.client.back_up(policy)
    assert first.state == backup_pb2.Backup.COMPLETE
    allowed = first.create_time.ToDatetime(datetime.UTC) + 7 * DAY
    world.clock.advance(allowed - world.now - MICROSECOND)

    refusal = await world.refused_backup(policy)

    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "BACKUP_TOO_SOON")
    assert refusal.metadata == {
        "product": JIRA,
        "lastCompleteBackup": first.name,
        "nextBackupTime": allowed.isoformat(),
    }
    delay = refusal.detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta()
    assert delay == MICROSECOND
    [violation] = refusal.detail(error_details_pb2.QuotaFailure).violations
    assert violation.subject == JIRA
    assert violation.description == "1 complete backup per 7 days"
    world.clock.advance(MICROSECOND)
    assert (await world.client.back_up(policy)).state == backup_pb2.Backup.COMPLETE


async def test_the_policy_shows_from_when_on_the_next_backup_may_run(
    world: World, policy: str
) -> None:
    request = backup_policy_pb2.GetBackupPolicyRequest(name=policy)
    assert not (await world.client.policies.GetBackupPolicy(request)).HasField("next_backup_time")
    last = await world.backup()
    shown = await world.client.policies.GetBackupPolicy(request)
    assert shown.next_backup_time.ToDatetime(datetime.UTC) == world.now + 7 * DAY
    assert shown.last_complete_backup == last


async def test_the_seven_days_count_from_the_start_of_the_last_complete_backup(
    world: World, policy: str
) -> None:
    end = world.now + 3 * DAY
    await world.backup(end_time=end, expire_time=end + 14 * DAY)
    world.clock.advance(7 * DAY - MICROSECOND)
    assert (await world.refused_backup(policy)).reason == "BACKUP_TOO_SOON"
    world.clock.advance(MICROSECOND)
    await world.allow_backup(policy)


@pytest.mark.parametrize("state", ["INCOMPLETE", "FAILED", "CANCELLED"])
async def test_a_backup_that_is_not_complete_never_starts_the_seven_days(
    world: World, policy: str, state: str
) -> None:
    await world.backup(state)
    await world.allow_backup(policy)


@pytest.mark.parametrize("state", ["INCOMPLETE", "FAILED", "CANCELLED"])
async def test_a_later_backup_that_is_not_complete_does_not_shift_the_seven_days(
    world: World, policy: str, state: str
) -> None:
    complete = await world.backup()
    world.clock.advance(6 * DAY)
    await world.backup(state)
    assert (await world.refused_backup(policy)).metadata["lastCompleteBackup"] == complete
    world.clock.advance(DAY)
    await world.allow_backup(policy)


async def test_a_deleted_complete_backup_still_counts_for_the_seven_days(
    world: World, policy: str
) -> None:
    backup = await world.backup()
    await world.client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup))
    assert (await world.refused_backup(policy)).reason == "BACKUP_TOO_SOON"


async def test_the_backups_of_one_product_do_not_hold_up_another_one(world: World) -> None:
    wiki = await world.client.add_policy("wiki", f"{ORGANIZATION}/products/wiki")
    await world.backup()
    await world.operation("backup")
    await world.allow_backup(wiki)


@pytest.mark.parametrize("kind", ["backup", "restore"])
async def test_no_backup_starts_while_an_operation_of_the_product_runs(
    world: World, policy: str, kind: str
) -> None:
    operation = await world.operation(kind)
    refusal = await world.refused_backup(policy)
    assert (refusal.code, refusal.reason) == ("ABORTED", f"{kind.upper()}_IN_PROGRESS")
    resource = refusal.detail(error_details_pb2.ResourceInfo)
    assert resource.resource_type == "google.longrunning.Operation"
    assert resource.resource_name == operation
    assert refusal.metadata["product"] == JIRA
    assert refusal.metadata["operation"] == operation
    assert refusal.metadata["holder"] == "another server"
    lease = datetime.datetime.fromisoformat(refusal.metadata["leaseExpireTime"])
    assert lease > datetime.datetime.now(datetime.UTC)


async def test_no_backup_starts_while_one_that_was_started_runs(
    world: World, policy: str, empty_site: RunningSite
) -> None:
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=1000, delay=60.0)
    started = await world.client.backups.CreateBackup(world.client.backup_request(policy))
    refusal = await world.refused_backup(policy)
    assert (refusal.reason, refusal.metadata["operation"]) == ("BACKUP_IN_PROGRESS", started.name)
    await _cancelled(world.client, started.name)
    await world.allow_backup(policy)


async def test_no_backup_starts_while_a_restore_that_was_started_runs(
    world: World, policy: str, empty_site: RunningSite
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(7 * DAY)
    empty_site.site.faults.plan(FaultKind.DELAY, "/mypreferences", times=1000, delay=60.0)
    request = world.client.restore_request(backup.name, JIRA)
    started = await world.client.restores.CreateRestore(request)
    refusal = await world.refused_backup(policy)
    assert (refusal.reason, refusal.metadata["operation"]) == ("RESTORE_IN_PROGRESS", started.name)
    await _cancelled(world.client, started.name)
    await world.allow_backup(policy)


async def _cancelled(client: Client, name: str) -> None:
    """Cancels an operation and waits until it has ended."""
    await client.operations.CancelOperation(operations_pb2.CancelOperationRequest(name=name))
    await client.watch(name)


async def test_a_verification_holds_no_product(world: World, policy: str) -> None:
    backup = await world.backup(create_time=world.now - 7 * DAY)
    uid = await world.backup_uid(backup)
    await world.operation("verification", resource_uid=uid, product_uid=uid)
    await world.allow_backup(policy)


async def test_an_operation_of_a_server_that_is_down_still_holds_its_product(
    world: World, policy: str
) -> None:
    operation = await world.operation("backup")
    await world.change(schema.operation_lock, lease_until_ms=1)
    refusal = await world.refused_backup(policy)
    assert (refusal.reason, refusal.metadata["operation"]) == ("BACKUP_IN_PROGRESS", operation)
    assert "leaseExpireTime" not in refusal.metadata


async def test_validate_only_changes_nothing(world: World, policy: str) -> None:
    await world.allow_backup(policy)
    listed = await world.client.backups.ListBackups(
        backup_pb2.ListBackupsRequest(parent=ORGANIZATION)
    )
    assert not listed.backups
    assert (await world.client.back_up(policy)).state == backup_pb2.Backup.COMPLETE


def test_no_field_chooses_a_part_of_a_product_for_a_backup() -> None:
    request = backup_pb2.CreateBackupRequest.DESCRIPTOR.fields_by_name
    assert set(request) == {"parent", "backup_id", "backup", "request_id", "validate_only"}
    settable = {"name", "backup_policy", "etag"}
    for name, field in backup_pb2.Backup.DESCRIPTOR.fields_by_name.items():
        assert (OUTPUT_ONLY in behaviors(field)) != (name in settable)
