"""A disk that is full, and files that may not grow: one clear sentence, and nothing is lost."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from crash.life_server import Lives, check_whole
from crash.vault_lives import SITE, open_vault

SMALL, LARGE = "900k", "16m"


@pytest.fixture
def lives(tmp_path: Path) -> Generator[Lives, None, None]:
    lives = Lives(tmp_path)
    yield lives
    lives.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path, None, None]:
    folder = tmp_path / "vault"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small file system can be mounted: {error}")
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_ends_a_backup_and_space_lets_it_go_on(
    lives: Lives, small_disk: Path, tmp_path: Path
) -> None:
    whole: list[str] = []
    while lives.run(f"backup{len(whole)}") == 0:
        whole.append(f"backup{len(whole)}")
        assert len(whole) < 20, "the disk is never full"
    assert whole
    failed = f"backup{len(whole)}"
    assert "the disk is full" in lives.complaints.read_text()
    vault = await open_vault(tmp_path)
    assert await vault.find_backup(SITE, failed) is None
    for backup_id in whole:
        await check_whole(vault, backup_id)
    _enlarge(small_disk)
    for backup_id in (failed, "next"):
        assert lives.run(backup_id) == 0
        await check_whole(vault, backup_id)


def _enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(disk)], check=True)


async def test_a_limit_on_the_size_of_files_ends_a_backup_and_lifting_it_lets_it_go_on(
    lives: Lives, tmp_path: Path
) -> None:
    assert lives.run("first") == 0
    lives.limit_file_size(20_000)
    assert lives.run("second") == 1
    assert "StoreUnavailable" in lives.complaints.read_text()
    vault = await open_vault(tmp_path)
    assert await vault.find_backup(SITE, "second") is None
    lives.limit_file_size(resource.RLIM_INFINITY)
    assert lives.run("second") == 0
    for backup_id in ("first", "second"):
        await check_whole(vault, backup_id)
