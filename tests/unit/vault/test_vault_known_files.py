"""Files that an earlier backup holds: found by what the site says of them, never confused."""

from __future__ import annotations

import asyncio
import datetime
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.entry import StoredFile
from sitekeep_shared.vault.errors import DamagedObject, LeaseLost, StoreUnavailable
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.known_file import FileIdentity, FileOrigin, KnownFile, file_key
from sitekeep_shared.vault.known_files_object import (
    FILE_ROW,
    KnownFilesObject,
    decode_known_files,
    encode_known_files,
)
from sitekeep_shared.vault.known_files_table import KnownFilesColumns, KnownFilesTable
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.session import BackupSession, UnitWriter
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    START,
    FaultStore,
    MemoryStore,
    facts,
    open_vault,
    pieces,
    read_all,
)

SEALER = Sealer(KEYS.writer_part(), bytes(16))
ORIGIN = FileOrigin(SITE, "https://one.example")
ADDRESS = ORIGIN.address
DAY = datetime.timedelta(days=1)


def content(number: int, size: int = 3000) -> bytes:
    return random.Random(number).randbytes(size)


@dataclass
class Site:
    """Files by id; counts which are asked for."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {str(number): content(number) for number in range(5)}
    )
    versions: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[str] = field(default_factory=list[str])
    stored: dict[str, StoredFile] = field(default_factory=dict[str, StoredFile])

    def identity(self, id_: str) -> FileIdentity:
        return FileIdentity(id_, self.versions.get(id_, "1"), len(self.files[id_]))

    async def export(self, unit: UnitWriter) -> list[PageReference]:
        for id_ in self.files:
            await self._export(unit, id_)
        return list(await unit.finish())

    async def _export(self, unit: UnitWriter, id_: str) -> None:
        known = unit.find_file(Kind.ATTACHMENT, self.identity(id_))
        if known is not None:
            assert known.note == f"note {id_}".encode()
            if unit.reuse_file(Kind.ATTACHMENT, id_, known, attributes={"id": id_}):
                return
        self.asked.append(id_)
        self.stored[id_] = await unit.put_file(
            Kind.ATTACHMENT,
            id_,
            pieces(self.files[id_]),
            attributes={"id": id_},
            identity=self.identity(id_),
            note=f"note {id_}".encode(),
        )

    def taken(self) -> list[str]:
        asked, self.asked = self.asked, []
        return asked


async def begin(
    vault: Vault, backup: str, *, site: str = SITE, address: str = ADDRESS, days: int = 0
) -> BackupSession:
    keeping = datetime.timedelta(days=days) if days else None
    return await vault.begin_backup(backup, site=site, fence=1, address=address, keeping=keeping)


async def back_up(
    vault: Vault,
    backup: str,
    source: Site,
    *,
    site: str = SITE,
    address: str = ADDRESS,
    days: int = 0,
    finished: datetime.datetime = START,
) -> None:
    session = await begin(vault, backup, site=site, address=address, days=days)
    try:
        pages = await source.export(session.unit("u1"))
        await session.commit(pages, replace(facts(), finished=finished))
    finally:
        await session.close()


def of_files(source: Site) -> Mapping[tuple[Kind, str], bytes]:
    return {(Kind.ATTACHMENT, id_): data for id_, data in source.files.items()}


async def test_a_second_backup_asks_for_no_unchanged_file() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store, keys=KEYS.writer_part())
    await back_up(vault, "b1", source)
    assert source.taken() == ["0", "1", "2", "3", "4"]
    packs = store.keys("packs/")
    for number in (2, 3):
        await back_up(vault, f"b{number}", source, finished=START + number * DAY)
        assert source.taken() == []
        assert store.keys("packs/") == packs
        assert (await read_all(await open_vault(store), f"b{number}")).files == of_files(source)


async def test_a_new_version_and_a_new_size_are_fetched() -> None:
    source = Site()
    vault = await open_vault(MemoryStore())
    await back_up(vault, "b1", source)
    source.taken()
    source.versions["1"] = "2"
    source.files["3"] += b"!"
    source.files["new"] = content(9)
    await back_up(vault, "b2", source)
    assert source.taken() == ["1", "3", "new"]
    assert (await read_all(vault, "b2")).files == of_files(source)


@pytest.mark.parametrize(
    ("site", "address"),
    [("site-2", ADDRESS), (SITE, "https://two.example")],
    ids=["site", "address"],
)
async def test_a_file_of_another_site_is_another_file(site: str, address: str) -> None:
    vault, source = await open_vault(MemoryStore()), Site()
    await back_up(vault, "b1", source)
    source.taken()
    await back_up(vault, "b2", source, site=site, address=address)
    assert source.taken() == ["0", "1", "2", "3", "4"]


def test_every_part_of_the_identity_tells_files_apart() -> None:
    keys = {
        file_key(
            KEYS.blob_id_key, FileOrigin(site, address), kind, FileIdentity(id_, version, size)
        )
        for site in ("a", "ab")
        for address in ("", "b")
        for kind in (Kind.ATTACHMENT, Kind.PAGE)
        for id_ in ("1", "11")
        for version in ("1", "11", "")
        for size in (1, 11)
    }
    assert len(keys) == 96
    assert {len(key) for key in keys} == {32}


async def test_the_newest_unexpired_backup_that_lists_files_is_taken() -> None:
    vault, source = await open_vault(MemoryStore()), Site()
    await back_up(vault, "b9", source, finished=START)
    source.taken()
    source.versions["1"] = "2"
    await back_up(vault, "b1", source, finished=START + DAY)
    assert source.taken() == ["1"]
    await back_up(vault, "b5", Site(files={}), finished=START + 2 * DAY)
    await back_up(vault, "b6", source, finished=START + 3 * DAY)
    assert source.taken() == []
    await vault.expire(SITE, "b1", "over")
    await vault.expire(SITE, "b6", "over")
    await back_up(vault, "b7", source, finished=START + 4 * DAY)
    assert source.taken() == ["1"]


async def test_the_list_is_durable_before_the_unit_is_done_and_after_what_it_lists() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    await source.export(session.unit("u1"))
    (known,) = store.keys("files/")
    assert known == names.known_files_name("b1", 0)
    assert names.owner_of(known) == "b1"
    order = store.put_order
    assert order.index(store.keys("index/b1")[0]) < order.index(known)
    assert store.put_order[-1] == known
    await session.close()


class GatedStore(MemoryStore):
    """Holds index objects up until the gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.gate = asyncio.Event(), asyncio.Event()

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        if key.startswith("index/"):
            self.reached.set()
            await self.gate.wait()
        return await super().put_new(key, parts)


