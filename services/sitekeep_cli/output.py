"""Where answers go: JSON documents or tables to standard output, all else to standard error."""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console

Row = Sequence[str]

_MODULES_OF_DETAILS = (
    "google.rpc.error_details_pb2",
    "sitekeep.backup.v1.backup_pb2",
    "sitekeep.restore.v1.restore_pb2",
)


@dataclass
class Output:
    """The two streams of the command."""

    as_json: bool = False

    @functools.cached_property
    def console(self) -> Console:
        """Standard output, for people."""
        return _console(stderr=False)

    @functools.cached_property
    def remarks(self) -> Console:
        """Standard error, for people: progress, hints, errors."""
        return _console(stderr=True)

    def document(self, document: object) -> None:
        """Prints one JSON document, indented."""
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def line(self, document: object) -> None:
        """Prints one JSON document on one line, at once."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def plain(self, text: str) -> None:
        """Prints a value alone, for a shell that takes it."""
        sys.stdout.write(f"{text}\n")

    def message(self, message: Message) -> None:
        """Prints a message of the contracts in its JSON form."""
        self.document(json_form(message))

    def say(self, text: str) -> None:
        """Says something to the person, beside the answer."""
        self.remarks.print(text, markup=False, highlight=False, soft_wrap=True)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Prints names and values below each other; empty values are left out."""
        from rich.table import Table

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in facts:
            if value and value != "-":
                grid.add_row(name, _plain(value))
        self.console.print(grid)

    def table(self, columns: Sequence[str], rows: Iterable[Row], *, title: str = "") -> None:
        """Prints a table; a column whose name starts with ``#`` holds numbers."""
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left")
        for column in columns:
            numbers = column.startswith("#")
            table.add_column(
                column.removeprefix("#"), justify="right" if numbers else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*map(_plain, row))
        self.console.print(table)


def json_form(message: Message) -> Any:
    """The JSON form of a message, with its details decoded."""
    from google.protobuf import json_format

    # Details travel as Any: they are decoded only where their types are known.
    for module in _MODULES_OF_DETAILS:
        importlib.import_module(module)
    return json_format.MessageToDict(message)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # A pipe has no width: nothing that a program reads may be cut.
    width = None if stream.isatty() else 200
    return Console(file=stream, width=width)


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(text)
