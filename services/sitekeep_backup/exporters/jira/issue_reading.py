"""What reading one issue stored and counted: noted, so that reading it again takes its place."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from backports import zstd

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally

_LEVEL = 3


class NotedIssue(msgspec.Struct, array_like=True):
    """What a unit of the export remembers of an issue that it has read."""

    id: str
    number: int
    """0 where the site listed it and did not hand it out."""
    updated: str
    """When it was last changed, as the site writes it."""
    tally: Tally
    entries: list[tuple[Kind, str, int]]
    """Kind, key and size of what is stored for it, its files excepted."""
    neighbours: list[tuple[str, str]] = []
    """Id and key of the issues that show this one."""


@dataclass
class IssueReading:
    """An issue while it is read: everything goes to its unit, too."""

    unit: ExportUnit
    id: str
    number: int = 0
    updated: str = ""
    neighbours: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tally: Tally = field(default_factory=Tally)
    entries: list[tuple[Kind, str, int]] = field(default_factory=list[tuple[Kind, str, int]])

    def expect(self, kind: Kind, count: int = 1) -> None:
        """Adds entities that should be stored."""
        for tally in (self.tally, self.unit.tally):
            tally.expect(kind, count)

    def done(self, kind: Kind, size_bytes: int = 0, *, count: int = 1) -> None:
        """Adds entities that are stored."""
        for tally in (self.tally, self.unit.tally):
            tally.done(kind, size_bytes, count=count)

    def missing(self, kind: Kind, key: str, reason: str, message: str, *, count: int = 1) -> None:
        """Adds entities that were expected and are not there."""
        for tally in (self.tally, self.unit.tally):
            tally.missing(kind, key, reason, message, count=count)

    def remark(self, kind: Kind, key: str, reason: str, message: str, *, count: int = 1) -> None:
        """Says something that misses nothing."""
        for tally in (self.tally, self.unit.tally):
            tally.remark(kind, key, reason, message, count=count)

    async def put(
        self,
        kind: Kind,
        key: str,
        payload: bytes,
        *,
        attributes: Mapping[str, str],
        count: int = 1,
    ) -> None:
        """Stores a record that holds ``count`` entities."""
        await self.unit.records.put_record(kind, key, payload, attributes=attributes)
        self.entries.append((kind, key, len(payload)))
        self.done(kind, len(payload), count=count)

    def noted(self) -> NotedIssue:
        """What is remembered of it."""
        return NotedIssue(
            self.id, self.number, self.updated, self.tally, self.entries, self.neighbours
        )


def note_of(readings: Iterable[IssueReading], **more: Any) -> dict[str, Any]:
    """The note of a unit that has read issues: how many, the highest number, and all of them."""
    issues = [reading.noted() for reading in readings]
    packed = zstd.compress(msgspec.msgpack.encode(issues), level=_LEVEL)
    highest = max((issue.number for issue in issues), default=0)
    counted = {"count": len(issues), "highest": highest}
    return {**counted, "issues": base64.b64encode(packed).decode(), **more}


def issues_of(note: Mapping[str, Any]) -> Sequence[NotedIssue]:
    """The reverse of note_of."""
    packed = zstd.decompress(base64.b64decode(note["issues"]))
    return msgspec.msgpack.decode(packed, type=list[NotedIssue])
