"""A second copy of a vault: complete, in order, resumable, and never worse than the first."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.copy_report import CopyReport
from sitekeep_shared.vault.copying import CopyOrder
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    DeleteRefused,
    StoreUnavailable,
    VaultMismatch,
    WrongKey,
)
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    START,
    FaultStore,
    MemoryStore,
    issues,
    make_backup,
    merged,
    open_vault,
    read_all,
    write_units,
)

WRITER = KEYS.writer_part()
FIRST = {"u1": issues(1, 30), "u2": issues(100, 5)}
SECOND = {"u1": issues(1, 30), "u2": issues(200, 40, text="new")}
ALL = CopyOrder()
HEAL = CopyOrder(heal=True)


@pytest.fixture
async def source() -> MemoryStore:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", FIRST)
    await make_backup(vault, "b2", SECOND)
    return store


async def copy(
    source: MemoryStore,
    destination: MemoryStore,
    order: CopyOrder = ALL,
    *,
    keys: VaultKeys = WRITER,
    clock: ManualClock | None = None,
) -> CopyReport:
    vault = await open_vault(source, keys=keys, clock=clock, create=False)
    destination.clock = source.clock
    return await vault.copy_to(destination, order)


async def backups_of(store: MemoryStore) -> list[str]:
    vault = await open_vault(store, create=False)
    return [header.backup_id async for header in vault.backups()]


async def require_readable(store: MemoryStore) -> None:
    for backup_id, content in (("b1", FIRST), ("b2", SECOND)):
        assert await read_all(await open_vault(store), backup_id) == merged(content.values())


def damage(store: MemoryStore, name: str) -> bytes:
    sound = store.objects[name]
    store.objects[name] = sound[:-1] + bytes([sound[-1] ^ 1])
    return sound


def packs_only_of_second(source: MemoryStore) -> Sequence[str]:
    after_first = source.put_order[source.put_order.index(f"backups/{SITE}/b1") :]
    return [name for name in after_first if name.startswith("packs/")]


async def test_a_copy_is_a_vault_of_its_own_that_gives_everything_back(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()

    report = await copy(source, destination)

    assert report.is_complete
    assert report.copied_backups == (f"{SITE}/b1", f"{SITE}/b2")
    assert report.copied_objects == len(destination.objects) - 2  # FORMAT and its key
    source.objects.clear()
    await require_readable(destination)


async def test_a_copy_needs_no_key_that_reads(source: MemoryStore) -> None:
    await copy(source, MemoryStore(), keys=WRITER)

    with pytest.raises(WrongKey):
        await read_all(await open_vault(source, keys=WRITER), "b1")


async def test_a_copy_that_is_up_to_date_reads_and_writes_nothing_large(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    before = dict(destination.objects)

    report = await copy(source, destination)

    assert (report.copied_objects, report.copied_bytes, report.present_backups) == (0, 0, 2)
    assert destination.objects == before


async def test_only_what_is_missing_is_transferred(source: MemoryStore) -> None:
    destination = MemoryStore()
    await copy(source, destination, CopyOrder(backups=[f"{SITE}/b1"]))
    held = set(destination.objects)

    report = await copy(source, destination)

    assert report.copied_backups == (f"{SITE}/b2",)
    assert report.copied_objects == len(set(destination.objects) - held)
    assert set(packs_only_of_second(source)) <= set(destination.objects) - held


async def test_what_an_object_refers_to_arrives_before_it(source: MemoryStore) -> None:
    destination = MemoryStore()
    source.objects["leases/b9.00000001"] = source.objects["gc/1.condemned.old"] = b"x"

    await copy(source, destination)

    order = destination.put_order
    assert order[0] == "FORMAT"
    assert order[1].startswith("keys/")
    for manifest in destination.keys("backups/"):
        before = order[: order.index(manifest)]
        needed = await packs_of(source, manifest.rpartition("/")[2])
        assert needed <= set(before)
        assert set(source.keys("index/")) <= set(before)
    first_index = next(number for number, name in enumerate(order) if name.startswith("index/"))
    assert any(name.startswith("packs/") for name in order[:first_index])
    assert not destination.keys("leases/")
    assert not destination.keys("gc/")


async def test_the_key_of_a_rotation_arrives_before_the_mark_that_it_is_the_key(
    source: MemoryStore,
) -> None:
    new, mark = f"keys/{'f' * 32}", f"keys/{'0' * 32}.superseded"
    source.objects |= {mark: b"{}", new: b"{}"}
    destination = MemoryStore()

    await copy(source, destination)

    assert destination.put_order.index(new) < destination.put_order.index(mark)


async def packs_of(store: MemoryStore, backup_id: str) -> set[str]:
    """What a backup cannot be checked without: each pack is taken away in turn."""
    vault = await open_vault(store)
    needed = set[str]()
    for name in store.keys("packs/"):
        data = store.objects.pop(name)
        if not (await vault.check(SITE, backup_id)).is_sound:
            needed.add(name)
        store.objects[name] = data
    return needed


async def test_a_copy_broken_off_anywhere_is_sound_and_goes_on(source: MemoryStore) -> None:
    changes = FaultStore()
    await copy(source, changes)
    fired = 0
    # The last change gives the lease back; what cannot be given back runs out by itself.
    for change in range(1, changes.changes):
        destination = FaultStore()
        destination.fails_from = change
        with pytest.raises(StoreUnavailable):
            await copy(source, destination)
        fired += destination.faults_fired > 0
        destination.fails_from = None
        if change > 2:
            contents = {"b1": FIRST, "b2": SECOND}
            for backup_id in await backups_of(destination):
                found = await read_all(await open_vault(destination), backup_id)
                assert found == merged(contents[backup_id].values())
        assert (await copy(source, destination)).is_complete
        await require_readable(destination)
    assert fired == changes.changes - 1


async def test_a_damaged_pack_is_named_and_keeps_its_backup_out_of_the_copy(
    source: MemoryStore,
) -> None:
    name = packs_only_of_second(source)[0]
    damage(source, name)
    destination = MemoryStore()

    report = await copy(source, destination)

    assert not report.is_complete
    assert report.copied_backups == (f"{SITE}/b1",)
    assert [name in said for said in report.damaged] == [True]
    assert [(one.backup, one.reason) for one in report.left_out] == [
        (f"{SITE}/b2", "it needs damaged or missing packs")
    ]
    assert name not in destination.objects
    assert await backups_of(destination) == ["b1"]


async def test_a_missing_pack_is_named(source: MemoryStore) -> None:
    name = packs_only_of_second(source)[0]
    del source.objects[name]

    report = await copy(source, MemoryStore())

    assert report.copied_backups == (f"{SITE}/b1",)
    assert report.damaged == (f"The vault has no object {name}.",)


@pytest.mark.parametrize("prefix", ["backups/", "index/"])
async def test_a_damaged_manifest_or_index_is_named_and_not_copied(
    source: MemoryStore, prefix: str
) -> None:
    name = source.keys(prefix)[-1]
    damage(source, name)
    destination = MemoryStore()

    report = await copy(source, destination)

    assert not report.is_complete
    assert [name in said for said in report.damaged] == [True]
    assert name not in destination.objects
    for backup_id in await backups_of(destination):
        await read_all(await open_vault(destination), backup_id)


async def test_a_destination_with_another_vault_is_refused_and_left_alone(
    source: MemoryStore,
) -> None:
    other = MemoryStore()
    await open_vault(other)
    before = dict(other.objects)

    with pytest.raises(VaultMismatch, match="holds another vault"):
        await copy(source, other)

    assert other.objects == before


async def test_a_backup_that_is_asked_for_has_to_be_there(source: MemoryStore) -> None:
    with pytest.raises(BackupNotFound, match="no backup b7 of site-1"):
        await copy(source, MemoryStore(), CopyOrder(backups=[f"{SITE}/b7"]))


async def test_a_backup_that_is_being_written_is_left_for_the_next_copy(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    vault = await open_vault(source)
    session = await vault.begin_backup("b3", site=SITE, fence=1)
    await write_units(session, {"u": issues(500, 60, text="running")})

    report = await copy(source, destination)
    await session.close()

    assert report.is_complete
    assert await backups_of(destination) == ["b1", "b2"]
    assert not destination.keys("leases/")
    await make_backup(vault, "b3", {"u": issues(500, 60, text="running")})
    assert (await copy(source, destination)).copied_backups == (f"{SITE}/b3",)
    expected = issues(500, 60, text="running")
    assert await read_all(await open_vault(destination), "b3") == expected


async def test_expired_backups_are_not_copied_and_expire_in_the_copy_too(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    await copy(source, destination, CopyOrder(backups=[f"{SITE}/b1"]))
    vault = await open_vault(source)
    await vault.expire(SITE, "b1", "old")
    await make_backup(vault, "b3", SECOND)
    await vault.expire(SITE, "b3", "older")

    report = await copy(source, destination)

    assert report.expired_backups == 1
    assert await backups_of(destination) == ["b2"]
    assert f"backups/{SITE}/b3" not in destination.objects
    assert (await copy(source, destination)).expired_backups == 0


@pytest.mark.parametrize(
    ("days", "others", "expires"), [(15, True, True), (13, True, False), (15, False, False)]
)
async def test_what_the_original_removed_expires_once_its_time_is_over_and_others_are_left(
    source: MemoryStore, days: int, others: bool, expires: bool
) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    del source.objects[f"backups/{SITE}/b1"]
    if not others:
        del source.objects[f"backups/{SITE}/b2"]
    clock = ManualClock(START + datetime.timedelta(days=days))

    report = await copy(source, destination, clock=clock)

    assert report.expired_backups == int(expires)
    assert await backups_of(destination) == (["b2"] if expires else ["b1", "b2"])


async def test_a_pack_that_the_copy_is_about_to_remove_is_not_counted_on(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    await copy(source, destination, CopyOrder(backups=[f"{SITE}/b1"]))
    await condemn(destination, destination.keys("packs/"))

    report = await copy(source, destination, CopyOrder(backups=[f"{SITE}/b2"]))

    assert not report.is_complete
    assert "about to remove" in report.left_out[0].reason
    assert await backups_of(destination) == ["b1"]


async def test_a_backup_that_a_collection_of_the_copy_gave_up_arrives_all_the_same(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    await copy(source, destination, CopyOrder(backups=[f"{SITE}/b1"]))
    destination.objects[f"backups/{SITE}/b2"] = b"SKABAND1 given up before it was finished"

    report = await copy(source, destination)

    assert report.copied_backups == (f"{SITE}/b2",)
    await require_readable(destination)


async def condemn(store: MemoryStore, packs: Sequence[str]) -> None:
    format_object = json.loads(store.objects["FORMAT"])
    sealer = Sealer(KEYS, bytes.fromhex(format_object["repository_id"]))
    gone = [
        PackReference(pack_id, len(store.objects[name]))
        for name in packs
        if (pack_id := names.pack_id_of(name)) is not None
    ]
    condemned = Condemnation(START, gone, [])
    list_name = f"gc/{1:032x}{names.CONDEMNED_SUFFIX}"
    await store.put_new(list_name, [encode_condemned(sealer, list_name, condemned)])


@pytest.mark.parametrize("prefix", ["packs/", "index/", "backups/"])
async def test_healing_replaces_what_is_damaged_on_either_side(
    source: MemoryStore, prefix: str
) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    here, there = source.keys(prefix)[0], destination.keys(prefix)[-1]
    sound = {here: damage(source, here), there: damage(destination, there)}

    report = await copy(source, destination, HEAL)

    assert report.is_complete
    assert set(report.healed) == set(sound)
    for name, data in sound.items():
        assert source.objects[name] == destination.objects[name] == data
    assert (await copy(source, destination, HEAL)).healed == ()


async def test_healing_brings_back_a_pack_that_one_side_has_lost(source: MemoryStore) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    here, there = source.keys("packs/")[0], source.keys("packs/")[-1]
    del source.objects[here]
    del destination.objects[there]

    report = await copy(source, destination, HEAL)

    assert report.is_complete
    assert report.healed == (here,)
    await require_readable(source)
    await require_readable(destination)


async def test_healing_cannot_mend_what_is_damaged_on_both_sides_and_names_it(
    source: MemoryStore,
) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    name = source.keys("packs/")[0]
    damaged = damage(source, name), damage(destination, name)

    report = await copy(source, destination, HEAL)

    assert [name in said and "So is the other one" in said for said in report.damaged] == [True]
    assert not report.is_complete
    assert damaged[0] == damaged[1]


class KeepingStore(MemoryStore):
    async def delete(self, key: str) -> None:
        if key in self.objects:
            raise DeleteRefused(f"The vault's object {key} cannot be removed: it is kept.")


async def test_healing_says_where_a_retention_keeps_what_is_damaged(source: MemoryStore) -> None:
    destination = KeepingStore()
    await copy(source, destination)
    name = source.keys("packs/")[0]
    damage(destination, name)

    report = await copy(source, destination, HEAL)

    assert report.healed == ()
    assert report.damaged == (f"The vault's object {name} cannot be removed: it is kept.",)


async def test_a_pack_of_another_size_in_the_copy_is_named(source: MemoryStore) -> None:
    destination = MemoryStore()
    name = packs_only_of_second(source)[0]
    destination.objects[name] = b"cut"

    report = await copy(source, destination)

    assert [name in said and "another size" in said for said in report.damaged] == [True]
    assert (await copy(source, destination, HEAL)).is_complete
    await require_readable(destination)


async def test_each_backup_is_told_of_when_its_turn_comes(source: MemoryStore) -> None:
    told: list[str] = []

    await copy(source, MemoryStore(), CopyOrder(tell=told.append))

    assert told == [f"{SITE}/b1", f"{SITE}/b2"]


async def test_a_copy_can_go_on_being_backed_up_to(source: MemoryStore) -> None:
    destination = MemoryStore()
    await copy(source, destination)
    vault = await Vault.open(destination, KEYS, ManualClock(START))

    committed = await make_backup(vault, "b3", SECOND)

    assert committed.header.new_bytes < 20_000
    assert await read_all(vault, "b3") == merged(SECOND.values())
