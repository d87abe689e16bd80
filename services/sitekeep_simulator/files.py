"""The bytes of attachments, each content stored once."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

from sitekeep_simulator.store import Row, SiteStore

_SCHEMA = """
CREATE TABLE IF NOT EXISTS file_content (sha256 TEXT PRIMARY KEY, size INTEGER, content BLOB);
CREATE TABLE IF NOT EXISTS media_file (
  media_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, filename TEXT NOT NULL,
  media_type TEXT NOT NULL, missing INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class MediaFile:
    """One file of the media host. ``missing`` ones are known but their bytes are gone."""

    media_id: str
    sha256: str
    filename: str
    media_type: str
    missing: bool


class Files:
    """Contents by their sha256: in a folder beside the database, or in it when there is none."""

    def __init__(self, store: SiteStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        store.script(_SCHEMA)

    def put(self, content: bytes) -> str:
        """Stores a content once and returns its sha256 in hexadecimal."""
        sha256 = hashlib.sha256(content).hexdigest()
        if self._store.value("SELECT 1 FROM file_content WHERE sha256 = ?", (sha256,)):
            return sha256
        inside = content if self._folder is None else None
        if self._folder is not None:
            path = self._path(self._folder, sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self._store.execute(
            "INSERT INTO file_content VALUES (?, ?, ?)", (sha256, len(content), inside)
        )
        return sha256

    def read(self, sha256: str) -> bytes:
        """The content with that sha256. Raises KeyError when there is none."""
        row = self._store.row("SELECT content FROM file_content WHERE sha256 = ?", (sha256,))
        if row is None:
            raise KeyError(sha256)
        if self._folder is None:
            return bytes(row["content"])
        return self._path(self._folder, sha256).read_bytes()

    def add_media(
        self, content: bytes, filename: str, media_type: str, *, media_id: str = ""
    ) -> MediaFile:
        """Stores a content and gives it a new id on the media host."""
        return self.name_media(self.put(content), filename, media_type, media_id=media_id)

    def name_media(
        self, sha256: str, filename: str, media_type: str, *, media_id: str = ""
    ) -> MediaFile:
        """Gives a stored content a new id on the media host (a random UUID unless one is given)."""
        chosen = media_id or str(uuid.uuid4())
        self._store.execute(
            "INSERT INTO media_file VALUES (?, ?, ?, ?, 0)", (chosen, sha256, filename, media_type)
        )
        return MediaFile(chosen, sha256, filename, media_type, False)

    def media(self, media_id: str) -> MediaFile | None:
        """The file with that id on the media host, or None."""
        row = self._store.row("SELECT * FROM media_file WHERE media_id = ?", (media_id,))
        return None if row is None else _media_file(row)

    def lose(self, media_id: str) -> None:
        """Makes a file's bytes unavailable (404), as some are on real sites."""
        self._store.execute("UPDATE media_file SET missing = 1 WHERE media_id = ?", (media_id,))

    @staticmethod
    def _path(folder: Path, sha256: str) -> Path:
        return folder / sha256[:2] / sha256


def _media_file(row: Row) -> MediaFile:
    return MediaFile(
        row["media_id"], row["sha256"], row["filename"], row["media_type"], bool(row["missing"])
    )
