"""Every row of the coverage table, proven by a round trip of a generated site.

A new kind is taken in by its row alone. Where its test fails, the generator of the simulated
site makes too few of the kind, or the comparison does not read it, or more is lost than declared.
"""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_shared import coverage
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind
from support.round_trips import RoundTrip

AT_LEAST = 3
"""Items of each kind."""


GAPS: dict[tuple[str, Kind], str] = {}
"""Rows that a generated site disproves today. The tests of these fail as soon as they pass."""


def _rows() -> list[Any]:
    rows: list[Any] = []
    for row in coverage.table():
        gap = GAPS.get((row.product, row.kind))
        marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
        rows.append(pytest.param(row, marks=marks, id=f"{row.product}-{row.kind}"))
    return rows


@pytest.fixture
def round_trip(request: pytest.FixtureRequest, row: CoverageRow) -> RoundTrip:
    found: RoundTrip = request.getfixturevalue(f"{row.product}_site")
    return found


@pytest.mark.parametrize("row", _rows())
def test_each_row_has_a_round_trip_that_loses_what_it_declares_and_no_more(
    row: CoverageRow, round_trip: RoundTrip
) -> None:
    result = round_trip.results.get(row.kind)
    count = result.source if result else 0
    if not row.backed_up:
        assert count == 0, f"{row.kind}: the row says that it is not backed up"
        return
    assert result is not None
    assert count >= AT_LEAST, (
        f"{row.kind}: the comparison found {count} in the backup of the generated site; its "
        f"generator has to make {AT_LEAST}, and sitekeep_cli/comparison has to read them"
    )
    wrong = [one for one in round_trip.undeclared if one.kind is row.kind]
    assert wrong == []
    assert result.held
    kept = result.exact + result.declared + result.missing_declared
    assert kept == result.source


def test_nothing_is_compared_that_has_no_row(jira_site: RoundTrip) -> None:
    rows = coverage.rows_of("jira")
    assert [kind for kind in jira_site.results if kind not in rows] == []
