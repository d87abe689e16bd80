"""``sitekeep backup verify``: watched, printed, and told to scripts by its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from google.longrunning import operations_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.type.v1 import content_pb2 as type_pb
from sitekeep.type.v1 import verification_pb2
from sitekeep_cli import main
from sitekeep_cli.exit_codes import ExitCode
from support.cli_server import BACKUP, OPERATION, Scripted, packed, restore_pb2, serving

Run = Callable[..., ExitCode]
Captured = pytest.CaptureFixture[str]
PACK = "packs/ab/ab12"


@pytest.fixture
def server() -> Scripted:
    return Scripted()


@pytest.fixture
def run(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    with serving(server) as address:
        monkeypatch.setenv("SITEKEEP_BACKUP_ADDRESS", address)
        monkeypatch.setenv("SITEKEEP_RESTORE_ADDRESS", address)
        monkeypatch.setenv("SITEKEEP_ORGANIZATION", "acme")
        yield lambda *words: main.run(words)


def _report(damaged: int = 0) -> restore_pb2.VerificationReport:
    message = restore_pb2.VerificationReport
    return message(
        backup=BACKUP,
        sound=not damaged,
        counts=[
            type_pb.EntityCount(
                kind=type_pb.ENTITY_KIND_ISSUE,
                expected_count=300,
                done_count=300 - damaged,
                missing_count=damaged,
            )
        ],
        damaged_count=damaged,
        damaged_packs=[PACK] if damaged else [],
        damaged_entities=[
            message.DamagedEntity(entity=f"issue ALOY-{number}", description="it is missing")
            for number in range(min(damaged, 2))
        ],
    )


def _operation(
    report: restore_pb2.VerificationReport | None = None,
) -> operations_pb2.Operation:
    kind = restore_pb2.VerifyBackupMetadata
    metadata = kind(backup=BACKUP, phase=kind.VERIFYING, progress_percent=40)
    message = operations_pb2.Operation(name=OPERATION, metadata=packed(metadata))
    if report is not None:
        message.done = True
        message.response.CopyFrom(packed(report))
    return message


def test_a_sound_backup_ends_with_zero(server: Scripted, run: Run, capsys: Captured) -> None:
    server.on("VerifyBackup", _operation())
    server.on("WatchOperation", [_operation(), _operation(_report())])

    assert run("backup", "verify", "b1") == ExitCode.OK
    captured = capsys.readouterr()
    assert "sound" in captured.out
    assert "40 % verifying" in captured.err
    assert server.asked[0].name == BACKUP
    assert server.asked[0].request_id


def test_a_damaged_backup_fails_and_says_what_is_damaged(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    server.on("VerifyBackup", _operation())
    server.on("WatchOperation", [_operation(_report(damaged=7))])

    assert run("backup", "verify", "b1") == ExitCode.FAILED
    captured = capsys.readouterr()
    assert "damaged" in captured.out
    assert PACK in captured.out
    assert "issue ALOY-1" in captured.out
    assert "The first 2 are shown." in captured.err


def test_the_report_is_one_json_document(server: Scripted, run: Run, capsys: Captured) -> None:
    server.on("VerifyBackup", _operation())
    server.on("WatchOperation", [_operation(_report(damaged=1))])

    assert run("backup", "verify", "b1", "--json") == ExitCode.FAILED
    captured = capsys.readouterr()
    assert json.loads(captured.out)["damagedPacks"] == [PACK]
    assert captured.err == ""


def test_it_need_not_be_waited_for(server: Scripted, run: Run, capsys: Captured) -> None:
    server.on("VerifyBackup", _operation())

    assert run("backup", "verify", "b1", "--no-wait") == ExitCode.OK
    assert "sitekeep operation watch o1" in capsys.readouterr().err


@pytest.mark.parametrize(("damaged", "exit_code"), [(0, ExitCode.OK), (1, ExitCode.FAILED)])
def test_it_is_watched_like_any_operation(
    server: Scripted, run: Run, capsys: Captured, damaged: int, exit_code: ExitCode
) -> None:
    server.on("WatchOperation", [_operation(), _operation(_report(damaged))])
    server.on("ListOperations", operations_pb2.ListOperationsResponse(operations=[_operation()]))

    assert run("operation", "watch", "o1") == exit_code
    assert ("damaged" if damaged else "sound") in capsys.readouterr().out
    assert run("operation", "list") == ExitCode.OK
    assert "verification of backups/b1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "level"),
    [([], "DATA"), (["--level", "structure"], "STRUCTURE"), (["--level", "storage"], "STORAGE")],
)
def test_the_level_is_what_was_asked_for(
    server: Scripted, run: Run, words: list[str], level: str
) -> None:
    server.on("VerifyBackup", _operation())
    assert run("backup", "verify", "b1", "--no-wait", *words) == ExitCode.OK
    assert verification_pb2.Verification.Level.Name(server.asked[0].level) == level


def test_a_report_says_how_deep_it_looked_and_how_much_it_read(
    server: Scripted, run: Run, capsys: Captured
) -> None:
    report = _report()
    report.level = verification_pb2.Verification.STORAGE
    report.read_bytes, report.total_bytes = 400, 400
    server.on("VerifyBackup", _operation())
    server.on("WatchOperation", [_operation(report)])
    assert run("backup", "verify", "b1", "--level", "storage") == ExitCode.OK
    out = capsys.readouterr().out
    assert "storage" in out
    assert "400 B of 400 B" in out


@pytest.mark.parametrize("damaged", [False, True])
def test_a_damaged_backup_is_marked_in_the_list_and_shown_as_such(
    server: Scripted, run: Run, capsys: Captured, damaged: bool
) -> None:
    backup = backup_pb2.Backup(name=BACKUP, state=backup_pb2.Backup.COMPLETE, damaged=damaged)
    backup.last_verification.level = verification_pb2.Verification.DATA
    backup.last_verification.sound = not damaged
    backup.last_verification.verify_time.FromSeconds(1_700_000_000)
    server.on("ListBackups", backup_pb2.ListBackupsResponse(backups=[backup]))
    server.on("GetBackup", backup)
    for words in (["backup", "list"], ["backup", "show", "b1"]):
        run(*words)
        assert ("DAMAGED" in capsys.readouterr().out) is damaged


def test_a_restore_is_told_to_salvage(server: Scripted, run: Run) -> None:
    operation = operations_pb2.Operation(name=OPERATION)
    server.on("CreateRestore", operation)
    words = ["restore", "create", "--backup", "b1", "--to", "jira", "--no-wait"]
    assert run(*words) == run(*words, "--salvage") == ExitCode.OK
    assert [request.restore.salvage for request in server.asked] == [False, True]
