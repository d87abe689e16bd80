"""Made-up comments, written in batches."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from typing import Any

from sitekeep_simulator.confluence import bodies
from sitekeep_simulator.confluence.bodies import Mark, Surroundings
from sitekeep_simulator.confluence.page_plan import moment
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE, FOOTER, INLINE
from sitekeep_simulator.site import SimulatedSite

_SELECTIONS = ("needs a decision", "see §4 & §5", "der letzte Stand", "要確認", "forty-two", "here")
_RESOLUTIONS = ("open", "open", "resolved", "reopened", "dangling")
_DEEPEST_REPLY = 4


class CommentRows:
    """Comments with nested replies for one content after the other."""

    def __init__(self, site: SimulatedSite, rng: random.Random, people: Sequence[str]) -> None:
        self._site = site
        self._rng = rng
        self._people = people
        self._rows: list[Sequence[Any]] = []
        self._versions: list[Sequence[Any]] = []
        self.footer_count = 0
        self.inline_count = 0

    def of_content(self, content_id: int, minute: int, around: Surroundings) -> list[Mark]:
        """Makes the comments of a page or blog post; returns what its body must mark."""
        rng = self._rng
        if rng.random() < 0.4:
            for number in range(rng.randint(1, 4)):
                self._add(content_id, FOOTER, None, minute + 60 * number, around, 0)
        if rng.random() >= 0.2:
            return []
        marks = [self._mark() for _ in range(rng.randint(1, 3))]
        kept: list[Mark] = []
        for mark in marks:
            resolution = rng.choice(_RESOLUTIONS)
            self._add(content_id, INLINE, None, minute + 30, around, 0, mark, resolution)
            if resolution != "dangling":
                kept.append(mark)
        return kept

    def flush(self) -> None:
        """Writes what was made since the last time."""
        self._site.store.executemany(
            f"INSERT INTO confluence_comment VALUES ({','.join('?' * 16)})", self._rows
        )
        self._site.store.executemany(
            "INSERT INTO confluence_version VALUES (?,?,?,?,?,?,?,?)", self._versions
        )
        self._rows.clear()
        self._versions.clear()

    def _mark(self) -> Mark:
        return Mark(
            str(uuid.UUID(int=self._rng.getrandbits(128), version=4)), self._rng.choice(_SELECTIONS)
        )

    def _add(
        self,
        content_id: int,
        kind: str,
        parent_id: int | None,
        minute: int,
        around: Surroundings,
        depth: int,
        mark: Mark | None = None,
        resolution: str = "",
    ) -> None:
        rng = self._rng
        own_id = self._site.store.next_id(CONTENT_SEQUENCE)
        author, version = rng.choice(self._people), 1 if rng.random() < 0.8 else 2
        ref, text = (mark.ref, mark.text) if mark is not None else ("", "")
        resolver = rng.choice(self._people) if resolution in ("resolved", "reopened") else ""
        if version == 2:
            old = bodies.comment_body(rng, around)
            self._versions.append((own_id, 1, "", old, moment(minute), author, "", 0))
        self._rows.append(
            (
                *(own_id, kind, content_id, parent_id, author, moment(minute), version),
                *(moment(minute + version - 1), author, "", bodies.comment_body(rng, around)),
                *(ref, text, resolution, resolver, moment(minute + 9) if resolver else ""),
            )
        )
        self.footer_count += kind == FOOTER
        self.inline_count += kind == INLINE
        if depth < _DEEPEST_REPLY and rng.random() < 0.35:
            for number in range(1, rng.randint(2, 3)):
                state = "open" if kind == INLINE else ""
                later = minute + 5 * number
                self._add(content_id, kind, own_id, later, around, depth + 1, None, state)
