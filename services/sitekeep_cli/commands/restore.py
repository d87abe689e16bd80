"""Restores."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep_cli import failures, paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.commands.issues import show_contents, show_issues
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.names import in_use, short
from sitekeep_cli.outcome import exit_code_of
from sitekeep_cli.verbs import group, verb
from sitekeep_cli.watching import result_of_followed
from sitekeep_shared.clock import SystemClock

application = group("Restores into an empty product (app), and the check before one.")

Identifier = Annotated[str, typer.Argument(help="The id or full name of the restore.")]
Backup = Annotated[str, typer.Option("--backup", help="The backup to restore.")]
To = Annotated[str, typer.Option("--to", help="The product (app) to restore into.")]
SkipUsers = Annotated[
    bool, typer.Option("--skip-users-and-groups", help="Leave users and groups as they are.")
]
SkipAttachments = Annotated[
    bool, typer.Option("--skip-attachments", help="Leave files out, where the rules offer it.")
]
Salvage = Annotated[
    bool,
    typer.Option("--salvage", help="Restore what can be read of a damaged backup; name the rest."),
]
AllowIncomplete = Annotated[
    bool, typer.Option("--allow-incomplete", help="Restore a backup that misses something.")
]


@verb(application)
def check(
    call: Call,
    backup: Backup,
    to: To,
    skip_users_and_groups: SkipUsers = False,
    skip_attachments: SkipAttachments = False,
    allow_incomplete: AllowIncomplete = False,
    salvage: Salvage = False,
) -> None:
    """Say whether a restore may start, rule by rule, without starting it."""
    wanted = _wanted(
        call,
        backup,
        to,
        skip_users_and_groups=skip_users_and_groups,
        skip_attachments=skip_attachments,
        allow_incomplete=allow_incomplete,
        salvage=salvage,
    )
    request = pb.CheckRestoreRequest(parent=call.parent_of(wanted.backup), restore=wanted)
    answer = call.restores.CheckRestore(request)
    if call.output.as_json:
        call.output.message(answer)
    else:
        show_findings(call, answer)
    raise typer.Exit(ExitCode.OK if answer.allowed else ExitCode.REFUSED)


def show_findings(call: Call, answer: pb.CheckRestoreResponse) -> None:
    """Prints each rule with its outcome, and what blocks the restore."""
    outcomes = pb.CheckRestoreResponse.Finding.Outcome
    call.output.table(
        ("RULE", "OUTCOME", "WHAT IT SAYS"),
        [
            (finding.rule, wording.words(outcomes.Name(finding.outcome)), finding.message)
            for finding in answer.findings
        ],
    )
    for finding in answer.findings:
        if finding.outcome == pb.CheckRestoreResponse.Finding.BLOCKED:
            failure = failures.of_status(finding.status)
            call.output.say(failures.paragraph(failure, SystemClock()))
    if answer.allowed:
        call.output.say("Allowed: the restore may start now.")


@verb(application)
def create(
    call: Call,
    backup: Backup,
    to: To,
    identifier: Annotated[str, typer.Argument(help="The id that the restore gets.")] = "",
    skip_users_and_groups: SkipUsers = False,
    skip_attachments: SkipAttachments = False,
    allow_incomplete: AllowIncomplete = False,
    salvage: Salvage = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Watch it until it ends.")] = True,
) -> None:
    """Start a restore, and watch it unless told otherwise."""
    wanted = _wanted(
        call,
        backup,
        to,
        skip_users_and_groups=skip_users_and_groups,
        skip_attachments=skip_attachments,
        allow_incomplete=allow_incomplete,
        salvage=salvage,
    )
    request = pb.CreateRestoreRequest(
        parent=call.parent_of(wanted.backup),
        restore_id=identifier,
        restore=wanted,
        request_id=str(uuid.uuid4()),
    )
    operation = call.restores.CreateRestore(request)
    if not wait:
        if call.output.as_json:
            call.output.message(operation)
        else:
            call.output.say(f"Started. Watch it: sitekeep operation watch {short(operation.name)}")
        return
    result = result_of_followed(call, operation, "restore", silent=call.output.as_json)
    assert isinstance(result, pb.Restore)
    _show(call, result)
    raise typer.Exit(exit_code_of(result))


@verb(application, "list")
def list_(
    call: Call,
    backup: Annotated[str, typer.Option("--backup", help="Of this backup only.")] = "",
    product: Annotated[str, typer.Option("--product", help="Into this product only.")] = "",
) -> None:
    """List restores."""
    request = pb.ListRestoresRequest(
        parent=call.organization,
        backup=call.resource("backups", backup) if backup else "",
        product=call.resource("products", product) if product else "",
    )
    found = paging.whole(call.restores.ListRestores, request)
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "BACKUP", "INTO", "STATE", "CREATED", "#ISSUES"),
        [
            (
                short(one.name),
                short(one.backup),
                short(one.product),
                wording.words(pb.Restore.State.Name(one.state)),
                wording.time(one.create_time),
                str(one.issue_count or ""),
            )
            for one in found.restores
        ],
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show a restore and what came back."""
    request = pb.GetRestoreRequest(name=call.resource("restores", identifier))
    _show(call, call.restores.GetRestore(request))


@verb(application)
def issues(call: Call, identifier: Identifier) -> None:
    """List what did not come back, or came back with a loss, and why."""
    request = pb.ListRestoreIssuesRequest(parent=call.resource("restores", identifier))
    found = paging.whole(call.restores.ListRestoreIssues, request)
    if call.output.as_json:
        call.output.message(found)
    else:
        show_issues(call.output, found.issues)


def _wanted(
    call: Call,
    backup: str,
    to: str,
    *,
    skip_users_and_groups: bool,
    skip_attachments: bool,
    allow_incomplete: bool,
    salvage: bool,
) -> pb.Restore:
    return pb.Restore(
        backup=call.resource("backups", backup),
        product=call.resource("products", to),
        skip_users_and_groups=skip_users_and_groups,
        skip_attachments=skip_attachments,
        allow_incomplete=allow_incomplete,
        salvage=salvage,
    )


def _show(call: Call, restore: pb.Restore) -> None:
    if call.output.as_json:
        call.output.message(restore)
        return
    call.output.facts(
        [
            ("restore", short(restore.name)),
            ("backup", short(restore.backup)),
            ("into", short(restore.product)),
            ("state", wording.words(pb.Restore.State.Name(restore.state))),
            ("created", wording.time(restore.create_time)),
            ("ended", wording.time(restore.end_time)),
            ("operation", in_use(restore.operation)),
            ("error", restore.error.message),
        ]
    )
    show_contents(call.output, restore.contents)
    if restore.issue_count:
        call.output.say(
            f"{restore.issue_count} issues: sitekeep restore issues {short(restore.name)}"
        )
