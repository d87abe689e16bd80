"""kill -9 at spread points of a backup and of a restore: it goes on, and ends as if nothing was."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from support.processes import Deployment, wait_until

KILLS = int(os.environ.get("SITEKEEP_TEST_KILLS", "6"))
ISSUES = os.environ.get("SITEKEEP_TEST_CRASH_ISSUES", "400")
PAGES = os.environ.get("SITEKEEP_TEST_CRASH_PAGES", "150")
END_SECONDS = 300.0


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployment, None, None]:
    deployment = Deployment(Path(tmp_path_factory.mktemp("crash")))
    try:
        deployment.simulate(
            {"source": "generated", "target": "empty"}, f"--issues={ISSUES}", f"--pages={PAGES}"
        )
        deployment.start("backup")
        deployment.start("restore")
        _set_up(deployment)
        yield deployment
    finally:
        deployment.stop()


def _set_up(deployment: Deployment) -> None:
    deployment.command("organization", "create", "acme", "--enroll")
    for product in ("jira", "confluence"):
        for name, site in (("", "source"), ("-again", "source"), ("-target", "target")):
            identifier = f"{product}{name}"
            url = deployment.site_url(site)
            deployment.command(
                "product", "add", identifier, "--type", product, "--site", url,
                "--email", "admin@example.com",
            )  # fmt: skip
            deployment.command("policy", "create", identifier, "--product", identifier)


@pytest.mark.parametrize("product", ["jira", "confluence"])
def test_a_backup_and_a_restore_that_are_killed_again_and_again_end_like_undisturbed_ones(
    deployment: Deployment, product: str
) -> None:
    undisturbed = _backup(deployment, f"{product}-again")

    killed = _start(deployment, "backup", "create", "--policy", product)
    kills = _kill_along_the_way(deployment, "backup", killed, _unit_count(deployment, undisturbed))
    assert kills == KILLS
    backup = _ended(deployment, killed)
    assert backup["state"] == "COMPLETE", backup
    assert _counts(backup) == _counts(undisturbed)
    assert backup["archiveDigest"] == undisturbed["archiveDigest"]

    _empty_the_target(deployment, product)
    restore = _start(
        deployment, "restore", "create", "--backup", _id(backup), "--to", f"{product}-target"
    )
    units = 40 if product == "jira" else 25
    assert _kill_along_the_way(deployment, "restore", restore, units) == KILLS
    restored = _ended(deployment, restore)
    assert restored["state"] == "COMPLETE", restored
    if product == "jira":
        _assert_silent(deployment)

    again = _backup(deployment, f"{product}-target")
    compared = deployment.command("compare", _id(backup), _id(again), "--json", check=False)
    differences = json.loads(compared.stdout)["differences"]
    assert not [found for found in differences if not found["declaredBy"]], compared.stderr
    assert compared.returncode == 0


def _assert_silent(deployment: Deployment) -> None:
    """No mail was sent, and nothing is left of what kept the site from it."""
    assert deployment.query_site("target", "SELECT * FROM jira_mail") == []
    names = "SELECT name FROM jira_object WHERE kind = 'notification_scheme'"
    assert not [name for (name,) in deployment.query_site("target", names) if "silent" in str(name)]


def _kill_along_the_way(deployment: Deployment, service: str, operation: str, units: int) -> int:
    kills = 0
    for number in range(KILLS):
        point = max(1, units * number // KILLS)
        reached = functools.partial(_has_reached, deployment, operation, point)
        wait_until(reached, END_SECONDS, f"unit {point} of {operation}")
        if _is_done(deployment, operation):
            break
        deployment.kill(service)
        kills += 1
        deployment.start(service)
    return kills


def _has_reached(deployment: Deployment, operation: str, point: int) -> bool:
    return _done_units(deployment, operation) >= point or _is_done(deployment, operation)


def _done_units(deployment: Deployment, operation: str) -> int:
    statement = "SELECT count(*) FROM unit WHERE operation = ? AND state = 'DONE'"
    return int(str(deployment.query(statement, operation)[0][0]))


def _is_done(deployment: Deployment, operation: str) -> bool:
    statement = "SELECT state FROM operation WHERE id = ?"
    return deployment.query(statement, operation)[0][0] not in ("QUEUED", "RUNNING")


def _unit_count(deployment: Deployment, backup: dict[str, object]) -> int:
    operation = str(backup["operation"]).split("/")[-1]
    return _done_units(deployment, operation)


def _start(deployment: Deployment, *arguments: str) -> str:
    done = deployment.command(*arguments, "--no-wait", "--json")
    return str(json.loads(done.stdout)["name"]).split("/")[-1]


def _backup(deployment: Deployment, policy: str) -> dict[str, object]:
    return _ended(deployment, _start(deployment, "backup", "create", "--policy", policy))


def _ended(deployment: Deployment, operation: str) -> dict[str, object]:
    wait_until(lambda: _is_done(deployment, operation), END_SECONDS, f"the end of {operation}")
    shown = json.loads(deployment.command("operation", "show", operation, "--json").stdout)
    assert "error" not in shown, f"{shown['error']}\n{deployment.log('backup')[-3000:]}"
    response: dict[str, object] = shown["response"]
    return response


def _counts(backup: dict[str, object]) -> object:
    return backup["contents"]


def _id(resource: dict[str, object]) -> str:
    return str(resource["name"]).split("/")[-1]


def _empty_the_target(deployment: Deployment, product: str) -> None:
    if product == "confluence":
        deployment.remove_personal_spaces("target")
