"""Counts per kind as JSON: ``{"issue": {"expected": 3, "done": 2, …}, …}``; zeros are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Count

Counts = dict[Kind, Count]


def add(total: Counts, more: Mapping[Kind, Count]) -> None:
    """Adds counts to a total."""
    for kind, count in more.items():
        entry = total.setdefault(kind, Count())
        entry.expected += count.expected
        entry.done += count.done
        entry.lossy += count.lossy
        entry.missing += count.missing
        entry.size_bytes += count.size_bytes
        entry.reused_files += count.reused_files
        entry.reused_bytes += count.reused_bytes


def to_json(counts: Mapping[Kind, Count]) -> dict[str, dict[str, int]]:
    """The counts as JSON, in the order of ``Kind``."""
    return {
        kind.value: {name: value for name, value in asdict(counts[kind]).items() if value}
        for kind in Kind
        if kind in counts
    }


def from_json(document: Mapping[str, Any] | None) -> Counts:
    """The counts of a JSON document; None holds none."""
    return {Kind(kind): Count(**values) for kind, values in (document or {}).items()}
