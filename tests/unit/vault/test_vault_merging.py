"""Merged index objects say what those said that they were made from, but for what is gone."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobIndex, BlobPlace
from sitekeep_shared.vault.errors import ObjectMissing
from sitekeep_shared.vault.index_loader import IndexLoader
from sitekeep_shared.vault.index_object import (
    INDEX_ROW,
    IndexObject,
    PackReference,
    decode_index,
    encode_index,
    sort_rows,
)
from sitekeep_shared.vault.merging import MergeSource, groups, merge, source_of
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import ObjectInfo
from unit.vault.vault_helpers import KEYS, SMALL, START, MemoryStore

SEALER = Sealer(KEYS, bytes(16))
PACKS = [PackReference(bytes([number]) * 32, 1000 + number) for number in range(6)]
BLOBS = [random.Random(number).randbytes(32) for number in range(12)]

# What an index object says: (blob, pack, frame) each.
SAYINGS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 5), st.integers(0, 2)), max_size=12, unique=True
)


def _index(sayings: list[tuple[int, int, int]]) -> IndexObject:
    packs = sorted({PACKS[pack] for _, pack, _ in sayings}, key=lambda pack: pack.pack_id)
    rows = numpy.zeros(len(sayings), INDEX_ROW)
    for row, (blob, pack, frame) in zip(rows, sayings, strict=True):
        row["id"] = numpy.frombuffer(BLOBS[blob], "u1")
        row["pack"] = packs.index(PACKS[pack])
        row["frame"] = frame
    return IndexObject(os.urandom(16), packs, [PACKS[0]], sort_rows(rows), "site-1")


def _said(index: IndexObject) -> list[tuple[bytes, PackReference, int]]:
    return [
        (row["id"].tobytes(), index.packs[int(row["pack"])], int(row["frame"]))
        for row in index.rows
    ]


@given(st.lists(SAYINGS, min_size=1, max_size=5), st.frozensets(st.integers(0, 5)))
def test_merging_keeps_every_row_of_what_is_there_once(
    sources: list[list[tuple[int, int, int]]], gone: frozenset[int]
) -> None:
    removed = {PACKS[number] for number in gone}
    cut = [
        source_of(f"index/b{number}.0", _index(sayings), lambda pack: pack not in removed)
        for number, sayings in enumerate(sources)
    ]
    result = merge(cut)
    expected = {
        (BLOBS[blob], PACKS[pack], frame)
        for sayings in sources
        for blob, pack, frame in sayings
        if pack not in gone
    }
    said = _said(result)
    assert len(said) == len(expected)
    assert set(said) == expected
    assert [blob for blob, _, _ in said] == sorted(blob for blob, _, _ in said)
    assert not removed.intersection(result.packs)
    assert list(result.supersedes) == [source.name for source in cut]
    dead = sum(pack in gone for sayings in sources for _, pack, _ in sayings)
    assert sum(source.dead_rows for source in cut) == dead


@given(SAYINGS)
def test_a_merged_index_reads_as_it_was_written_and_finds_the_same(
    sayings: list[tuple[int, int, int]],
) -> None:
    index = merge([source_of("index/b.0", _index(sayings), lambda _: True)])
    name = names.merged_name(32 * "0")
    read = decode_index(SEALER, name, encode_index(SEALER, name, index))
    assert list(read.packs) == list(index.packs)
    assert (read.site, list(read.supersedes)) == ("", ["index/b.0"])
    before, after = BlobIndex(), BlobIndex()
    before.add(_index(sayings), lambda _: True)
    after.add(read, lambda _: True)
    for number, blob in enumerate(BLOBS):
        places = [(PACKS[p], f) for b, p, f in sayings if b == number]
        found = after.place(blob)
        assert (found is None) == (before.place(blob) is None) == (not places)
        assert found is None or (found.pack, found.frame) in places
        assert found is None or isinstance(found, BlobPlace)


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 50))
def test_groups_keep_the_order_and_the_limit(counts: list[int], at_most: int) -> None:
    sized = [
        MergeSource(f"index/b{number}.0", [], numpy.zeros(count, INDEX_ROW), 0)
        for number, count in enumerate(counts)
    ]
    made = groups(sized, at_most)
    assert [source for group in made for source in group] == sized
    assert all(sum(len(s.rows) for s in group) <= at_most or len(group) == 1 for group in made)


def test_time_ids_sort_by_time_and_behind_the_one_before() -> None:
    first = names.new_time_id(START)
    assert len(first) == 32
    assert names.new_time_id(START, first) > first
    later = names.new_time_id(START.replace(year=2040))
    assert later > first
    assert names.new_time_id(START, later) > later


class ChangingStore(MemoryStore):
    """Something happens while it is listed."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []

    async def put(self, name: str, sayings: list[tuple[int, int, int]], *old: str) -> None:
        index = _index(sayings)
        index = IndexObject(index.checkpoint_id, index.packs, [], index.rows, "site-1", old)
        await self.put_new(name, [encode_index(SEALER, name, index)])

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        last = ""
        while keys := [key for key in self.keys(prefix) if key > last][:1]:
            last = keys[0]
            yield ObjectInfo(last, len(self.objects[last]), START)
            await self._change(last)

    async def _change(self, passed: str) -> None:
        if passed == "index/z.0" and not self.steps:
            # A collection merges what was listed already and what comes: a name that was passed.
            await self.put("index/merged.1", [(0, 0, 0), (1, 1, 0)], "index/z.0", "index/z.1")
            await self.delete("index/z.0")
            await self.delete("index/z.1")
            self.steps.append("merged")


async def test_a_loader_misses_nothing_that_is_merged_while_it_lists() -> None:
    store = ChangingStore()
    await store.put("index/z.0", [(0, 0, 0)])
    await store.put("index/z.1", [(1, 1, 0)])
    loaded = await IndexLoader(store, SEALER, SMALL).load(lambda _: True)
    assert store.steps == ["merged"]
    assert loaded.blobs.place(BLOBS[0]) is not None
    assert loaded.blobs.place(BLOBS[1]) is not None


async def test_a_loader_does_not_read_what_a_merged_index_supersedes() -> None:
    store = ChangingStore()
    await store.put("index/a.0", [(0, 0, 0)])
    await store.put("index/merged.1", [(0, 1, 0)], "index/a.0")
    loaded = await IndexLoader(store, SEALER, SMALL).load(lambda _: True)
    place = loaded.blobs.place(BLOBS[0])
    assert place is not None
    assert place.pack == PACKS[1]
    assert len(loaded.blobs) == 1


async def test_a_loader_gives_up_on_a_store_that_lists_what_it_does_not_have() -> None:
    class LyingStore(ChangingStore):
        async def get(self, key: str) -> bytes:
            raise ObjectMissing(key)

    store = LyingStore()
    await store.put("index/a.0", [(0, 0, 0)])
    with pytest.raises(ObjectMissing, match=r"index/a\.0"):
        await IndexLoader(store, SEALER, SMALL).load(lambda _: True)
