"""``sitekeep vault verify`` and ``scan``: where the vault is, without servers."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.key_file import load_key_file, write_writer_key_file
from sitekeep_shared.vault.opening import open_vault
from support.vaults import SITE, small_backup

Captured = pytest.CaptureFixture[str]
Run = Callable[..., ExitCode]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A vault with two backups, and no database."""
    settings = Settings.from_environment({"SITEKEEP_HOME": str(tmp_path / "home")})

    async def make() -> None:
        vault = await open_vault(settings, SystemClock(), create=True)
        for backup_id in ("b1", "b2"):
            await small_backup(vault, SystemClock(), backup_id)

    asyncio.run(make())
    return settings


@pytest.fixture
def run(settings: Settings) -> Run:
    return lambda *words: main.run([*words, "--home", str(settings.home)])


def _damage(settings: Settings, prefix: str) -> Path:
    found = [path for path in (settings.vault_folder / prefix).rglob("*") if path.is_file()]
    path = min(found)
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    os.chmod(path, 0o600)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("level", ["structure", "storage", "data"])
def test_every_backup_is_verified_and_a_record_of_each_is_kept(
    settings: Settings, run: Run, capsys: Captured, level: str
) -> None:
    assert run("vault", "verify", "--level", level, "--json") == ExitCode.OK
    found = json.loads(capsys.readouterr().out)["verifications"]
    assert [(one["backup"], one["sound"]) for one in found] == [
        (f"{SITE}/b1", True),
        (f"{SITE}/b2", True),
    ]
    kept = settings.vault_folder / "verify"
    assert sorted(path.parent.name for path in kept.rglob("*") if path.is_file()) == ["b1", "b2"]


@pytest.mark.parametrize("level", ["structure", "storage", "data"])
def test_damage_is_named_and_ends_with_one(
    settings: Settings, run: Run, capsys: Captured, level: str
) -> None:
    damaged = _damage(settings, "packs")
    if level == "structure":
        damaged.unlink()
    assert run("vault", "verify", "--level", level) == ExitCode.FAILED
    out = capsys.readouterr().out
    assert "DAMAGED" in out
    assert damaged.name[:40] in out.replace("\n", "")
    assert "sound" in out


def test_a_backup_whose_manifest_is_damaged_is_named(
    settings: Settings, run: Run, capsys: Captured
) -> None:
    damaged = _damage(settings, "backups")
    assert run("vault", "verify", "--json") == ExitCode.FAILED
    found = json.loads(capsys.readouterr().out)["verifications"]
    assert [one["sound"] for one in found] == [False, True]
    assert f"backups/{SITE}/{damaged.name}" in found[0]["damagedEntities"][0]["description"]


@pytest.mark.parametrize("which", ["b2", f"{SITE}/b2"])
def test_one_backup_can_be_chosen(run: Run, capsys: Captured, which: str) -> None:
    assert run("vault", "verify", which, "--json") == ExitCode.OK
    [found] = json.loads(capsys.readouterr().out)["verifications"]
    assert found["backup"] == f"{SITE}/b2"


@pytest.mark.parametrize("verb", ["verify", "scan", "drill"])
@pytest.mark.parametrize("which", ["none", "other/b2"])
def test_a_backup_that_is_not_there_is_not_found(
    run: Run, capsys: Captured, verb: str, which: str
) -> None:
    assert run("vault", verb, which) == ExitCode.NOT_FOUND
    assert f"no backup {which}" in capsys.readouterr().err


def test_the_writer_part_verifies_the_storage_and_says_what_it_cannot(
    settings: Settings, run: Run, capsys: Captured
) -> None:
    keys = load_key_file(settings.key_file)
    settings.key_file.unlink()
    write_writer_key_file(settings.key_file, keys)
    assert run("vault", "verify", "--level", "storage", "--json") == ExitCode.OK
    capsys.readouterr()
    assert run("vault", "verify") == ExitCode.FAILED
    assert "cannot read what they hold" in capsys.readouterr().err


def test_a_manifest_that_does_not_say_what_it_is_of_is_named_by_a_scan(
    settings: Settings, run: Run, capsys: Captured
) -> None:
    assert run("vault", "scan", "--json") == ExitCode.INCOMPLETE
    found = json.loads(capsys.readouterr().out)
    assert not found["written"]
    assert [one["outcome"] for one in found["backups"]] == ["UNREADABLE"] * 2
    assert all("details" in one["why"] for one in found["backups"])
