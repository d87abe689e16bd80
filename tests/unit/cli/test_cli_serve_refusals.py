"""A server that cannot start says why, without a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.main import run
from sitekeep_cli.supervision import child_command
from support.certificates import Authority

Captured = pytest.CaptureFixture[str]


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


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["all"], {"SITEKEEP_BACKUP_LISTEN": "nonsense"}),
        (["restore"], {"SITEKEEP_RESTORE_LISTEN": "nonsense"}),
        (["backup", "--listen", "nonsense"], {}),
        (["all"], {"SITEKEEP_TLS_CERTIFICATE": "nonsense"}),
        (["backup"], {"SITEKEEP_PROFILE": "nonsense"}),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    words: list[str],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert run(["serve", *words]) is ExitCode.USAGE
    said = capsys.readouterr().err
    assert "'nonsense'" in said
    assert len(said.splitlines()) == 1


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority; servers are to speak TLS with its certificate."""
    authority = Authority(tmp_path)
    pair = authority.server()
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SITEKEEP_TLS_CERTIFICATE", str(pair.certificate))
    monkeypatch.setenv("SITEKEEP_TLS_KEY", str(pair.key))
    for name in ("SITEKEEP_TLS_CA", "SITEKEEP_TLS_CLIENT_CERTIFICATE", "SITEKEEP_TLS_CLIENT_KEY"):
        monkeypatch.delenv(name, raising=False)
    return authority


@pytest.mark.usefixtures("tls")
def test_a_restore_server_that_would_not_trust_the_backup_server_is_not_started(
    capsys: Captured,
) -> None:
    assert run(["serve", "all"]) is ExitCode.USAGE
    assert "set SITEKEEP_TLS_CA" in capsys.readouterr().err


def test_a_restore_server_without_the_certificate_that_is_asked_for_is_not_started(
    tls: Authority, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_TLS_CA", str(tls.certificate))
    monkeypatch.setenv("SITEKEEP_TLS_CLIENT_CA", str(tls.certificate))

    assert run(["serve", "all"]) is ExitCode.USAGE
    assert "set SITEKEEP_TLS_CLIENT_CERTIFICATE" in capsys.readouterr().err


def test_a_key_that_is_not_of_the_certificate_is_named(
    tls: Authority, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_TLS_KEY", str(tls.client("other").key))
    monkeypatch.setenv("SITEKEEP_BACKUP_LISTEN", "127.0.0.1:0")

    assert run(["serve", "backup"]) is ExitCode.FAILED
    assert "is not the key of the certificate" in capsys.readouterr().err


def test_an_address_beyond_this_machine_needs_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("SITEKEEP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SITEKEEP_INSECURE_LISTEN", raising=False)

    assert run(["serve", "backup", "--listen", "0.0.0.0:0"]) is ExitCode.FAILED
    assert "SITEKEEP_INSECURE_LISTEN=1" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named_and_nothing_else_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        environment = {**os.environ, "SITEKEEP_HOME": str(tmp_path / "home")}
        environment.pop("GRPC_VERBOSITY", None)
        done = subprocess.run(
            child_command("serve", "backup", "--listen", address),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == ExitCode.FAILED
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 2, done.stderr
    assert f"{address} cannot be listened on" in said[1]
