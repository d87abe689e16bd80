"""A store in a local folder that survives crashes and power cuts.

An object is written to a temporary file, synced, linked to its final name (which
fails when the name exists: create-only and atomic), and the folder is synced. A
temporary file left over by a crash lies in ``.temporary`` and is never listed; a day
later, whoever writes first removes it.
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
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DeleteRefused, ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.store import ObjectInfo

TEMPORARY_FOLDER = ".temporary"
LEFT_OVER_SECONDS = 24 * 60 * 60.0
"""Age from which a temporary file has no writer any more: a put takes minutes at most."""

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
        self._looked_for_left_overs = False

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
        pending: list[str | ObjectInfo] = [names.check_prefix(prefix)]
        while pending:
            current = pending.pop()
            if isinstance(current, ObjectInfo):
                yield current
                continue
            found = await asyncio.to_thread(_scan, self._path(current[:-1]), current)
            pending.extend(reversed(found))

    async def delete(self, key: str) -> None:
        """Removes an object."""
        await asyncio.to_thread(self._delete, key)

    def _path(self, key: str) -> Path:
        return self._folder.joinpath(*names.check_key(key).split("/"))

    def _put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        path = self._path(key)
        with _translated(f"{key} cannot be written"):
            self._make_folder(path.parent)
            self._make_folder(self._folder / TEMPORARY_FOLDER)
            temporary = self._folder / TEMPORARY_FOLDER / f"{secrets.token_hex(16)}.tmp"
            try:
                _write_synced(temporary, parts, self._clock.now().timestamp())
                self._remove_left_overs(temporary)
                created = _link(temporary, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
            self._make_name_durable(path, created)
        return created

    def _make_name_durable(self, path: Path, created: bool) -> None:
        """Also when it exists: whoever linked it may have died before this step.

        What is reported as failed is not to be found by a reader that asks whether it arrived:
        syncing again would succeed without having written anything.
        """
        try:
            _sync_folder(path.parent)
        except OSError:
            if created:
                os.unlink(path)
            raise

    def _remove_left_overs(self, fresh: Path) -> None:
        """Once per process. The times are those of the file system itself, which nobody sets."""
        if self._looked_for_left_overs:
            return
        self._looked_for_left_overs = True
        oldest = os.stat(fresh).st_ctime - LEFT_OVER_SECONDS
        for entry in os.scandir(fresh.parent):
            with contextlib.suppress(FileNotFoundError):
                if entry.name != fresh.name and entry.stat().st_ctime < oldest:
                    os.unlink(entry.path)

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
            except PermissionError as error:
                raise DeleteRefused(
                    f"The vault's object {key} cannot be removed: the permission is missing, or "
                    "it is immutable."
                ) from error
            _sync_folder(path.parent)


def _scan(folder: Path, prefix: str) -> list[str | ObjectInfo]:
    """The prefixes and the objects right below a folder, in the order of the keys."""
    found: list[tuple[str, os.DirEntry[str]]] = []
    with _translated(f"{prefix} cannot be listed"):
        for entry in _children(folder):
            slash = "/" if entry.is_dir(follow_symlinks=False) else ""
            found.append((f"{prefix}{entry.name}{slash}", entry))
        found.sort(key=lambda one: one[0])
        return list(filter(None, (_found(key, entry) for key, entry in found)))


def _found(key: str, entry: os.DirEntry[str]) -> str | ObjectInfo | None:
    if key.endswith("/"):
        return key
    with contextlib.suppress(FileNotFoundError):
        return _info(key, entry.stat())
    return None


def _children(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


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
