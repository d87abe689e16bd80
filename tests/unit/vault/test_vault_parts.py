from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.blob_index import BlobIndex
from sitekeep_shared.vault.chunks import FastCdcChunker
from sitekeep_shared.vault.entry import Entry, decode_entry, encode_entry
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.index_object import (
    INDEX_ROW,
    IndexObject,
    PackReference,
    decode_index,
    encode_index,
    sort_rows,
)
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.merkle import FAN_OUT, node_hash, tree_root
from sitekeep_shared.vault.pack import FrameCipher, PackKind
from sitekeep_shared.vault.pack_builder import PackBuilder, RawFrame
from sitekeep_shared.vault.page import PageReference, decode_page, encode_pages
from sitekeep_shared.vault.sealing import Sealer
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    SMALL,
    MemoryStore,
    facts,
    issues,
    open_vault,
)

SEALER = Sealer(KEYS, bytes(16))
ENTRIES = st.builds(
    Entry,
    kind=st.just(Kind.ISSUE),
    key=st.text(max_size=20),
    size_bytes=st.integers(0, 2**63 - 1),
    attributes=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
    sha256=st.one_of(st.just(""), st.binary(min_size=32, max_size=32).map(bytes.hex)),
    blobs=st.lists(st.binary(min_size=32, max_size=32), max_size=3).map(tuple),
)


@given(ENTRIES)
@settings(max_examples=100)
def test_an_entry_survives_encoding_whatever_the_order_of_its_attributes(entry: Entry) -> None:
    encoded = encode_entry(entry)
    assert decode_entry(Kind.ISSUE, encoded) == entry
    turned = dict(reversed(list(entry.attributes.items())))
    again = Entry(entry.kind, entry.key, entry.size_bytes, turned, entry.sha256, entry.blobs)
    assert encode_entry(again) == encoded


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_bytes_that_are_no_entry_are_a_value_error(data: bytes) -> None:
    try:
        decode_entry(Kind.ISSUE, data)
    except ValueError:
        return


def _index(ids: list[bytes], pack: PackReference) -> IndexObject:
    rows = numpy.zeros(len(ids), INDEX_ROW)
    for number, blob_id in enumerate(ids):
        rows[number]["id"] = list(blob_id)
        rows[number]["offset"] = number
    return IndexObject(os.urandom(16), [pack], [], sort_rows(rows))


@given(st.lists(st.sets(st.binary(min_size=32, max_size=32), max_size=30), max_size=8))
@settings(max_examples=50)
def test_the_index_finds_exactly_what_was_added(groups: list[set[bytes]]) -> None:
    index = BlobIndex()
    places: dict[bytes, set[tuple[PackReference, int]]] = {}
    for number, group in enumerate(groups):
        pack = PackReference(number.to_bytes(32, "big"), 100 + number)
        ids = sorted(group, reverse=True)
        index.add(_index(ids, pack), lambda _: True)
        for offset, blob_id in enumerate(ids):
            places.setdefault(blob_id, set()).add((pack, offset))
    for blob_id, expected in places.items():
        place = index.place(blob_id)
        assert place is not None
        assert (place.pack, place.offset) in expected
        assert index.pack(index.pack_number(blob_id)) == place.pack
        assert index.place(blob_id[:31] + bytes([blob_id[31] ^ 1])) is None or (
            blob_id[:31] + bytes([blob_id[31] ^ 1]) in places
        )


def test_ids_that_share_their_first_bytes_are_told_apart() -> None:
    ids = [bytes(8) + number.to_bytes(24, "big") for number in range(50)]
    index = BlobIndex()
    index.add(_index(ids[:25], PackReference(bytes(32), 1)), lambda _: True)
    index.add(_index(ids[25:40], PackReference(bytes([1] * 32), 1)), lambda _: True)
    assert [index.pack_number(blob_id) for blob_id in ids] == [0] * 25 + [1] * 15 + [-1] * 10


def test_rows_of_packs_that_do_not_count_are_left_out() -> None:
    index = BlobIndex()
    index.add(_index([bytes(32)], PackReference(bytes(32), 1)), lambda _: False)
    assert len(index) == 0
    assert index.pack_number(bytes(32)) == -1


