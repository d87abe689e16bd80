"""Rows that are written many at a time, and ids that are taken many at a time."""

from __future__ import annotations

from typing import Any

from sitekeep_simulator.store import SiteStore

_BLOCK = 1000


class BulkRows:
    """Collects rows by table until they are flushed."""

    def __init__(self, store: SiteStore) -> None:
        self._store = store
        self._rows: dict[str, list[tuple[Any, ...]]] = {}
        self._ids: dict[str, tuple[int, int]] = {}

    def add(self, table: str, *values: Any) -> None:
        """Collects one row."""
        self._rows.setdefault(table, []).append(values)

    def next_id(self, sequence: str) -> int:
        """The next id of a sequence."""
        current, end = self._ids.get(sequence, (0, 0))
        if current == end:
            current = self._store.next_id(sequence, _BLOCK)
            end = current + _BLOCK
        self._ids[sequence] = (current + 1, end)
        return current

    def flush(self) -> None:
        """Writes what was collected. Rows that are there already stay as they are."""
        for table, rows in self._rows.items():
            places = ",".join("?" * len(rows[0]))
            self._store.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)
        self._rows.clear()
