"""``sitekeep key``: what a person does with the vault's key, and what is said when it fails."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sitekeep_cli import key_input, main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.output import Output
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.key_file import read_key_file
from sitekeep_shared.vault.key_sheet import sheet_lines
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.opening import Use, open_vault
from sitekeep_shared.vault.passphrase import Passphrase
from support.passphrases import cheap_passphrases
from unit.vault.vault_helpers import SITE, facts, issues, write_unit

__all__ = ["cheap_passphrases"]

Captured = pytest.CaptureFixture[str]
WORDS = "correct horse battery"


class Terminal(io.StringIO):
    """Standard input that a person types at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with one backup."""
    home = tmp_path / "home"
    for name in ("SITEKEEP_KEY_FILE", "SITEKEEP_VAULT", "SITEKEEP_KEY_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SITEKEEP_HOME", str(home))
    asyncio.run(_back_up("b1", create=True))
    return home


async def _back_up(backup_id: str, *, create: bool = False) -> None:
    settings = Settings.from_environment()
    vault = await open_vault(settings, SystemClock(), create=create, use=Use.WRITING)
    session = await vault.begin_backup(backup_id, site=SITE, fence=1)
    await session.commit(await write_unit(session.unit("u1"), issues(0, 5)), facts())
    await session.close()


@pytest.fixture
def run(home: Path, capsys: Captured) -> Callable[..., str]:
    """Runs a verb that has to succeed; what it printed."""
    capsys.readouterr()

    def run(*words: str) -> str:
        code = main.run(["key", *words])
        captured = capsys.readouterr()
        assert code == ExitCode.OK, captured.err
        return captured.out

    return run


@pytest.fixture
def refused(home: Path, capsys: Captured) -> Callable[..., str]:
    """Runs a verb that has to fail; what it said, which is no traceback."""

    def refused(*words: str, code: ExitCode = ExitCode.FAILED) -> str:
        capsys.readouterr()
        assert main.run(["key", *words]) == code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return " ".join(captured.err.split())

    return refused


@pytest.fixture
def words_file(tmp_path: Path) -> str:
    path = tmp_path / "words"
    path.write_text(f"{WORDS}\n")
    return str(path)


def whole(path: Path) -> WholeKey:
    return read_key_file(path).whole


Run = Callable[..., str]


def test_show_tells_everything_and_no_secret(home: Path, run: Run, words_file: str) -> None:
    key = whole(home / "sitekeep.key")
    unlock_id = run("passphrase", "--label", "safe", "--passphrase-file", words_file).strip()
    shown, found = run("show"), json.loads(run("show", "--json"))
    assert key.keys.key_id in shown
    assert (found["key"], found["canRead"], found["hasPassphrase"]) == (
        key.keys.key_id,
        True,
        False,
    )
    assert found["fingerprint"] == key.keys.public_key.hex()
    assert (found["supersededBy"], found["olderKeys"]) == ("", [])
    (unlock,) = found["unlocks"]
    assert (unlock["id"], unlock["label"], unlock["method"]) == (unlock_id, "safe", "passphrase")
    assert unlock["opensThisKey"] is True
    text = (home / "sitekeep.key").read_text()
    for secret in re.findall(r"[A-Za-z0-9+/]{43}=", text):
        assert secret not in shown + json.dumps(found)


def test_verify_opens_a_backup_with_the_key_a_copy_and_a_sheet(
    home: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "sheet.txt").write_text(run("sheet"))
    (tmp_path / "copy.key").write_bytes((home / "sitekeep.key").read_bytes())
    for words in ((), (str(tmp_path / "copy.key"),), ("--sheet", str(tmp_path / "sheet.txt"))):
        assert "backup b1 of 2026-01-05" in run("verify", *words)


def test_a_key_of_another_vault_is_named(home: Path, refused: Run, tmp_path: Path) -> None:
    from sitekeep_shared.vault.key_file import write_whole_key_file

    stranger = WholeKey.generate()
    write_whole_key_file(tmp_path / "other.key", stranger)
    (tmp_path / "other.txt").write_text("\n".join(sheet_lines(stranger)))
    for words in ((str(tmp_path / "other.key"),), ("--sheet", str(tmp_path / "other.txt"))):
        said = refused("verify", *words)
        assert "does not belong to this vault" in said
        assert stranger.keys.key_id in said
        assert "sitekeep key recover" in said


def test_a_mistyped_sheet_names_the_line(
    home: Path, run: Run, refused: Run, tmp_path: Path
) -> None:
    lines = run("sheet").splitlines()
    number = next(place for place, line in enumerate(lines) if "3/4" in line)
    last = lines[number][-1]
    lines[number] = lines[number][:-1] + ("0" if last != "0" else "1")
    (tmp_path / "sheet.txt").write_text("\n".join(lines))
    said = refused("verify", "--sheet", str(tmp_path / "sheet.txt"))
    assert said.startswith("Line 3/4 of the recovery sheet is not what was printed")


def test_a_sheet_is_typed_line_by_line_and_a_wrong_line_is_asked_for_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    key = whole(home / "sitekeep.key")
    lines = sheet_lines(key)
    typed = iter([lines[0], lines[2], lines[1].split("  ")[1].lower(), lines[2], lines[3]])
    asked: list[str] = []

    def prompt(text: str, **_: object) -> str:
        asked.append(text)
        return next(typed)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("typer.prompt", prompt)
    assert key_input.sheet("-", Output()) == key
    assert asked == ["Line 1/…", "Line 2/4", "Line 2/4", "Line 3/4", "Line 4/4"]
    assert "line 2/4 comes here" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("way", ["sheet", "piped sheet", "passphrase", "recipient"])
def test_a_lost_key_file_is_made_anew(
    way: str,
    home: Path,
    run: Run,
    words_file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = home / "sitekeep.key"
    key, private = whole(path), str(tmp_path / "anna.key")
    sheet = run("sheet")
    (tmp_path / "sheet.txt").write_text(sheet)
    run("passphrase", "--passphrase-file", words_file)
    run("recipient", run("pair", private).strip(), "--label", "Anna")
    path.unlink()
    monkeypatch.setattr("sys.stdin", io.StringIO(sheet))

    run(
        "recover",
        *{
            "sheet": ("--sheet", str(tmp_path / "sheet.txt")),
            "piped sheet": ("--sheet", "-"),
            "passphrase": ("--passphrase-file", words_file),
            "recipient": ("--recipient", private),
        }[way],
    )

    assert whole(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    run("verify")


def test_what_recovers_nothing_says_what_to_look_at(
    home: Path, run: Run, refused: Run, words_file: str, tmp_path: Path
) -> None:
    path, private = home / "sitekeep.key", str(tmp_path / "bob.key")
    run("pair", private)
    kept = path.read_bytes()
    path.unlink()
    assert "none was ever added" in refused("recover", "--passphrase-file", words_file)
    assert "none was ever added" in refused("recover", "--recipient", private)
    path.write_bytes(kept)
    path.chmod(0o600)
    run("passphrase", "--passphrase-file", words_file)
    path.unlink()
    (tmp_path / "wrong").write_text("correct horse batterz")
    said = refused("recover", "--passphrase-file", str(tmp_path / "wrong"))
    assert "The passphrase opens none of the 1 keys" in said
    assert refused("recover", code=ExitCode.USAGE).startswith("Say what is to open the vault")
    assert not path.exists()
    for verb in ("show", "verify", "sheet", "rotate"):
        said = refused(verb)
        assert str(path) in said
        assert "sitekeep key recover" in said


def test_no_file_is_ever_overwritten(
    home: Path, run: Run, refused: Run, words_file: str, tmp_path: Path
) -> None:
    path = home / "sitekeep.key"
    (tmp_path / "sheet.txt").write_text(run("sheet"))
    before = path.read_bytes()
    for words in (
        ("recover", "--sheet", str(tmp_path / "sheet.txt")),
        ("rotate", "--to", str(path)),
        ("split", str(path)),
        ("protect", str(path), "--passphrase-file", words_file),
        ("pair", str(path)),
    ):
        said = refused(*words)
        assert f"{path} is there already" in said
        assert path.read_bytes() == before
    assert json.loads(run("show", "--json"))["supersededBy"] == ""


def test_the_writer_part_backs_up_and_is_refused_where_the_whole_is_needed(
    home: Path, run: Run, refused: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = tmp_path / "writer.key"
    run("split", str(writer))
    monkeypatch.setenv("SITEKEEP_KEY_FILE", str(writer))
    asyncio.run(_back_up("b2"))
    assert json.loads(run("show", "--json"))["canRead"] is False
    assert "no backup: the writer part opens none" in run("verify")
    for words in (("sheet",), ("rotate",), ("passphrase",), ("recipient", "recipient-x")):
        said = refused(*words)
        assert "can write backups and nothing else" in said or "is not the public key" in said


@pytest.fixture
def protected(run: Run, words_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the key file under a passphrase, which the settings name from then on."""
    path = tmp_path / "protected.key"
    run("protect", str(path), "--passphrase-file", words_file)
    monkeypatch.setenv("SITEKEEP_KEY_FILE", str(path))
    return path


