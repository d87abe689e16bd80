"""The ten calls of the README, run as they stand there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from clients.contracts import ROOT
from clients.grpcurl import Answer, Grpcurl
from support.processes import Deployment

HEADING = "## Ten calls with grpcurl"
COUNT = 10
SCRIPT_SECONDS = 120.0


def calls_of_the_page() -> list[str]:
    """The commands of the page, by the numbers that stand above them."""
    page = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"{HEADING}\n")[2]
    section = re.split(r"^## ", page, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if block.startswith("# 1. ")]
    numbered = re.split(r"^# (\d+)\. .*\n", block, flags=re.MULTILINE)
    assert numbered[1::2] == [str(number) for number in range(1, COUNT + 1)]
    return numbered[2::2]


def run_in_one_shell(calls: list[str], environment: dict[str, str], folder: Path) -> list[Answer]:
    """What each call writes; what one sets in the shell, the next ones have."""
    script = "\n".join(
        f"{{\n{call.rstrip()}\n}} >{number}.out 2>{number}.err\necho $? >{number}.code"
        for number, call in enumerate(calls)
    )
    subprocess.run(
        ["bash", "-u", "-o", "pipefail", "-c", script],
        env=environment, cwd=folder, check=True, timeout=SCRIPT_SECONDS,
    )  # fmt: skip
    return [_answer(folder, number) for number in range(len(calls))]


def _answer(folder: Path, number: int) -> Answer:
    code, out, err = ((folder / f"{number}.{what}").read_text() for what in ("code", "out", "err"))
    return Answer(int(code), out, err)


@pytest.fixture(scope="module")
def environment(grpcurl: Grpcurl, deployment: Deployment) -> dict[str, str]:
    """What the first block of the page sets, with the addresses of the deployment."""
    return {
        **grpcurl.environment,
        "PATH": f"{grpcurl.binary.parent}:{grpcurl.environment['PATH']}",
        "SITE": deployment.site_url("source"),
    }


@pytest.fixture(scope="module")
def answers(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    return run_in_one_shell(calls_of_the_page(), environment, tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1, "sitekeep.backup.v1.BackupService\n"),
        (2, "rpc CreateBackup ( .sitekeep.backup.v1.CreateBackupRequest )"),
        (3, '"name": "organizations/acme"'),
        (4, '"name": "organizations/acme/products/jira"'),
        (5, '"name": "organizations/acme/backupPolicies/jira"'),
        (6, "organizations/acme/operations/"),
        (7, "sitekeep.backup.v1.CreateBackupMetadata"),
        (8, '"name": "organizations/acme/backups/first"'),
        (9, '"rule": "target_is_empty"'),
        (10, "{"),
    ],
)
def test_each_call_goes_through_as_it_stands_in_the_readme(
    answers: list[Answer], number: int, told: str
) -> None:
    answer = answers[number - 1]
    assert (answer.code, answer.err) == (0, "")
    assert told in answer.out


def test_the_stream_ends_with_the_backup(answers: list[Answer]) -> None:
    done = answers[6].messages[-1]
    assert done["response"]["name"] == "organizations/acme/backups/first"
    assert done["response"]["state"] == "COMPLETE"


def test_the_backup_is_among_the_complete_ones(answers: list[Answer]) -> None:
    (backup,) = answers[7].message["backups"]
    assert backup["state"] == "COMPLETE"


def test_the_check_says_what_stands_in_the_way(answers: list[Answer]) -> None:
    blocked = [
        finding for finding in answers[8].message["findings"] if finding["outcome"] == "BLOCKED"
    ]
    assert [finding["rule"] for finding in blocked] == ["target_is_empty"]


def test_no_lock_is_held_in_the_end(answers: list[Answer]) -> None:
    assert answers[9].message == {}


def test_call_six_sent_again_answers_the_same_operation(
    answers: list[Answer], environment: dict[str, str], tmp_path: Path
) -> None:
    (again,) = run_in_one_shell([calls_of_the_page()[5]], environment, tmp_path)
    assert again.out == answers[5].out


def test_another_backup_is_refused_as_the_page_shows(
    answers: list[Answer], environment: dict[str, str], tmp_path: Path
) -> None:
    assert answers[6].code == 0
    call = re.sub(r'"request_id": "[^"]*",\s*"backup_id": "[^"]*", ', "", calls_of_the_page()[5])
    assert "request_id" not in call
    (refused,) = run_in_one_shell([call], environment, tmp_path)
    assert refused.code == 72
    assert "Code: ResourceExhausted" in refused.err
    assert '"reason":"BACKUP_TOO_SOON"' in refused.err
