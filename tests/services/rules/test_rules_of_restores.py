"""The sentences of the rule table about restores, each through the real channels."""

from __future__ import annotations

import datetime

import pytest
from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_shared.database import schema
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION
from support.rule_world import DAY, MICROSECOND, RESTORE_RULES, World

JIRA = f"{ORGANIZATION}/products/jira"
WIKI = f"{ORGANIZATION}/products/wiki"
COUNTS = {"attachment": {"expected": 9, "done": 7, "missing": 2}, "issue": {"missing": 1}}


async def test_the_check_says_what_every_rule_says_in_their_order(world: World) -> None:
    check = await world.check(await world.backup())
    assert check.allowed
    assert tuple(check.findings) == RESTORE_RULES
    assert {check.outcome(rule) for rule in RESTORE_RULES} == {"PASSED"}
    assert all(finding.message for finding in check.findings.values())
    assert not any(finding.HasField("status") for finding in check.findings.values())


async def test_the_check_names_everything_that_refuses_at_once(world: World) -> None:
    backup = await world.backup("FAILED", create_time=world.now)
    await world.restore(backup)
    await world.operation("restore", product="wiki")
    await world.change(schema.organization, enrolled=False)
    check = await world.check(backup, "wiki")
    blocked = [rule for rule in RESTORE_RULES if check.outcome(rule) == "BLOCKED"]
    assert blocked == [
        "organization_is_enrolled",
        "backup_is_finished",
        "target_has_the_type_of_the_backup",
        "product_is_free",
        "last_restore_is_old_enough",
    ]
    assert tuple(check.findings) == RESTORE_RULES


async def test_an_organization_that_is_not_enrolled_restores_nothing(world: World) -> None:
    backup = await world.backup()
    await world.change(schema.organization, enrolled=False)
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "ORGANIZATION_NOT_ENROLLED")


@pytest.mark.parametrize(
    "product", ["organizations/acme/products/gone", "organizations/b/products/x"]
)
async def test_only_products_of_the_organization_are_restored_to(
    world: World, product: str
) -> None:
    request = world.client.restore_request(await world.backup(), product)
    refusal = await world.client.refusal(world.client.restores.CreateRestore(request))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "PRODUCT_NOT_IN_ORGANIZATION")
    assert refusal.detail(error_details_pb2.ResourceInfo).resource_name == product


