"""Every rule of the product: one pure function each, of facts, profile and the present instant.

``CreateBackup``, ``CreateRestore``, ``validate_only``, ``CheckRestore`` and the scheduler
all ask :func:`backup_outcomes` and :func:`restore_outcomes`. Create answers the first
refusal in that order; Check returns every outcome.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sitekeep_shared.errors import (
    Conflict,
    PermissionDenied,
    PreconditionFailed,
    SitekeepError,
    Violation,
    WindowClosed,
)

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Profile:
    """A named set of rule values."""

    name: str
    enrolment_required: bool
    backup_window: datetime.timedelta | None
    """From the create time of the last complete backup to the next one; None: any time."""
    retention: datetime.timedelta
    """From the end of a backup to the instant from which it cannot be restored."""
    restore_window: datetime.timedelta | None
    """Between two restores of one backup; None: any time."""
    destination_may_hold_content: bool
    own_key_encryption_allowed: bool
    keeps_last_complete: bool
    """Whether the last complete backup stays even past its retention."""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("closed-beta", True, 7 * DAY, 14 * DAY, 7 * DAY, False, False, False),
        Profile("general-availability", False, DAY, 30 * DAY, 7 * DAY, False, False, False),
        Profile("self-hosted", False, None, 30 * DAY, None, True, True, True),
    )
}


@dataclass(frozen=True)
class OrganizationFacts:
    """What the rules ask about an organization."""

    name: str
    enrolled: bool


@dataclass(frozen=True)
class ProductFacts:
    """What the rules ask about a product."""

    name: str
    type: str
    own_key_encryption: bool


@dataclass(frozen=True)
class LockFacts:
    """The operation that holds a product now."""

    kind: str
    """``backup`` or ``restore``."""
    operation: str
    holder: str
    lease_expire_time: datetime.datetime


@dataclass(frozen=True)
class BackupFacts:
    """What the rules ask about a backup."""

    name: str
    state: str
    """IN_PROGRESS, COMPLETE, INCOMPLETE, FAILED, CANCELLED or EXPIRED."""
    product_type: str
    create_time: datetime.datetime
    expire_time: datetime.datetime | None
    last_restore_time: datetime.datetime | None = None
    missing: Sequence[str] = ()
    """Of an incomplete backup: what is missing, per kind, in words."""


class Outcome(enum.StrEnum):
    """What a rule says."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True)
class RuleOutcome:
    """A rule with what it says about the facts."""

    rule: str
    outcome: Outcome
    message: str
    error: SitekeepError | None = None


def first_refusal(outcomes: Iterable[RuleOutcome]) -> SitekeepError | None:
    """The error that a Create call answers; None where every rule lets it pass."""
    return next((found.error for found in outcomes if found.error is not None), None)


def _judge(rule: Callable[..., SitekeepError | None], *facts: object) -> RuleOutcome:
    error = rule(*facts)
    name = rule.__name__
    if error is None:
        sentence = (rule.__doc__ or "").split("\n")[0]
        return RuleOutcome(name, Outcome.PASSED, sentence)
    return RuleOutcome(name, Outcome.BLOCKED, error.message, error)


def backup_outcomes(
    organization: OrganizationFacts,
    product: ProductFacts,
    lock: LockFacts | None,
    last_complete: BackupFacts | None,
    profile: Profile,
    now: datetime.datetime,
) -> list[RuleOutcome]:
    """Every rule about starting a backup, in the documented order."""
    return [
        _judge(organization_is_enrolled, organization, profile),
        _judge(product_encryption_is_supported, product, profile),
        _judge(product_is_free, product, lock),
        _judge(last_complete_backup_is_old_enough, product, last_complete, profile, now),
    ]


def restore_outcomes(
    organization: OrganizationFacts,
    backup: BackupFacts,
    target: ProductFacts,
    lock: LockFacts | None,
    content: Sequence[Violation] | None,
    allow_incomplete: bool,
    profile: Profile,
    now: datetime.datetime,
) -> list[RuleOutcome]:
    """Every rule about starting a restore, in the documented order.

    ``content`` is what the destination holds; None where it was not looked at yet.
    """
    outcomes = [
        _judge(organization_is_enrolled, organization, profile),
        _judge(product_encryption_is_supported, target, profile),
        _judge(backup_is_finished, backup),
        _judge(backup_is_not_expired, backup, now),
        backup_is_complete(backup, allow_incomplete),
        _judge(target_has_the_type_of_the_backup, backup, target),
        _judge(product_is_free, target, lock),
        _judge(last_restore_is_old_enough, backup, profile, now),
    ]
    if content is not None:
        outcomes.append(_judge(target_is_empty, target, content, profile))
    return outcomes