def test_the_index_takes_49_bytes_a_row_however_it_grew() -> None:
    index = BlobIndex()
    total = 0
    for number in range(60):
        count = 2000 if number % 10 == 0 else 150
        rows = numpy.zeros(count, INDEX_ROW)
        words = numpy.frombuffer(os.urandom(32 * count), "u1")
        rows["id"] = words.reshape(-1, 32)
        pack = PackReference(number.to_bytes(32, "big"), 1)
        index.add(IndexObject(bytes(16), [pack], [], sort_rows(rows)), lambda _: True)
        total += count
    assert len(index) == total
    assert index.size_bytes == 49 * total
    assert index.run_count <= 6


async def test_what_a_session_remembers_of_blobs_is_folded_at_each_checkpoint() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    for number in range(4):
        writer = session.unit(f"u{number}")
        for (kind, key), payload in issues(number * 50, 50).records.items():
            await writer.put_record(kind, key, payload)
        assert session.staging.staged_count > 0
        await writer.finish()
        assert session.staging.staged_count == 0
    await session.close()


def test_an_index_object_survives_encoding() -> None:
    packs = [PackReference(bytes([n] * 32), 1000 + n) for n in range(3)]
    index = IndexObject(bytes(range(16)), packs[:2], packs[2:], _index([bytes(32)], packs[0]).rows)
    found = decode_index(SEALER, "index/b.0", encode_index(SEALER, "index/b.0", index))
    assert (found.checkpoint_id, list(found.packs), list(found.referenced)) == (
        index.checkpoint_id,
        packs[:2],
        packs[2:],
    )
    assert found.rows.tobytes() == index.rows.tobytes()


def test_pages_hold_a_bounded_number_of_entries_and_prove_them() -> None:
    entries = [Entry(Kind.ISSUE, f"{n:04d}", n, {}, "", (bytes([n] * 32),)) for n in range(20)]
    pages = list(encode_pages(Kind.ISSUE, entries, SMALL))
    assert [page.entry_count for page in pages] == [7, 7, 6]
    assert [page.first_key for page in pages] == ["0000", "0007", "0014"]
    assert pages[0].size_bytes == sum(range(7))
    assert list(encode_pages(Kind.ISSUE, entries, SMALL)) == pages


def test_a_page_that_is_not_the_one_meant_is_refused() -> None:
    first, second = encode_pages(
        Kind.ISSUE, [Entry(Kind.ISSUE, f"{n}", n) for n in range(8)], SMALL
    )
    reference = PageReference(Kind.ISSUE, "u", "0", "6", 7, 21, bytes(32), first.root, "")
    assert [entry.key for entry in decode_page(reference, first.payload)] == list("0123456")
    for payload in (second.payload, b"", b"\x00", first.payload[:-1]):
        with pytest.raises(ValueError, match=r"page|Merkle"):
            decode_page(reference, payload)


