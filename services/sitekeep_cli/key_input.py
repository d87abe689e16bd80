"""What a person gives for the vault's key: a passphrase, the lines of a sheet, a file to make."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sitekeep_cli.errors import CommandError, UsageError

if TYPE_CHECKING:
    from sitekeep_cli.output import Output
    from sitekeep_shared.vault.keys import WholeKey
    from sitekeep_shared.vault.passphrase import Passphrase

TYPED = "-"
"""In the place of a file: what is typed, or comes through a pipe."""


def at_terminal() -> bool:
    """Whether somebody is there to type."""
    return sys.stdin.isatty()


@contextlib.contextmanager
def new_file(path: Path, option: str) -> Generator[None]:
    """Turns a file that is there already into the end of the command.

    Raises:
        CommandError: it is there.
    """
    try:
        yield
    except FileExistsError as error:
        raise CommandError(
            f"{path} is there already, and a key file is never overwritten. Move it away, or name "
            f"another place: {option}."
        ) from error


def new_passphrase(path: Path | None) -> Passphrase:
    """A passphrase that is to be used from now on: from a file, or typed twice.

    Raises:
        UsageError: there is neither a file nor a terminal.
        WrongKey: it is too short.
    """
    given = passphrase(path, confirm=True)
    given.check_strength()
    return given


def passphrase(
    path: Path | None, question: str = "Passphrase", *, confirm: bool = False
) -> Passphrase:
    """A passphrase: from a file, or typed without being shown.

    Raises:
        UsageError: the file cannot be read, or there is neither a file nor a terminal.
    """
    from sitekeep_shared.vault.passphrase import Passphrase

    if path is not None:
        return Passphrase(_text(path).rstrip("\r\n"))
    if not at_terminal():
        raise UsageError("There is no terminal to type a passphrase at: use --passphrase-file.")
    typed = typer.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True)
    return Passphrase(str(typed))


def sheet(source: str, output: Output) -> WholeKey:
    """The key from a recovery sheet: a file, or ``-`` for what is typed or piped.

    Raises:
        MistypedLine: a line is not what was printed.
        UsageError: the file cannot be read.
    """
    from sitekeep_shared.vault.key_sheet import read_sheet

    if source != TYPED:
        return read_sheet(_text(Path(source)).splitlines())
    if not at_terminal():
        return read_sheet(sys.stdin)
    return _typed_sheet(lambda label: str(typer.prompt(label, err=True)), output)


def _typed_sheet(ask: Callable[[str], str], output: Output) -> WholeKey:
    """Each line is checked when it is typed, and asked for again where it is wrong."""
    from sitekeep_shared.vault.key_sheet import MistypedLine, SheetReader

    reader = SheetReader()
    output.say("Type the lines of the sheet; the first one with its number, such as 1/4.")
    while not reader.is_complete:
        try:
            reader.take(reader.labelled(ask(f"Line {reader.next_label}")))
        except MistypedLine as error:
            output.say(str(error))
    return reader.finish()


def _text(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text.") from error
