"""Backups."""

from __future__ import annotations

import enum
import uuid
from typing import Annotated

import typer

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import verification_pb2
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.commands.issues import show_contents, show_issues
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.levels import Level, LevelOption
from sitekeep_cli.names import in_use, short
from sitekeep_cli.outcome import exit_code_of, state_of
from sitekeep_cli.verbs import group, verb
from sitekeep_cli.watching import result_of_followed

application = group(
    "Backups: always full: every project (space), issue (work item), page, file and user."
)

Identifier = Annotated[str, typer.Argument(help="The id or full name of the backup.")]


class State(enum.StrEnum):
    """The states that a list can be narrowed to."""

    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@verb(application)
def create(
    call: Call,
    policy: Annotated[str, typer.Option("--policy", help="The policy to back up by.")],
    identifier: Annotated[str, typer.Argument(help="The id that the backup gets.")] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch it until it ends.")] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether a backup may start now.")
    ] = False,
) -> None:
    """Start a backup, and watch it unless told otherwise."""
    name = call.resource("backupPolicies", policy)
    request = pb.CreateBackupRequest(
        parent=call.parent_of(name),
        backup_id=identifier,
        backup=pb.Backup(backup_policy=name),
        request_id=str(uuid.uuid4()),
        validate_only=check,
    )
    operation = call.backups.CreateBackup(request)
    if check or not wait:
        _started(call, operation, check=check)
        return
    result = result_of_followed(call, operation, "backup", silent=call.output.as_json)
    assert isinstance(result, pb.Backup)
    _show(call, result)
    raise typer.Exit(exit_code_of(result))


def _started(call: Call, operation: object, *, check: bool) -> None:
    from google.longrunning import operations_pb2

    assert isinstance(operation, operations_pb2.Operation)
    if call.output.as_json:
        call.output.message(operation)
    elif check:
        call.output.say("Allowed: a backup may start now.")
    else:
        call.output.say(f"Started. Watch it: sitekeep operation watch {short(operation.name)}")


@verb(application, "list")
def list_(
    call: Call,
    product: Annotated[str, typer.Option("--product", help="Of this product (app) only.")] = "",
    state: Annotated[list[State] | None, typer.Option("--state", help="In this state.")] = None,
) -> None:
    """List backups, the youngest first."""
    request = pb.ListBackupsRequest(
        parent=call.organization,
        product=call.resource("products", product) if product else "",
        states=[pb.Backup.State.Value(one.name) for one in state or ()],
    )
    found = paging.whole(call.backups.ListBackups, request)
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "PRODUCT", "STATE", "CREATED", "RESTORABLE UNTIL", "VERIFIED", "#SIZE", "#ISSUES"),
        [
            (
                short(one.name),
                short(one.product),
                _state(one),
                wording.time(one.create_time),
                wording.time(one.expire_time),
                wording.time(one.last_verified_time),
                wording.size(one.size_bytes),
                str(one.issue_count or ""),
            )
            for one in found.backups
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show a backup and what it holds."""
    request = pb.GetBackupRequest(name=call.resource("backups", identifier))
    _show(call, call.backups.GetBackup(request))


@verb(application)
def issues(call: Call, identifier: Identifier) -> None:
    """List what the backup could not hold, and why."""
    request = pb.ListBackupIssuesRequest(parent=call.resource("backups", identifier))
    found = paging.whole(call.backups.ListBackupIssues, request)
    if call.output.as_json:
        call.output.message(found)
    else:
        show_issues(call.output, found.issues)


@verb(application)
def verify(
    call: Call,
    identifier: Identifier,
    level: LevelOption = Level.DATA,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch it until it ends.")] = True,
) -> None:
    """Read everything that a backup holds; exit code 1 unless it is all as it was written."""
    name = call.resource("backups", identifier)
    request = restore_pb2.VerifyBackupRequest(
        name=name,
        request_id=str(uuid.uuid4()),
        level=verification_pb2.Verification.Level.Value(level.name),
    )
    operation = call.restores.VerifyBackup(request)
    if not wait:
        _started(call, operation, check=False)
        return
    report = result_of_followed(call, operation, "verification", silent=call.output.as_json)
    assert isinstance(report, restore_pb2.VerificationReport)
    _show_report(call, report)
    raise typer.Exit(exit_code_of(report))


@verb(application)
def delete(call: Call, identifier: Identifier) -> None:
    """Delete a backup for good."""
    name = call.resource("backups", identifier)
    answer = call.backups.DeleteBackup(pb.DeleteBackupRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{short(name)} is deleted.")


def _show_report(call: Call, report: restore_pb2.VerificationReport) -> None:
    if call.output.as_json:
        call.output.message(report)
        return
    call.output.facts(
        [
            ("backup", short(report.backup)),
            ("state", wording.words(state_of(report))),
            ("verified", wording.time(report.verify_time)),
            ("level", wording.words(wording.constant(report, "level"))),
            ("read", _coverage(report)),
            ("damaged", wording.number(report.damaged_count) if report.damaged_count else ""),
        ]
    )
    show_contents(call.output, report.counts)
    if report.damaged_packs:
        packs = [(name,) for name in report.damaged_packs]
        call.output.table(("PACK THAT IS MISSING OR NOT WHAT WAS WRITTEN",), packs)
    if report.damaged_entities:
        damaged = [(each.entity, each.description) for each in report.damaged_entities]
        call.output.table(("DAMAGED", "WHY"), damaged)
    shown = len(report.damaged_entities)
    if shown and report.damaged_count > shown:
        call.output.say(f"The first {shown} are shown.")


def _coverage(report: restore_pb2.VerificationReport) -> str:
    if not report.total_bytes:
        return ""
    return f"{wording.size(report.read_bytes)} of {wording.size(report.total_bytes)}"


def _state(backup: pb.Backup) -> str:
    state = wording.words(pb.Backup.State.Name(backup.state))
    return f"{state}, DAMAGED" if backup.damaged else state


def _verification(backup: pb.Backup) -> str:
    if not backup.HasField("last_verification"):
        return ""
    last = backup.last_verification
    found = "sound" if last.sound else "DAMAGED"
    level = wording.words(wording.constant(last, "level"))
    return f"{wording.time(last.verify_time)}: {level}, {found}"


def _show(call: Call, backup: pb.Backup) -> None:
    if call.output.as_json:
        call.output.message(backup)
        return
    call.output.facts(
        [
            ("backup", short(backup.name)),
            ("product", short(backup.product)),
            ("policy", short(backup.backup_policy)),
            ("state", _state(backup)),
            ("created", wording.time(backup.create_time)),
            ("ended", wording.time(backup.end_time)),
            ("restorable until", wording.time(backup.expire_time)),
            ("next restore from", wording.time(backup.next_restore_time)),
            ("size", wording.size(backup.size_bytes)),
            ("in the vault", backup.manifest_key.removeprefix("backups/")),
            ("operation", in_use(backup.operation)),
            ("digest", backup.archive_digest),
            ("last verification", _verification(backup)),
            ("all of it read", wording.time(backup.last_verified_time)),
            ("error", backup.error.message),
        ]
    )
    show_contents(call.output, backup.contents)
    if exit_code_of(backup) is ExitCode.INCOMPLETE or backup.issue_count:
        call.output.say(f"{backup.issue_count} issues: sitekeep backup issues {short(backup.name)}")
