"""The end of the demonstration: what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sitekeep_cli.comparison.model import Json, KindResult
from sitekeep_cli.comparison.report import result_as_json, show_results
from sitekeep_cli.comparison.run import Outcome
from sitekeep_cli.output import Output
from sitekeep_shared.kinds import Kind


def files_kept(outcomes: Mapping[str, Outcome]) -> tuple[int, int]:
    """How many files came back byte for byte, and how many there were."""
    results = [one for one in _results(outcomes) if one.kind is Kind.ATTACHMENT]
    return sum(one.same_bytes for one in results), sum(one.source for one in results)


def _results(outcomes: Mapping[str, Outcome]) -> Iterator[KindResult]:
    for outcome in outcomes.values():
        yield from outcome.results


def show(output: Output, outcomes: Mapping[str, Outcome], seconds: float) -> None:
    """Prints the tables and the line about files."""
    for kind, outcome in outcomes.items():
        show_results(output, outcome.results, title=kind.title())
    same, total = files_kept(outcomes)
    output.console.print(
        f"{same} of {total} files are byte for byte what they were, by SHA-256. "
        f"All of it took {seconds:.0f} s.",
        highlight=False,
    )


def as_json(outcomes: Mapping[str, Outcome], broken: list[str], seconds: float) -> Json:
    """The summary as one JSON object."""
    same, total = files_kept(outcomes)
    return {
        "held": not broken,
        "broken": broken,
        "seconds": round(seconds, 1),
        "files": {"total": total, "byteIdentical": same},
        "products": {
            kind: {
                "differences": outcome.report.total,
                "undeclared": outcome.report.undeclared,
                "kinds": [result_as_json(result) for result in outcome.results],
            }
            for kind, outcome in outcomes.items()
        },
    }
