from __future__ import annotations

from pathlib import Path

from bench.bench_jira_peers import Contest, Failure, Row, contest, print_rows


def test_a_small_contest_ends_with_everything_fetched(tmp_path: Path) -> None:
    def check(found: Contest) -> None:
        found.delay(0.01)
        rows = list(found.run())
        print_rows(rows, found)
        raw, ours, whole = rows[:3]
        for row in (raw, ours, whole):
            assert isinstance(row, Row)
            assert (row.issues, row.comments) == (found.issues, found.comments)
        assert isinstance(rows[-1], Failure)
        assert "--dlt-sources" in rows[-1].why

    contest(120, check, folder=str(tmp_path))
