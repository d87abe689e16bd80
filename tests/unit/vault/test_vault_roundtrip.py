from __future__ import annotations

import asyncio
import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import BackupNotFound, WrongKey
from sitekeep_shared.vault.manifest import COMPLETE
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    SMALL,
    Content,
    MemoryStore,
    facts,
    issues,
    make_backup,
    merged,
    open_vault,
    pieces,
    read_all,
    write_unit,
)

KINDS = st.sampled_from([Kind.USER, Kind.ISSUE, Kind.PAGE])
NAMES = st.text(min_size=1, max_size=12)
CONTENTS = st.builds(
    Content,
    records=st.dictionaries(st.tuples(KINDS, NAMES), st.binary(max_size=6000), max_size=20),
    files=st.dictionaries(
        st.tuples(st.just(Kind.ATTACHMENT), NAMES), st.binary(max_size=20_000), max_size=4
    ),
)


@given(units=st.lists(CONTENTS, max_size=3))
@settings(max_examples=40, deadline=None)
def test_what_is_backed_up_is_read_back(units: list[Content]) -> None:
    async def run() -> None:
        vault = await open_vault(MemoryStore())
        named = {f"unit-{number}": unit for number, unit in enumerate(units)}
        await make_backup(vault, "b1", named)
        assert (await vault.check(SITE, "b1")).is_sound
        reader = await vault.open_backup(SITE, "b1")
        found = [
            (kind, entry.key, await reader.read(entry))
            for kind in Kind
            async for entry in reader.entries(kind)
        ]
        await reader.close()
        put = [(*key, data) for unit in units for key, data in unit.records.items()]
        put += [(*key, data) for unit in units for key, data in unit.files.items()]
        assert sorted(found) == sorted(put)

    asyncio.run(run())


async def test_entries_come_by_unit_and_key_and_can_be_cut_to_a_range() -> None:
    vault = await open_vault(MemoryStore())
    units = {"u2": issues(1, 30), "u1": issues(100, 30)}
    await make_backup(vault, "b1", units)
    reader = await vault.open_backup(SITE, "b1")
    keys = [entry.key async for entry in reader.entries(Kind.ISSUE)]
    expected = [key for _, key in sorted(units["u1"].records)]
    expected += [key for _, key in sorted(units["u2"].records)]
    assert keys == expected
    first, last = "0000010000/0000000011", "0000010000/0000000104"
    part = [entry.key async for entry in reader.entries(Kind.ISSUE, first=first, last=last)]
    assert part == [key for key in expected if first <= key <= last]
    assert len(part) == 25
    await reader.close()


async def test_a_single_entry_is_found_with_its_attributes() -> None:
    vault = await open_vault(MemoryStore())
    await make_backup(vault, "b1", {"u1": issues(1, 30)})
    reader = await vault.open_backup(SITE, "b1")
    entry = await reader.entry(Kind.ISSUE, "0000010000/0000000021")
    assert entry is not None
    assert entry.attributes == {"key": "0000010000/0000000021"}
    assert b'"id":"21"' in await reader.read(entry)
    assert await reader.entry(Kind.ISSUE, "0000010000/0000000099") is None
    assert await reader.entry(Kind.PAGE, "1") is None
    await reader.close()


async def test_the_header_says_what_the_backup_is() -> None:
    vault = await open_vault(MemoryStore())
    content = issues(1, 30)
    content.files[(Kind.ATTACHMENT, "a")] = bytes(5000)
    committed = await make_backup(vault, "b1", {"u1": content}, details=b'{"ledger":1}')
    header = committed.header
    assert await vault.find_backup(SITE, "b1") == header
    assert header.state == COMPLETE
    assert (header.site, header.backup_id, header.fence) == (SITE, "b1", 1)
    assert header.stored[Kind.ISSUE].entries == 30
    assert header.stored[Kind.ATTACHMENT].size_bytes == 5000
    assert header.counts == {Kind.ISSUE: 3}
    assert header.expire_time == facts().expire_time
    assert header.merkle_root == committed.merkle_root
    assert [found.backup_id async for found in vault.backups()] == ["b1"]
    reader = await vault.open_backup(SITE, "b1")
    assert reader.details == b'{"ledger":1}'
    await reader.close()


async def test_a_file_keeps_its_size_and_its_sha256() -> None:
    vault = await open_vault(MemoryStore())
    data = random.Random(5).randbytes(50_000)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer = session.unit("u1")
    stored = await writer.put_file(Kind.ATTACHMENT, "a", pieces(data), attributes={"x": "y"})
    assert (stored.size_bytes, stored.sha256) == (50_000, hashlib.sha256(data).hexdigest())
    await session.commit(await writer.finish(), facts())
    await session.close()
    reader = await vault.open_backup(SITE, "b1")
    entry = await reader.entry(Kind.ATTACHMENT, "a")
    assert entry is not None
    assert entry.sha256 == stored.sha256
    assert len(entry.blobs) > 5
    assert b"".join([part async for part in reader.stream(entry)]) == data
    await reader.close()


async def test_an_empty_file_and_an_empty_record_are_kept() -> None:
    vault = await open_vault(MemoryStore())
    content = Content({(Kind.ISSUE, "k"): b""}, {(Kind.ATTACHMENT, "a"): b""})
    await make_backup(vault, "b1", {"u1": content})
    assert await read_all(vault, "b1") == content


async def test_a_backup_without_anything_is_a_backup() -> None:
    vault = await open_vault(MemoryStore())
    await make_backup(vault, "b1", {})
    assert await read_all(vault, "b1") == Content()


