"""A store in a local folder that survives crashes and power cuts.

An object is written to a temporary file, synced, linked to its final name (which
fails when the name exists: create-only and atomic), and the folder is synced. A
temporary file left over by a crash lies in ``.temporary`` and is never listed.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import errno
import os
import secrets
from collections.abc import AsyncIterator, Generator, Sequence
from pathlib import Path

from sitekeep_shared.clock import Clock, SystemClock
from sitekeep_shared.vault.errors import ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.store import ObjectInfo

TEMPORARY_FOLDER = ".temporary"

_FILE_MODE = 0o640
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "the permission is missing",
    errno.EPERM: "it is not permitted, or the file system has no hard links",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an I/O error",
    errno.ENOENT: "the folder is not there",
    errno.ENOTDIR: "a part of the path is not a folder",
}


class DurableLocalStore:
    """Objects as files below a folder. See Store for what it guarantees."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """``clock`` tells when objects were written, also where tests move it."""
        self._folder = folder
        self._clock = clock or SystemClock()
        self._durable_folders: set[Path] = set()

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        """Creates an object; returns False when the key exists."""
        return await asyncio.to_thread(self._put_new, key, parts)

    async def get(self, key: str) -> bytes:
        """The whole object."""
        return await asyncio.to_thread(self._read, key, 0, None)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """A part of an object."""
        return await asyncio.to_thread(self._read, key, start, length)

    async def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object."""
        return await asyncio.to_thread(self._head, key)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """All objects below a prefix; folder by folder, each in one step of a thread."""
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix ends in a slash, {prefix!r} does not")
        pending = [prefix]
        while pending:
            current = pending.pop()
            objects, folders = await asyncio.to_thread(_scan, self._path(current[:-1]), current)
            for item in objects:
                yield item
            pending.extend(reversed(folders))

    async def delete(self, key: str) -> None:
        """Removes an object."""
        await asyncio.to_thread(self._delete, key)

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(not part or part.startswith(".") for part in parts):
            raise ValueError(f"{key!r} is not the key of an object")
        return self._folder.joinpath(*parts)

    def _put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        path = self._path(key)
        with _translated(f"{key} cannot be written"):
            self._make_folder(path.parent)
            self._make_folder(self._folder / TEMPORARY_FOLDER)
            temporary = self._folder / TEMPORARY_FOLDER / f"{secrets.token_hex(16)}.tmp"
            try:
                _write_synced(temporary, parts, self._clock.now().timestamp())
                created = _link(temporary, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
            # Also when it exists: whoever linked it may have died before this step.
            _sync_folder(path.parent)
        return created

    def _make_folder(self, folder: Path) -> None:
        """Makes a folder and its parents durable, once per folder and process."""
        if folder in self._durable_folders:
            return
        if folder != self._folder:
            self._make_folder(folder.parent)
        folder.mkdir(parents=folder == self._folder, exist_ok=True)
        _sync_folder(folder.parent)
        self._durable_folders.add(folder)

    def _read(self, key: str, start: int, length: int | None) -> bytes:
        with _translated(f"{key} cannot be read", missing=key), self._path(key).open("rb") as file:
            if length is None:
                return file.read()
            return os.pread(file.fileno(), length, start)

    def _head(self, key: str) -> ObjectInfo | None:
        with _translated(f"{key} cannot be looked up"):
            try:
                return _info(key, os.stat(self._path(key)))
            except FileNotFoundError:
                return None

    def _delete(self, key: str) -> None:
        path = self._path(key)
        with _translated(f"{key} cannot be removed"):
            try:
                os.unlink(path)
            except FileNotFoundError:
                return
            _sync_folder(path.parent)


def _scan(folder: Path, prefix: str) -> tuple[list[ObjectInfo], list[str]]:
    """The objects and the prefixes right below a folder, both sorted."""
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    with _translated(f"{prefix} cannot be listed"):
        for entry in _children(folder):
            if entry.is_dir(follow_symlinks=False):
                prefixes.append(f"{prefix}{entry.name}/")
                continue
            with contextlib.suppress(FileNotFoundError):
                objects.append(_info(f"{prefix}{entry.name}", entry.stat()))
    return objects, prefixes


def _children(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _write_synced(path: Path, parts: Sequence[bytes], modified: float) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for part in parts:
            _write_all(file.fileno(), part)
        os.utime(file.fileno(), (modified, modified))
        os.fsync(file.fileno())


def _write_all(descriptor: int, part: bytes) -> None:
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    modified = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
    return ObjectInfo(key, status.st_size, modified)


@contextlib.contextmanager
def _translated(action: str, missing: str | None = None) -> Generator[None]:
    """Turns the operating system's errors into the store's."""
    try:
        yield
    except FileNotFoundError as error:
        if missing is not None:
            raise ObjectMissing(missing) from error
        raise _unavailable(action, error) from error
    except OSError as error:
        raise _unavailable(action, error) from error


def _unavailable(action: str, error: OSError) -> StoreUnavailable:
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return StoreUnavailable(f"The vault's object {action}: {reason}.")
