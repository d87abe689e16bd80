"""Resources as messages: what the database holds, as the contracts show it."""

from __future__ import annotations

import base64
import datetime
import functools
from collections.abc import Mapping
from typing import Any, cast

from google.longrunning import operations_pb2
from google.protobuf import any_pb2, duration_pb2, timestamp_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from sqlalchemy import Row

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2, verification_pb2
from sitekeep_shared import rules
from sitekeep_shared.database.types import EPOCH
from sitekeep_shared.errors import Unavailable
from sitekeep_shared.locks import LockState
from sitekeep_shared.rpc.names import resource
from sitekeep_shared.rpc.status import DOMAIN, to_status
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.work.findings import NumberedFinding

AnyRow = Row[Any]


def timestamp(moment: datetime.datetime | None) -> timestamp_pb2.Timestamp | None:
    """An instant on the wire; None stays unset."""
    if moment is None:
        return None
    # As FromDatetime, in a third of its time: there are several in every answer.
    since = moment - EPOCH
    return timestamp_pb2.Timestamp(
        seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000
    )


def duration(delta: datetime.timedelta) -> duration_pb2.Duration:
    """A length of time on the wire."""
    message = duration_pb2.Duration()
    message.FromTimedelta(delta)
    return message


def packed(message: Message) -> any_pb2.Any:
    """The message in an Any."""
    envelope = any_pb2.Any()
    envelope.Pack(message)
    return envelope


@functools.cache
def entity_kind(kind: str) -> content_pb2.EntityKind.ValueType:
    """The contract's value of a kind of the vault."""
    return content_pb2.EntityKind.Value(f"ENTITY_KIND_{kind.upper()}")


def entity_counts(counts: Mapping[str, Mapping[str, int]]) -> list[content_pb2.EntityCount]:
    """Counts per kind, in the order of the kinds."""
    return [
        content_pb2.EntityCount(
            kind=entity_kind(kind),
            expected_count=count.get("expected", 0),
            done_count=count.get("done", 0),
            lossy_count=count.get("lossy", 0),
            missing_count=count.get("missing", 0),
            size_bytes=count.get("size_bytes", 0),
        )
        for kind, count in sorted(counts.items(), key=lambda item: entity_kind(item[0]))
    ]


def error_status(error: Mapping[str, Any] | None) -> status_pb2.Status | None:
    """A stored error as a status."""
    if not error:
        return None
    return status_pb2.Status.FromString(bytes.fromhex(error["status"]))


def stored_status(status: status_pb2.Status) -> dict[str, Any]:
    """A status as the database stores it."""
    return {"status": status.SerializeToString().hex(), "message": status.message}


def organization(row: AnyRow, held: rules.Profile) -> organization_pb2.Organization:
    """An organization, with the rules that hold."""
    return organization_pb2.Organization(
        name=f"organizations/{row.id}",
        display_name=row.display_name,
        enrolled=row.enrolled,
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
        etag=row.etag,
        profile=profile(held),
    )


def profile(held: rules.Profile) -> organization_pb2.Profile:
    """The rules that hold."""
    return organization_pb2.Profile(
        profile_id=held.name,
        enrolment_required=held.enrolment_required,
        backup_window=_window(held.backup_window),
        retention=duration(held.retention),
        retention_settable=held.retention_settable,
        last_complete_kept=held.keeps_last_complete,
        restore_window=_window(held.restore_window),
        destination_content_allowed=held.destination_may_hold_content,
        attachments_skippable=held.attachments_skippable,
        own_key_encryption_allowed=held.own_key_encryption_allowed,
    )


def _window(window: datetime.timedelta | None) -> duration_pb2.Duration | None:
    return None if window is None else duration(window)


def admin(row: AnyRow) -> organization_pb2.Admin:
    """An admin of an organization."""
    return organization_pb2.Admin(
        name=resource(row.organization, "admins", row.id),
        account_id=row.account_id,
        display_name=row.display_name,
    )


def api_key(row: AnyRow) -> api_key_pb2.ApiKey:
    """A key, without what is secret of it."""
    return api_key_pb2.ApiKey(
        name=f"apiKeys/{row.id}",
        account_id=row.account_id,
        display_name=row.display_name,
        create_time=timestamp(row.create_time),
        expire_time=timestamp(row.expire_time),
        revoke_time=timestamp(row.revoke_time),
    )


