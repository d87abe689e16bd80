from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import bench_jira_size

ISSUES = int(os.environ.get("SITEKEEP_TEST_SITE_ISSUES", "1000"))


def test_a_site_of_any_size_answers_faster_than_an_exporter_takes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given, taken = bench_jira_size.run(ISSUES, tmp_path, 60)
    assert given > taken
    printed = capfd.readouterr().out
    assert f"made {ISSUES} issues" in printed
    assert "5,000 ids of a project" in printed
