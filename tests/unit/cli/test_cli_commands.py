"""The command against a server: paragraphs, exit codes, JSON and nothing around it."""

from __future__ import annotations

import datetime
import hashlib
import json
import operator
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sitekeep.type.v1 import content_pb2 as type_pb
from sitekeep_cli import main, watching
from sitekeep_cli.exit_codes import MEANINGS, ExitCode
from sitekeep_shared import errors
from sitekeep_shared.errors import SitekeepError, Violation
from support.cli_server import (
    BACKUP,
    OPERATION,
    Scripted,
    backup,
    backup_pb2,
    content_pb2,
    operation,
    organization_pb2,
    restore_pb2,
    serving,
)

Run = Callable[..., ExitCode]
STATE = backup_pb2.Backup


@pytest.fixture
def server() -> Scripted:
    return Scripted()


@pytest.fixture
def run(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr(watching, "PAUSE_SECONDS", 0.01)
    with serving(server) as address:
        monkeypatch.setenv("SITEKEEP_BACKUP_ADDRESS", address)
        monkeypatch.setenv("SITEKEEP_RESTORE_ADDRESS", address)
        monkeypatch.setenv("SITEKEEP_ORGANIZATION", "acme")
        yield lambda *words: main.run(words)


Captured = pytest.CaptureFixture[str]

REFUSALS: list[tuple[SitekeepError, ExitCode]] = [
    (errors.InvalidRequest("REQUEST_INVALID", "no"), ExitCode.USAGE),
    (errors.NotFound("RESOURCE_NOT_FOUND", "no"), ExitCode.NOT_FOUND),
    (errors.AlreadyExists("BACKUP_POLICY_EXISTS", "no"), ExitCode.REFUSED),
    (errors.PreconditionFailed("TARGET_NOT_EMPTY", "no"), ExitCode.REFUSED),
    (errors.WindowClosed("BACKUP_TOO_SOON", "no"), ExitCode.REFUSED),
    (errors.Conflict("BACKUP_IN_PROGRESS", "no"), ExitCode.REFUSED),
    (errors.PermissionDenied("ORGANIZATION_NOT_ENROLLED", "no"), ExitCode.NO_PERMISSION),
    (errors.Unauthenticated("CREDENTIALS_INVALID", "no"), ExitCode.NO_PERMISSION),
    (errors.Unavailable("SERVER_SHUTTING_DOWN", "no"), ExitCode.UNREACHABLE),
    (errors.Damaged("ARCHIVE_CORRUPT", "no"), ExitCode.FAILED),
    (errors.InternalError("INTERNAL_ERROR", "no"), ExitCode.FAILED),
]


@pytest.mark.parametrize(("error", "exit_code"), REFUSALS, ids=[one[0].reason for one in REFUSALS])
def test_each_refusal_has_its_exit_code_and_its_advice(
    server: Scripted, run: Run, capsys: Captured, error: SitekeepError, exit_code: ExitCode
) -> None:
    server.on("CreateBackup", error)

    assert run("backup", "create", "--policy", "p1") == exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"({error.reason})" in captured.err
    assert "Traceback" not in captured.err


def test_a_refusal_says_from_when_on_it_is_allowed_and_why(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    server.on(
        "CreateBackup",
        errors.WindowClosed(
            "BACKUP_TOO_SOON",
            "The last complete backup is too recent.",
            violations=[Violation("QUOTA", "products/jira", "1 complete backup per 7 days")],
            retry_after=datetime.timedelta(days=6, hours=23, minutes=5),
        ),
    )

    run("backup", "create", "--policy", "p1")
    text = capsys.readouterr().err
    allowed = (datetime.datetime.now().astimezone() + datetime.timedelta(days=6, hours=23)).date()
    assert "1 complete backup per 7 days" in text
    assert f"Allowed from {allowed}"[:20] in text
    assert "in 6 d 23 h" in text
    assert "Wait until then" in text


def test_an_unreachable_server_is_said_so(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("SITEKEEP_ORGANIZATION", "acme")

    code = main.run(["backup", "list", "--backup-address", f"127.0.0.1:{port}"])

    assert code == ExitCode.UNREACHABLE
    assert "sitekeep serve all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "exit_code"),
    [
        (STATE.COMPLETE, ExitCode.OK),
        (STATE.INCOMPLETE, ExitCode.INCOMPLETE),
        (STATE.FAILED, ExitCode.FAILED),
        (STATE.CANCELLED, ExitCode.FAILED),
    ],
)
def test_a_watched_backup_ends_with_the_exit_code_of_its_state(
    server: Scripted, run: Run, capsys: Captured, state: Any, exit_code: ExitCode
) -> None:
    server.on("CreateBackup", operation())
    server.on("WatchOperation", [operation(percent=40), operation(backup(state))])

    assert run("backup", "create", "--policy", "p1") == exit_code
    assert "exporting content" in capsys.readouterr().err
    assert server.asked[0].backup.backup_policy == "organizations/acme/backupPolicies/p1"


def test_a_failed_operation_is_explained(server: Scripted, run: Run, capsys: Captured) -> None:
    error = errors.Conflict("LOCK_LOST", "Another operation took over")
    server.on("CreateBackup", operation())
    server.on("WatchOperation", [operation(error=error)])

    assert run("backup", "create", "--policy", "p1") == ExitCode.FAILED
    assert "Another operation took over. (LOCK_LOST)" in capsys.readouterr().err


def test_watching_goes_on_when_the_server_comes_back(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    away = errors.Unavailable("SERVER_SHUTTING_DOWN", "away")
    answers = iter(
        [
            [operation(percent=10), away],
            [away],
            [operation(percent=60), operation(backup(STATE.COMPLETE))],
        ]
    )

    def next_answer(_: object) -> object:
        return next(answers)

    server.on("WatchOperation", next_answer)

    assert run("operation", "watch", "o1") == ExitCode.OK
    assert capsys.readouterr().err.count("The server is away") == 1


def test_an_interrupted_watcher_says_that_the_operation_goes_on(
    server: Scripted, run: Run, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Iterator[object]:
        raise KeyboardInterrupt
        yield

    server.on("CreateBackup", operation())
    monkeypatch.setattr(watching, "events", interrupted)

    assert run("backup", "create", "--policy", "p1") == ExitCode.INTERRUPTED
    text = capsys.readouterr().err
    assert "the operation goes on" in text
    assert "sitekeep operation cancel o1" in text


def json_runs(server: Scripted) -> Sequence[Sequence[str]]:
    organization = organization_pb2.Organization(name="organizations/acme", enrolled=True)
    product = organization_pb2.Product(name="organizations/acme/products/j", has_credentials=True)
    server.on(
        "ListOrganizations",
        organization_pb2.ListOrganizationsResponse(organizations=[organization]),
    )
    server.on("GetOrganization", organization)
    server.on("ListProducts", organization_pb2.ListProductsResponse(products=[product]))
    server.on("GetBackup", backup(STATE.COMPLETE))
    server.on("ListBackups", backup_pb2.ListBackupsResponse(backups=[backup(STATE.COMPLETE)]))
    server.on("ListBackupIssues", backup_pb2.ListBackupIssuesResponse())
    server.on("CreateBackup", operation())
    server.on("WatchOperation", [operation(percent=40), operation(backup(STATE.COMPLETE))])
    server.on("CheckRestore", restore_pb2.CheckRestoreResponse(allowed=True))
    server.on("GetOperation", operation(percent=3))
    return [
        ["organization", "list"],
        ["organization", "show"],
        ["product", "list"],
        ["backup", "show", "b1"],
        ["backup", "list"],
        ["backup", "issues", "b1"],
        ["backup", "create", "--policy", "p1"],
        ["backup", "create", "--policy", "p1", "--no-wait"],
        ["restore", "check", "--backup", "b1", "--to", "j"],
        ["operation", "show", "o1"],
        ["operation", "wait", "o1"],
        ["coverage"],
        ["version"],
    ]


@pytest.mark.parametrize("number", range(13))
def test_json_is_one_document_and_nothing_else(
    server: Scripted, run: Run, capsys: Captured, number: int
) -> None:
    assert run(*json_runs(server)[number], "--json") == ExitCode.OK
    captured = capsys.readouterr()
    json.loads(captured.out)
    assert captured.err == ""


def test_a_watched_stream_is_json_lines(server: Scripted, run: Run, capsys: Captured) -> None:
    server.on("WatchOperation", [operation(percent=40), operation(backup(STATE.INCOMPLETE))])

    assert run("operation", "watch", "o1", "--json") == ExitCode.INCOMPLETE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("done", False) for line in lines] == [False, True]
    assert lines[0]["metadata"]["progressPercent"] == 40
    assert lines[1]["response"]["state"] == "INCOMPLETE"


def test_a_refusal_with_json_is_json_on_standard_error(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    server.on("GetBackup", errors.NotFound("RESOURCE_NOT_FOUND", "no such backup"))

    assert run("backup", "show", "b9", "--json") == ExitCode.NOT_FOUND
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["details"][0]["reason"] == "RESOURCE_NOT_FOUND"


def test_lists_are_read_to_their_last_page(server: Scripted, run: Run, capsys: Captured) -> None:
    def page(request: backup_pb2.ListBackupsRequest) -> backup_pb2.ListBackupsResponse:
        more = "" if request.page_token else "next"
        return backup_pb2.ListBackupsResponse(
            backups=[backup(STATE.COMPLETE)], next_page_token=more
        )

    server.on("ListBackups", page)

    run("backup", "list", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["backups"]) == 2
    assert "nextPageToken" not in answer


@pytest.mark.parametrize("given", ["b1", BACKUP, "backups/b1"])
def test_short_ids_and_full_names_are_accepted(server: Scripted, run: Run, given: str) -> None:
    server.on("GetBackup", backup(STATE.COMPLETE))

    assert run("backup", "show", given) == ExitCode.OK
    assert server.asked[-1].name == BACKUP


def test_a_backup_is_shown_with_the_name_that_the_vault_gives_it(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    shown = backup(STATE.COMPLETE)
    shown.manifest_key = "backups/a1/b2"
    server.on("GetBackup", shown)
    assert run("backup", "show", "b1") == ExitCode.OK
    assert "a1/b2" in capsys.readouterr().out.split()


def test_the_only_organization_needs_no_name(
    server: Scripted, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SITEKEEP_ORGANIZATION")
    only = organization_pb2.Organization(name="organizations/only")
    server.on("ListOrganizations", organization_pb2.ListOrganizationsResponse(organizations=[only]))
    server.on("GetBackup", backup(STATE.COMPLETE))

    assert run("backup", "show", "b1") == ExitCode.OK
    assert server.asked[-1].name == "organizations/only/backups/b1"


def test_the_token_is_sent_and_never_printed(
    server: Scripted, run: Run, capsys: Captured, tmp_path: Path
) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    server.on("CreateProduct", operator.attrgetter("product"))

    words = ["product", "add", "j", "--type", "jira", "--site", "https://x", "--email", "a@b"]
    assert run(*words, "--token-file", str(secret)) == ExitCode.OK
    assert server.asked[-1].product.credentials.api_token == "s3cret"
    captured = capsys.readouterr()
    assert "s3cret" not in captured.out + captured.err


def test_no_token_is_a_usage_error(run: Run, capsys: Captured) -> None:
    words = ["product", "add", "j", "--type", "jira", "--site", "https://x", "--email", "a@b"]

    assert run(*words) == ExitCode.USAGE
    assert "SITEKEEP_API_TOKEN" in capsys.readouterr().err


def blocked() -> restore_pb2.CheckRestoreResponse:
    from sitekeep_shared.rpc.status import to_status

    finding = restore_pb2.CheckRestoreResponse.Finding(
        rule="destination",
        outcome=restore_pb2.CheckRestoreResponse.Finding.BLOCKED,
        status=to_status(errors.PreconditionFailed("TARGET_NOT_EMPTY", "There is a space ~me")),
        message="There is a space ~me",
    )
    return restore_pb2.CheckRestoreResponse(findings=[finding])


def test_a_blocked_restore_is_refused_with_every_rule(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    server.on("CheckRestore", blocked())

    assert run("restore", "check", "--backup", "b1", "--to", "c") == ExitCode.REFUSED
    captured = capsys.readouterr()
    assert "destination" in captured.out
    assert "TARGET_NOT_EMPTY" in captured.err


ENTITY = content_pb2.Entity(
    name=f"{BACKUP}/entities/attachment.x",
    kind=type_pb.ENTITY_KIND_ATTACHMENT,
    attributes={"filename": "../a/b.txt"},
    digest=hashlib.sha256(b"hello world").hexdigest(),
)


def test_a_saved_file_is_checked_and_stays_in_its_folder(
    server: Scripted, run: Run, tmp_path: Path
) -> None:
    pieces = [content_pb2.ReadAttachmentResponse(data=one) for one in (b"hello ", b"world")]
    server.on("GetEntity", ENTITY)
    server.on("ReadAttachment", pieces)

    assert run("content", "save", ENTITY.name, "--to", str(tmp_path)) == ExitCode.OK
    assert (tmp_path / ".._a_b.txt").read_bytes() == b"hello world"


def test_a_file_that_arrives_damaged_is_not_kept(
    server: Scripted, run: Run, tmp_path: Path
) -> None:
    server.on("GetEntity", ENTITY)
    server.on("ReadAttachment", [content_pb2.ReadAttachmentResponse(data=b"hello")])

    assert run("content", "save", ENTITY.name, "--to", str(tmp_path)) == ExitCode.FAILED
    assert list(tmp_path.iterdir()) == []


def test_every_exit_code_is_in_the_help(capsys: Captured) -> None:
    assert main.run(["--help"]) == ExitCode.OK
    text = " ".join(capsys.readouterr().out.split())
    assert all(f"{code.value} " in text for code in MEANINGS)


@pytest.mark.parametrize("name", [*main.GROUPS, *main.COMMANDS])
def test_every_group_and_command_loads(name: str, capsys: Captured) -> None:
    assert main.run([name, "--help"]) == ExitCode.OK
    assert "Usage: sitekeep" in capsys.readouterr().out


def test_an_operation_can_be_cancelled(server: Scripted, run: Run) -> None:
    from google.protobuf.empty_pb2 import Empty

    server.on("CancelOperation", Empty())

    assert run("operation", "cancel", "o1") == ExitCode.OK
    assert server.asked[-1].name == OPERATION
