"""The three profiles: what the design's table says of each, through the real channels."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from google.protobuf import duration_pb2, field_mask_pb2
from google.rpc import error_details_pb2

from sitekeep.backup.v1 import backup_policy_pb2, organization_pb2
from sitekeep_shared.database import schema
from support.client import ORGANIZATION
from support.rule_world import DAY, MICROSECOND, World

JIRA = f"{ORGANIZATION}/products/jira"
BETA, GENERAL, OWN = "closed-beta", "general-availability", "self-hosted"
SECOND = datetime.timedelta(seconds=1)
CENTURY = 36_525 * DAY


def _duration(delta: datetime.timedelta) -> duration_pb2.Duration:
    message = duration_pb2.Duration()
    message.FromTimedelta(delta)
    return message


TABLE: dict[str, dict[str, Any]] = {
    BETA: {
        "enrolment_required": True,
        "backup_window": _duration(7 * DAY),
        "retention": _duration(14 * DAY),
        "restore_window": _duration(7 * DAY),
    },
    GENERAL: {
        "backup_window": _duration(DAY),
        "retention": _duration(30 * DAY),
        "restore_window": _duration(7 * DAY),
        "attachments_skippable": True,
    },
    OWN: {
        "retention": _duration(30 * DAY),
        "retention_settable": True,
        "last_complete_kept": True,
        "destination_content_allowed": True,
        "attachments_skippable": True,
        "own_key_encryption_allowed": True,
    },
}


@pytest.mark.parametrize("profile", list(TABLE))
async def test_the_organization_shows_the_rules_that_hold(world: World, profile: str) -> None:
    request = organization_pb2.GetOrganizationRequest(name=ORGANIZATION)
    shown = await world.client.organizations.GetOrganization(request)
    assert shown.profile == organization_pb2.Profile(profile_id=profile, **TABLE[profile])


@pytest.mark.parametrize(("profile", "needed"), [(BETA, True), (GENERAL, False), (OWN, False)])
async def test_the_profile_says_whether_an_organization_has_to_be_enrolled(
    world: World, policy: str, needed: bool
) -> None:
    backup = await world.backup("INCOMPLETE")
    await world.change(schema.organization, enrolled=False)
    if needed:
        assert (await world.refused_backup(policy)).reason == "ORGANIZATION_NOT_ENROLLED"
        assert (await world.refused_restore(backup)).reason == "ORGANIZATION_NOT_ENROLLED"
    else:
        await world.allow_backup(policy)
        assert await world.allows_restore(backup, allow_incomplete=True)


@pytest.mark.parametrize(("profile", "window"), [(BETA, 7 * DAY), (GENERAL, DAY)])
async def test_the_profile_says_when_the_next_backup_may_run(
    world: World, policy: str, window: datetime.timedelta
) -> None:
    await world.backup()
    world.clock.advance(window - MICROSECOND)
    refusal = await world.refused_backup(policy)
    assert refusal.reason == "BACKUP_TOO_SOON"
    delay = refusal.detail(error_details_pb2.RetryInfo).retry_delay.ToTimedelta()
    assert delay == MICROSECOND
    world.clock.advance(MICROSECOND)
    await world.allow_backup(policy)


@pytest.mark.parametrize("profile", [OWN])
async def test_a_self_hosted_product_is_backed_up_and_restored_at_any_time(
    world: World, policy: str
) -> None:
    backup = await world.backup()
    await world.restore(backup)
    await world.allow_backup(policy)
    assert await world.allows_restore(backup)
    assert not (await world.shown(backup)).HasField("next_restore_time")
    request = backup_policy_pb2.GetBackupPolicyRequest(name=policy)
    assert not (await world.client.policies.GetBackupPolicy(request)).HasField("next_backup_time")


@pytest.mark.parametrize("profile", [BETA, GENERAL])
async def test_the_profile_says_when_a_backup_may_be_restored_again(world: World) -> None:
    backup = await world.backup()
    await world.restore(backup)
    world.clock.advance(7 * DAY - MICROSECOND)
    assert (await world.refused_restore(backup)).reason == "RESTORE_TOO_SOON"
    world.clock.advance(MICROSECOND)
    assert await world.allows_restore(backup)


@pytest.mark.parametrize(
    ("profile", "retention"), [(BETA, 14 * DAY), (GENERAL, 30 * DAY), (OWN, 30 * DAY)]
)
async def test_the_profile_says_how_long_backups_are_kept(
    world: World, policy: str, retention: datetime.timedelta
) -> None:
    request = backup_policy_pb2.GetBackupPolicyRequest(name=policy)
    shown = await world.client.policies.GetBackupPolicy(request)
    assert shown.retention.ToTimedelta() == retention
    backup = await world.client.back_up(policy)
    # The operation shows the backup by itself: a last one that is kept has no end in GetBackup.
    ended = backup.end_time.ToDatetime(datetime.UTC)
    assert backup.expire_time.ToDatetime(datetime.UTC) == ended + retention


@pytest.mark.parametrize(("profile", "allowed"), [(BETA, False), (GENERAL, False), (OWN, True)])
async def test_the_profile_says_whether_products_with_their_owners_key_are_taken(
    world: World, policy: str, allowed: bool
) -> None:
    backup = await world.backup("INCOMPLETE")
    await world.change(schema.product, encryption="BRING_YOUR_OWN_KEY")
    if allowed:
        await world.allow_backup(policy)
        assert await world.allows_restore(backup, allow_incomplete=True)
    else:
        assert (await world.refused_backup(policy)).reason == "BYOK_PRODUCT_UNSUPPORTED"
        assert (await world.refused_restore(backup)).reason == "BYOK_PRODUCT_UNSUPPORTED"


@pytest.mark.parametrize("profile", [BETA, GENERAL, OWN])
async def test_an_operation_of_the_product_is_waited_for_under_every_profile(
    world: World, policy: str
) -> None:
    backup = await world.backup("INCOMPLETE")
    await world.operation("restore")
    assert (await world.refused_backup(policy)).reason == "RESTORE_IN_PROGRESS"
    refusal = await world.refused_restore(backup, allow_incomplete=True)
    assert refusal.reason == "RESTORE_IN_PROGRESS"


@pytest.mark.parametrize("profile", [BETA, GENERAL, OWN])
async def test_an_incomplete_backup_needs_leave_under_every_profile(world: World) -> None:
    backup = await world.backup("INCOMPLETE")
    assert (await world.refused_restore(backup)).reason == "BACKUP_INCOMPLETE"
    assert await world.allows_restore(backup, allow_incomplete=True)


@pytest.mark.parametrize("profile", [BETA, GENERAL, OWN])
async def test_a_product_has_one_policy_under_every_profile(world: World, policy: str) -> None:
    request = backup_policy_pb2.CreateBackupPolicyRequest(
        parent=ORGANIZATION, backup_policy=backup_policy_pb2.BackupPolicy(product=JIRA)
    )
    refusal = await world.client.refusal(world.client.policies.CreateBackupPolicy(request))
    assert refusal.reason == "BACKUP_POLICY_EXISTS"


async def test_the_closed_beta_restores_attachments_always(world: World) -> None:
    refusal = await world.refused_restore(await world.backup(), skip_attachments=True)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "OPTION_NOT_OFFERED")
    [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
    assert (violation.type, violation.subject) == ("OPTION", "restore.skip_attachments")
    assert refusal.metadata == {"field": "restore.skip_attachments", "profile": BETA}
    assert GENERAL in refusal.message


@pytest.mark.parametrize("profile", [GENERAL, OWN])
async def test_attachments_may_be_left_out_where_the_profile_offers_it(world: World) -> None:
    backup = await world.backup()
    assert await world.allows_restore(backup, skip_attachments=True)
    assert await world.allows_restore(backup)


async def _update(world: World, policy: str, *paths: str, **fields: Any) -> Any:
    return await world.client.policies.UpdateBackupPolicy(
        backup_policy_pb2.UpdateBackupPolicyRequest(
            backup_policy=backup_policy_pb2.BackupPolicy(name=policy, **fields),
            update_mask=field_mask_pb2.FieldMask(paths=paths),
        )
    )


@pytest.mark.parametrize(
    ("profile", "kept"), [(BETA, 14 * DAY), (GENERAL, 30 * DAY)], ids=[BETA, GENERAL]
)
async def test_a_policy_sets_no_retention_where_the_profile_does(
    world: World, policy: str, profile: str, kept: datetime.timedelta
) -> None:
    for other in (kept - SECOND, kept + SECOND):
        call = _update(world, policy, "retention", retention=_duration(other))
        refusal = await world.client.refusal(call)
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "OPTION_NOT_OFFERED")
        [violation] = refusal.detail(error_details_pb2.PreconditionFailure).violations
        assert violation.subject == "backup_policy.retention"
        assert refusal.metadata == {"field": "backup_policy.retention", "profile": profile}
        assert OWN in refusal.message
    same = await _update(world, policy, "retention", retention=_duration(kept))
    assert same.retention.ToTimedelta() == kept


async def test_a_policy_is_not_created_with_a_retention_that_is_not_offered(world: World) -> None:
    request = backup_policy_pb2.CreateBackupPolicyRequest(
        parent=ORGANIZATION,
        backup_policy=backup_policy_pb2.BackupPolicy(product=JIRA, retention=_duration(DAY)),
    )
    refusal = await world.client.refusal(world.client.policies.CreateBackupPolicy(request))
    assert refusal.reason == "OPTION_NOT_OFFERED"
    request.backup_policy.retention.FromTimedelta(14 * DAY)
    made = await world.client.policies.CreateBackupPolicy(request)
    assert made.retention.ToTimedelta() == 14 * DAY


@pytest.mark.parametrize("profile", [OWN])
@pytest.mark.parametrize("retention", [SECOND, 90 * DAY, CENTURY])
async def test_a_self_hosted_policy_sets_its_retention(
    world: World, policy: str, retention: datetime.timedelta
) -> None:
    changed = await _update(world, policy, "retention", retention=_duration(retention))
    assert changed.retention.ToTimedelta() == retention
    backup = await world.client.back_up(policy)
    ended = backup.end_time.ToDatetime(datetime.UTC)
    assert backup.expire_time.ToDatetime(datetime.UTC) == ended + retention


@pytest.mark.parametrize("profile", [OWN])
async def test_without_a_retention_of_its_own_a_policy_follows_the_profile(
    world: World, policy: str
) -> None:
    await _update(world, policy, retention=_duration(DAY))
    kept = await _update(world, policy, "display_name", display_name="Weekly")
    assert kept.retention.ToTimedelta() == DAY
    back = await _update(world, policy, "retention")
    assert back.retention.ToTimedelta() == 30 * DAY


@pytest.mark.parametrize("profile", [BETA, OWN])
@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [
        (0, 0),
        (0, 1),
        (-1, 0),
        (1, 1),
        (86_400, 500_000_000),
        (int(CENTURY.total_seconds()) + 1, 0),
        (315_576_000_000, 999_999_999),
        (-315_576_000_000, 0),
        (2**63 - 1, 0),
        (-(2**63), -(2**31)),
    ],
)
async def test_a_retention_is_whole_seconds_from_one_to_a_hundred_years(
    world: World, policy: str, seconds: int, nanos: int
) -> None:
    absurd = duration_pb2.Duration(seconds=seconds, nanos=nanos)
    call = _update(world, policy, "retention", retention=absurd)
    refusal = await world.client.refusal(call)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    [violation] = refusal.detail(error_details_pb2.BadRequest).field_violations
    assert violation.field == "backup_policy.retention"


async def test_a_schedule_is_refused_with_what_to_do_instead(world: World, policy: str) -> None:
    refusal = await world.client.refusal(_update(world, policy, schedule="0 3 * * 1"))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert refusal.metadata["field"] == "backup_policy.schedule"
    assert "your own scheduler" in refusal.message


async def test_a_mask_that_names_an_unset_field_gives_it_its_default(
    world: World, policy: str
) -> None:
    await _update(world, policy, include_attachments=False, display_name="Weekly")
    changed = await _update(world, policy, "*")
    assert (changed.include_attachments, changed.display_name) == (True, "weekly")
