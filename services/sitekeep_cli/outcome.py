"""How a finished operation ends the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli import failures, wording
from sitekeep_cli.errors import CommandError
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import SystemClock

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

Result = backup_pb2.Backup | restore_pb2.Restore | restore_pb2.VerificationReport

_OF_STATE = {
    "COMPLETE": ExitCode.OK,
    "INCOMPLETE": ExitCode.INCOMPLETE,
    "IN_PROGRESS": ExitCode.OK,
    "EXPIRED": ExitCode.OK,
    "SOUND": ExitCode.OK,
}


def result_of(operation: Operation) -> Result | None:
    """The resource or report that a finished operation answers; None where it failed."""
    for kind in (backup_pb2.Backup, restore_pb2.Restore, restore_pb2.VerificationReport):
        if operation.response.Is(kind.DESCRIPTOR):
            result = kind()
            operation.response.Unpack(result)
            return result
    return None


def state_of(result: Result) -> str:
    """The name of the state; a report's is what it found."""
    if isinstance(result, restore_pb2.VerificationReport):
        return "SOUND" if result.sound else "DAMAGED"
    return wording.constant(result, "state")


def exit_code_of(result: Result) -> ExitCode:
    """The exit code that the state stands for."""
    return _OF_STATE.get(state_of(result), ExitCode.FAILED)


def require_success(operation: Operation) -> None:
    """Raises what the operation failed with.

    Raises:
        CommandError: the operation has an error.
    """
    if operation.HasField("error"):
        failure = failures.of_status(operation.error)
        raise CommandError(failures.paragraph(failure, SystemClock()), ExitCode.FAILED)
