"""What did not go through, listed; backups and restores alike."""

from __future__ import annotations

from collections.abc import Iterable

from sitekeep.type.v1 import content_pb2
from sitekeep_cli import wording
from sitekeep_cli.output import Output
from sitekeep_cli.progress import kind_name


def show_issues(output: Output, issues: Iterable[content_pb2.Issue]) -> None:
    """Prints each issue with what it is about and why."""
    output.table(
        ("SEVERITY", "KIND", "WHAT", "#COUNT", "WHY"),
        [
            (
                wording.words(content_pb2.Issue.Severity.Name(issue.severity)),
                kind_name(issue.entity_kind),
                issue.entity,
                wording.number(max(issue.count, 1)),
                issue.status.message,
            )
            for issue in issues
        ],
    )


def show_contents(output: Output, contents: Iterable[content_pb2.EntityCount]) -> None:
    """Prints the counts per kind."""
    output.table(
        ("KIND", "#EXPECTED", "#DONE", "#WITH LOSS", "#MISSING", "#SIZE"),
        [
            (
                kind_name(count.kind),
                wording.number(count.expected_count),
                wording.number(count.done_count),
                wording.number(count.lossy_count) if count.lossy_count else "",
                wording.number(count.missing_count) if count.missing_count else "",
                wording.size(count.size_bytes) if count.size_bytes else "",
            )
            for count in contents
        ],
    )