def product(row: AnyRow) -> organization_pb2.Product:
    """A product, without its credentials."""
    message = organization_pb2.Product
    return message(
        name=resource(row.organization, "products", row.id),
        type=message.Type.Value(row.type),
        display_name=row.display_name,
        site_uri=row.site_uri,
        encryption=message.Encryption.Value(row.encryption),
        apps=[message.App.Value(app) for app in row.apps or ()],
        has_credentials=row.credentials is not None,
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
        etag=row.etag,
    )


def policy(row: AnyRow, held: rules.Profile) -> backup_policy_pb2.BackupPolicy:
    """A row of ``facts.SHOWN_POLICIES``, with the next backup that the profile allows."""
    last = row.last_complete_id
    return backup_policy_pb2.BackupPolicy(
        name=resource(row.organization, "backupPolicies", row.id),
        uid=row.uid,
        product=resource(row.organization, "products", row.product_id),
        display_name=row.display_name,
        retention=duration(rules.retention_of(row.retention_seconds, held)),
        last_complete_backup=resource(row.organization, "backups", last) if last else "",
        next_backup_time=timestamp(rules.next_backup_time(row.last_complete_time, held)),
        include_attachments=row.include_attachments,
        schedule=row.schedule or "",
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
        etag=row.etag,
    )


def shown_backup(row: AnyRow, held: rules.Profile) -> backup_pb2.Backup:
    """A row of ``facts.SHOWN_BACKUPS``; one that is kept as the last one shows no end."""
    allowed = rules.next_restore_time(row.last_restore_time, held)
    message = backup(row, allowed)
    message.damaged = row.damage_time is not None
    verified = timestamp(row.last_verified_time)
    if verified is not None:
        message.last_verified_time.CopyFrom(verified)
    if row.last_verification_level is not None:
        message.last_verification.CopyFrom(_last_verification(row))
    if rules.is_kept_as_last(row.is_last_complete, held):
        message.ClearField("expire_time")
    return message


def _last_verification(row: AnyRow) -> verification_pb2.Verification:
    message = verification_pb2.Verification
    return message(
        level=message.Level.Value(Level(row.last_verification_level).name),
        sound=row.last_verification_sound,
        verify_time=timestamp(row.last_verification_verify_time),
    )


def backup(
    row: AnyRow,
    next_restore_time: datetime.datetime | None = None,
) -> backup_pb2.Backup:
    """A backup."""
    message = backup_pb2.Backup
    return message(
        name=resource(row.organization, "backups", row.id),
        uid=row.uid,
        backup_policy=row.policy,
        product=row.product_name,
        product_type=organization_pb2.Product.Type.Value(row.product_type),
        state=message.State.Value(row.state),
        final_state=message.State.Value(row.final_state or "STATE_UNSPECIFIED"),
        create_time=timestamp(row.create_time),
        end_time=timestamp(row.end_time),
        expire_time=timestamp(row.expire_time),
        next_restore_time=timestamp(next_restore_time),
        contents=entity_counts(row.counts or {}),
        size_bytes=row.size_bytes or 0,
        issue_count=row.issue_count or 0,
        error=error_status(row.error),
        operation=resource(row.organization, "operations", row.operation),
        archive_digest=row.archive_digest or "",
        manifest_key=row.manifest_key or "",
        etag=row.etag,
    )


def restore(row: AnyRow) -> restore_pb2.Restore:
    """A restore."""
    message = restore_pb2.Restore
    options: dict[str, bool] = row.options or {}
    return message(
        name=resource(row.organization, "restores", row.id),
        uid=row.uid,
        backup=row.backup_name,
        product=row.product_name,
        skip_users_and_groups=options.get("skip_users_and_groups", False),
        allow_incomplete=options.get("allow_incomplete", False),
        skip_attachments=options.get("skip_attachments", False),
        salvage=options.get("salvage", False),
        state=message.State.Value(row.state),
        create_time=timestamp(row.create_time),
        end_time=timestamp(row.end_time),
        contents=entity_counts(row.counts or {}),
        issue_count=row.issue_count or 0,
        error=error_status(row.error),
        operation=resource(row.organization, "operations", row.operation),
        etag=row.etag,
    )


