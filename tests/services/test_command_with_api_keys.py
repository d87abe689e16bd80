"""The command and its keys against a server: made, listed, revoked, expired; admins and theirs."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import Generator
from pathlib import Path

import pytest

from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.first_key import KeyRequest, issue
from support.processes import Deployment

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployment, None, None]:
    """A Backup server; its first key has founded an organization."""
    deployment = Deployment(Path(tmp_path_factory.mktemp("keys")))
    try:
        deployment.start("backup")
        deployment.command("organization", "create", "acme", "--enroll")
        yield deployment
    finally:
        deployment.stop()


def _exit_code(deployment: Deployment, key: str, tmp_path: Path, *words: str) -> int:
    """How a verb ends for who has the key."""
    file = tmp_path / "key"
    file.write_text(key)
    done = deployment.command(*words, "--api-key-file", str(file), check=False)
    assert "Traceback" not in done.stderr
    return done.returncode


def test_init_is_refused_while_the_server_runs_and_has_a_key(deployment: Deployment) -> None:
    done = deployment.command("init", check=False)
    assert (done.returncode, done.stdout) == (ExitCode.REFUSED, "")


def test_a_key_made_over_grpc_works_until_it_is_revoked(
    deployment: Deployment, tmp_path: Path
) -> None:
    made = deployment.command("api-key", "create", "laptop", "--name", "My laptop")
    key = made.stdout.strip()
    assert made.stdout == f"{key}\n"
    assert "apiKeys/laptop is an API key of your account owner" in made.stderr
    assert _exit_code(deployment, key, tmp_path, "organization", "show") == ExitCode.OK

    deployment.command("api-key", "revoke", "laptop")

    assert _exit_code(deployment, key, tmp_path, "organization", "show") == ExitCode.NO_PERMISSION
    shown = deployment.command("api-key", "show", "apiKeys/laptop")
    assert "revoked" in shown.stdout
    assert key not in shown.stdout + shown.stderr


def test_keys_in_json_never_hold_the_key_but_when_it_is_made(deployment: Deployment) -> None:
    words = ("api-key", "create", "robot", "--name", "Robot", "--expires-in-days", "30", "--json")
    made = json.loads(deployment.command(*words).stdout)
    assert made["keyString"].startswith("sitekeep_")
    created, expires = (
        datetime.datetime.fromisoformat(made[name]) for name in ("createTime", "expireTime")
    )
    assert abs(expires - created - datetime.timedelta(days=30)) < datetime.timedelta(minutes=1)

    listed = json.loads(deployment.command("api-key", "list", "--json").stdout)["apiKeys"]
    robot = next(one for one in listed if one["name"] == "apiKeys/robot")
    assert robot == {name: value for name, value in made.items() if name != "keyString"}


def test_an_expired_key_is_refused(deployment: Deployment, tmp_path: Path) -> None:
    request = KeyRequest("owner", "Old", "old", datetime.timedelta(days=1))
    url = f"sqlite:///{deployment.environment['SITEKEEP_HOME']}/sitekeep.db"
    old = asyncio.run(issue(url, request, ManualClock(LONG_AGO)))

    code = _exit_code(deployment, old.key_string, tmp_path, "organization", "show")

    assert code == ExitCode.NO_PERMISSION
    listed = deployment.command("api-key", "list").stdout.splitlines()
    assert "expired" in next(line for line in listed if " old " in line)


def test_the_key_of_another_account_opens_an_organization_once_it_is_admin(
    deployment: Deployment, tmp_path: Path
) -> None:
    key = deployment.command(
        "api-key", "create", "--account", "maria", "--name", "Maria's"
    ).stdout.strip()
    show = ("organization", "show", "acme")
    assert _exit_code(deployment, key, tmp_path, *show) == ExitCode.NO_PERMISSION
    assert _exit_code(deployment, key, tmp_path, "api-key", "show", "laptop") == ExitCode.NOT_FOUND

    deployment.command("admin", "add", "maria", "--account", "maria", "--name", "Maria")
    assert _exit_code(deployment, key, tmp_path, *show) == ExitCode.OK
    listed = json.loads(deployment.command("admin", "list", "--json").stdout)["admins"]
    assert {one["accountId"] for one in listed} == {"owner", "maria"}

    deployment.command("admin", "remove", "maria")
    assert _exit_code(deployment, key, tmp_path, *show) == ExitCode.NO_PERMISSION


def test_whoever_may_open_the_database_revokes_the_key_of_anybody(
    deployment: Deployment, tmp_path: Path
) -> None:
    create = ("api-key", "create", "lost", "--account", "otto", "--name", "Otto's")
    key = deployment.command(*create).stdout.strip()
    assert _exit_code(deployment, key, tmp_path, "api-key", "list") == ExitCode.OK
    wrong = deployment.command("api-key", "revoke", "lost", "--account", "maria", check=False)
    assert wrong.returncode == ExitCode.NOT_FOUND

    deployment.command("api-key", "revoke", "lost", "--account", "otto")

    assert _exit_code(deployment, key, tmp_path, "api-key", "list") == ExitCode.NO_PERMISSION
    listed = deployment.command("api-key", "list", "--account", "otto", "--json").stdout
    (otto,) = json.loads(listed)["apiKeys"]
    assert (otto["name"], "revokeTime" in otto) == ("apiKeys/lost", True)
    assert key not in listed


def test_the_last_admin_stays(deployment: Deployment) -> None:
    done = deployment.command("admin", "remove", "founder", check=False)
    assert done.returncode == ExitCode.REFUSED
    assert "LAST_ADMIN" in done.stderr


@pytest.mark.parametrize(("name", "code"), [("laptop2", ExitCode.NOT_FOUND), ("a/b", 2)])
def test_a_key_that_is_not_there_cannot_be_revoked(
    deployment: Deployment, name: str, code: int
) -> None:
    assert deployment.command("api-key", "revoke", name, check=False).returncode == code


def test_the_log_says_once_where_the_first_key_comes_from(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, {"SITEKEEP_API_KEY": "sitekeep_none-yet"})
    try:
        deployment.start("backup")
        assert deployment.log("backup").count("`sitekeep init` makes the first one") == 1
        assert deployment.command("init").stdout.startswith("sitekeep_")
    finally:
        deployment.stop()
    deployment.start("backup")
    deployment.stop()
    assert deployment.log("backup").count("`sitekeep init` makes the first one") == 1
