"""Operations: backups, restores and verifications while they run, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from google.longrunning import operations_pb2 as pb

from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli import failures
from sitekeep_cli.call import Call
from sitekeep_cli.display import Silent
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.names import short
from sitekeep_cli.outcome import exit_code_of, require_success, result_of, state_of
from sitekeep_cli.output import json_form
from sitekeep_cli.progress import Progress, metadata_of
from sitekeep_cli.verbs import group, verb
from sitekeep_cli.watching import events, follow

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

application = group("Backups, restores and verifications while they run: watch, wait, cancel.")

Identifier = Annotated[str, typer.Argument(help="The id or full name of the operation.")]


@verb(application, "list")
def list_(
    call: Call,
    running: Annotated[bool, typer.Option("--running", help="Only those that still run.")] = False,
) -> None:
    """List operations."""
    request = pb.ListOperationsRequest(name=call.organization)
    response = pb.ListOperationsResponse()
    while True:
        page = call.operations.ListOperations(request)
        response.operations.extend(one for one in page.operations if not (running and one.done))
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    if call.output.as_json:
        call.output.message(response)
        return
    call.output.table(
        ("ID", "WHAT", "STATE", "#DONE", "PHASE"), [_row(one) for one in response.operations]
    )


@verb(application)
def show(call: Call, identifier: Identifier) -> None:
    """Show an operation as it stands."""
    name = call.resource("operations", identifier)
    operation = call.operations.GetOperation(pb.GetOperationRequest(name=name))
    _show(call, operation)


@verb(application)
def watch(call: Call, identifier: Identifier) -> None:
    """Show the progress of an operation until it is done; with --json a line for each change."""
    name = call.resource("operations", identifier)
    if call.output.as_json:
        ended = _watch_json(call, name)
    else:
        ended = follow(call, pb.Operation(name=name), "operation")
        _show(call, ended)
    raise typer.Exit(_exit_code(ended))


@verb(application)
def wait(call: Call, identifier: Identifier) -> None:
    """Wait until an operation is done, without showing progress."""
    name = call.resource("operations", identifier)
    ended = follow(call, pb.Operation(name=name), "operation", silent=True)
    _show(call, ended)
    raise typer.Exit(_exit_code(ended))


@verb(application)
def cancel(call: Call, identifier: Identifier) -> None:
    """Ask an operation to stop; what it has done so far is kept for the record."""
    name = call.resource("operations", identifier)
    answer = call.operations.CancelOperation(pb.CancelOperationRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{short(name)} is asked to stop.")


def _watch_json(call: Call, name: str) -> Operation:
    latest = pb.Operation(name=name)
    for latest in events(call, name, Silent()):
        call.output.line(json_form(latest))
    return latest


def _exit_code(operation: Operation) -> ExitCode:
    if operation.HasField("error"):
        return ExitCode.FAILED
    result = result_of(operation)
    return exit_code_of(result) if result is not None else ExitCode.OK


def _what(operation: Operation) -> str:
    metadata = metadata_of(operation)
    if metadata is None:
        return "-"
    resource = getattr(metadata, "backup", "") or getattr(metadata, "restore", "")
    what = "/".join(resource.split("/")[-2:])
    is_verification = isinstance(metadata, restore_pb2.VerifyBackupMetadata)
    return f"verification of {what}" if is_verification else what


def _state(operation: Operation) -> str:
    if not operation.done:
        return "running"
    if operation.HasField("error"):
        cancelled = failures.of_status(operation.error).reason == "OPERATION_CANCELLED"
        return f"{'cancelled' if cancelled else 'failed'}: {operation.error.message}"
    result = result_of(operation)
    return state_of(result).lower() if result is not None else "done"


def _row(operation: Operation) -> tuple[str, ...]:
    metadata = metadata_of(operation)
    progress = Progress(metadata) if metadata is not None else None
    return (
        short(operation.name),
        _what(operation),
        _state(operation),
        f"{progress.percent} %" if progress else "",
        progress.phase if progress and not operation.done else "",
    )


def _show(call: Call, operation: Operation) -> None:
    if call.output.as_json:
        call.output.message(operation)
        return
    metadata = metadata_of(operation)
    facts = [
        ("operation", short(operation.name)),
        ("what", _what(operation)),
        ("state", _state(operation)),
    ]
    if metadata is not None:
        progress = Progress(metadata)
        facts += [
            ("phase", "" if operation.done else f"{progress.phase}, {progress.percent} %"),
            ("units", f"{metadata.done_unit_count} of {metadata.unit_count}"),
            ("so far", f"{progress.speed()}"),
            ("counts", progress.kinds()),
            ("trouble", progress.trouble),
        ]
    call.output.facts(facts)
    require_success(operation)