async def test_a_file_that_is_staged_while_a_checkpoint_is_made_waits_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, source, held = GatedStore(), Site(), asyncio.Event()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    first, second = session.unit("u1"), session.unit("u2")
    done = asyncio.create_task(source.export(first))
    await store.reached.wait()
    hold = session.files.hold

    def hold_and_tell(files: Sequence[KnownFile]) -> None:
        hold(files)
        held.set()

    monkeypatch.setattr(session.files, "hold", hold_and_tell)
    waiting = asyncio.create_task(Site({"late": content(77)}).export(second))
    await held.wait()
    store.gate.set()
    await done
    await waiting
    await session.close()
    sealer = Sealer(KEYS, bytes.fromhex(json.loads(store.objects["FORMAT"])["repository_id"]))
    lists = [
        len(decode_known_files(sealer, name, store.objects[name]).rows)
        for name in ("files/b1.0", "files/b1.1")
    ]
    assert lists == [5, 1]


async def test_a_unit_whose_list_is_not_durable_is_not_done() -> None:
    store, source = FaultStore(), Site()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    writer = session.unit("u1")
    store.lost_answer = lambda key: key.startswith("files/")
    with pytest.raises(StoreUnavailable):
        await source.export(writer)
    assert store.faults_fired == 1
    await session.close()


async def test_a_resumed_session_finds_what_it_fetched_before() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    await source.export(session.unit("u1"))
    await session.close()
    assert len(source.taken()) == 5
    await back_up(vault, "b1", source)
    assert source.taken() == []
    assert store.keys("files/") == ["files/b1.0", "files/b1.1"]
    await back_up(vault, "b2", source, finished=START + DAY)
    assert source.taken() == []