def test_the_merkle_tree_has_its_fan_out() -> None:
    leaves = [bytes([n % 256, n // 256]) * 16 for n in range(FAN_OUT + 1)]
    upper = [node_hash(leaves[:FAN_OUT]), node_hash(leaves[FAN_OUT:])]
    assert tree_root(leaves) == node_hash(upper)
    assert tree_root(leaves[:1]) == node_hash(leaves[:1])
    assert tree_root([]) == node_hash([])


class TestChunks:
    def _cuts(self, data: bytes, limits: Limits) -> list[int]:
        chunker, view, cuts = FastCdcChunker(limits), memoryview(data), list[int]()
        while view:
            cuts.append(chunker.cut(view[: limits.chunk_max_bytes]))
            view = view[cuts[-1] :]
        return cuts

    def test_the_cut_points_of_small_chunks_never_change(self) -> None:
        assert self._cuts(random.Random(11).randbytes(20_000), SMALL) == [
            *(766, 1748, 1140, 1400, 1513, 1291, 1063, 1575),
            *(1093, 1284, 3027, 1078, 1115, 1765, 142),
        ]

    def test_the_cut_points_of_the_real_sizes_never_change(self) -> None:
        data = random.Random(11).randbytes(24 << 20)
        assert self._cuts(data, Limits()) == [
            *(4304231, 5838839, 1196622, 4839005, 4482387, 4504740),
        ]

    @pytest.mark.parametrize("piece", [1, 100, 5000, 60_000])
    async def test_cut_points_do_not_depend_on_how_the_bytes_came(self, piece: int) -> None:
        data = random.Random(12).randbytes(30_000)

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(data), piece):
                yield data[start : start + piece]

        vault = await open_vault(MemoryStore())
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        writer = session.unit("u1")
        await writer.put_file(Kind.ATTACHMENT, "a", chunks())
        await session.commit(await writer.finish(), facts())
        await session.close()
        reader = await vault.open_backup(SITE, "b1")
        entry = await reader.entry(Kind.ATTACHMENT, "a")
        assert entry is not None
        sizes = [len(part) async for part in reader.stream(entry)]
        assert sizes == self._cuts(data, SMALL)
        await reader.close()


class TestPack:
    def test_frames_that_do_not_compress_are_stored_raw(self) -> None:
        noise = random.Random(1).randbytes(4000)
        for payload, expected in ((noise, len(noise)), (b"a" * 4000, 100)):
            builder = PackBuilder(PackKind.FILES, SEALER, SMALL)
            before = builder.size_bytes
            builder.add(RawFrame([bytes(32)], [payload], len(payload)))
            assert builder.size_bytes - before <= expected + 16
        builder.finish()

    @pytest.mark.parametrize("payload", [b"a" * 4000, random.Random(1).randbytes(4000)])
    @pytest.mark.parametrize("position", [0, 10, -17, -1])
    def test_a_frame_that_does_not_open_to_what_went_in_is_not_written(
        self, payload: bytes, position: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = FrameCipher.encrypt

        def faulty(cipher: FrameCipher, number: int, data: bytes) -> bytes:
            changed = bytearray(data)
            changed[max(position, -len(data))] ^= 1
            return real(cipher, number, bytes(changed))

        monkeypatch.setattr(FrameCipher, "encrypt", faulty)
        with pytest.raises(VaultError, match="faulty"):
            PackBuilder(PackKind.FILES, SEALER, SMALL).add(
                RawFrame([bytes(32)], [payload], len(payload))
            )

    def test_a_pack_larger_than_the_format_allows_is_refused(self) -> None:
        limits = Limits(pack_max_bytes=1000)
        builder = PackBuilder(PackKind.FILES, SEALER, limits)
        builder.add(RawFrame([bytes(32)], [random.Random(1).randbytes(2000)], 2000))
        with pytest.raises(VaultError, match="larger"):
            builder.finish()


async def test_records_and_files_never_share_a_pack() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer = session.unit("u1")

    async def chunk() -> AsyncIterator[bytes]:
        yield b"file"

    await writer.put_record(Kind.ISSUE, "1", b"record")
    await writer.put_file(Kind.ATTACHMENT, "a", chunk())
    await writer.finish()
    await session.close()
    kinds = sorted(store.objects[key][40] for key in store.keys("packs/"))
    assert kinds == [PackKind.RECORDS, PackKind.FILES]


async def test_writers_wait_while_the_store_is_slow() -> None:
    class SlowStore(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.gate = asyncio.Event()
            self.gate.set()

        async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
            await self.gate.wait()
            return await super().put_new(key, parts)

    store = SlowStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    store.gate.clear()
    writer, noise = session.unit("u1"), random.Random(1)
    put = 0

    async def fill() -> None:
        nonlocal put
        for number in range(200):
            await writer.put_record(Kind.ISSUE, f"{number:04d}", noise.randbytes(1000))
            put += 1

    filling = asyncio.create_task(fill())
    _, pending = await asyncio.wait([filling], timeout=0.2)
    assert pending
    assert put < 60
    store.gate.set()
    await filling
    await writer.finish()
    await session.close()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to count threads in")
def test_the_vault_starts_no_threads_by_being_imported() -> None:
    program = "import os, sitekeep_shared.vault.vault; print(len(os.listdir('/proc/self/task')))"
    environment = dict(os.environ)
    environment.pop("OPENBLAS_NUM_THREADS", None)
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "1"
