"""What the command raises on purpose.

CommandError
└── UsageError
"""

from __future__ import annotations

from sitekeep_cli.exit_codes import ExitCode


class CommandError(Exception):
    """Ends the command with a message for people and an exit code."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UsageError(CommandError):
    """An argument cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)
