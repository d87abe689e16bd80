"""Real files, picked for attachment records whose own bytes are not public."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from sitekeep_simulator.files import Files


@dataclass(frozen=True)
class CorpusFile:
    """One real file: its content, by its sha256, and its own name."""

    name: str
    sha256: str
    size: int


class Corpus:
    """The files of a folder, each content stored once. Raises ValueError when there is none."""

    def __init__(self, files: Files, folder: Path) -> None:
        self.all = [_stored(files, path) for path in sorted(folder.rglob("*")) if path.is_file()]
        if not self.all:
            raise ValueError(f"no files in {folder}")
        self._by_suffix: dict[str, list[CorpusFile]] = {}
        for each in self.all:
            self._by_suffix.setdefault(_suffix(each.name), []).append(each)

    def pick(self, name: str, salt: str) -> CorpusFile:
        """A file with the same extension if there is one; the same for the same salt."""
        candidates = self._by_suffix.get(_suffix(name), self.all)
        return candidates[draw(salt, len(candidates))]


def draw(salt: str, count: int) -> int:
    """A number below ``count`` that depends on the salt only."""
    return int.from_bytes(hashlib.sha256(salt.encode()).digest()[:8], "big") % count


def media_type(name: str) -> str:
    """The media type that a site guesses from a file name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _stored(files: Files, path: Path) -> CorpusFile:
    content = path.read_bytes()
    return CorpusFile(path.name, files.put(content), len(content))


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()
