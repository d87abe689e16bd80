"""Every loss that is declared is shown by a test, and no test claims one that is not declared.

Where this fails, mark the test that shows the loss as ``support/shown_losses.py`` says, or write
one, or take the loss out of its declaration: the coverage row's ``lost_paths`` or ``losses.Loss``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared import coverage
from sitekeep_shared.coverage import CoverageRow
from support.list_claims import PREFIX
from support.shown_losses import MARKER, Claim

TESTS = Path(__file__).parents[1]
LOADS_NOTHING = ("-p", "no:cacheprovider", "-p", "support.list_claims")


@pytest.fixture(scope="session")
def claimed() -> dict[Claim, list[str]]:
    """Which tests claim to show what: all marked ones, whatever is run now."""
    marked = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if MARKER in path.read_text()]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *LOADS_NOTHING, *marked]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=TESTS.parent, env=environment
    )
    found: dict[Claim, list[str]] = {}
    for line in done.stdout.splitlines():
        if line.startswith(PREFIX):
            test, claims = json.loads(line.removeprefix(PREFIX))
            for claim in claims:
                found.setdefault(Claim(**claim), []).append(test)
    return found


def _of_row(row: CoverageRow) -> Iterator[Claim]:
    if row.restored == "exactly" or not row.backed_up:
        return
    for path in row.lost_paths or ("",):
        yield Claim(row.product, row.kind.value, path)


def _declared() -> list[Claim]:
    of_rows = [claim for row in coverage.table() for claim in _of_row(row)]
    return [*of_rows, *(Claim(reason=loss.name) for loss in Loss)]


def test_each_declared_loss_is_shown_by_a_test(claimed: dict[Claim, list[str]]) -> None:
    unshown = [f"@pytest.mark.shows_loss({claim})" for claim in _declared() if claim not in claimed]
    assert unshown == [], "no test has: " + "\n".join(unshown)


def test_no_test_shows_a_loss_that_is_not_declared(claimed: dict[Claim, list[str]]) -> None:
    declared = {*_declared(), *(Claim(row.product, row.kind.value) for row in coverage.table())}
    assert {str(claim): tests for claim, tests in claimed.items() if claim not in declared} == {}


@pytest.mark.parametrize("row", coverage.table(), ids=lambda row: f"{row.product}-{row.kind}")
def test_each_row_says_what_is_lost_where_something_is(row: CoverageRow) -> None:
    assert bool(row.loss) == (row.restored != "exactly")
    assert not (row.restored == "exactly" and row.lost_paths)
    assert row.proven_by
