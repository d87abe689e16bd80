"""The coverage table, printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from sitekeep_cli import wording
from sitekeep_cli.call import Call
from sitekeep_cli.verbs import with_call
from sitekeep_shared import coverage as shared

COLUMNS = ("PRODUCT", "KIND", "BACKED UP", "RESTORED", "WHAT IS LOST AND WHY", "PROVEN BY")


def _coverage(
    call: Call,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False,
) -> None:
    rows = shared.table()
    if call.output.as_json:
        call.output.document([dataclasses.asdict(row) for row in rows])
    elif markdown:
        call.output.console.file.write(as_markdown(rows))
    else:
        call.output.table(COLUMNS, map(_cells, rows))


def _cells(row: shared.CoverageRow) -> Sequence[str]:
    kind = wording.words(row.kind.value)
    return (row.product, kind, row.backed_up or "no", row.restored, row.loss, row.proven_by)


def as_markdown(rows: Iterable[shared.CoverageRow]) -> str:
    """The table in Markdown."""
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    lines += [_line(_cells(row)) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


command = with_call(_coverage)