async def test_a_key_that_is_put_again_replaces_the_entry() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer = session.unit("u1")
    await writer.put_record(Kind.USER, "u", b"old")
    await writer.put_record(Kind.USER, "u", b"new")
    await session.commit(await writer.finish(), facts())
    await session.close()
    assert (await read_all(vault, "b1")).records == {(Kind.USER, "u"): b"new"}


async def test_page_references_survive_json() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), issues(1, 20))
    assert [PageReference.from_json(page.to_json()) for page in pages] == pages
    await session.commit([PageReference.from_json(page.to_json()) for page in pages], facts())
    await session.close()
    assert await read_all(vault, "b1") == issues(1, 20)


async def test_a_second_backup_of_the_same_stores_next_to_nothing() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    content = issues(1, 400)
    content.files[(Kind.ATTACHMENT, "a")] = random.Random(1).randbytes(30_000)
    await make_backup(vault, "b1", {"u1": content})
    first = store.size_bytes()
    committed = await make_backup(vault, "b2", {"u1": content})
    assert store.size_bytes() - first < first * 0.2
    assert committed.header.new_bytes == 0
    assert committed.merkle_root == (await _header_root(vault, "b1"))
    assert await read_all(vault, "b2") == content


async def _header_root(vault: Vault, backup_id: str) -> str:
    header = await vault.find_backup(SITE, backup_id)
    assert header is not None
    return header.merkle_root


async def test_one_changed_record_among_many_stores_little() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    content = issues(1, 400)
    await make_backup(vault, "b1", {"u1": content})
    first = store.size_bytes("packs/")
    content.records[(Kind.ISSUE, "0000010000/0000000007")] = b'{"changed":true}'
    await make_backup(vault, "b2", {"u1": content})
    assert store.size_bytes("packs/") - first < first * 0.1
    assert await read_all(vault, "b2") == content


async def test_a_large_file_with_an_inserted_byte_shares_most_chunks() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    data = random.Random(2).randbytes(100_000)
    key = (Kind.ATTACHMENT, "a")
    await make_backup(vault, "b1", {"u1": Content(files={key: data})})
    first = store.size_bytes("packs/")
    changed = data[:50_000] + b"!" + data[50_000:]
    await make_backup(vault, "b2", {"u1": Content(files={key: changed})})
    assert store.size_bytes("packs/") - first < 20_000
    assert (await read_all(vault, "b2")).files == {key: changed}


async def test_many_units_at_once_share_checkpoints_and_lose_nothing() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    units = {f"u{number:02d}": issues(number * 40, 60) for number in range(20)}
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    results = await asyncio.gather(
        *(write_unit(session.unit(key), content) for key, content in units.items())
    )
    await session.commit([page for pages in results for page in pages], facts())
    await session.close()
    assert len(store.keys("index/")) < len(units)
    assert await read_all(vault, "b1") == merged(units.values())
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    assert session.statistics.new_blobs == 0
    await session.close()


async def test_an_expired_backup_is_not_listed_and_can_still_be_read() -> None:
    vault = await open_vault(MemoryStore())
    await make_backup(vault, "b1", {"u1": issues(1, 3)})
    await make_backup(vault, "b2", {"u1": issues(1, 3)})
    await vault.expire(SITE, "b1", "its time is over")
    assert [header.backup_id async for header in vault.backups()] == ["b2"]
    listed = [header.backup_id async for header in vault.backups(include_expired=True)]
    assert listed == ["b1", "b2"]
    marker = await vault.expiry("b1")
    assert marker is not None
    assert marker.reason == "its time is over"
    assert await vault.expiry("b2") is None
    assert await read_all(vault, "b1") == issues(1, 3)


async def test_a_backup_that_is_not_there_is_not_found() -> None:
    vault = await open_vault(MemoryStore())
    with pytest.raises(BackupNotFound):
        await vault.open_backup(SITE, "b1")
    with pytest.raises(BackupNotFound):
        await vault.check(SITE, "b1")
    with pytest.raises(BackupNotFound):
        await vault.expire(SITE, "b1", "")
    assert await vault.find_backup(SITE, "b1") is None


async def test_the_writer_part_backs_up_again_and_cannot_read() -> None:
    store = MemoryStore()
    full = await open_vault(store)
    await make_backup(full, "b1", {"u1": issues(1, 30)})
    writer = await open_vault(store, keys=KEYS.writer_part())
    committed = await make_backup(writer, "b2", {"u1": issues(1, 30)})
    assert committed.header.new_bytes == 0
    with pytest.raises(WrongKey, match="cannot read"):
        await writer.open_backup(SITE, "b2")
    assert await read_all(full, "b2") == issues(1, 30)


async def test_nothing_that_was_backed_up_shows_in_the_bytes_of_the_vault() -> None:
    store = MemoryStore()
    vault = await open_vault(store, limits=SMALL)
    secret = b"Plainly-Visible-Secret-0123456789"
    content = Content(
        records={(Kind.ISSUE, f"{secret.decode()}-{n}"): secret + b"%d" % n for n in range(30)},
        files={(Kind.ATTACHMENT, "a"): random.Random(4).randbytes(900) + secret},
    )
    committed = await make_backup(vault, "b1", {secret.decode(): content}, details=secret)
    await vault.expire(SITE, "b1", secret.decode())
    assert committed.header.page_count > 1
    for key, data in store.objects.items():
        assert secret not in data, key
        assert secret.hex().encode() not in data, key
