"""``sitekeep vault collect``: what it says of a vault in a folder, without servers."""

from __future__ import annotations

import asyncio
import datetime
import json
from pathlib import Path

import pytest

from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import ManualClock, SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.opening import open_vault
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import SITE, issues, make_backup

Captured = pytest.CaptureFixture[str]
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "home"))
    return Settings.from_environment({"SITEKEEP_HOME": str(tmp_path / "home")})


async def _vault(settings: Settings, ago: datetime.timedelta) -> Vault:
    return await open_vault(settings, ManualClock(SystemClock().now() - ago), create=True)


async def _prepare(settings: Settings) -> None:
    then = await _vault(settings, 3 * DAY)
    await make_backup(then, "b1", {"u": issues(1, 20)})
    await make_backup(then, "b2", {"u": issues(500, 20, text="else")})
    await then.expire(SITE, "b1", "its time is over")


def test_there_is_nothing_to_collect_where_there_is_no_vault(capsys: Captured) -> None:
    assert main.run(["vault", "collect"]) == ExitCode.NOT_FOUND
    assert "There is no vault in" in capsys.readouterr().err


def test_a_collection_says_what_is_live_condemned_and_swept(
    settings: Settings, capsys: Captured
) -> None:
    asyncio.run(_prepare(settings))

    assert main.run(["vault", "collect", "--dry-run"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "live" in shown
    assert "to be condemned" in shown
    assert not (settings.vault_folder / "gc").exists()

    asyncio.run(_collect(settings, 2 * DAY))
    assert main.run(["vault", "collect", "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert document["live_backups_count"] == 1
    assert document["swept_backups_count"] == 1
    assert document["swept_packs_count"] > 0
    assert document["pending"] == []
    assert main.run(["vault", "list", "--expired", "--json"]) == ExitCode.OK
    listed = json.loads(capsys.readouterr().out)["backups"]
    assert [backup["backup"] for backup in listed] == ["b2"]


def test_what_waits_is_shown_with_its_time_and_reason(settings: Settings, capsys: Captured) -> None:
    asyncio.run(_prepare(settings))
    assert main.run(["vault", "collect"]) == ExitCode.OK
    assert "condemned now" in capsys.readouterr().out
    assert main.run(["vault", "collect", "--json"]) == ExitCode.OK
    (pending,) = json.loads(capsys.readouterr().out)["pending"]
    assert pending["backups_count"] == 1
    assert pending["obstacle"] == "it waits for its time"
    due = datetime.datetime.fromisoformat(pending["due_time"])
    assert abs(due - SystemClock().now() - DAY) < DAY / 24
    assert main.run(["vault", "collect"]) == ExitCode.OK
    assert "it waits for its" in " ".join(capsys.readouterr().out.split())


async def _collect(settings: Settings, ago: datetime.timedelta) -> None:
    await (await _vault(settings, ago)).collect()
