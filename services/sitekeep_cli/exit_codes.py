"""The exit codes of the command. Scripts rely on them: they never change."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """How a run of the command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    REFUSED = 4
    NOT_FOUND = 5
    NO_PERMISSION = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "failed, damaged, or differences that nothing declares",
    ExitCode.USAGE: "the command line or an argument is wrong",
    ExitCode.INCOMPLETE: "finished, but incomplete: something is missing and named",
    ExitCode.REFUSED: "refused by a rule; the message says from when on it is allowed",
    ExitCode.NOT_FOUND: "no such resource",
    ExitCode.NO_PERMISSION: "no permission, or no valid credentials",
    ExitCode.UNREACHABLE: "the server is unreachable",
    ExitCode.INTERRUPTED: "interrupted; an operation that was started goes on",
}


def explained() -> str:
    """The codes with their meanings, for the help text."""
    lines = [f"{code.value} {meaning}" for code, meaning in MEANINGS.items()]
    return "Exit codes: " + " · ".join(lines) + "."
