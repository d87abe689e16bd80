"""The engines that are compared: each says which command makes which step."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

_PASSWORD = "a password of the bench"


class Engine(Protocol):
    """An engine with a repository in a working folder.

    A step may take several commands; they run in the tree's folder.
    """

    name: str
    environment: Mapping[str, str]
    repository: Path

    def create(self) -> Sequence[Sequence[str]]:
        """Makes the repository; not measured."""
        ...

    def backup(self, backup_id: str, *, read_all: bool) -> Sequence[Sequence[str]]:
        """Backs the tree up; with ``read_all`` it trusts no cache of what did not change."""
        ...

    def verify(self, backup_id: str) -> Sequence[Sequence[str]]:
        """Reads and proves everything."""
        ...

    def restore(self, backup_id: str, target: Path) -> Sequence[Sequence[str]]:
        """Writes a whole backup below the target."""
        ...

    def expire(self, backup_id: str) -> Sequence[Sequence[str]]:
        """Removes a backup and what only it needs."""
        ...


class Sitekeep:
    """This project's vault. Of what did not change it reads the records, as of a site, always."""

    def __init__(self, work: Path) -> None:
        self.name = "sitekeep"
        self.environment: Mapping[str, str] = {}
        self.repository = work / "vault"
        script = Path(__file__).with_name("sitekeep_engine.py")
        self._command = [sys.executable, str(script), str(work)]

    def create(self) -> Sequence[Sequence[str]]:
        return [[*self._command, "create"]]

    def backup(self, backup_id: str, *, read_all: bool) -> Sequence[Sequence[str]]:
        return [[*self._command, "backup", ".", backup_id, *(["read-all"] if read_all else [])]]

    def verify(self, backup_id: str) -> Sequence[Sequence[str]]:
        return [[*self._command, "verify", backup_id]]

    def restore(self, backup_id: str, target: Path) -> Sequence[Sequence[str]]:
        return [[*self._command, "restore", backup_id, str(target)]]

    def expire(self, backup_id: str) -> Sequence[Sequence[str]]:
        return [[*self._command, "expire", backup_id]]


class Restic:
    """restic as it is when it is installed."""

    def __init__(self, work: Path, program: str, version: str) -> None:
        self.name = version
        self.repository = work / "restic"
        self.environment: Mapping[str, str] = {
            "RESTIC_REPOSITORY": str(self.repository),
            "RESTIC_PASSWORD": _PASSWORD,
            "RESTIC_CACHE_DIR": str(work / "restic-cache"),
        }
        self._program = program

    def create(self) -> Sequence[Sequence[str]]:
        return [[self._program, "init"]]

    def backup(self, backup_id: str, *, read_all: bool) -> Sequence[Sequence[str]]:
        forced = ["--force"] if read_all else []
        return [[self._program, "backup", *forced, "--tag", backup_id, "-q", "."]]

    def verify(self, backup_id: str) -> Sequence[Sequence[str]]:
        del backup_id
        return [[self._program, "check", "--read-data"]]

    def restore(self, backup_id: str, target: Path) -> Sequence[Sequence[str]]:
        what = ["latest", "--tag", backup_id, "--target", str(target)]
        return [[self._program, "restore", "-q", *what]]

    def expire(self, backup_id: str) -> Sequence[Sequence[str]]:
        del backup_id
        return [[self._program, "forget", "-q", "--keep-last", "2", "--prune"]]


class Borg:
    """borg with the encryption and compression that come closest."""

    def __init__(self, work: Path, program: str, version: str) -> None:
        self.name = version
        self.repository = work / "borg"
        self.environment: Mapping[str, str] = {
            "BORG_REPO": str(self.repository),
            "BORG_PASSPHRASE": _PASSWORD,
            "BORG_BASE_DIR": str(work / "borg-base"),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        }
        self._program = program

    def create(self) -> Sequence[Sequence[str]]:
        return [[self._program, "init", "--encryption", "repokey-blake2"]]

    def backup(self, backup_id: str, *, read_all: bool) -> Sequence[Sequence[str]]:
        cache = ["--files-cache", "disabled"] if read_all else []
        options = ["--compression", "zstd,3", *cache]
        return [[self._program, "create", *options, f"::{backup_id}", "."]]

    def verify(self, backup_id: str) -> Sequence[Sequence[str]]:
        del backup_id
        return [[self._program, "check", "--verify-data"]]

    def restore(self, backup_id: str, target: Path) -> Sequence[Sequence[str]]:
        return [["env", "-C", str(target), self._program, "extract", f"::{backup_id}"]]

    def expire(self, backup_id: str) -> Sequence[Sequence[str]]:
        return [[self._program, "delete", f"::{backup_id}"], [self._program, "compact"]]
