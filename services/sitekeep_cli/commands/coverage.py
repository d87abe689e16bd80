"""The coverage table, printed."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from sitekeep_cli import wording
from sitekeep_cli.call import Call
from sitekeep_cli.errors import UsageError
from sitekeep_cli.verbs import with_call
from sitekeep_shared import coverage as shared


class Product(enum.StrEnum):
    """A product that the table can be cut down to."""

    JIRA = "jira"
    CONFLUENCE = "confluence"


COLUMNS = ("PRODUCT", "KIND", "BACKED UP", "RESTORED", "WHAT IS LOST AND WHY", "PROVEN BY")


def _coverage(
    call: Call,
    product: Annotated[
        Product | None, typer.Option("--product", help="Only that product.", case_sensitive=False)
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="Only kinds with that word in their name.")
    ] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="As a Markdown table.")] = False,
) -> None:
    rows = _wanted(product, kind)
    if not rows:
        message = f"No kind has “{kind}” in its name; without --kind all are shown."
        raise UsageError(message)
    if call.output.as_json:
        call.output.document([dataclasses.asdict(row) for row in rows])
    elif markdown:
        call.output.console.file.write(as_markdown(rows))
    else:
        call.output.table(COLUMNS, map(_cells, rows))


def _wanted(product: Product | None, kind: str) -> list[shared.CoverageRow]:
    word = kind.casefold().replace(" ", "_").replace("-", "_")
    return [
        row for row in shared.table() if product in (None, row.product) and word in row.kind.value
    ]


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
