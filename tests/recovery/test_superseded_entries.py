"""Entries that a later unit of the same backup takes back."""

from __future__ import annotations

from pathlib import Path

from recovery import read_vault
from recovery.test_format_page import opened
from sitekeep_shared.kinds import Kind
from unit.vault.vault_helpers import (
    SITE,
    Content,
    MemoryStore,
    facts,
    issues,
    make_backup,
    open_vault,
    read_all,
    write_unit,
)


async def test_what_is_taken_back_is_neither_read_nor_counted(tmp_path: Path) -> None:
    """Neither by our reader nor by one that was written from FORMAT.md."""
    store = MemoryStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    first, second = issues(1, 20), issues(21, 2)
    pages = await write_unit(session.unit("issues/1"), first)
    pages += await write_unit(session.unit("issues/2"), second)
    both = first.records | second.records
    numbers = (5, 6, 7, 8, 21, 22)
    gone = {key: len(data) for (_, key), data in both.items() if int(key[-4:]) in numbers}
    left = [page.without(gone) for page in pages]
    assert None in left, "a page of which nothing is left is not listed"
    kept = [page for page in left if page is not None]
    again = Content(records={(Kind.ISSUE, min(gone)): b"read again"})
    kept += await write_unit(session.unit("closing/1"), again)
    committed = await session.commit(kept, facts())
    await session.close()
    expected = {key: data for key, data in both.items() if key[1] not in gone} | again.records
    assert (await read_all(vault, "b1")).records == expected
    assert (await vault.check(SITE, "b1")).is_sound
    stored = committed.header.stored[Kind.ISSUE]
    sizes = sum(len(data) for data in expected.values())
    assert (stored.entries, stored.size_bytes) == (len(expected), sizes)
    other = read_vault.Backup(opened(store, tmp_path), f"{SITE}/b1")
    found = {entry.key: b"".join(other.content(entry)) for entry in other.entries()}
    assert found == {key: data for (_, key), data in expected.items()}
    assert sum(1 for _ in other.entries()) == len(expected)


async def test_a_backup_without_any_is_written_as_before(tmp_path: Path) -> None:
    """Readers of before there was such a thing read it."""
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": issues(1, 20)})
    other = read_vault.Backup(opened(store, tmp_path), f"{SITE}/b1")
    assert other.body_version == 1
    assert len(list(other.entries())) == 20
