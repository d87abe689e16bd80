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
    RestoreScope,
    StoredPacks,
    Unseen,
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


def test_an_expired_backup_is_judged_by_what_it_ended_in() -> None:
    refused = rules.backup_is_complete(_backup("EXPIRED", final_state="INCOMPLETE"), False)
    assert refused.outcome is Outcome.BLOCKED
    whole = rules.backup_is_complete(_backup("EXPIRED", final_state="COMPLETE"), False)
    assert whole.outcome is Outcome.PASSED


@pytest.mark.parametrize("state", ["IN_PROGRESS", "FAILED", "CANCELLED"])
def test_a_backup_that_holds_nothing_is_not_called_complete(state: str) -> None:
    found = rules.backup_is_complete(_backup(state), False)
    assert (found.outcome, found.error) == (Outcome.WARNED, None)


def test_a_destination_with_content_is_refused_with_every_finding() -> None:
    found = [Violation("ACTIVE_CONTENT", f"project {number}", "delete it") for number in range(7)]
    refused = rules.target_is_empty(PRODUCT, found, BETA)
    assert refused.error is not None
    assert list(refused.error.violations) == found
    assert refused.message.endswith("And 2 more.")
    assert rules.target_is_empty(PRODUCT, [], BETA).outcome is Outcome.PASSED


def test_content_at_a_destination_that_may_hold_it_is_a_warning() -> None:
    found = [Violation("ACTIVE_CONTENT", "project ALFA", "There is the project ALFA")]
    warned = rules.target_is_empty(PRODUCT, found, PROFILES["self-hosted"])
    assert (warned.outcome, warned.error) == (Outcome.WARNED, None)
    assert "There is the project ALFA." in warned.message


@pytest.mark.parametrize("profile", PROFILES.values())
def test_a_destination_that_was_not_looked_at_is_not_called_empty(profile: rules.Profile) -> None:
    found = rules.target_is_empty(PRODUCT, Unseen("the site is away"), profile)
    assert (found.outcome, found.error) == (Outcome.WARNED, None)
    assert found.message.endswith("not looked at: the site is away.")


def test_a_policy_keeps_backups_as_the_profile_says_unless_it_may_choose() -> None:
    own = PROFILES["self-hosted"]
    assert rules.retention_of(60, own) == datetime.timedelta(minutes=1)
    assert rules.retention_of(None, own) == own.retention
    assert rules.retention_of(60, BETA) == BETA.retention


@pytest.mark.parametrize("profile", PROFILES.values())
def test_a_retention_other_than_the_profiles_is_offered_where_it_is_settable(
    profile: rules.Profile,
) -> None:
    judge = rules.retention_is_offered
    assert judge("retention", profile.retention, profile) is None
    refusal = judge("retention", profile.retention + MICROSECOND, profile)
    assert (refusal is None) == profile.retention_settable


@pytest.mark.parametrize("profile", PROFILES.values())
def test_attachments_are_skipped_where_the_profile_offers_it(profile: rules.Profile) -> None:
    judge = rules.restore_scope_is_offered
    assert judge(RestoreScope(), profile) is None
    refusal = judge(RestoreScope(skip_attachments=True), profile)
    assert (refusal is None) == profile.attachments_skippable


@pytest.mark.parametrize("profile", PROFILES.values())
def test_only_the_last_complete_backup_is_kept_and_only_where_the_profile_says_so(
    profile: rules.Profile,
) -> None:
    assert rules.is_kept_as_last(True, profile) == profile.keeps_last_complete
    assert not rules.is_kept_as_last(False, profile)