async def test_an_attempt_that_is_given_up_lists_nothing() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    given_up = session.unit("u1")
    await given_up.put_file(
        Kind.ATTACHMENT, "0", pieces(source.files["0"]), identity=source.identity("0")
    )
    other = session.unit("u2")
    await other.put_record(Kind.ISSUE, "1", b"{}")
    await other.finish()
    await session.close()
    assert store.keys("files/") == []


async def test_two_sessions_of_one_backup_do_not_both_list_files() -> None:
    vault, source = await open_vault(MemoryStore()), Site()
    first, second = await begin(vault, "b1"), await begin(vault, "b1")
    await second.files.write([KnownFile(bytes(32), START, 0, "0" * 64, ())])
    with pytest.raises(LeaseLost, match=r"wrote files/b1\.0"):
        await first.files.write([KnownFile(bytes(32), START, 1, "0" * 64, ())])
    await first.close()
    await second.close()
    assert source.taken() == []


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
async def test_what_cannot_be_read_is_fetched_again(damage: str) -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    await back_up(vault, "b1", source)
    source.taken()
    data = store.objects.pop("files/b1.0")
    if damage == "flipped":
        store.objects["files/b1.0"] = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
    if damage == "cut":
        store.objects["files/b1.0"] = data[:20]
    await back_up(vault, "b2", source, finished=START + DAY)
    assert source.taken() == ["0", "1", "2", "3", "4"]
    await back_up(vault, "b3", source, finished=START + 2 * DAY)
    assert source.taken() == []


async def test_a_file_whose_pack_is_gone_is_fetched_again_and_healed() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    await back_up(vault, "b1", source)
    asked = source.taken()
    files = [key for key in store.keys("packs/") if len(store.objects[key]) > 3000]
    del store.objects[files[0]]
    await back_up(vault, "b2", source, finished=START + DAY)
    again = source.taken()
    assert again
    assert set(again) < set(asked)
    assert (await read_all(vault, "b2")).files == of_files(source)


async def test_a_file_in_a_condemned_pack_is_fetched_again() -> None:
    store, source = MemoryStore(), Site()
    vault = await open_vault(store)
    await back_up(vault, "b1", source)
    source.taken()
    packs = [
        PackReference(bytes.fromhex(key[-64:]), len(store.objects[key]))
        for key in store.keys("packs/")
    ]
    repository = bytes.fromhex(json.loads(store.objects["FORMAT"])["repository_id"])
    name = "gc/1.condemned"
    store.objects[name] = encode_condemned(
        Sealer(KEYS, repository), name, Condemnation(START, packs, [])
    )
    await back_up(vault, "b2", source)
    assert source.taken() == ["0", "1", "2", "3", "4"]
    for pack in packs:
        del store.objects[names.pack_name(pack.pack_id)]
    assert (await read_all(vault, "b2")).files == of_files(source)


async def test_a_file_is_fetched_anew_once_within_the_keeping_time() -> None:
    clock, source = ManualClock(START), Site()
    vault = await open_vault(MemoryStore(), clock=clock)
    await back_up(vault, "b00", source, days=10)
    source.taken()
    asked: list[str] = []
    for number in range(1, 11):
        clock.advance(DAY)
        await back_up(vault, f"b{number:02d}", source, days=10, finished=clock.now())
        asked += source.taken()
    assert sorted(asked) == ["0", "1", "2", "3", "4"]


async def test_a_due_file_is_found_only_by_who_says_so() -> None:
    clock, source = ManualClock(START), Site()
    vault = await open_vault(MemoryStore(), clock=clock)
    await back_up(vault, "b1", source)
    clock.advance(10 * DAY)
    session = await begin(vault, "b2", days=10)
    unit = session.unit("u1")
    identity = source.identity("0")
    assert unit.find_file(Kind.ATTACHMENT, identity) is None
    found = unit.find_file(Kind.ATTACHMENT, identity, even_if_due=True)
    assert found is not None
    assert found.fetched == START
    assert found.sha256 == source.stored["0"].sha256
    await session.close()


