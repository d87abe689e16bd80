"""Declared losses, each shown by a test: what a test claims to show, and what it did show.

A test says which declared losses it shows:

* ``@pytest.mark.shows_loss(Kind.ISSUE, "votes", "creator")``: paths that a row of the coverage
  table lists in ``lost_paths`` (``product="confluence"`` for that table's other half);
* ``@pytest.mark.shows_loss(Kind.MEMBERSHIP)``: a row that is restored with loss and lists no
  path, or one that is not restored (``unseen=True`` where the comparison looks at something
  else, so that only what the test itself asserts shows the loss);
* ``@pytest.mark.shows_loss(Loss.VOTES_NOT_RESTORED)``: a declared reason of a finding.

A marked test fails unless a comparison or a restore that ran inside of it, or inside of a fixture
whose value is the :class:`Shown` of :func:`watched`, had exactly such a difference or finding. A
comparison that it makes may hold nothing undeclared of the claimed kind. That every declared loss
has such a test is checked in ``proofs/test_declared_losses.py``.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Difference
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally

MARKER = "shows_loss"


@dataclass(frozen=True, order=True)
class Claim:
    """One declared loss: a path of a row, a row as a whole (no path), or a reason."""

    product: str = ""
    kind: str = ""
    path: str = ""
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"Loss.{self.reason}"
        path = f', "{self.path}"' if self.path else ""
        other = "" if self.product == "jira" else f', product="{self.product}"'
        return f"Kind.{Kind(self.kind).name}{path}{other}"


@dataclass
class Shown:
    """What comparisons and restores have shown so far."""

    claims: set[Claim] = field(default_factory=set[Claim])
    undeclared: dict[tuple[str, str], list[Difference]] = field(
        default_factory=dict[tuple[str, str], list[Difference]]
    )

    def add(self, row: CoverageRow, difference: Difference) -> None:
        """Takes a difference of a kind with that row."""
        if not difference.declared:
            self.undeclared.setdefault((row.product, row.kind.value), []).append(difference)
            return
        self.claims.add(Claim(row.product, row.kind.value))
        if difference.declared_by == row.loss:
            self.claims |= {
                Claim(row.product, row.kind.value, path) for path in row.declaring(difference.path)
            }

    def merge(self, other: Shown) -> None:
        """Takes what another one has seen."""
        self.claims |= other.claims
        self.undeclared |= other.undeclared


@contextmanager
def watched() -> Generator[Shown]:
    """Notes what every comparison finds and what every restore says, as long as it is open."""
    shown = Shown()
    with pytest.MonkeyPatch.context() as patch:
        _watch_comparisons(patch, shown)
        _watch_findings(patch, shown)
        yield shown


def _watch_comparisons(patch: pytest.MonkeyPatch, shown: Shown) -> None:
    compare = Comparison.differences

    def differences(self: Comparison) -> Iterator[Difference]:
        rows = self._coverage  # pyright: ignore[reportPrivateUsage]
        for difference in compare(self):
            if difference.kind in rows:
                shown.add(rows[difference.kind], difference)
            yield difference
        for kind, result in self.results.items():
            row = rows.get(kind)
            if row is not None and row.restored == "not" and result.missing_declared:
                shown.claims.add(Claim(row.product, kind.value))

    patch.setattr(Comparison, "differences", differences)


def _watch_findings(patch: pytest.MonkeyPatch, shown: Shown) -> None:
    say = Tally.remark

    def remark(
        self: Tally, kind: Kind, key: str, reason: str, message: str, *, count: int = 1
    ) -> None:
        say(self, kind, key, reason, message, count=count)
        shown.claims.add(Claim(reason=reason))

    patch.setattr(Tally, "remark", remark)


def claims_of(item: pytest.Item) -> list[Claim]:
    """What the marks of a test claim."""
    return [claim for mark in item.iter_markers(MARKER) for claim in _claims(mark)]


def _to_verify(item: pytest.Item) -> list[Claim]:
    """Those of its claims that a comparison or a finding has to show."""
    marks = [mark for mark in item.iter_markers(MARKER) if not mark.kwargs.get("unseen")]
    return [claim for mark in marks for claim in _claims(mark)]


def _claims(mark: pytest.Mark) -> list[Claim]:
    what: object = mark.args[0]
    product = str(mark.kwargs.get("product", "jira"))
    if isinstance(what, Kind):
        return [Claim(product, what.value, path) for path in mark.args[1:] or ("",)]
    return [Claim(reason=each.name) for each in mark.args if isinstance(each, enum.Enum)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test that does not show what its marks claim."""
    claims = _to_verify(item)
    if not claims:
        return (yield)
    with watched() as shown:
        result = yield
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    for value in fixtures.values():
        if isinstance(value, Shown):
            shown.merge(value)
    verify(claims, shown)
    return result


def verify(claims: Sequence[Claim], shown: Shown) -> None:
    """Fails the test that runs unless each claim was shown, and nothing undeclared of its kind."""
    unseen = [str(claim) for claim in claims if claim not in shown.claims]
    if unseen:
        pytest.fail(f"This test was to show a declared loss, but did not: {unseen}", pytrace=False)
    more = [
        f"{found[0].kind} {found[0].item}: {found[0].path}"
        for (product, kind), found in shown.undeclared.items()
        if any((claim.product, claim.kind) == (product, kind) for claim in claims)
    ]
    if more:
        pytest.fail(f"This test showed more than declared losses: {more}", pytrace=False)