@given(
    enrolled=st.booleans(),
    own_key=st.booleans(),
    state=st.sampled_from(["IN_PROGRESS", "COMPLETE", "INCOMPLETE", "FAILED", "EXPIRED"]),
    expires=st.integers(-3, 3),
    restored=st.one_of(st.none(), st.integers(-10, 0)),
    locked=st.booleans(),
    packs=st.one_of(
        st.just(Unseen("nobody asked")),
        st.builds(
            StoredPacks,
            st.just(9),
            st.lists(st.just("packs/ab/ab12"), max_size=5),
            st.lists(st.just("packs/cd/cd34"), max_size=5),
            st.sampled_from(["", "The manifest is damaged"]),
        ),
    ),
    verified_damaged=st.booleans(),
    salvage=st.booleans(),
    holds_content=st.booleans(),
    allow_incomplete=st.booleans(),
    skip_attachments=st.booleans(),
    profile=st.sampled_from(list(PROFILES.values())),
)
def test_create_is_refused_exactly_where_check_blocks(
    enrolled: bool,
    own_key: bool,
    state: str,
    expires: int,
    restored: int | None,
    locked: bool,
    packs: StoredPacks | Unseen,
    verified_damaged: bool,
    salvage: bool,
    holds_content: bool,
    allow_incomplete: bool,
    skip_attachments: bool,
    profile: rules.Profile,
) -> None:
    backup = _backup(
        state,
        expire_time=NOW + expires * DAY,
        last_restore_time=None if restored is None else NOW + restored * DAY,
        damage_time=NOW - DAY if verified_damaged else None,
    )
    outcomes = rules.restore_outcomes(
        OrganizationFacts("organizations/acme", enrolled),
        backup,
        ProductFacts("organizations/acme/products/jira", "JIRA", own_key),
        LockFacts("backup", "o", "h", NOW) if locked else None,
        packs,
        [Violation("ACTIVE_CONTENT", "p", "d")] if holds_content else [],
        RestoreScope(allow_incomplete, skip_attachments, salvage),
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


WHOLE = StoredPacks(9)


@pytest.mark.parametrize(
    ("packs", "named"),
    [
        (StoredPacks(9, missing=["packs/ab/ab12"]), ["9 packs 1 are missing", "packs/ab/ab12"]),
        (StoredPacks(9, resized=["packs/cd/cd34"]), ["1 have another length", "packs/cd/cd34"]),
        (StoredPacks(9, missing=["a", "b", "c", "d"]), ["4 are missing", "a, b, c, …"]),
    ],
)
def test_a_backup_whose_packs_are_damaged_is_restored_only_to_salvage_it(
    packs: StoredPacks, named: list[str]
) -> None:
    refused = rules.backup_is_sound(_backup(), packs, False)
    assert refused.outcome is Outcome.BLOCKED
    assert refused.error is not None
    assert refused.error.reason == "ARCHIVE_CORRUPT"
    assert all(words in refused.message for words in [*named, "`salvage`"])
    salvaged = rules.backup_is_sound(_backup(), packs, True)
    assert (salvaged.outcome, salvaged.error) == (Outcome.WARNED, None)
    assert all(words in salvaged.message for words in named)


@pytest.mark.parametrize("packs", [WHOLE, Unseen("nobody asked")])
def test_a_backup_that_a_verification_found_damaged_is_refused_though_its_packs_are_there(
    packs: StoredPacks | Unseen,
) -> None:
    refused = rules.backup_is_sound(_backup(damage_time=NOW), packs, False)
    assert refused.error is not None
    assert "2026-03-02 09:30 UTC" in refused.message
    assert rules.backup_is_sound(_backup(damage_time=NOW), packs, True).error is None


def test_a_backup_without_a_readable_manifest_cannot_be_salvaged() -> None:
    packs = StoredPacks(0, unreadable="Its manifest is damaged")
    for salvage in (False, True):
        refused = rules.backup_is_sound(_backup(), packs, salvage)
        assert refused.error is not None
        assert "Its manifest is damaged." in refused.message
        assert "salvage" not in refused.message


def test_a_whole_backup_passes_and_one_that_nobody_looked_at_is_not_called_whole() -> None:
    assert rules.backup_is_sound(_backup(), WHOLE, False).outcome is Outcome.PASSED
    unseen = rules.backup_is_sound(_backup(), Unseen("nobody asked"), False)
    assert (unseen.outcome, unseen.error) == (Outcome.WARNED, None)