async def test_other_bytes_of_the_same_version_are_told_and_win() -> None:
    clock, source = ManualClock(START), Site()
    vault = await open_vault(MemoryStore(), clock=clock)
    await back_up(vault, "b1", source)
    before = source.stored["2"]
    assert before.earlier_sha256 == ""
    clock.advance(20 * DAY)
    source.files["2"] = bytes(reversed(source.files["2"]))
    await back_up(vault, "b2", source, days=10, finished=START + DAY)
    assert source.stored["2"].earlier_sha256 == before.sha256
    assert source.stored["1"].earlier_sha256 == ""
    source.taken()
    await back_up(vault, "b3", source, days=10, finished=START + 2 * DAY)
    assert source.taken() == []
    assert (await read_all(vault, "b3")).files == of_files(source)


async def test_a_file_of_another_size_than_the_site_said_is_not_listed() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    session = await begin(vault, "b1")
    unit = session.unit("u1")
    identity = FileIdentity("1", "1", 4)
    await unit.put_file(Kind.ATTACHMENT, "1", pieces(b"three"), identity=identity)
    await unit.finish()
    await session.close()
    assert store.keys("files/") == []


async def test_a_long_note_is_refused() -> None:
    vault = await open_vault(MemoryStore())
    session = await begin(vault, "b1")
    unit = session.unit("u1")
    with pytest.raises(ValueError, match="256 bytes"):
        await unit.put_file(Kind.ATTACHMENT, "1", pieces(b"x"), note=bytes(256))
    await session.close()


async def test_nothing_of_a_file_shows_in_the_list() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    secret = b"Plainly-Visible-Secret-0123456789"
    session = await begin(vault, "b1", address=secret.decode())
    unit = session.unit("u1")
    identity = FileIdentity(secret.decode(), secret.decode(), len(secret))
    await unit.put_file(Kind.ATTACHMENT, "1", pieces(secret), identity=identity, note=secret)
    await unit.finish()
    await session.close()
    assert store.keys("files/")
    for key, data in store.objects.items():
        assert secret not in data, key


FILES = st.builds(
    KnownFile,
    file_key=st.binary(min_size=32, max_size=32)
    | st.sampled_from([bytes([one]) * 32 for one in range(3)]),
    fetched=st.datetimes(datetime.datetime(1970, 1, 1), datetime.datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(
            tzinfo=datetime.UTC, microsecond=moment.microsecond // 1000 * 1000
        )
    ),
    size_bytes=st.integers(0, 2**40),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    blobs=st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    note=st.binary(max_size=255),
)


@given(st.lists(st.lists(FILES, max_size=8), max_size=4))
@settings(max_examples=60, deadline=None)
def test_what_is_listed_is_found_and_nothing_else(lists: list[list[KnownFile]]) -> None:
    columns = KnownFilesColumns()
    for number, files in enumerate(lists):
        name = names.known_files_name("b1", number)
        sealed = encode_known_files(SEALER, name, files)
        columns.add(decode_known_files(SEALER, name, sealed))
    table = KnownFilesTable(columns)
    assert len(table) == sum(len(files) for files in lists)
    everything = [file for files in lists for file in files]
    for key in {file.file_key for file in everything}:
        same = [file for file in everything if file.file_key == key]
        newest = max(file.fetched for file in same)
        found = table.find(key, same[0].size_bytes)
        assert found is not None
        assert found.fetched == newest
        assert replace(found, size_bytes=0) in [replace(file, size_bytes=0) for file in same]
    assert table.find(b"\x00" * 31 + b"\x01", 0) is None or any(
        file.file_key[:16] == bytes(16) for file in everything
    )


@given(st.binary(max_size=300))
def test_bytes_that_are_no_list_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedObject):
        decode_known_files(SEALER, "files/b1.0", b"SKFILES1" + data)


def test_a_million_files_fit_beside_everything_else() -> None:
    count, columns = 1 << 16, KnownFilesColumns()
    for start in range(0, count, 1 << 12):
        rows = numpy.zeros(1 << 12, FILE_ROW)
        rows["key"][:, 4:8] = (
            numpy.arange(start, start + (1 << 12), dtype=">u4").view("u1").reshape(-1, 4)
        )
        rows["blobs"], rows["note"] = 1, 16
        columns.add(KnownFilesObject(rows, bytes(len(rows) * 32), bytes(len(rows) * 16)))
    table = KnownFilesTable(columns)
    assert table.size_bytes / count <= 120
    assert table.find(bytes(4) + (70).to_bytes(4, "big") + bytes(24), 1) is not None
