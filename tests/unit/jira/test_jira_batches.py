"""Chained units see every entry once, however the export cut them into pages."""

from __future__ import annotations

from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_restore.importers.jira.reading import batch_of, is_last_batch
from sitekeep_restore.importers.unit import ImportOptions, ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.unit import UnitPlan
from support.confluence_fakes import MemoryBackup, MemoryIdentities


@settings(max_examples=60)
@given(
    pages=st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=6, unique=True), max_size=5),
    count=st.integers(1, 7),
)
async def test_every_entry_is_seen_once(pages: list[list[int]], count: int) -> None:
    backup = MemoryBackup()
    for number, keys in enumerate(pages):
        entries = [Entry(Kind.MEMBERSHIP, f"{key}/{number}", 0, {}) for key in keys]
        backup.add(f"members@{number}", [(entry, b"") for entry in entries])
    seen: list[str] = []
    plan: UnitPlan | None = UnitPlan(1, "memberships", "memberships")
    while plan is not None:
        unit = ImportUnit(
            plan,
            1,
            cast(SiteClient, None),
            cast(BackupReader, backup),
            MemoryIdentities(),
            ImportOptions(),
        )
        batch = await batch_of(unit, Kind.MEMBERSHIP, count)
        assert len(batch) <= count
        seen += [entry.key for entry in batch]
        assert is_last_batch(unit) == (not unit.spawned)
        plan = unit.spawned[0] if unit.spawned else None
    wanted = [f"{key}/{number}" for number, keys in enumerate(pages) for key in keys]
    assert sorted(seen) == sorted(wanted)
