"""What the demonstration refuses and leaves out."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from sitekeep_cli.commands.demo import real_data, working_folder
from sitekeep_cli.demo.stage import await_listening, free_ports
from sitekeep_cli.errors import CommandError, UsageError
from sitekeep_cli.output import Output
from sitekeep_cli.supervision import Supervisor


def test_real_data_that_is_not_there_is_skipped_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert real_data(Output(), tmp_path / "none") is None
    captured = capsys.readouterr()
    assert "real data is skipped" in captured.err
    assert captured.out == ""


def test_real_data_that_is_there_is_taken(tmp_path: Path) -> None:
    assert real_data(Output(), tmp_path) == tmp_path


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="not empty"), working_folder(tmp_path, keep=False):
        pass


def test_a_folder_of_its_own_is_removed_at_the_end() -> None:
    with working_folder(None, keep=False) as folder:
        (folder / "x").write_text("x")

    assert not folder.exists()


def test_a_child_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor()
    command = [sys.executable, "-c", "raise SystemExit('the reason')"]
    child = supervisor.start("simulator", command, {}, log=tmp_path / "log")

    with pytest.raises(CommandError, match=r"simulator does not start[\s\S]*the reason"):
        await_listening(child, free_ports(1)[0])
    supervisor.stop()


def test_children_end_together(tmp_path: Path) -> None:
    supervisor = Supervisor()
    waits = "import signal; signal.pause()"
    staying = supervisor.start("staying", [sys.executable, "-c", waits], {})
    ending = supervisor.start("ending", [sys.executable, "-c", "raise SystemExit(3)"], {})

    assert supervisor.wait() is ending
    assert (ending.exit_code, staying.exit_code is None) == (3, False)


def test_free_ports_can_be_listened_on() -> None:
    for port in free_ports(3):
        socket.create_server(("127.0.0.1", port)).close()
