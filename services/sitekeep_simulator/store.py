"""The database of one simulated site: a thin wrapper over SQLite."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row
Values = Sequence[Any]

_SEQUENCE_TABLE = (
    "CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, next INTEGER NOT NULL) "
    "WITHOUT ROWID"
)
_FIRST_ID = 10_000
_SPREAD = 900_000


class SiteStore:
    """One connection, used from one thread at a time. Writes outside a transaction commit at once.

    ``identity`` decides where the sequences start, so that two sites never give the same
    ids to the same content.
    """

    def __init__(self, path: str | Path = ":memory:", *, identity: str = "site") -> None:
        self.identity = identity
        self._depth = 0
        self._connection = sqlite3.connect(
            str(path), isolation_level=None, check_same_thread=False, cached_statements=512
        )
        self._connection.row_factory = sqlite3.Row
        # Rendered issues are about 12 kB: on large pages they need no chain of small ones.
        page_size = 4096 if path == ":memory:" else 32768
        self._connection.executescript(
            f"PRAGMA page_size={page_size}; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; "
            "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
        )
        self.execute(_SEQUENCE_TABLE)
        self._caches: dict[str, dict[Any, Any]] = {}

    def cache(self, name: str) -> dict[Any, Any]:
        """What is kept in memory under a name: one for all who use the store."""
        return self._caches.setdefault(name, {})

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def script(self, text: str) -> None:
        """Runs several statements, such as a schema. Commits an open transaction first."""
        self._connection.executescript(text)

    def execute(self, statement: str, values: Values = ()) -> sqlite3.Cursor:
        """Runs one statement."""
        return self._connection.execute(statement, values)

    def executemany(self, statement: str, values: Iterable[Values]) -> None:
        """Runs one statement for every row of values."""
        self._connection.executemany(statement, values)

    def rows(self, statement: str, values: Values = ()) -> list[Row]:
        """Every row of a query."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Values = ()) -> Row | None:
        """The first row of a query, or None."""
        found: Row | None = self._connection.execute(statement, values).fetchone()
        return found

    def value(self, statement: str, values: Values = ()) -> Any:
        """The first column of the first row of a query, or None."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commits at the end, rolls back on an error. A nested one joins the outer one."""
        if self._depth:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        else:
            self._connection.execute("COMMIT")
        finally:
            self._depth -= 1

    @property
    def is_filled(self) -> bool:
        """Whether what it is to hold at first was written to its end."""
        return bool(self.value("PRAGMA user_version"))

    @contextmanager
    def filling(self) -> Generator[None]:
        """Writes what it holds at first, without a journal: twice as fast, half the disk.

        After an error the store is broken. Until the end it is not filled.
        """
        self.execute("PRAGMA journal_mode=OFF")
        yield
        self.execute("PRAGMA user_version=1")
        self.execute("PRAGMA journal_mode=WAL")

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """A part of a transaction that an error undoes without undoing the rest."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO part")
            raise
        finally:
            self._connection.execute("RELEASE part")

    def next_id(self, sequence: str, count: int = 1) -> int:
        """Takes ``count`` numbers from a sequence and returns the first of them."""
        self.execute(
            "INSERT OR IGNORE INTO sequence VALUES (?, ?)", (sequence, self._first(sequence))
        )
        first: int = self.value(
            "UPDATE sequence SET next = next + ? WHERE name = ? RETURNING next - ?",
            (count, sequence, count),
        )
        return first

    def _first(self, sequence: str) -> int:
        digest = hashlib.sha256(f"{self.identity}/{sequence}".encode()).digest()
        return _FIRST_ID + int.from_bytes(digest[:8], "big") % _SPREAD


def marks(count: int) -> str:
    """Question marks for an IN list: ``?,?,?``."""
    return ",".join("?" * count)