def expire_time(end_time: datetime.datetime, retention: datetime.timedelta) -> datetime.datetime:
    """The instant from which a backup cannot be restored; until it, it can."""
    return end_time + retention


def next_backup_time(
    last_complete: BackupFacts | None, profile: Profile
) -> datetime.datetime | None:
    """From when on the next backup may run; None: now."""
    if last_complete is None or profile.backup_window is None:
        return None
    return last_complete.create_time + profile.backup_window


def next_restore_time(backup: BackupFacts, profile: Profile) -> datetime.datetime | None:
    """From when on the backup may be restored again; None: now."""
    if backup.last_restore_time is None or profile.restore_window is None:
        return None
    return backup.last_restore_time + profile.restore_window


def organization_is_enrolled(
    organization: OrganizationFacts, profile: Profile
) -> SitekeepError | None:
    """The organization is enrolled in backup and restore."""
    if organization.enrolled or not profile.enrolment_required:
        return None
    return PermissionDenied(
        "ORGANIZATION_NOT_ENROLLED",
        f"{organization.name} is not enrolled in backup and restore. "
        "Set `enrolled` on the organization, or run the server with another profile.",
        {"organization": organization.name},
    )


def product_encryption_is_supported(
    product: ProductFacts, profile: Profile
) -> SitekeepError | None:
    """The product is encrypted with keys that Atlassian manages."""
    if not product.own_key_encryption or profile.own_key_encryption_allowed:
        return None
    text = "is encrypted with its owner's key (BYOK); it can be neither backed up nor restored to."
    return PreconditionFailed(
        "BYOK_PRODUCT_UNSUPPORTED",
        f"{product.name} {text}",
        {"product": product.name},
        [Violation("ENCRYPTION", product.name, "encrypted with its owner's key")],
    )


def product_is_free(product: ProductFacts, lock: LockFacts | None) -> SitekeepError | None:
    """No backup and no restore of the product is running."""
    if lock is None:
        return None
    return Conflict(
        "BACKUP_IN_PROGRESS" if lock.kind == "backup" else "RESTORE_IN_PROGRESS",
        f"A {lock.kind} of {product.name} is in progress: {lock.operation}. "
        "Wait until it has ended, or cancel it.",
        {
            "product": product.name,
            "operation": lock.operation,
            "holder": lock.holder,
            "leaseExpireTime": lock.lease_expire_time.isoformat(),
        },
        resource=("google.longrunning.Operation", lock.operation),
    )


def last_complete_backup_is_old_enough(
    product: ProductFacts,
    last_complete: BackupFacts | None,
    profile: Profile,
    now: datetime.datetime,
) -> SitekeepError | None:
    """The last complete backup of the product is older than the window."""
    allowed = next_backup_time(last_complete, profile)
    if last_complete is None or allowed is None or now >= allowed:
        return None
    window = _words(profile.backup_window)
    return WindowClosed(
        "BACKUP_TOO_SOON",
        f"{product.name} has a complete backup of {last_complete.create_time:%Y-%m-%d %H:%M} UTC; "
        f"there is one complete backup per {window}. The next may run from "
        f"{allowed:%Y-%m-%d %H:%M:%S} UTC.",
        {
            "product": product.name,
            "lastCompleteBackup": last_complete.name,
            "nextBackupTime": allowed.isoformat(),
        },
        [Violation("QUOTA", product.name, f"1 complete backup per {window}")],
        retry_after=allowed - now,
    )


_UNFINISHED = {
    "IN_PROGRESS": ("BACKUP_NOT_FINISHED", "is still in progress; wait until it has ended"),
    "FAILED": ("BACKUP_FAILED", "failed; restore another one"),
    "CANCELLED": ("BACKUP_CANCELLED", "was cancelled; restore another one"),
}


