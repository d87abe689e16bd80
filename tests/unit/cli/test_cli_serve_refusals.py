"""A server that cannot start says why, without a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.main import run


def _home(folder: Path, name: str) -> Path:
    if name == "a file":
        home = folder / "home"
        home.write_text("")
        return home
    home = folder / "home"
    home.mkdir()
    (home / "sitekeep.key").write_text("garbage")
    return home


@pytest.mark.parametrize("name", ["a file", "a wrong key"])
def test_a_home_that_cannot_be_used_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = _home(tmp_path, name)
    monkeypatch.setenv("SITEKEEP_HOME", str(home))
    monkeypatch.setenv("SITEKEEP_BACKUP_LISTEN", f"unix:{tmp_path}/s")
    assert run(["serve", "backup"]) is ExitCode.FAILED
    said = capsys.readouterr().err
    assert str(home) in said
    assert "Traceback" not in said
