"""What a comparison found, put together for people."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sitekeep_cli import wording
from sitekeep_cli.comparison.model import Difference, Json, KindResult
from sitekeep_cli.output import Output

EXAMPLES = 3
"""Differences that are kept of each group; the rest is counted."""
WIDTH = 60
"""Characters of a value that are shown."""

_INDEX = re.compile(r"\.\d+(?=\.|$)")


@dataclass
class Group:
    """Differences of one kind in one path, whatever the item."""

    kind: str
    path: str
    declared_by: str
    count: int = 0
    examples: list[Difference] = field(default_factory=list[Difference])


@dataclass
class Report:
    """All groups of one comparison."""

    groups: dict[tuple[str, str, str], Group] = field(
        default_factory=dict[tuple[str, str, str], Group]
    )

    def take(self, differences: Iterable[Difference]) -> None:
        """Adds differences."""
        for difference in differences:
            path = _INDEX.sub(".*", difference.path)
            key = (difference.kind.value, path, difference.declared_by)
            group = self.groups.setdefault(key, Group(*key))
            group.count += 1
            if len(group.examples) < EXAMPLES:
                group.examples.append(difference)

    @property
    def undeclared(self) -> int:
        """How many differences nothing declares."""
        return sum(group.count for group in self.groups.values() if not group.declared_by)

    @property
    def total(self) -> int:
        """How many differences there are."""
        return sum(group.count for group in self.groups.values())

    def sorted(self) -> Sequence[Group]:
        """The groups, undeclared ones first."""
        return sorted(self.groups.values(), key=lambda one: (bool(one.declared_by), one.kind))


def shown(value: Json) -> str:
    """A value on one short line."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def show_differences(output: Output, report: Report) -> None:
    """Prints each undeclared group with an example, and what is declared kind by kind."""
    undeclared = [group for group in report.sorted() if not group.declared_by]
    if undeclared:
        _show_undeclared(output, undeclared)
    declared: defaultdict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in report.sorted():
        if group.declared_by:
            declared[group.kind, group.declared_by].append(group)
    if declared:
        _show_declared(output, declared)


def _show_declared(output: Output, declared: Mapping[tuple[str, str], Sequence[Group]]) -> None:
    output.table(
        ("KIND", "DIFFERS IN (ITEMS)", "DECLARED IN THE COVERAGE TABLE"),
        [
            (
                wording.words(kind),
                ", ".join(f"{group.path} ({wording.number(group.count)})" for group in groups),
                why,
            )
            for (kind, why), groups in declared.items()
        ],
        title="Declared differences",
    )


def _show_undeclared(output: Output, groups: Iterable[Group]) -> None:
    output.table(
        ("KIND", "PATH", "#ITEMS", "FOR EXAMPLE", "LEFT", "RIGHT"),
        [
            (
                wording.words(group.kind),
                group.path,
                wording.number(group.count),
                group.examples[0].item,
                _excerpt(group.examples[0], left=True),
                _excerpt(group.examples[0], left=False),
            )
            for group in groups
        ],
        title="UNDECLARED differences",
    )


def _excerpt(difference: Difference, *, left: bool) -> str:
    """The value from a little before the first character in which the two sides differ."""
    mine, other = difference.left, difference.right
    if not left:
        mine, other = other, mine
    if isinstance(mine, str) and isinstance(other, str):
        start = max(_common(mine, other) - WIDTH // 4, 0)
        return shown(f"…{mine[start:]}" if start else mine)
    return shown(mine)


def _common(one: str, other: str) -> int:
    length = min(len(one), len(other))
    return next((index for index in range(length) if one[index] != other[index]), length)


def show_results(output: Output, results: Iterable[KindResult], *, title: str = "") -> None:
    """Prints what became of each kind."""
    output.table(
        ("KIND", "#SOURCE", "#EXACTLY", "#DECLARED LOSS", "#NOT RESTORED", "#UNDECLARED", "#EXTRA"),
        [
            (
                wording.words(result.kind.value),
                wording.number(result.source),
                wording.number(result.exact),
                _count(result.declared),
                _count(result.missing_declared),
                _count(result.undeclared + result.missing),
                _count(result.extra),
            )
            for result in results
        ],
        title=title,
    )


def _count(count: int) -> str:
    return wording.number(count) if count else ""


def as_json(difference: Difference) -> Json:
    """A difference as a JSON object."""
    return {
        "kind": difference.kind.value,
        "item": difference.item,
        "path": difference.path,
        "left": difference.left,
        "right": difference.right,
        "declaredBy": difference.declared_by or None,
    }


def result_as_json(result: KindResult) -> Json:
    """The result of a kind as a JSON object."""
    return {
        "kind": result.kind.value,
        "source": result.source,
        "exact": result.exact,
        "declaredLoss": result.declared,
        "undeclared": result.undeclared,
        "missing": result.missing,
        "missingDeclared": result.missing_declared,
        "extra": result.extra,
        "extraDeclared": result.extra_declared,
    }
