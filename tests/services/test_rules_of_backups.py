"""The rules about backups, through the real channel, at their boundaries."""

from __future__ import annotations

import datetime

from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_shared.clock import ManualClock
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client

WEEK = datetime.timedelta(days=7)
MICROSECOND = datetime.timedelta(microseconds=1)


async def test_a_second_backup_within_seven_days_of_a_complete_one_is_refused(
    client: Client, clock: ManualClock, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site)
    first = await client.back_up(policy)
    assert first.state == backup_pb2.Backup.COMPLETE
    clock.advance(WEEK - MICROSECOND)

    refusal = await client.refusal(client.backups.CreateBackup(client.backup_request(policy)))

    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "BACKUP_TOO_SOON")
    allowed = datetime.datetime.fromisoformat(refusal.metadata["nextBackupTime"])
    assert allowed == first.create_time.ToDatetime(datetime.UTC) + WEEK
    assert refusal.metadata["lastCompleteBackup"] == first.name
    delay = refusal.detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta()
    assert delay == MICROSECOND
    assert refusal.detail(error_details_pb2.QuotaFailure).violations


async def test_a_backup_seven_days_after_a_complete_one_runs(
    client: Client, clock: ManualClock, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site)
    await client.back_up(policy)
    clock.advance(WEEK)
    assert (await client.back_up(policy)).state == backup_pb2.Backup.COMPLETE


async def test_validate_only_refuses_like_the_real_call_and_changes_nothing(
    client: Client, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site)
    checked = await client.backups.CreateBackup(client.backup_request(policy, validate_only=True))
    assert checked.done
    listed = await client.backups.ListBackups(backup_pb2.ListBackupsRequest(parent=ORGANIZATION))
    assert not listed.backups
    await client.back_up(policy)
    refusal = await client.refusal(
        client.backups.CreateBackup(client.backup_request(policy, validate_only=True))
    )
    assert refusal.reason == "BACKUP_TOO_SOON"


async def test_an_organization_that_is_not_enrolled_is_refused(
    client: Client, empty_site: RunningSite
) -> None:
    policy = await _policy(client, empty_site, enrolled=False)
    refusal = await client.refusal(client.backups.CreateBackup(client.backup_request(policy)))
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "ORGANIZATION_NOT_ENROLLED")
    await client.organizations.UpdateOrganization(
        organization_pb2.UpdateOrganizationRequest(
            organization=organization_pb2.Organization(name=ORGANIZATION, enrolled=True)
        )
    )
    await client.back_up(policy)


async def test_a_product_encrypted_with_its_owners_key_is_refused(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    product = await client.add_product(
        "jira",
        "JIRA",
        empty_site.base_url,
        encryption=organization_pb2.Product.BRING_YOUR_OWN_KEY,
    )
    policy = await client.add_policy("weekly", product)
    refusal = await client.refusal(client.backups.CreateBackup(client.backup_request(policy)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BYOK_PRODUCT_UNSUPPORTED")


async def test_a_product_has_one_policy(client: Client, empty_site: RunningSite) -> None:
    policy = await _policy(client, empty_site)
    refusal = await client.refusal(
        client.policies.CreateBackupPolicy(
            backup_policy_pb2.CreateBackupPolicyRequest(
                parent=ORGANIZATION,
                backup_policy=backup_policy_pb2.BackupPolicy(
                    product=f"{ORGANIZATION}/products/jira"
                ),
            )
        )
    )
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "BACKUP_POLICY_EXISTS")
    assert refusal.detail(error_details_pb2.ResourceInfo).resource_name == policy


async def test_a_backup_expires_fourteen_days_after_its_end_and_not_before(
    client: Client, clock: ManualClock, empty_site: RunningSite, grpc_server: BackupServer
) -> None:
    policy = await _policy(client, empty_site)
    backup = await client.back_up(policy)
    ended = backup.end_time.ToDatetime(datetime.UTC)
    expires = backup.expire_time.ToDatetime(datetime.UTC)
    assert expires == ended + datetime.timedelta(days=14)
    clock.advance(expires - clock.now() - MICROSECOND)
    assert await grpc_server.expiry.sweep() == 0
    clock.advance(MICROSECOND)
    assert await grpc_server.expiry.sweep() == 1
    shown = await client.backups.GetBackup(backup_pb2.GetBackupRequest(name=backup.name))
    assert shown.state == backup_pb2.Backup.EXPIRED
    assert shown.final_state == backup_pb2.Backup.COMPLETE


async def test_a_held_backup_does_not_expire_until_its_hold_is_over(
    client: Client, clock: ManualClock, empty_site: RunningSite, grpc_server: BackupServer
) -> None:
    policy = await _policy(client, empty_site)
    backup = await client.back_up(policy)
    clock.advance(datetime.timedelta(days=14) - datetime.timedelta(minutes=5))
    await client.backups.HoldBackup(
        backup_pb2.HoldBackupRequest(name=backup.name, holder="a reader")
    )
    clock.advance(datetime.timedelta(minutes=6))
    assert await grpc_server.expiry.sweep() == 0
    clock.advance(datetime.timedelta(minutes=10))
    assert await grpc_server.expiry.sweep() == 1


async def _policy(client: Client, site: RunningSite, *, enrolled: bool = True) -> str:
    await client.add_organization(enrolled=enrolled)
    product = await client.add_product("jira", "JIRA", site.base_url)
    return await client.add_policy("weekly", product)
