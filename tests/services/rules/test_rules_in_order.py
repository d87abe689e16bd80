"""The order of the checks: form, existence, arguments, enrolment, encryption, state, lock, quota.

Each test piles up everything that can refuse a call and takes it away from the front.
"""

from __future__ import annotations

import pytest
from google.protobuf import duration_pb2

from sitekeep.backup.v1 import backup_policy_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_shared.database import schema
from support.client import ORGANIZATION
from support.rule_world import DAY, World

JIRA = f"{ORGANIZATION}/products/jira"


async def test_a_backup_is_refused_in_the_documented_order(world: World, policy: str) -> None:
    last = await world.backup()
    await world.operation("restore")
    await world.change(schema.product, encryption="BRING_YOUR_OWN_KEY")
    await world.change(schema.organization, enrolled=False)
    taken = last.split("/")[-1]
    client = world.client

    async def reason(policy: str, backup_id: str = "") -> str:
        request = client.backup_request(policy, backup_id=backup_id)
        return (await client.refusal(client.backups.CreateBackup(request))).reason

    gone = f"{ORGANIZATION}/backupPolicies/gone"
    assert await reason(gone, "Not-An-Id") == "REQUEST_INVALID"
    assert await reason(gone, taken) == "RESOURCE_NOT_FOUND"
    assert await reason(policy, taken) == "RESOURCE_ALREADY_EXISTS"
    assert await reason(policy) == "ORGANIZATION_NOT_ENROLLED"
    await world.change(schema.organization, enrolled=True)
    assert await reason(policy) == "BYOK_PRODUCT_UNSUPPORTED"
    await world.change(schema.product, encryption="ATLASSIAN_MANAGED")
    assert await reason(policy) == "RESTORE_IN_PROGRESS"
    await world.change(schema.operation, state="FAILED")
    await world.change(schema.operation_lock, holder=None)
    assert await reason(policy) == "BACKUP_TOO_SOON"
    world.clock.advance(7 * DAY)
    await world.allow_backup(policy)


async def test_a_restore_is_refused_in_the_documented_order(world: World) -> None:
    backup = await world.backup("IN_PROGRESS", product="wiki", product_type="CONFLUENCE")
    earlier = await world.restore(backup)
    await world.operation("backup")
    await world.change(schema.product, encryption="BRING_YOUR_OWN_KEY")
    await world.change(schema.organization, enrolled=False)
    client = world.client

    async def reason(
        backup: str = backup, product: str = JIRA, restore_id: str = "", skip: bool = False
    ) -> str:
        wanted = restore_pb2.Restore(backup=backup, product=product, skip_attachments=skip)
        request = restore_pb2.CreateRestoreRequest(
            parent=ORGANIZATION, restore=wanted, restore_id=restore_id
        )
        return (await client.refusal(client.restores.CreateRestore(request))).reason

    gone = f"{ORGANIZATION}/backups/gone"
    missing = f"{ORGANIZATION}/products/gone"
    taken = earlier.split("/")[-1]
    assert await reason(gone, missing, "Not-An-Id", skip=True) == "REQUEST_INVALID"
    assert await reason(gone, missing, taken, skip=True) == "RESOURCE_NOT_FOUND"
    assert await reason(backup, missing, taken, skip=True) == "PRODUCT_NOT_IN_ORGANIZATION"
    assert await reason(restore_id=taken, skip=True) == "RESOURCE_ALREADY_EXISTS"
    assert await reason(skip=True) == "OPTION_NOT_OFFERED"
    assert await reason() == "ORGANIZATION_NOT_ENROLLED"
    await world.change(schema.organization, enrolled=True)
    assert await reason() == "BYOK_PRODUCT_UNSUPPORTED"
    await world.change(schema.product, encryption="ATLASSIAN_MANAGED")
    assert await reason() == "BACKUP_NOT_FINISHED"
    await world.change_backup(backup, state="INCOMPLETE", final_state="INCOMPLETE")
    await world.change_backup(backup, expire_time=world.now)
    assert await reason() == "BACKUP_EXPIRED"
    await world.change_backup(backup, expire_time=world.now + DAY)
    assert await reason() == "BACKUP_INCOMPLETE"
    await world.change_backup(backup, state="COMPLETE", final_state="COMPLETE")
    assert await reason() == "TARGET_TYPE_MISMATCH"
    wiki = f"{ORGANIZATION}/products/wiki"
    await world.operation("backup", product="wiki")
    assert await reason(product=wiki) == "BACKUP_IN_PROGRESS"
    await world.change(schema.operation, state="FAILED")
    await world.change(schema.operation_lock, holder=None)
    assert await reason(product=wiki) == "RESTORE_TOO_SOON"
    await world.change(schema.restore, state="FAILED")
    assert await reason(product=wiki) == "TARGET_NOT_EMPTY"


async def test_a_policy_is_refused_in_the_documented_order(world: World, policy: str) -> None:
    client = world.client

    async def reason(product: str, identifier: str, seconds: int) -> str:
        request = backup_policy_pb2.CreateBackupPolicyRequest(
            parent=ORGANIZATION,
            backup_policy_id=identifier,
            backup_policy=backup_policy_pb2.BackupPolicy(
                product=product, retention=duration_pb2.Duration(seconds=seconds)
            ),
        )
        return (await client.refusal(client.policies.CreateBackupPolicy(request))).reason

    gone = f"{ORGANIZATION}/products/gone"
    assert await reason(gone, "Not-An-Id", 0) == "REQUEST_INVALID"
    assert await reason(gone, "weekly", 0) == "PRODUCT_NOT_IN_ORGANIZATION"
    assert await reason(JIRA, "weekly", 0) == "REQUEST_INVALID"
    assert await reason(JIRA, "weekly", 1) == "OPTION_NOT_OFFERED"
    assert await reason(JIRA, "weekly", 14 * 86_400) == "BACKUP_POLICY_EXISTS"
    wiki = f"{ORGANIZATION}/products/wiki"
    assert await reason(wiki, "weekly", 14 * 86_400) == "RESOURCE_ALREADY_EXISTS"


@pytest.mark.parametrize("enrolled", [False, True])
async def test_a_repeated_request_gets_its_first_answer_whatever_would_refuse_it_now(
    world: World, policy: str, enrolled: bool
) -> None:
    request = world.client.backup_request(policy, request_id="2f0b8a3e-93c5-4d4e-8f66-0f0f7d1c2f11")
    first = await world.client.backups.CreateBackup(request)
    await world.client.watch(first.name)
    await world.client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(name=ORGANIZATION, enrolled=enrolled),
            update_mask={"paths": ["enrolled"]},  # type: ignore[arg-type]
        )
    )
    assert await world.client.backups.CreateBackup(request) == first
