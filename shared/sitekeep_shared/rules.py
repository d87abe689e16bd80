"""Every rule of the product: one pure function each, of facts, profile and the present instant.

``CreateBackup``, ``CreateRestore``, ``validate_only`` and ``CheckRestore`` all ask
:func:`backup_outcomes` and :func:`restore_outcomes`. Create answers the first refusal in that
order; Check returns every outcome. The order of everything that a call can be refused for:
authentication, the role of an admin, the form of each field, existence, arguments (ids that are
taken, values that the profile does not offer), enrolment, encryption, the state of the backup,
the type of the destination, the lock, the quota. Whether the backup is still in the vault as it was
written comes then, as it has to ask the vault, and whether the destination is empty comes last,
as it has to ask the site.
A call that repeats a ``request_id`` gets its first answer before any of them is asked again.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sitekeep_shared.errors import (
    Conflict,
    Damaged,
    PermissionDenied,
    PreconditionFailed,
    SitekeepError,
    Violation,
    WindowClosed,
)

DAY = datetime.timedelta(days=1)
NAMED_PACKS = 3
"""Damaged packs that an error names."""


@dataclass(frozen=True)
class Profile:
    """A named set of rule values."""

    name: str
    enrolment_required: bool
    backup_window: datetime.timedelta | None
    """From the create time of the last complete backup to the next one; None: any time."""
    retention: datetime.timedelta
    """From the end of a backup to the instant from which it cannot be restored."""
    retention_settable: bool
    """Whether a policy may set another retention."""
    keeps_last_complete: bool
    """Whether the last complete backup stays even past its retention."""
    restore_window: datetime.timedelta | None
    """Between two restores of one backup; None: any time."""
    destination_may_hold_content: bool
    attachments_skippable: bool
    """Whether a restore may leave attachments out."""
    own_key_encryption_allowed: bool


CLOSED_BETA = Profile(
    name="closed-beta",
    enrolment_required=True,
    backup_window=7 * DAY,
    retention=14 * DAY,
    retention_settable=False,
    keeps_last_complete=False,
    restore_window=7 * DAY,
    destination_may_hold_content=False,
    attachments_skippable=False,
    own_key_encryption_allowed=False,
)
GENERAL_AVAILABILITY = Profile(
    name="general-availability",
    enrolment_required=False,
    backup_window=DAY,
    retention=30 * DAY,
    retention_settable=False,
    keeps_last_complete=False,
    restore_window=7 * DAY,
    destination_may_hold_content=False,
    attachments_skippable=True,
    own_key_encryption_allowed=False,
)
SELF_HOSTED = Profile(
    name="self-hosted",
    enrolment_required=False,
    backup_window=None,
    retention=30 * DAY,
    retention_settable=True,
    keeps_last_complete=True,
    restore_window=None,
    destination_may_hold_content=True,
    attachments_skippable=True,
    own_key_encryption_allowed=True,
)
PROFILES = {profile.name: profile for profile in (CLOSED_BETA, GENERAL_AVAILABILITY, SELF_HOSTED)}

SHORTEST_RETENTION = datetime.timedelta(seconds=1)
LONGEST_RETENTION = 36_525 * DAY
"""A hundred years."""


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
    lease_expire_time: datetime.datetime | None
    """None where nobody renews it now: the server that works on it is down."""


@dataclass(frozen=True)
class BackupFacts:
    """What the rules ask about a backup."""

    name: str
    state: str
    """IN_PROGRESS, COMPLETE, INCOMPLETE, FAILED, CANCELLED or EXPIRED."""
    product_type: str
    create_time: datetime.datetime
    expire_time: datetime.datetime | None
    """From then on it cannot be restored; None: nothing ends its time now."""
    last_restore_time: datetime.datetime | None = None
    missing: Sequence[str] = ()
    """Of an incomplete backup: what is missing, per kind, in words."""
    final_state: str = ""
    """What it ended in, also when it is EXPIRED now; empty while it runs."""
    damage_time: datetime.datetime | None = None
    """When a verification last found damage that no later one took back; None: there is none."""


@dataclass(frozen=True)
class RestoreScope:
    """How much a restore is to bring back, and from what."""

    allow_incomplete: bool = False
    skip_attachments: bool = False
    salvage: bool = False


@dataclass(frozen=True)
class Unseen:
    """That the destination, or the vault, was not looked at."""

    why: str
    """A clause: ``another rule refuses already``."""


Content = Sequence[Violation] | Unseen
"""What a destination holds, one violation per finding; or that nobody looked."""


@dataclass(frozen=True)
class StoredPacks:
    """What there is of a backup in the vault, without reading it."""

    needed: int
    missing: Sequence[str] = ()
    resized: Sequence[str] = ()
    """Those that are longer or shorter than when they were written."""
    unreadable: str = ""
    """Why its manifest cannot be read, in a sentence; empty where it can."""


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
    if error is not None:
        return _blocked(rule.__name__, error)
    sentence = (rule.__doc__ or "").split("\n")[0]
    return RuleOutcome(rule.__name__, Outcome.PASSED, sentence)


def _blocked(rule: str, error: SitekeepError) -> RuleOutcome:
    return RuleOutcome(rule, Outcome.BLOCKED, error.message, error)


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
    packs: StoredPacks | Unseen,
    content: Content,
    scope: RestoreScope,
    profile: Profile,
    now: datetime.datetime,
) -> list[RuleOutcome]:
    """Every rule about starting a restore, in the documented order; each is there always."""
    return [
        _judge(restore_scope_is_offered, scope, profile),
        _judge(organization_is_enrolled, organization, profile),
        _judge(product_encryption_is_supported, target, profile),
        _judge(backup_is_finished, backup),
        _judge(backup_is_not_expired, backup, now),
        backup_is_complete(backup, scope.allow_incomplete),
        _judge(target_has_the_type_of_the_backup, backup, target),
        _judge(product_is_free, target, lock),
        _judge(last_restore_is_old_enough, backup, profile, now),
        backup_is_sound(backup, packs, scope.salvage),
        target_is_empty(target, content, profile),
    ]


def expire_time(end_time: datetime.datetime, retention: datetime.timedelta) -> datetime.datetime:
    """The instant from which a backup cannot be restored; until it, it can."""
    return end_time + retention


def is_kept_as_last(is_last_complete: bool, profile: Profile) -> bool:
    """The last complete backup of a product is never removed, where the profile says so."""
    return is_last_complete and profile.keeps_last_complete


def retention_of(policy_seconds: int | None, profile: Profile) -> datetime.timedelta:
    """How long backups are kept: what the policy says where it may, else what the profile says."""
    if policy_seconds is None or not profile.retention_settable:
        return profile.retention
    return datetime.timedelta(seconds=policy_seconds)


def next_backup_time(
    last_complete: datetime.datetime | None, profile: Profile
) -> datetime.datetime | None:
    """From when on the next backup may run, by the create time of the last complete one.

    None: now.
    """
    if last_complete is None or profile.backup_window is None:
        return None
    return last_complete + profile.backup_window


def next_restore_time(
    last_restore: datetime.datetime | None, profile: Profile
) -> datetime.datetime | None:
    """From when on a backup may be restored again; None: now."""
    if last_restore is None or profile.restore_window is None:
        return None
    return last_restore + profile.restore_window


def retention_is_offered(
    field: str, retention: datetime.timedelta, profile: Profile
) -> SitekeepError | None:
    """Backups are kept for as long as the profile says, unless it lets policies choose."""
    if profile.retention_settable or retention == profile.retention:
        return None
    return _not_offered(
        field,
        f"The profile {profile.name} keeps every backup for {_words(profile.retention)}. Leave "
        f"`{field}` empty, or run the server with the profile {SELF_HOSTED.name}.",
        profile,
    )


def restore_scope_is_offered(scope: RestoreScope, profile: Profile) -> SitekeepError | None:
    """The restore leaves nothing out that it has to bring back."""
    if not scope.skip_attachments or profile.attachments_skippable:
        return None
    offering = f"{GENERAL_AVAILABILITY.name} or {SELF_HOSTED.name}"
    return _not_offered(
        "restore.skip_attachments",
        f"The profile {profile.name} restores attachments always. Leave "
        f"`restore.skip_attachments` unset, or run the server with the profile {offering}.",
        profile,
    )


def _not_offered(field: str, message: str, profile: Profile) -> SitekeepError:
    return PreconditionFailed(
        "OPTION_NOT_OFFERED",
        message,
        {"field": field, "profile": profile.name},
        [Violation("OPTION", field, f"not offered by the profile {profile.name}")],
    )


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
    metadata = {"product": product.name, "operation": lock.operation, "holder": lock.holder}
    if lock.lease_expire_time is not None:
        metadata["leaseExpireTime"] = lock.lease_expire_time.isoformat()
    return Conflict(
        "BACKUP_IN_PROGRESS" if lock.kind == "backup" else "RESTORE_IN_PROGRESS",
        f"A {lock.kind} of {product.name} is in progress: {lock.operation}. "
        "Wait until it has ended, or cancel it.",
        metadata,
        resource=("google.longrunning.Operation", lock.operation),
    )


def last_complete_backup_is_old_enough(
    product: ProductFacts,
    last_complete: BackupFacts | None,
    profile: Profile,
    now: datetime.datetime,
) -> SitekeepError | None:
    """The last complete backup of the product is older than the window."""
    if last_complete is None:
        return None
    allowed = next_backup_time(last_complete.create_time, profile)
    if allowed is None or now >= allowed:
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


def backup_is_not_being_verified(
    backup: BackupFacts, running: LockFacts | None
) -> SitekeepError | None:
    """No verification of the backup is running."""
    if running is None:
        return None
    return Conflict(
        "VERIFICATION_IN_PROGRESS",
        f"A verification of {backup.name} is in progress: {running.operation}. "
        "Wait until it has ended, or cancel it.",
        {"backup": backup.name, "operation": running.operation},
        resource=("google.longrunning.Operation", running.operation),
    )


def backup_is_readable(backup: BackupFacts, now: datetime.datetime) -> SitekeepError | None:
    """The backup ended with something, and is within the time that it is kept for."""
    return backup_is_finished(backup) or backup_is_not_expired(backup, now)


def backup_is_complete(backup: BackupFacts, allow_incomplete: bool) -> RuleOutcome:
    """The backup holds everything that the site listed."""
    rule = "backup_is_complete"
    ended = backup.final_state or backup.state
    if ended == "COMPLETE":
        return RuleOutcome(rule, Outcome.PASSED, "The backup holds everything that was listed.")
    if ended != "INCOMPLETE":
        return RuleOutcome(rule, Outcome.WARNED, f"{backup.name} holds nothing to restore.")
    missing = ", ".join(backup.missing) or "see its issues"
    if allow_incomplete:
        return RuleOutcome(rule, Outcome.WARNED, f"{backup.name} is incomplete: {missing}.")
    return _blocked(rule, _incomplete(backup, missing))


def _incomplete(backup: BackupFacts, missing: str) -> SitekeepError:
    return PreconditionFailed(
        "BACKUP_INCOMPLETE",
        f"{backup.name} is incomplete: {missing}. Set `allow_incomplete` to restore what it has.",
        {"backup": backup.name},
        [Violation("INCOMPLETE", backup.name, text) for text in backup.missing or [missing]],
    )


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
    allowed = next_restore_time(backup.last_restore_time, profile)
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


def backup_is_sound(backup: BackupFacts, packs: StoredPacks | Unseen, salvage: bool) -> RuleOutcome:
    """Nothing that is known of the backup is damaged: no pack, and what verifications read."""
    rule = "backup_is_sound"
    lost = _lost(backup, packs)
    # Salvage asks for what can be read; without it, what is known already decides: the same
    # is said whether the packs were looked at or not.
    damage = (lost if salvage else "") or _found_damage(backup) or lost or _damage(backup, packs)
    if not damage and isinstance(packs, Unseen):
        text = f"Whether {backup.name} is whole was not looked at: {_sentence(packs.why)}"
        return RuleOutcome(rule, Outcome.WARNED, text)
    if not damage:
        return RuleOutcome(rule, Outcome.PASSED, f"Every pack that {backup.name} needs is there.")
    if salvage and damage != lost:
        text = f"{damage} What can be read is restored, what is lost is named."
        return RuleOutcome(rule, Outcome.WARNED, text)
    way_out = ", or set `salvage` to restore what can still be read of this one"
    advice = f"Restore another backup{'' if damage == lost else way_out}."
    return _blocked(rule, Damaged("ARCHIVE_CORRUPT", f"{damage} {advice}", {"backup": backup.name}))


def _lost(backup: BackupFacts, packs: StoredPacks | Unseen) -> str:
    """That nothing of the backup can be read, in a sentence; empty where something may be."""
    why = "" if isinstance(packs, Unseen) else packs.unreadable
    return why and f"{backup.name} is damaged beyond reading: {_sentence(why)}"


def _found_damage(backup: BackupFacts) -> str:
    """That a verification found damage, in a sentence; empty where none did."""
    if backup.damage_time is None:
        return ""
    when = f"{backup.damage_time:%Y-%m-%d %H:%M} UTC"
    return f"{backup.name} is damaged, as its verification of {when} found."


def _damage(backup: BackupFacts, packs: StoredPacks | Unseen) -> str:
    """Which packs are damaged, in a sentence; empty where none is known to be."""
    if isinstance(packs, Unseen) or not (packs.missing or packs.resized):
        return ""
    damaged = [*packs.missing, *packs.resized]
    named = ", ".join(damaged[:NAMED_PACKS]) + (", …" if len(damaged) > NAMED_PACKS else "")
    return (
        f"{backup.name} is damaged: of its {packs.needed} packs {len(packs.missing)} are "
        f"missing and {len(packs.resized)} have another length: {named}."
    )


def target_is_empty(target: ProductFacts, content: Content, profile: Profile) -> RuleOutcome:
    """The destination holds no active, trashed or archived content."""
    rule = "target_is_empty"
    if isinstance(content, Unseen):
        text = f"Whether {target.name} is empty was not looked at: {_sentence(content.why)}"
        return RuleOutcome(rule, Outcome.WARNED, text)
    if not content:
        return RuleOutcome(rule, Outcome.PASSED, f"{target.name} is empty.")
    text = f"{target.name} is not empty. {_listed(content)}"
    if profile.destination_may_hold_content:
        kept = "What is there stays; what it is in the way of becomes an issue of the restore."
        return RuleOutcome(rule, Outcome.WARNED, f"{kept} {text}")
    metadata = {"product": target.name, "findingCount": str(len(content))}
    return _blocked(rule, PreconditionFailed("TARGET_NOT_EMPTY", text, metadata, list(content)))


def _listed(content: Sequence[Violation]) -> str:
    found = " ".join(_sentence(violation.description) for violation in content[:5])
    return f"{found} And {len(content) - 5} more." if len(content) > 5 else found


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _words(window: datetime.timedelta | None) -> str:
    days = 0 if window is None else window.days
    return "day" if days == 1 else f"{days} days"
