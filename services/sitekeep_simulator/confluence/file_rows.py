"""Made-up attachments, written in batches."""

from __future__ import annotations

import mimetypes
import random
import uuid
from collections.abc import Sequence
from typing import Any

from sitekeep_simulator.confluence import words
from sitekeep_simulator.confluence.page_plan import moment
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE
from sitekeep_simulator.site import SimulatedSite

_PNG = b"\x89PNG\r\n\x1a\n"


class FileRows:
    """Attachments of varied sizes and types for one content after the other."""

    def __init__(self, site: SimulatedSite, rng: random.Random, people: Sequence[str]) -> None:
        self._site = site
        self._rng = rng
        self._people = people
        self._rows: list[Sequence[Any]] = []
        self._versions: list[Sequence[Any]] = []
        self.count = 0

    def of_content(self, content_id: int, status: str, minute: int) -> list[str]:
        """Makes the attachments of a page or blog post; returns their file names."""
        if self._rng.random() >= 0.2:
            return []
        names = self._rng.sample(words.FILE_NAMES, self._rng.randint(1, 3))
        for name in names:
            self._add(content_id, status, minute, name)
        return names

    def flush(self) -> None:
        """Writes what was made since the last time."""
        self._site.store.executemany(
            "INSERT INTO confluence_attachment VALUES (?,?,?,?,?,?)", self._rows
        )
        self._site.store.executemany(
            "INSERT INTO confluence_attachment_version VALUES (?,?,?,?,?,?,?,?,?)", self._versions
        )
        self._rows.clear()
        self._versions.clear()

    def _add(self, content_id: int, status: str, minute: int, name: str) -> None:
        rng = self._rng
        own_id = self._site.store.next_id(CONTENT_SEQUENCE)
        versions = 1 if rng.random() < 0.8 else rng.randint(2, 3)
        self._rows.append((own_id, content_id, status, name, moment(minute + 1), versions))
        for number in range(1, versions + 1):
            media_id, media_type, size = self._content(name)
            comment = "" if rng.random() < 0.7 else "aus der Präsentation"
            self._versions.append(
                (
                    *(own_id, number, media_id, media_type, size, comment),
                    *(moment(minute + number), rng.choice(self._people), 0),
                )
            )
        self.count += 1

    def _content(self, name: str) -> tuple[str, str, int]:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        media_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        content = self._bytes(name)
        self._site.files.add_media(content, name, media_type, media_id=media_id)
        return media_id, media_type, len(content)

    def _bytes(self, name: str) -> bytes:
        rng = self._rng
        size = rng.choice((0, 40, 700, 2_500, 2_500, 9_000))
        if rng.random() < 0.01:
            size = 300_000
        if name.endswith(".png"):
            return _PNG + rng.randbytes(size)
        if name.endswith(".bin"):
            return rng.randbytes(size)
        return (words.paragraph(rng, 1 + size // 60)).encode()[: size or None]
