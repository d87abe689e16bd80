"""The comparison of two backups."""

from __future__ import annotations

from typing import Annotated

import typer

from sitekeep_cli.call import Call
from sitekeep_cli.comparison.model import Difference, Mode
from sitekeep_cli.comparison.report import (
    as_json,
    result_as_json,
    show_differences,
    show_results,
)
from sitekeep_cli.comparison.run import Outcome, compare
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.verbs import with_call


def _compare(
    call: Call,
    left: Annotated[str, typer.Argument(help="The backup of the source.")],
    right: Annotated[str, typer.Argument(help="The backup to compare with it.")],
    mode: Annotated[
        Mode | None,
        typer.Option(
            "--mode",
            help="Whether the right one is of a restored site or of the same one; "
            "two products mean restored unless told.",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every single difference, not three of each group.")
    ] = False,
) -> None:
    differences: list[Difference] = []
    outcome = compare(
        call,
        call.resource("backups", left),
        call.resource("backups", right),
        mode,
        each=differences.append if every else lambda difference: None,
    )
    if call.output.as_json:
        _print_json(call, outcome, differences if every else None)
    else:
        _print(call, outcome, differences)
    raise typer.Exit(ExitCode.FAILED if outcome.report.undeclared else ExitCode.OK)


def _print_json(call: Call, outcome: Outcome, every: list[Difference] | None) -> None:
    kept = [one for group in outcome.report.sorted() for one in group.examples]
    call.output.document(
        {
            "mode": outcome.mode.value,
            "undeclared": outcome.report.undeclared,
            "total": outcome.report.total,
            "kinds": [result_as_json(result) for result in outcome.results],
            "differences": [as_json(one) for one in (kept if every is None else every)],
        }
    )


def _print(call: Call, outcome: Outcome, every: list[Difference]) -> None:
    if every:
        for one in every:
            call.output.line(as_json(one))
    elif outcome.report.total:
        show_differences(call.output, outcome.report)
    show_results(call.output, outcome.results)
    call.output.say(
        f"{outcome.report.total} differences, {outcome.report.undeclared} of them undeclared."
    )


command = with_call(_compare)
