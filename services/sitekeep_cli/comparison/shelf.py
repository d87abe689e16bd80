"""Keeps the canonical items of both sides in a temporary file, so that memory stays flat."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from sitekeep_cli.comparison.model import Json, Side
from sitekeep_shared.kinds import Kind

REMEMBERED = 50_000
"""References that are kept in memory."""

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE item (
    side INTEGER, kind TEXT, owner TEXT, position TEXT, digest BLOB, body BLOB
);
CREATE TABLE reference (
    side INTEGER, realm TEXT, id TEXT, value TEXT, PRIMARY KEY (side, realm, id)
) WITHOUT ROWID;
CREATE TABLE draft (side INTEGER, kind TEXT, key TEXT, body BLOB);
"""
_REFERENCE = "SELECT value FROM reference WHERE side = ? AND realm = ? AND id = ?"
_NUMBER = """
CREATE TABLE numbered AS
SELECT side, kind, digest, body, owner || CASE number WHEN 1 THEN '' ELSE ' #' || number END AS name
FROM (
    SELECT *, ROW_NUMBER() OVER (
        PARTITION BY side, kind, owner ORDER BY position, digest
    ) AS number FROM item
);
CREATE INDEX by_name ON numbered (side, kind, name);
"""
_PAIRS = """
SELECT mine.name, mine.body, other.body FROM numbered AS mine
LEFT JOIN numbered AS other
    ON other.side = :other AND other.kind = mine.kind AND other.name = mine.name
WHERE mine.side = :mine AND mine.kind = :kind
    AND (other.digest IS NULL OR (:both AND other.digest <> mine.digest))
ORDER BY mine.name
"""
_NAMES = "SELECT name FROM numbered WHERE side = ? AND kind = ?"
_BODY = "SELECT body FROM numbered WHERE side = ? AND kind = ? AND name = ?"
_EQUAL = """
SELECT COUNT(*) FROM numbered AS mine JOIN numbered AS other
    ON other.side = 1 AND other.kind = mine.kind AND other.name = mine.name
    AND other.digest = mine.digest
WHERE mine.side = 0 AND mine.kind = ?
"""


class Pair(NamedTuple):
    """An item that is not equal on both sides; None where one side lacks it."""

    name: str
    left: Json
    right: Json


class Shelf:
    """The items of both sides, by kind and name.

    An item is put under its owner, a name that both sites know. Several under one
    owner are numbered in the order of their positions, from the second on.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sitekeep-compare-")
        self._database = sqlite3.connect(Path(self._folder.name) / "items.db")
        self._database.executescript(_SCHEMA)
        self._known: dict[tuple[Side, str, str], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def put(self, side: Side, kind: Kind, owner: str, value: Json, position: str = "") -> None:
        """Puts an item."""
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        raw = text.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        self._database.execute(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)",
            (side, kind.value, owner, position, digest, zlib.compress(raw, 1)),
        )

    def refer(self, side: Side, realm: str, identifier: str, value: str) -> None:
        """Keeps what an id of a site stands for."""
        self._database.execute(
            "INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?)",
            (side, realm, identifier, value),
        )

    def look_up(self, side: Side, realm: str, identifier: str) -> str | None:
        """What an id stands for; None as long as nobody has said."""
        key = (side, realm, identifier)
        if key not in self._known:
            row = self._database.execute(_REFERENCE, key).fetchone()
            if row is None:
                return None
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = str(row[0])
        return self._known[key]

    def values(self, side: Side, realm: str) -> Iterator[str]:
        """What the ids of a realm stand for, in the order of the ids."""
        rows = self._database.execute(
            "SELECT value FROM reference WHERE side = ? AND realm = ? ORDER BY id", (side, realm)
        )
        for (value,) in rows:
            yield str(value)

    def draft(self, side: Side, kind: Kind, key: str, value: Json) -> None:
        """Keeps a record that can be finished only once all of its kind are known."""
        body = zlib.compress(json.dumps(value).encode(), 1)
        self._database.execute(
            "INSERT INTO draft VALUES (?, ?, ?, ?)", (side, kind.value, key, body)
        )

    def drafts(self, side: Side, kind: Kind) -> Iterator[tuple[str, Json]]:
        """The drafts of a kind with their keys, in the order of the keys."""
        rows = self._database.execute(
            "SELECT key, body FROM draft WHERE side = ? AND kind = ? ORDER BY key",
            (side, kind.value),
        )
        for key, body in rows:
            yield key, json.loads(zlib.decompress(body))

    def finish(self) -> None:
        """Numbers the items; nothing is put after that."""
        self._database.executescript(_NUMBER)

    def value(self, side: Side, kind: Kind, name: str) -> Json:
        """The item of that name; None where the side lacks it."""
        row = self._database.execute(_BODY, (side, kind.value, name)).fetchone()
        return None if row is None else _opened(row[0])

    def kinds(self) -> list[Kind]:
        """The kinds of which there are items, in the order of the kinds."""
        found = {row[0] for row in self._database.execute("SELECT DISTINCT kind FROM numbered")}
        return [kind for kind in Kind if kind.value in found]

    def count(self, side: Side, kind: Kind) -> int:
        """How many items of the kind a side has."""
        statement = "SELECT COUNT(*) FROM numbered WHERE side = ? AND kind = ?"
        return int(self._database.execute(statement, (side, kind.value)).fetchone()[0])

    def equal(self, kind: Kind) -> int:
        """How many items of the kind are equal on both sides."""
        return int(self._database.execute(_EQUAL, (kind.value,)).fetchone()[0])

    def names(self, side: Side, kind: Kind) -> frozenset[str]:
        """The names of the items of the kind on a side."""
        rows = self._database.execute(_NAMES, (side, kind.value))
        return frozenset(str(row[0]) for row in rows)

    def unequal(self, kind: Kind) -> Iterator[Pair]:
        """The items of the kind that differ or that one side lacks."""
        for name, mine, other in self._pairs(Side.LEFT, Side.RIGHT, kind, both=True):
            yield Pair(name, mine, other)
        for name, mine, other in self._pairs(Side.RIGHT, Side.LEFT, kind, both=False):
            yield Pair(name, other, mine)

    def _pairs(
        self, mine: Side, other: Side, kind: Kind, *, both: bool
    ) -> Iterator[tuple[str, Json, Json]]:
        values = {"mine": mine, "other": other, "kind": kind.value, "both": both}
        for name, left, right in self._database.execute(_PAIRS, values):
            yield name, _opened(left), _opened(right)


def _opened(body: bytes | None) -> Json:
    return None if body is None else json.loads(zlib.decompress(body))
