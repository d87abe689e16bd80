"""What a drill came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.report import result_as_json, show_differences, show_results
from sitekeep_cli.comparison.run import Outcome
from sitekeep_cli.names import short
from sitekeep_cli.output import Output
from sitekeep_shared.vault.examination import Examination


@dataclass
class Report:
    """What a drill came to."""

    backup: str
    examination: Examination
    outcome: Outcome | None = None
    """None where it never came to a comparison."""
    broken: list[str] = field(default_factory=list[str])
    """What did not hold, in words."""

    @property
    def sound(self) -> bool:
        """Whether the backup restores to what it was taken from, but for declared losses."""
        return not self.broken


def show(output: Output, report: Report) -> None:
    """Prints what is damaged, what differs, and what became of each kind."""
    if output.as_json:
        output.document(as_json(report))
        return
    damaged = report.examination.damaged_entities
    if damaged or report.examination.damaged_packs:
        packs = [(name, "missing, or not what was written")
                 for name in sorted(report.examination.damaged_packs)]  # fmt: skip
        output.table(("DAMAGED", "WHY"), [*packs, *((each.name, each.problem) for each in damaged)])
    if report.outcome is not None:
        if report.outcome.report.total:
            show_differences(output, report.outcome.report)
        show_results(output, report.outcome.results)
    if report.sound:
        output.say(f"{short(report.backup)} restores to what it was, but for declared losses.")
    else:
        output.say(f"The drill of {short(report.backup)} failed: {'; '.join(report.broken)}.")


def as_json(report: Report) -> Json:
    """The report as a JSON object."""
    outcome, found = report.outcome, report.examination
    return {
        "backup": report.backup,
        "sound": report.sound,
        "broken": report.broken,
        "damagedPacks": sorted(found.damaged_packs),
        "damagedEntities": [
            {"entity": each.name, "description": each.problem} for each in found.damaged_entities
        ],
        "differences": outcome.report.total if outcome else None,
        "undeclared": outcome.report.undeclared if outcome else None,
        "kinds": [result_as_json(result) for result in outcome.results] if outcome else [],
    }
