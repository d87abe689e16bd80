"""Backup policies."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from sitekeep.backup.v1 import backup_policy_pb2 as pb
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.errors import UsageError
from sitekeep_cli.names import in_use, short
from sitekeep_cli.verbs import group, verb

_SECONDS_A_DAY = 24 * 60 * 60

application = group("Backup policies, one for each product.")

Identifier = Annotated[str, typer.Argument(help="The id or full name of the policy.")]
Attachments = Annotated[
    bool | None,
    typer.Option("--attachments/--no-attachments", help="Whether files are backed up."),
]
Name = Annotated[str | None, typer.Option("--name", help="How people call it.")]
Schedule = Annotated[
    str | None,
    typer.Option("--schedule", help="A cron expression in UTC, where the rules allow one."),
]
Retention = Annotated[
    int | None,
    typer.Option(
        "--retention-days",
        help="How long each backup is kept, where the rules let a policy say so.",
        min=1,
        max=36_525,
    ),
]


@verb(application)
def create(
    call: Call,
    product: Annotated[str, typer.Option("--product", help="The product (app) to back up.")],
    identifier: Annotated[str, typer.Argument(help="The id that the policy gets.")] = "",
    name: Name = None,
    attachments: Attachments = None,
    schedule: Schedule = None,
    retention_days: Retention = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether it would be.")] = False,
) -> None:
    """Create the policy of a product."""
    policy = pb.BackupPolicy(
        product=call.resource("products", product),
        display_name=name or "",
        schedule=schedule or "",
        include_attachments=attachments,
        retention=_retention(retention_days),
    )
    request = pb.CreateBackupPolicyRequest(
        parent=call.parent_of(policy.product),
        backup_policy_id=identifier,
        backup_policy=policy,
        request_id=str(uuid.uuid4()),
        validate_only=check,
    )
    _show(call, call.policies.CreateBackupPolicy(request))


@verb(application, "list")
def list_(call: Call) -> None:
    """List policies."""
    request = pb.ListBackupPoliciesRequest(parent=call.organization)
    found = paging.whole(call.policies.ListBackupPolicies, request)
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "PRODUCT", "LAST COMPLETE BACKUP", "NEXT BACKUP FROM"),
        [
            (
                short(one.name),
                short(one.product),
                in_use(one.last_complete_backup),
                _next(one),
            )
            for one in found.backup_policies
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show a policy, and from when on the next backup may run."""
    request = pb.GetBackupPolicyRequest(name=call.resource("backupPolicies", identifier))
    _show(call, call.policies.GetBackupPolicy(request))


@verb(application)
def update(
    call: Call,
    identifier: Identifier,
    name: Name = None,
    attachments: Attachments = None,
    schedule: Schedule = None,
    retention_days: Retention = None,
) -> None:
    """Change a policy."""
    policy = pb.BackupPolicy(
        name=call.resource("backupPolicies", identifier),
        display_name=name or "",
        schedule=schedule or "",
        include_attachments=attachments,
        retention=_retention(retention_days),
    )
    given = {
        "display_name": name,
        "include_attachments": attachments,
        "schedule": schedule,
        "retention": retention_days,
    }
    paths = [path for path, value in given.items() if value is not None]
    if not paths:
        raise UsageError(
            "Say what to change: --name, --attachments, --schedule or --retention-days."
        )
    request = pb.UpdateBackupPolicyRequest(backup_policy=policy, update_mask=FieldMask(paths=paths))
    _show(call, call.policies.UpdateBackupPolicy(request))


@verb(application)
def delete(call: Call, identifier: Identifier) -> None:
    """Delete a policy; its backups stay until they expire."""
    name = call.resource("backupPolicies", identifier)
    answer = call.policies.DeleteBackupPolicy(pb.DeleteBackupPolicyRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{short(name)} is deleted.")


def _retention(days: int | None) -> Duration | None:
    return None if days is None else Duration(seconds=days * _SECONDS_A_DAY)


def _next(policy: pb.BackupPolicy) -> str:
    return wording.time(policy.next_backup_time) if policy.HasField("next_backup_time") else "now"


def _show(call: Call, policy: pb.BackupPolicy) -> None:
    if call.output.as_json:
        call.output.message(policy)
        return
    files = not policy.HasField("include_attachments") or policy.include_attachments
    call.output.facts(
        [
            ("policy", short(policy.name)),
            ("name", policy.display_name),
            ("product", short(policy.product)),
            ("files", "backed up" if files else "not backed up"),
            ("kept for", wording.duration(policy.retention.ToTimedelta())),
            ("schedule", policy.schedule),
            ("last complete backup", in_use(policy.last_complete_backup)),
            ("next backup from", _next(policy)),
        ]
    )
