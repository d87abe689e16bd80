"""``init`` and ``key create --account``: keys made in the database itself, servers or not."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from support.databases import database_url

__all__ = ["database_url"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SITEKEEP_DATABASE_URL", database_url)
    monkeypatch.delenv("SITEKEEP_API_KEY", raising=False)


def test_init_prints_the_key_alone_so_that_a_shell_can_take_it(
    database_url: str, capsys: Captured
) -> None:
    assert main.run(["init"]) == ExitCode.OK
    captured = capsys.readouterr()
    key = captured.out.strip()
    assert captured.out == f"{key}\n"
    assert key.startswith("sitekeep_")
    assert len(key.split()) == 1
    assert "the account owner in " in captured.err
    assert database_url.partition("://")[2].partition("?")[0] in captured.err
    assert "shown this once" in captured.err
    assert "SITEKEEP_API_KEY" in captured.err
    assert key not in captured.err


def test_init_with_json_is_one_object(capsys: Captured) -> None:
    words = ["init", "--account", "557058:maria", "--name", "Maria", "--expires-in-days", "1"]

    assert main.run([*words, "--json"]) == ExitCode.OK
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert answer["accountId"] == "557058:maria"
    assert answer["name"].startswith("apiKeys/")
    assert answer["keyString"].startswith("sitekeep_")
    assert answer["adoptedOrganizations"] == []
    assert captured.err == ""


def test_the_password_of_a_database_is_not_shown(capsys: Captured) -> None:
    from sitekeep_cli import local_api_keys
    from sitekeep_cli.output import Output
    from sitekeep_shared.config import Settings
    from sitekeep_shared.first_key import IssuedKey

    url = "postgresql://sitekeep:s3cret@db.example/sitekeep"
    settings = Settings.from_environment({"SITEKEEP_DATABASE_URL": url})
    local_api_keys.show(Output(), IssuedKey("apiKeys/k", "sitekeep_k", "owner", []), settings)

    captured = capsys.readouterr()
    assert "db.example/sitekeep" in captured.err
    assert "s3cret" not in captured.out + captured.err


def test_a_second_init_is_refused_and_prints_no_key(capsys: Captured) -> None:
    main.run(["init"])
    capsys.readouterr()

    assert main.run(["init", "--account", "somebody"]) == ExitCode.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "has an API key already" in captured.err
    assert "sitekeep api-key create --account" in captured.err


def test_whoever_may_open_the_database_makes_keys_of_any_account(capsys: Captured) -> None:
    words = ["api-key", "create", "laptop", "--account", "maria", "--name", "Maria's"]

    assert main.run(words) == ExitCode.OK
    captured = capsys.readouterr()
    assert captured.out.startswith("sitekeep_")
    assert "apiKeys/laptop is an API key of the account maria in " in captured.err

    assert main.run([*words, "--json"]) == ExitCode.REFUSED
    assert "apiKeys/laptop exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["init", "--account", " "],
        ["init", "--account", "a\nb"],
        ["init", "--account", "x" * 129],
        ["init", "--expires-in-days", "0"],
        ["init", "--expires-in-days", "36501"],
        ["api-key", "create", "--account", "maria"],
        ["api-key", "create", "Not an id", "--account", "maria", "--name", "x"],
    ],
)
def test_what_makes_no_key_is_a_usage_error(words: list[str], capsys: Captured) -> None:
    assert main.run(words) == ExitCode.USAGE
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root@localhost/x", "'mysql' databases are not supported"),
        ("nonsense", "the database URL cannot be read"),
        ("postgresql://nobody@127.0.0.1:1/x", "The database cannot be used: "),
        ("sqlite:////dev/null/sitekeep.db", "The data cannot be kept. /dev/null"),
    ],
)
@pytest.mark.parametrize("words", [["init"], ["serve", "backup"]])
def test_a_database_that_cannot_be_used_is_one_sentence(
    words: list[str], url: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_DATABASE_URL", url)

    assert main.run(words) == ExitCode.FAILED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_PROFILE", "generous")

    assert main.run(["init"]) == ExitCode.USAGE
    assert "SITEKEEP_PROFILE" in capsys.readouterr().err


def test_organizations_that_had_no_admin_are_named(database_url: str, capsys: Captured) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("one database is enough: the sentence is the same")
    main.run(["init", "--expires-in-days", "1"])
    _make_older_than_keys(database_url.removeprefix("sqlite:///"))
    capsys.readouterr()

    assert main.run(["init", "--account", "maria"]) == ExitCode.OK
    assert "now admin of what had none: acme" in capsys.readouterr().err


def _make_older_than_keys(path: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM api_key")
    connection.execute(
        "INSERT INTO organization (id, display_name, enrolled, create_time, update_time, etag)"
        " VALUES ('acme', 'Acme', 1, 0, 0, '1')"
    )
    connection.commit()
    connection.close()
