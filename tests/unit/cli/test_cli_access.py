"""The API key and TLS of the command: where they come from, and what is said when they do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sitekeep.backup.v1 import organization_pb2
from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared import errors
from sitekeep_shared.config import ServerTls
from sitekeep_shared.rpc.tls import server_credentials
from support.certificates import Authority
from support.cli_server import Scripted, operation, serving

Captured = pytest.CaptureFixture[str]
KEY = "sitekeep_of-the-environment"
OTHER = "sitekeep_of-a-file"
VARIABLES = (
    "SITEKEEP_API_KEY",
    "SITEKEEP_API_KEY_FILE",
    "SITEKEEP_TLS_CA",
    "SITEKEEP_TLS_CLIENT_CERTIFICATE",
    "SITEKEEP_TLS_CLIENT_KEY",
)


@pytest.fixture(autouse=True)
def no_access(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Scripted:
    scripted = Scripted()
    scripted.on("ListOrganizations", organization_pb2.ListOrganizationsResponse())
    return scripted


@pytest.fixture
def address(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(server) as address:
        monkeypatch.setenv("SITEKEEP_BACKUP_ADDRESS", address)
        yield address


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{OTHER}\n")
    return path


@pytest.mark.usefixtures("address")
def test_without_a_key_none_is_sent(server: Scripted) -> None:
    assert main.run(["organization", "list"]) == ExitCode.OK
    assert server.credentials == [""]


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    ("variables", "words", "sent"),
    [
        ({"SITEKEEP_API_KEY": KEY}, [], KEY),
        ({"SITEKEEP_API_KEY": f" {KEY}\n"}, [], KEY),
        ({"SITEKEEP_API_KEY_FILE": "FILE"}, [], OTHER),
        ({}, ["--api-key-file", "FILE"], OTHER),
        ({"SITEKEEP_API_KEY": KEY}, ["--api-key-file", "FILE"], OTHER),
        ({"SITEKEEP_API_KEY": KEY, "SITEKEEP_API_KEY_FILE": "FILE"}, [], KEY),
        ({"SITEKEEP_API_KEY": "", "SITEKEEP_API_KEY_FILE": "FILE"}, [], OTHER),
    ],
)
def test_the_key_comes_from_the_file_asked_for_then_from_the_environment(
    server: Scripted,
    key_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    variables: dict[str, str],
    words: list[str],
    sent: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("FILE", str(key_file)))
    words = [word.replace("FILE", str(key_file)) if word == "FILE" else word for word in words]

    assert main.run(["organization", "list", *words]) == ExitCode.OK

    assert server.credentials == [f"Bearer {sent}"]
    captured = capsys.readouterr()
    assert sent not in captured.out + captured.err


@pytest.mark.usefixtures("address")
def test_streams_carry_the_key_too(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITEKEEP_API_KEY", KEY)
    ended = operation()
    ended.done = True
    server.on("WatchOperation", [ended])

    main.run(["operation", "wait", "o1", "--organization", "acme"])

    assert server.credentials == [f"Bearer {KEY}"]


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"a\nb", b"k\xc3\xa9y", b"\xff"])
def test_what_is_no_key_is_said_so_and_not_repeated(
    server: Scripted, tmp_path: Path, capsys: Captured, content: bytes
) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)

    assert main.run(["organization", "list", "--api-key-file", str(path)]) == ExitCode.USAGE

    said = capsys.readouterr().err
    assert f"{path} holds no API key" in said
    assert "two words" not in said
    assert server.asked == []


@pytest.mark.usefixtures("address")
def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "none"

    assert main.run(["organization", "list", "--api-key-file", str(path)]) == ExitCode.USAGE
    assert f"{path}: No such file" in capsys.readouterr().err


def test_no_verb_takes_the_key_itself(capsys: Captured) -> None:
    assert main.run(["organization", "list", "--api-key", KEY]) == ExitCode.USAGE
    main.run(["organization", "list", "--help"])
    assert "others on the machine can read" in _joined(capsys.readouterr().out)


@pytest.mark.usefixtures("address")
@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (errors.Unauthenticated("CREDENTIALS_MISSING", "none"), "SITEKEEP_API_KEY"),
        (errors.Unauthenticated("CREDENTIALS_INVALID", "bad"), "SITEKEEP_API_KEY"),
        (errors.PermissionDenied("NOT_ORGANIZATION_ADMIN", "no"), "organization list"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_do(
    server: Scripted, capsys: Captured, error: errors.SitekeepError, advice: str
) -> None:
    server.on("ListOrganizations", error)

    assert main.run(["organization", "list"]) == ExitCode.NO_PERMISSION
    assert advice in capsys.readouterr().err


@pytest.mark.usefixtures("address")
def test_who_administers_nothing_is_told_how_to_begin(capsys: Captured) -> None:
    assert main.run(["policy", "list"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "sitekeep organization create" in said
    assert "sitekeep admin add" in said


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tls_address(
    server: Scripted, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    pair = authority.server()
    credentials = server_credentials(ServerTls(pair.certificate, pair.key, None))
    with serving(server, credentials=credentials) as address:
        monkeypatch.setenv("SITEKEEP_BACKUP_ADDRESS", address)
        yield address


@pytest.mark.usefixtures("tls_address")
def test_a_server_with_tls_is_reached_with_its_authority(
    server: Scripted, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITEKEEP_TLS_CA", str(authority.certificate))
    monkeypatch.setenv("SITEKEEP_API_KEY", KEY)

    assert main.run(["organization", "list"]) == ExitCode.OK
    assert server.credentials == [f"Bearer {KEY}"]


@pytest.mark.usefixtures("tls_address")
def test_a_server_with_tls_is_guessed_where_none_is_set(capsys: Captured) -> None:
    assert main.run(["organization", "list"]) == ExitCode.UNREACHABLE
    assert "SITEKEEP_TLS_CA" in capsys.readouterr().err


@pytest.mark.usefixtures("address")
def test_a_server_without_tls_is_named_where_it_is_set(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_TLS_CA", str(authority.certificate))

    assert main.run(["organization", "list"]) == ExitCode.UNREACHABLE
    assert "speaks no TLS" in capsys.readouterr().err


@pytest.mark.usefixtures("tls_address")
def test_a_server_of_another_authority_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_TLS_CA", str(Authority(tmp_path, "other").certificate))

    assert main.run(["organization", "list"]) == ExitCode.UNREACHABLE
    assert "SITEKEEP_TLS_CA has not signed it" in _joined(capsys.readouterr().err)


def test_a_certificate_for_another_name_is_named(
    server: Scripted, authority: Authority, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    pair = authority.client("elsewhere")
    credentials = server_credentials(ServerTls(pair.certificate, pair.key, None))
    monkeypatch.setenv("SITEKEEP_TLS_CA", str(authority.certificate))

    with serving(server, credentials=credentials) as address:
        monkeypatch.setenv("SITEKEEP_BACKUP_ADDRESS", address)
        assert main.run(["organization", "list"]) == ExitCode.UNREACHABLE

    assert "another name" in capsys.readouterr().err


@pytest.mark.parametrize("name", VARIABLES[2:])
def test_a_file_of_tls_that_is_not_there_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(name, "/nowhere/file.pem")

    assert main.run(["organization", "list"]) == ExitCode.USAGE
    assert name in capsys.readouterr().err


def _joined(text: str) -> str:
    return " ".join(text.replace("│", " ").split())
