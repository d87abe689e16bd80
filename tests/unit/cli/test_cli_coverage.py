"""The coverage table."""

from __future__ import annotations

import json
import types
from pathlib import Path

import pytest

from sitekeep_cli.commands.coverage import as_markdown
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.main import run
from sitekeep_shared import coverage
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROW = CoverageRow(
    "jira", Kind.ISSUE, restored="with loss", lost_paths=("created", "custom.*", "a.b")
)


@pytest.mark.parametrize("path", ["created", "created.x", "custom.Colour", "custom.a.0", "a.b.c"])
def test_a_declared_path_covers_all_below_it(path: str) -> None:
    assert ROW.declares(path)


@pytest.mark.parametrize("path", ["createdAt", "updated", "a", "a.bc", "x.created", "missing"])
def test_another_path_is_not_declared(path: str) -> None:
    assert not ROW.declares(path)


def test_what_is_not_restored_may_differ_anywhere() -> None:
    assert CoverageRow("jira", Kind.CHANGELOG).declares("anything")


def test_rows_of_both_packages_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    read = [CoverageRow("jira", Kind.ISSUE, backed_up="all fields"), CoverageRow("jira", Kind.USER)]
    modules = {
        "sitekeep_backup.exporters.jira": types.SimpleNamespace(COVERAGE=read),
        "sitekeep_restore.importers.jira": types.SimpleNamespace(COVERAGE=[ROW]),
    }
    monkeypatch.setattr(coverage, "PACKAGES", coverage.PACKAGES[:1])

    def rows_of(package: str) -> list[CoverageRow]:
        rows: list[CoverageRow] = modules[package].COVERAGE
        return rows

    monkeypatch.setattr(coverage, "_rows_of", rows_of)

    user, issue = coverage.table()
    assert (user.kind, issue.kind) == (Kind.USER, Kind.ISSUE)
    assert (issue.backed_up, issue.restored) == ("all fields", "with loss")


def test_a_package_that_is_not_there_has_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = (("jira", "no_such_package.a", "sitekeep_restore.importers.no_such"),)
    monkeypatch.setattr(coverage, "PACKAGES", gone)

    assert coverage.table() == []


def test_markdown_keeps_bars_inside_cells() -> None:
    text = as_markdown([CoverageRow("jira", Kind.ISSUE, loss="a|b\nc")])

    assert "a\\|b c" in text
    assert {line.count(" | ") for line in text.splitlines()} == {5}


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (["--product", "confluence", "--kind", "label"], {"label"}),
        (["--kind", "Issue-Link"], {"issue_link", "issue_link_type"}),
        (["--product", "jira", "--kind", "watcher"], {"watcher"}),
    ],
)
def test_the_table_is_cut_down_to_products_and_kinds(
    words: list[str], kinds: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["coverage", *words, "--json"]) == ExitCode.OK
    assert {row["kind"] for row in json.loads(capsys.readouterr().out)} == kinds


def test_a_word_that_is_in_no_kind_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["coverage", "--product", "jira", "--kind", "page tree"]) == ExitCode.USAGE
    assert "page tree" in capsys.readouterr().err


def test_the_readme_ends_with_the_table_that_the_command_prints() -> None:
    printed = as_markdown(coverage.table())
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    _, _, appendix = readme.partition("<!-- made by: sitekeep coverage --markdown -->\n")
    assert appendix.strip() == printed.strip()