def finding(parent: str, numbered: NumberedFinding) -> content_pb2.Issue:
    """A finding of a backup or a restore, with its reason as an ErrorInfo."""
    found = numbered.finding
    status = status_pb2.Status(code=code_pb2.DATA_LOSS, message=found.message)
    status.details.append(packed(error_details_pb2.ErrorInfo(reason=found.reason, domain=DOMAIN)))
    unit = base64.urlsafe_b64encode(numbered.unit_key.encode()).decode().rstrip("=")
    return content_pb2.Issue(
        name=f"{parent}/issues/{unit}.{numbered.number}",
        severity=content_pb2.Issue.Severity.Value(found.severity.value.upper()),
        entity_kind=entity_kind(found.kind.value),
        entity=found.key,
        status=status,
        count=found.count,
    )


def operation(row: AnyRow, resource_row: AnyRow | None) -> operations_pb2.Operation:
    """An operation with its metadata and, once it is done, its error or its resource."""
    message = operations_pb2.Operation(
        name=resource(row.organization, "operations", row.id),
        metadata=packed(_metadata(row)),
        done=row.state in DONE_STATES,
    )
    error = error_status(row.error)
    if message.done and error is not None:
        message.error.CopyFrom(error)
    elif message.done and row.kind == "verification":
        message.response.Pack(verification_report(row))
    elif message.done and resource_row is not None:
        make: Any = backup if row.kind == "backup" else restore
        message.response.Pack(make(resource_row))
    return message


def verification_report(row: AnyRow) -> restore_pb2.VerificationReport:
    """What the verification that this row of an operation is about found."""
    report: Mapping[str, Any] = row.report
    message = restore_pb2.VerificationReport
    return message(
        backup=row.resource_name,
        sound=report["sound"],
        verify_time=timestamp(row.end_time),
        counts=entity_counts(report["counts"]),
        damaged_count=report["damaged_count"],
        damaged_entities=[message.DamagedEntity(**each) for each in report["damaged_entities"]],
        damaged_packs=report["damaged_packs"],
        # Those of before there were levels read everything.
        level=verification_pb2.Verification.Level.Value(report.get("level", "DATA")),
        read_bytes=report.get("read_bytes", 0),
        total_bytes=report.get("total_bytes", 0),
    )


DONE_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")

# The metadata of each kind of operation, and its field that names the resource.
_METADATA: Mapping[str, tuple[Any, str]] = {
    "backup": (backup_pb2.CreateBackupMetadata, "backup"),
    "restore": (restore_pb2.CreateRestoreMetadata, "restore"),
    "verification": (restore_pb2.VerifyBackupMetadata, "backup"),
}


def _metadata(row: AnyRow) -> Message:
    progress = row.progress
    units = progress.get("unit_count", 0)
    ended = progress.get("done_unit_count", 0) + progress.get("failed_unit_count", 0)
    kind, resource_field = _METADATA[row.kind]
    metadata = kind(
        phase=kind.Phase.Value(row.phase or "QUEUED"),
        progress_percent=100 if row.state == "SUCCEEDED" else progress.get("percent", 0),
        counts=entity_counts(progress.get("counts", {})),
        start_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
        cancel_time=timestamp(row.cancel_time),
        unit_count=units,
        done_unit_count=ended,
    )
    setattr(metadata, resource_field, row.resource_name)
    if row.kind != "verification":
        _add_site(metadata, row)
    return cast(Message, metadata)


def _add_site(metadata: Any, row: AnyRow) -> None:
    """What only operations that work with a site have to say."""
    metadata.request_count = row.progress.get("request_count", 0)
    trouble = row.progress.get("trouble")
    if trouble and row.state not in DONE_STATES:
        error = Unavailable("UPSTREAM_UNAVAILABLE", trouble)
        metadata.partial_failures.append(to_status(error))


def lock(organization_id: str, product_id: str, state: LockState) -> operation_pb2.OperationLock:
    """The lock of a product, held or free."""
    message = operation_pb2.OperationLock(
        name=resource(organization_id, "operationLocks", product_id),
        product=resource(organization_id, "products", product_id),
        fencing_token=state.fence,
        etag=state.etag,
    )
    if state.held:
        message.kind = operation_pb2.OperationLock.Kind.Value(state.kind.upper())
        message.operation = resource(organization_id, "operations", state.operation)
        message.holder = state.holder
        message.acquire_time.FromDatetime(state.acquire_time)
        message.renew_time.FromDatetime(state.renew_time)
        message.expire_time.FromDatetime(state.expire_time)
    return message