async def test_a_backup_of_another_organization_is_not_restored(world: World) -> None:
    request = world.client.restore_request("organizations/other/backups/b", JIRA)
    refusal = await world.client.refusal(world.client.restores.CreateRestore(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert refusal.metadata["field"] == "restore.backup"


async def test_a_product_encrypted_with_its_owners_key_is_not_restored_to(world: World) -> None:
    backup = await world.backup()
    await world.client.organizations.UpdateProduct(
        organization_pb2.UpdateProductRequest(
            product=organization_pb2.Product(
                name=JIRA, encryption=organization_pb2.Product.BRING_YOUR_OWN_KEY
            )
        )
    )
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BYOK_PRODUCT_UNSUPPORTED")
    [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert (violation.type, violation.subject) == ("ENCRYPTION", JIRA)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("IN_PROGRESS", "BACKUP_NOT_FINISHED"),
        ("FAILED", "BACKUP_FAILED"),
        ("CANCELLED", "BACKUP_CANCELLED"),
    ],
)
async def test_a_backup_that_did_not_end_with_something_to_restore_is_refused(
    world: World, state: str, reason: str
) -> None:
    backup = await world.backup(state)
    refusal = await world.refused_restore(backup, allow_incomplete=True)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", reason)
    [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert (violation.type, violation.subject) == ("STATE", backup)
    assert refusal.metadata == {"backup": backup, "state": state}


async def test_an_incomplete_backup_is_refused_with_what_is_missing(world: World) -> None:
    backup = await world.backup("INCOMPLETE", counts=COUNTS)
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_INCOMPLETE")
    found = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert [(each.type, each.description) for each in found] == [
        ("INCOMPLETE", "2 of 9 attachment"),
        ("INCOMPLETE", "1 of 0 issue"),
    ]
    assert "allow_incomplete" in refusal.message


async def test_an_incomplete_backup_is_restored_with_leave_and_a_warning(world: World) -> None:
    backup = await world.backup("INCOMPLETE", counts=COUNTS)
    assert await world.allows_restore(backup, allow_incomplete=True)
    check = await world.check(backup, allow_incomplete=True)
    assert check.outcome("backup_is_complete") == "WARNED"
    assert "2 of 9 attachment" in check.findings["backup_is_complete"].message


async def test_a_complete_backup_needs_no_leave(world: World) -> None:
    backup = await world.backup()
    for leave in (False, True):
        check = await world.check(backup, allow_incomplete=leave)
        assert (check.allowed, check.outcome("backup_is_complete")) == (True, "PASSED")


async def test_a_backup_is_restored_until_the_instant_of_its_expiry_and_not_at_it(
    world: World,
) -> None:
    backup = await world.backup()
    world.clock.advance(14 * DAY - MICROSECOND)
    assert await world.allows_restore(backup)
    world.clock.advance(MICROSECOND)
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "BACKUP_EXPIRED")
    [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert (violation.type, violation.subject) == ("EXPIRED", backup)
    assert refusal.metadata == {"backup": backup, "expireTime": world.now.isoformat()}


async def test_a_restore_that_begins_a_microsecond_before_the_expiry_ends_well(
    world: World, policy: str
) -> None:
    backup = await world.client.back_up(policy)
    world.clock.advance(backup.expire_time.ToDatetime(datetime.UTC) - world.now - MICROSECOND)
    request = world.client.restore_request(backup.name, JIRA)
    started = await world.client.restores.CreateRestore(request)
    assert not (await world.client.watch(started.name)).HasField("error")


async def test_a_deleted_backup_is_not_restored(world: World) -> None:
    backup = await world.backup()
    await world.client.backups.DeleteBackup(backup_pb2.DeleteBackupRequest(name=backup))
    assert (await world.refused_restore(backup)).reason == "BACKUP_EXPIRED"


async def test_a_backup_of_jira_does_not_go_to_confluence(world: World) -> None:
    backup = await world.backup()
    refusal = await world.refused_restore(backup, "wiki")
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "TARGET_TYPE_MISMATCH")
    assert refusal.metadata == {"backupType": "JIRA", "targetType": "CONFLUENCE"}


async def test_a_backup_of_confluence_does_not_go_to_jira(world: World) -> None:
    backup = await world.backup(product="wiki", product_type="CONFLUENCE")
    assert (await world.refused_restore(backup)).reason == "TARGET_TYPE_MISMATCH"


async def test_a_destination_of_another_type_is_not_looked_at_and_that_is_said(
    world: World, empty_site: RunningSite
) -> None:
    check = await world.check(await world.backup(), "wiki")
    assert check.outcome("target_is_empty") == "WARNED"
    assert "not looked at" in check.findings["target_is_empty"].message
    assert empty_site.site.request_log.count("GET", "/wiki/api/v2/spaces") == 0


@pytest.mark.parametrize("kind", ["backup", "restore"])
async def test_no_restore_starts_while_an_operation_of_the_destination_runs(
    world: World, kind: str
) -> None:
    backup = await world.backup()
    operation = await world.operation(kind)
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("ABORTED", f"{kind.upper()}_IN_PROGRESS")
    resource = refusal.detail(error_details_pb2.ResourceInfo)
    assert resource.resource_name == refusal.metadata["operation"] == operation
    assert refusal.metadata["holder"] == "another server"


async def test_no_restore_starts_while_a_backup_that_was_started_runs(
    world: World, policy: str, empty_site: RunningSite
) -> None:
    backup = await world.backup(create_time=world.now - 7 * DAY)
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/api/3/users", times=1000, delay=60.0)
    started = await world.client.backups.CreateBackup(world.client.backup_request(policy))
    refusal = await world.refused_restore(backup)
    assert (refusal.reason, refusal.metadata["operation"]) == ("BACKUP_IN_PROGRESS", started.name)


async def test_no_restore_starts_while_one_that_was_started_runs(
    world: World, policy: str, empty_site: RunningSite
) -> None:
    first = await world.client.back_up(policy)
    second = await world.backup()
    empty_site.site.faults.plan(FaultKind.DELAY, "/mypreferences", times=1000, delay=60.0)
    request = world.client.restore_request(first.name, JIRA)
    started = await world.client.restores.CreateRestore(request)
    refusal = await world.refused_restore(second)
    assert (refusal.reason, refusal.metadata["operation"]) == ("RESTORE_IN_PROGRESS", started.name)


async def test_the_product_that_the_backup_is_of_may_be_busy(
    world: World, empty_site: RunningSite
) -> None:
    backup = await world.backup()
    await world.operation("backup")
    await world.client.add_product("other", "JIRA", empty_site.base_url)
    assert await world.allows_restore(backup, "other")


async def test_a_backup_is_restored_again_after_seven_days_and_not_before(world: World) -> None:
    backup = await world.backup(expire_time=world.now + 30 * DAY)
    await world.restore(backup)
    allowed = world.now + 7 * DAY
    world.clock.advance(7 * DAY - MICROSECOND)
    refusal = await world.refused_restore(backup)
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "RESTORE_TOO_SOON")
    assert refusal.metadata == {
        "backup": backup,
        "lastRestore": (allowed - 7 * DAY).isoformat(),
        "nextRestoreTime": allowed.isoformat(),
    }
    delay = refusal.detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta()
    assert delay == MICROSECOND
    [violation] = refusal.detail(error_details_pb2.QuotaFailure).violations
    assert (violation.subject, violation.description) == (backup, "1 restore per 7 days")
    world.clock.advance(MICROSECOND)
    assert await world.allows_restore(backup)


