"""``vault probe`` and ``vault copy``: what they print, and how they end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.opening import open_vault
from sitekeep_shared.vault.probe import Finding, Outcome, Probe
from unit.vault.vault_helpers import SITE, issues, make_backup, merged, read_all

Captured = pytest.CaptureFixture[str]
CONTENT = {"u1": issues(1, 30)}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SITEKEEP_VAULT", raising=False)
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path) -> Path:
    async def make() -> None:
        vault = await open_vault(Settings.from_environment(), SystemClock(), create=True)
        for backup_id in ("b1", "b2"):
            await make_backup(vault, backup_id, CONTENT)

    asyncio.run(make())
    return home / "vault"


def test_a_probe_shows_each_guarantee_and_leaves_no_trace(tmp_path: Path, capsys: Captured) -> None:
    place = tmp_path / "disk" / "new"

    assert main.run(["vault", "probe", str(place)]) == ExitCode.OK

    captured = capsys.readouterr()
    for part in ("GUARANTEE", "a key is never overwritten", "kept", "0 bytes to 64 MiB"):
        assert part in captured.out
    assert "A vault can be kept there." in captured.err
    assert not place.exists()


def test_a_probe_leaves_the_vault_as_it_was(vault: Path, capsys: Captured) -> None:
    before = sorted(vault.rglob("*"))

    assert main.run(["vault", "probe", "--json"]) == ExitCode.OK

    answer = json.loads(capsys.readouterr().out)
    assert answer["location"] == str(vault)
    assert answer["suitable"] is True
    assert {one["outcome"] for one in answer["findings"]} == {"kept"}
    assert sorted(vault.rglob("*")) == before


def test_a_probe_that_finds_a_broken_promise_ends_with_one(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def whole(_: Probe) -> list[Finding]:
        return [Finding("a key is never overwritten", Outcome.BROKEN, "it was", "Do not use it")]

    monkeypatch.setattr(Probe, "whole", whole)

    assert main.run(["vault", "probe", str(tmp_path)]) == ExitCode.FAILED

    captured = capsys.readouterr()
    assert "broken" in captured.out
    assert "Do not use it" in captured.out
    assert "No vault can be kept there." in captured.err


@pytest.mark.parametrize("verb", ["probe", "copy"])
@pytest.mark.parametrize(
    "text", ["ftp://host/x", "s3://", "gs:///x", "s3://bucket/a//b", "az://c/.x"]
)
def test_what_is_no_location_is_a_wrong_argument(verb: str, text: str, capsys: Captured) -> None:
    assert main.run(["vault", verb, text]) == ExitCode.USAGE
    assert f"{text!r} is no location of a vault" in capsys.readouterr().err


@pytest.mark.usefixtures("vault")
def test_a_copy_is_made_updated_and_used_in_place_of_the_vault(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "disk" / "copy"

    assert main.run(["vault", "copy", str(place)]) == ExitCode.OK
    captured = capsys.readouterr()
    assert f"{SITE}/b1, {SITE}/b2" in captured.out
    assert "The copy holds everything" in captured.err
    assert main.run(["vault", "copy", str(place), "--json"]) == ExitCode.OK
    again = json.loads(capsys.readouterr().out)
    assert (again["present_backups"], again["copied_objects"], again["complete"]) == (2, 0, True)

    monkeypatch.setenv("SITEKEEP_VAULT", str(place))
    assert main.run(["vault", "list", "--json"]) == ExitCode.OK
    listed = json.loads(capsys.readouterr().out)["backups"]
    assert [one["backup"] for one in listed] == ["b1", "b2"]

    async def read() -> object:
        vault = await open_vault(Settings.from_environment(), SystemClock())
        return await read_all(vault, "b2")

    assert asyncio.run(read()) == merged(CONTENT.values())


@pytest.mark.usefixtures("vault")
def test_chosen_backups_are_copied(tmp_path: Path, capsys: Captured) -> None:
    words = ["vault", "copy", str(tmp_path / "copy"), "--json", "--backup"]

    assert main.run([*words, f"{SITE}/b2"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["copied_backups"] == [f"{SITE}/b2"]
    assert main.run([*words, f"{SITE}/b9"]) == ExitCode.NOT_FOUND
    assert "no backup b9" in capsys.readouterr().err
    assert main.run([*words, "b2"]) == ExitCode.USAGE
    assert "SITE/BACKUP" in capsys.readouterr().err


def test_a_damaged_pack_is_named_and_healed_from_a_sound_copy(
    vault: Path, tmp_path: Path, capsys: Captured
) -> None:
    sound, other = str(tmp_path / "sound"), str(tmp_path / "other")
    assert main.run(["vault", "copy", sound]) == ExitCode.OK
    pack = next(path for path in (vault / "packs").rglob("*") if path.is_file())
    content = pack.read_bytes()
    pack.write_bytes(content[:-1] + b"?")
    capsys.readouterr()

    assert main.run(["vault", "copy", other]) == ExitCode.FAILED
    said = capsys.readouterr().err
    assert pack.name in said
    assert f"{SITE}/b1 is not in the copy: it needs damaged or missing packs." in said
    assert main.run(["vault", "copy", sound, "--heal"]) == ExitCode.OK
    assert pack.name in capsys.readouterr().out
    assert pack.read_bytes() == content
    assert main.run(["vault", "copy", other]) == ExitCode.OK


def test_the_vault_is_no_place_for_its_copy(vault: Path, capsys: Captured) -> None:
    assert main.run(["vault", "copy", f"file://{vault}"]) == ExitCode.USAGE
    assert "is the vault itself" in capsys.readouterr().err


def test_there_has_to_be_a_vault_to_copy(tmp_path: Path, capsys: Captured) -> None:
    assert main.run(["vault", "copy", str(tmp_path / "copy")]) == ExitCode.NOT_FOUND
    assert "There is no vault in" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
