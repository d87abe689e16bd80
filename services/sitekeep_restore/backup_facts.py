"""A backup as the Backup service shows it, in the words of the rules."""

from __future__ import annotations

import datetime

from sitekeep.backup.v1 import backup_pb2, organization_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_shared.rules import BackupFacts


def backup_facts(backup: backup_pb2.Backup) -> BackupFacts:
    """The facts of a backup by itself; its restores are not among them."""
    expires = None
    if backup.HasField("expire_time"):
        expires = backup.expire_time.ToDatetime(datetime.UTC)
    return BackupFacts(
        backup.name,
        backup_pb2.Backup.State.Name(backup.state),
        organization_pb2.Product.Type.Name(backup.product_type),
        backup.create_time.ToDatetime(datetime.UTC),
        expires,
        missing=[_missing(count) for count in backup.contents if count.missing_count],
        final_state=_state_name(backup.final_state),
        damage_time=_damage_time(backup),
    )


def _damage_time(backup: backup_pb2.Backup) -> datetime.datetime | None:
    # Of a later verification that looks less deep, where there was one.
    return backup.last_verification.verify_time.ToDatetime(datetime.UTC) if backup.damaged else None


def _state_name(state: backup_pb2.Backup.State.ValueType) -> str:
    return backup_pb2.Backup.State.Name(state) if state else ""


def _missing(count: content_pb2.EntityCount) -> str:
    kind = content_pb2.EntityKind.Name(count.kind).removeprefix("ENTITY_KIND_").lower()
    return f"{count.missing_count} of {count.expected_count} {kind.replace('_', ' ')}"
