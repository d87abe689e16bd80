"""What a collection of the vault did, as people and programs read it."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sitekeep_shared.vault.collection_report import CollectionReport, Pending


def collection_document(report: CollectionReport) -> dict[str, Any]:
    """For ``--json``: the report's own names, times in RFC 3339."""
    document = dataclasses.asdict(report)
    document["pending"] = [
        {name: _plain(value) for name, value in pending.items()} for pending in document["pending"]
    ]
    return document


def collection_rows(report: CollectionReport, dry_run: bool) -> list[list[str]]:
    """For the table: what is live, condemned, pending, swept and retained."""
    rows = [
        _row("live", report.live_backups_count, report.live_packs_count, report.live_bytes),
        _row(
            "to be condemned" if dry_run else "condemned now",
            report.condemned_backups_count,
            report.condemned_packs_count,
            report.condemned_bytes,
        ),
        *map(_pending_row, report.pending),
        _row(
            "to be swept" if dry_run else "swept",
            report.swept_backups_count,
            report.swept_packs_count,
            report.swept_bytes,
        ),
    ]
    if report.kept_packs_count:
        rows.append(["needed again", "", str(report.kept_packs_count), "", "kept"])
    if report.abandoned_backups_count:
        count = str(report.abandoned_backups_count)
        rows.append(["given up", count, "", "", "unfinished, nobody went on"])
    if report.retained_objects_count:
        note = f"{report.retained_objects_count} objects that the store does not let go yet"
        rows.append(["retained", "", "", "", note])
    return rows


def _pending_row(pending: Pending) -> list[str]:
    until = pending.due_time.isoformat(timespec="seconds") if pending.due_time else "the next run"
    note = f"until {until}: {pending.obstacle}"
    return _row("condemned", pending.backups_count, pending.packs_count, pending.size_bytes, note)


def _row(what: str, backups: int, packs: int, size_bytes: int, note: str = "") -> list[str]:
    return [what, str(backups), str(packs), str(size_bytes), note]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime.datetime) else value