def test_a_protected_copy_opens_with_its_passphrase(
    home: Path,
    protected: Path,
    run: Run,
    refused: Run,
    words_file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_key_file(protected, Passphrase(WORDS)).whole == whole(home / "sitekeep.key")
    assert "SITEKEEP_KEY_PASSPHRASE_FILE" in refused("show")
    monkeypatch.setenv("SITEKEEP_KEY_PASSPHRASE_FILE", words_file)
    assert json.loads(run("show", "--json"))["hasPassphrase"] is True
    empty = protected.with_name("empty")
    empty.write_text("\n")
    monkeypatch.setenv("SITEKEEP_KEY_PASSPHRASE_FILE", str(empty))
    assert "is empty" in refused("show")


def test_the_passphrase_of_a_protected_file_is_asked_for_and_kept_by_a_rotation(
    protected: Path, run: Run, refused: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([WORDS, WORDS, "another passphrase"])

    def prompt(question: str, **_: object) -> str:
        assert str(protected) in question
        return next(answers)

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("sys.stdin", Terminal())
    assert json.loads(run("show", "--json"))["hasPassphrase"] is True
    new = protected.with_name("new.key")
    run("rotate", "--to", str(new))
    assert read_key_file(new, Passphrase(WORDS)).passphrase is not None
    assert "The passphrase does not open the key file" in refused("show")


def test_a_rotation_lies_beside_the_old_file_and_says_what_to_do(
    home: Path, run: Run, refused: Run, capsys: Captured, words_file: str, tmp_path: Path
) -> None:
    run("passphrase", "--label", "safe", "--passphrase-file", words_file)
    run("recipient", run("pair", str(tmp_path / "anna.key")).strip(), "--label", "Anna")
    old = whole(home / "sitekeep.key")

    assert main.run(["key", "rotate"]) == ExitCode.OK

    said = capsys.readouterr().err
    (new_path,) = home.glob("sitekeep-*.key")
    new = whole(new_path)
    assert new.secret == old.secret
    assert new.private_keys[1:] == old.private_keys
    assert new_path.name == f"sitekeep-{new.keys.key_id[:8]}.key"
    for words in (str(new_path), "SITEKEEP_KEY_FILE", "sitekeep key split", "sitekeep key sheet"):
        assert words in said
    assert "Recipients unlock the new key too: Anna." in said
    assert "Passphrases unlock the old key only; add them again: safe." in said
    assert whole(home / "sitekeep.key") == old

    with_passphrase = ("passphrase", "--passphrase-file", words_file)
    for verb in (("verify",), ("rotate",), ("sheet",), with_passphrase):
        assert new.keys.key_id in refused(*verb)
    assert json.loads(run("show", "--json"))["supersededBy"] == new.keys.key_id
    assert "backup b1" in run("verify", str(new_path))


def test_what_was_removed_does_not_recover(
    home: Path, run: Run, refused: Run, words_file: str
) -> None:
    unlock_id = run("passphrase", "--passphrase-file", words_file).strip()
    run("remove", unlock_id)
    (home / "sitekeep.key").rename(home / "moved.key")
    assert "none was ever added" in refused("recover", "--passphrase-file", words_file)
    (home / "moved.key").rename(home / "sitekeep.key")
    said = refused("remove", unlock_id, code=ExitCode.NOT_FOUND)
    assert unlock_id in said


def test_a_passphrase_is_never_an_argument_and_needs_a_terminal_or_a_file(
    home: Path, refused: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "--passphrase-file" in refused("passphrase", code=ExitCode.USAGE)
    assert main.run(["key", "passphrase", WORDS]) == ExitCode.USAGE
    (tmp_path / "short").write_text("short")
    said = refused("passphrase", "--passphrase-file", str(tmp_path / "short"))
    assert "has 5 letters; it needs 12" in said
    said = refused("passphrase", "--passphrase-file", str(tmp_path / "none"), code=ExitCode.USAGE)
    assert "cannot be read" in said


def test_without_a_vault_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "nothing"))
    code = main.run(["key", "recover", "--recipient", str(tmp_path / "anna.key")])
    assert code == ExitCode.NOT_FOUND
    assert "There is no vault" in capsys.readouterr().err
