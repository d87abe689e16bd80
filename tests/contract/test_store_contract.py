"""The guarantees of a store, on every kind of store there is."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import AsyncIterator

import pytest

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.vault.errors import ObjectMissing
from sitekeep_shared.vault.limits import MIB
from sitekeep_shared.vault.probe import Outcome, Probe
from sitekeep_shared.vault.store import Store
from support.stores import Stores
from unit.vault.vault_helpers import MemoryStore

LARGEST_BYTES = int(os.environ.get("SITEKEEP_TEST_STORE_MIB", "2")) * MIB
KINDS = ("memory", "folder", "s3-moto", "s3-localbucket", "gcs-translated", "azure-azurite")


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, stores: Stores) -> AsyncIterator[Store]:
    async with stores.open(str(request.param)) as opened:
        yield opened


async def keys_below(store: Store, prefix: str) -> list[str]:
    return [item.key async for item in store.list(prefix)]


async def test_an_object_is_read_as_it_was_put_whole_and_in_parts(store: Store) -> None:
    assert await store.put_new("packs/aa/one", [b"hello ", b"", b"world"])

    assert await store.get("packs/aa/one") == b"hello world"
    assert await store.get_range("packs/aa/one", 0, 5) == b"hello"
    assert await store.get_range("packs/aa/one", 6, 3) == b"wor"
    assert await store.get_range("packs/aa/one", 6, 99) == b"world"
    assert await store.get_range("packs/aa/one", 11, 1) == b""
    assert await store.get_range("packs/aa/one", 50, 1) == b""
    assert await store.get_range("packs/aa/one", 3, 0) == b""


async def test_what_is_known_of_an_object_is_its_size_and_the_stores_time(store: Store) -> None:
    await store.put_new("index/b1.0", [b"12345"])

    info = await store.head("index/b1.0")

    assert info is not None
    assert (info.key, info.size_bytes) == ("index/b1.0", 5)
    assert info.last_modified.tzinfo is not None
    if not isinstance(store, MemoryStore):
        assert abs(datetime.datetime.now(datetime.UTC) - info.last_modified).total_seconds() < 60
    assert [item async for item in store.list("index/")] == [info]


async def test_what_is_not_there_is_missing(store: Store) -> None:
    assert await store.head("packs/aa/none") is None
    for read in (
        store.get("packs/aa/none"),
        store.get_range("packs/aa/none", 0, 1),
        store.get_range("packs/aa/none", 0, 0),
    ):
        with pytest.raises(ObjectMissing, match="packs/aa/none"):
            await read
    assert await keys_below(store, "packs/") == []


@pytest.mark.parametrize("size", [0, 1, MIB + 1])
async def test_objects_of_every_size_are_kept(store: Store, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    assert await store.put_new("sized", [content])

    assert await store.get("sized") == content
    info = await store.head("sized")
    assert info is not None
    assert info.size_bytes == size


async def test_a_key_is_never_overwritten(store: Store) -> None:
    assert await store.put_new("FORMAT", [b"first"])

    assert not await store.put_new("FORMAT", [b"second"])
    assert not await store.put_new("FORMAT", [b"first"])

    assert await store.get("FORMAT") == b"first"


async def test_of_sixteen_creates_at_once_exactly_one_wins(store: Store) -> None:
    contents = [b"writer %d" % number for number in range(16)]

    won = await asyncio.gather(*(store.put_new("leases/b1.1", [one]) for one in contents))

    assert sum(won) == 1
    assert await store.get("leases/b1.1") == contents[won.index(True)]


async def test_a_listing_holds_what_is_below_its_prefix_in_the_order_of_the_keys(
    store: Store,
) -> None:
    keys = ["packs/a-b", "packs/aa/1", "packs/aa/10", "packs/aa/2", "packs/aa0", "packs/b"]
    for key in (*reversed(keys), "packs10/x", "index/1"):
        await store.put_new(key, [key.encode()])

    assert await keys_below(store, "packs/") == keys
    assert await keys_below(store, "packs/aa/") == keys[1:4]
    assert await keys_below(store, "nothing/") == []


async def test_what_was_put_is_listed_at_once_and_what_was_removed_is_not(store: Store) -> None:
    for number in range(3):
        await store.put_new(f"leases/b1.{number}", [b"x"])
        assert len(await keys_below(store, "leases/")) == number + 1

    await store.delete("leases/b1.1")
    await store.delete("leases/b1.1")

    assert await keys_below(store, "leases/") == ["leases/b1.0", "leases/b1.2"]
    assert await store.head("leases/b1.1") is None


async def test_a_key_that_was_removed_can_be_created_again(store: Store) -> None:
    await store.put_new("leases/b1.1", [b"first"])
    await store.delete("leases/b1.1")

    assert await store.put_new("leases/b1.1", [b"second"])

    assert await store.get("leases/b1.1") == b"second"


@pytest.mark.parametrize("key", ["", "/a", "a/", "../a", "a/../b", "a/.b", ".temporary/x"])
async def test_what_cannot_be_a_key_is_refused(store: Store, key: str) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("the store of the tests takes any key")
    for use in (store.put_new(key, [b""]), store.get(key), store.head(key), store.delete(key)):
        with pytest.raises(ValueError, match="key of an object"):
            await use
    with pytest.raises(ValueError, match="slash"):
        await keys_below(store, "packs")


async def test_the_probe_finds_every_guarantee_kept_and_leaves_nothing(store: Store) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("the time of the store of the tests stands still")
    findings = await Probe(store, SystemClock(), LARGEST_BYTES).whole()

    assert [one for one in findings if one.outcome is not Outcome.KEPT] == []
    assert len(findings) == 10
    assert await keys_below(store, "probe/") == []