async def test_a_backup_that_was_restored_for_real_waits_seven_days(
    world: World, policy: str
) -> None:
    backup = await world.client.back_up(policy)
    request = world.client.restore_request(backup.name, JIRA)
    started = await world.client.restores.CreateRestore(request)
    restore = restore_pb2.Restore()
    assert (await world.client.watch(started.name)).response.Unpack(restore)
    assert restore.state == restore_pb2.Restore.COMPLETE
    world.clock.advance(7 * DAY - MICROSECOND)
    assert (await world.refused_restore(backup.name)).reason == "RESTORE_TOO_SOON"
    world.clock.advance(MICROSECOND)
    assert await world.allows_restore(backup.name)


async def test_the_backup_shows_from_when_on_it_may_be_restored_again(world: World) -> None:
    backup = await world.backup()
    assert not (await world.shown(backup)).HasField("next_restore_time")
    await world.restore(backup)
    shown = await world.shown(backup)
    assert shown.next_restore_time.ToDatetime(datetime.UTC) == world.now + 7 * DAY


async def test_the_seven_days_are_per_backup_and_not_per_product(world: World) -> None:
    first, second = await world.backup(), await world.backup()
    await world.restore(first)
    assert await world.allows_restore(second)


async def test_the_seven_days_of_a_backup_hold_for_every_destination(
    world: World, empty_site: RunningSite
) -> None:
    backup = await world.backup()
    await world.restore(backup)
    await world.client.add_product("other", "JIRA", empty_site.base_url)
    assert (await world.refused_restore(backup, "other")).reason == "RESTORE_TOO_SOON"


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
async def test_a_restore_that_brought_nothing_back_does_not_start_the_seven_days(
    world: World, state: str
) -> None:
    backup = await world.backup()
    await world.restore(backup, state)
    assert await world.allows_restore(backup)


@pytest.mark.parametrize("state", ["IN_PROGRESS", "INCOMPLETE"])
async def test_a_restore_that_brought_something_back_starts_the_seven_days(
    world: World, state: str
) -> None:
    backup = await world.backup()
    await world.restore(backup, state)
    assert (await world.refused_restore(backup)).reason == "RESTORE_TOO_SOON"


async def test_validate_only_starts_nothing(world: World) -> None:
    assert await world.allows_restore(await world.backup())
    listed = await world.client.restores.ListRestores(
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION)
    )
    assert not listed.restores


async def test_users_and_groups_may_be_left_out(world: World, policy: str) -> None:
    backup = await world.client.back_up(policy)
    request = world.client.restore_request(backup.name, JIRA, skip_users_and_groups=True)
    started = await world.client.restores.CreateRestore(request)
    restore = restore_pb2.Restore()
    assert (await world.client.watch(started.name)).response.Unpack(restore)
    assert restore.skip_users_and_groups
    people = {content_pb2.ENTITY_KIND_USER, content_pb2.ENTITY_KIND_GROUP}
    assert not people & {count.kind for count in restore.contents}