def backup_is_finished(backup: BackupFacts) -> SitekeepError | None:
    """The backup ended with something that can be restored."""
    if backup.state not in _UNFINISHED:
        return None
    reason, words = _UNFINISHED[backup.state]
    return PreconditionFailed(
        reason,
        f"{backup.name} {words}.",
        {"backup": backup.name, "state": backup.state},
        [Violation("STATE", backup.name, backup.state)],
    )


def backup_is_not_expired(backup: BackupFacts, now: datetime.datetime) -> SitekeepError | None:
    """The backup is within the time that it is kept for."""
    over = backup.expire_time is not None and now >= backup.expire_time
    if backup.state != "EXPIRED" and not over:
        return None
    when = f" at {backup.expire_time:%Y-%m-%d %H:%M:%S} UTC" if backup.expire_time else ""
    return PreconditionFailed(
        "BACKUP_EXPIRED",
        f"{backup.name} expired{when} and cannot be restored any more. Restore a newer one.",
        {
            "backup": backup.name,
            "expireTime": backup.expire_time.isoformat() if backup.expire_time else "",
        },
        [Violation("EXPIRED", backup.name, "the backup expired")],
    )


def backup_is_complete(backup: BackupFacts, allow_incomplete: bool) -> RuleOutcome:
    """The backup holds everything that the site listed."""
    rule = "backup_is_complete"
    if backup.state != "INCOMPLETE":
        return RuleOutcome(rule, Outcome.PASSED, "The backup holds everything that was listed.")
    missing = ", ".join(backup.missing) or "see its issues"
    if allow_incomplete:
        return RuleOutcome(rule, Outcome.WARNED, f"{backup.name} is incomplete: {missing}.")
    error = PreconditionFailed(
        "BACKUP_INCOMPLETE",
        f"{backup.name} is incomplete: {missing}. Set `allow_incomplete` to restore what it has.",
        {"backup": backup.name},
        [Violation("INCOMPLETE", backup.name, text) for text in backup.missing],
    )
    return RuleOutcome(rule, Outcome.BLOCKED, error.message, error)


def target_has_the_type_of_the_backup(
    backup: BackupFacts, target: ProductFacts
) -> SitekeepError | None:
    """A Jira backup goes to Jira, a Confluence backup to Confluence."""
    if backup.product_type == target.type:
        return None
    return PreconditionFailed(
        "TARGET_TYPE_MISMATCH",
        f"{backup.name} is a backup of {backup.product_type}; {target.name} is {target.type}. "
        "Name a destination of the same type.",
        {"backupType": backup.product_type, "targetType": target.type},
        [Violation("TYPE", target.name, f"{target.type} instead of {backup.product_type}")],
    )


def last_restore_is_old_enough(
    backup: BackupFacts, profile: Profile, now: datetime.datetime
) -> SitekeepError | None:
    """The backup was not restored within the window."""
    allowed = next_restore_time(backup, profile)
    if backup.last_restore_time is None or allowed is None or now >= allowed:
        return None
    window = _words(profile.restore_window)
    return WindowClosed(
        "RESTORE_TOO_SOON",
        f"{backup.name} was restored at {backup.last_restore_time:%Y-%m-%d %H:%M} UTC; a backup "
        f"can be restored once per {window}. The next restore may run from "
        f"{allowed:%Y-%m-%d %H:%M:%S} UTC.",
        {
            "backup": backup.name,
            "lastRestore": backup.last_restore_time.isoformat(),
            "nextRestoreTime": allowed.isoformat(),
        },
        [Violation("QUOTA", backup.name, f"1 restore per {window}")],
        retry_after=allowed - now,
    )


def target_is_empty(
    target: ProductFacts, content: Sequence[Violation], profile: Profile
) -> SitekeepError | None:
    """The destination holds no active, trashed or archived content."""
    if not content or profile.destination_may_hold_content:
        return None
    found = " ".join(f"{_sentence(violation.description)}" for violation in content[:5])
    more = f" And {len(content) - 5} more." if len(content) > 5 else ""
    return PreconditionFailed(
        "TARGET_NOT_EMPTY",
        f"{target.name} is not empty. {found}{more}",
        {"product": target.name, "findingCount": str(len(content))},
        list(content),
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _words(window: datetime.timedelta | None) -> str:
    days = 0 if window is None else window.days
    return "day" if days == 1 else f"{days} days"
