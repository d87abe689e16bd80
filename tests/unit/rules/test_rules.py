"""The rules as functions: each at its boundary, and Create and Check in agreement."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared import rules
from sitekeep_shared.errors import Violation
from sitekeep_shared.rules import (
    PROFILES,
    BackupFacts,
    LockFacts,
    OrganizationFacts,
    Outcome,
    ProductFacts,
)

NOW = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
DAY = datetime.timedelta(days=1)
BETA = PROFILES["closed-beta"]
ORGANIZATION = OrganizationFacts("organizations/acme", True)
PRODUCT = ProductFacts("organizations/acme/products/jira", "JIRA", False)


def _backup(state: str = "COMPLETE", **fields: object) -> BackupFacts:
    values: dict[str, object] = {
        "name": "organizations/acme/backups/b",
        "state": state,
        "product_type": "JIRA",
        "create_time": NOW - DAY,
        "expire_time": NOW + 13 * DAY,
    }
    return BackupFacts(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "window"), [("closed-beta", 7 * DAY), ("general-availability", DAY)]
)
def test_the_backup_window_ends_at_its_very_instant(
    profile: str, window: datetime.timedelta
) -> None:
    last = _backup(create_time=NOW)
    judge = rules.last_complete_backup_is_old_enough
    before = judge(PRODUCT, last, PROFILES[profile], NOW + window - MICROSECOND)
    assert before is not None
    assert (before.reason, before.retry_after) == ("BACKUP_TOO_SOON", MICROSECOND)
    assert judge(PRODUCT, last, PROFILES[profile], NOW + window) is None


def test_the_self_hosted_profile_has_no_windows() -> None:
    profile = PROFILES["self-hosted"]
    last = _backup(create_time=NOW, last_restore_time=NOW)
    assert rules.last_complete_backup_is_old_enough(PRODUCT, last, profile, NOW) is None
    assert rules.last_restore_is_old_enough(last, profile, NOW) is None


def test_a_backup_can_be_restored_until_the_instant_of_its_expiry() -> None:
    backup = _backup(expire_time=NOW)
    assert rules.backup_is_not_expired(backup, NOW - MICROSECOND) is None
    refusal = rules.backup_is_not_expired(backup, NOW)
    assert refusal is not None
    assert refusal.reason == "BACKUP_EXPIRED"


def test_a_backup_can_be_restored_again_after_seven_days() -> None:
    backup = _backup(last_restore_time=NOW)
    judge = rules.last_restore_is_old_enough
    refusal = judge(backup, BETA, NOW + 7 * DAY - MICROSECOND)
    assert refusal is not None
    assert refusal.reason == "RESTORE_TOO_SOON"
    assert judge(backup, BETA, NOW + 7 * DAY) is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("IN_PROGRESS", "BACKUP_NOT_FINISHED"),
        ("FAILED", "BACKUP_FAILED"),
        ("CANCELLED", "BACKUP_CANCELLED"),
    ],
)
def test_a_backup_that_did_not_end_well_cannot_be_restored(state: str, reason: str) -> None:
    refusal = rules.backup_is_finished(_backup(state))
    assert refusal is not None
    assert refusal.reason == reason


def test_an_incomplete_backup_needs_leave() -> None:
    backup = _backup("INCOMPLETE", missing=["1 of 9 attachment"])
    refused = rules.backup_is_complete(backup, False)
    assert (refused.outcome, refused.error is not None) == (Outcome.BLOCKED, True)
    allowed = rules.backup_is_complete(backup, True)
    assert (allowed.outcome, allowed.error) == (Outcome.WARNED, None)
    assert "1 of 9 attachment" in allowed.message


@pytest.mark.parametrize("kind", ["backup", "restore"])
def test_a_product_does_one_thing_at_a_time(kind: str) -> None:
    lock = LockFacts(kind, "organizations/acme/operations/o", "server", NOW)
    refusal = rules.product_is_free(PRODUCT, lock)
    assert refusal is not None
    assert refusal.reason == f"{kind.upper()}_IN_PROGRESS"


def test_a_jira_backup_does_not_go_to_confluence() -> None:
    target = ProductFacts("organizations/acme/products/wiki", "CONFLUENCE", False)
    refusal = rules.target_has_the_type_of_the_backup(_backup(), target)
    assert refusal is not None
    assert refusal.reason == "TARGET_TYPE_MISMATCH"


def test_a_destination_with_content_is_refused_with_every_finding() -> None:
    found = [Violation("ACTIVE_CONTENT", f"project {number}", "delete it") for number in range(7)]
    refusal = rules.target_is_empty(PRODUCT, found, BETA)
    assert refusal is not None
    assert list(refusal.violations) == found
    assert rules.target_is_empty(PRODUCT, found, PROFILES["self-hosted"]) is None
    assert rules.target_is_empty(PRODUCT, [], BETA) is None


@given(
    enrolled=st.booleans(),
    own_key=st.booleans(),
    state=st.sampled_from(["IN_PROGRESS", "COMPLETE", "INCOMPLETE", "FAILED", "EXPIRED"]),
    expires=st.integers(-3, 3),
    restored=st.one_of(st.none(), st.integers(-10, 0)),
    locked=st.booleans(),
    holds_content=st.booleans(),
    allow_incomplete=st.booleans(),
    profile=st.sampled_from(list(PROFILES.values())),
)
def test_create_is_refused_exactly_where_check_blocks(
    enrolled: bool,
    own_key: bool,
    state: str,
    expires: int,
    restored: int | None,
    locked: bool,
    holds_content: bool,
    allow_incomplete: bool,
    profile: rules.Profile,
) -> None:
    backup = _backup(
        state,
        expire_time=NOW + expires * DAY,
        last_restore_time=None if restored is None else NOW + restored * DAY,
    )
    outcomes = rules.restore_outcomes(
        OrganizationFacts("organizations/acme", enrolled),
        backup,
        ProductFacts("organizations/acme/products/jira", "JIRA", own_key),
        LockFacts("backup", "o", "h", NOW) if locked else None,
        [Violation("ACTIVE_CONTENT", "p", "d")] if holds_content else [],
        allow_incomplete,
        profile,
        NOW,
    )
    blocked = [found for found in outcomes if found.outcome is Outcome.BLOCKED]
    refusal = rules.first_refusal(outcomes)
    assert (refusal is None) == (not blocked)
    assert all((found.error is not None) == (found in blocked) for found in outcomes)
    if blocked:
        assert refusal is blocked[0].error
    assert len({found.rule for found in outcomes}) == len(outcomes)
