"""A vault that is only read, and a folder that takes what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault.errors import ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.overlay_store import OverlayStore
from unit.vault.vault_helpers import MemoryStore, issues, make_backup, open_vault, read_all

_KEYS = st.sets(st.sampled_from([f"packs/{name}" for name in "abcdefgh"]))


def _store(keys: set[str], content: bytes) -> MemoryStore:
    store = MemoryStore()
    store.objects = dict.fromkeys(keys, content)
    return store


@given(_KEYS, _KEYS)
async def test_both_are_read_each_key_once_and_in_order(lower: set[str], upper: set[str]) -> None:
    store = OverlayStore(_store(lower, b"below"), _store(upper, b"above"))
    assert [item.key async for item in store.list("packs/")] == sorted(lower | upper)
    for key in lower | upper:
        expected = b"above" if key in upper else b"below"
        assert await store.get(key) == expected
        assert await store.get_range(key, 1, 2) == expected[1:3]
        found = await store.head(key)
        assert found is not None
        assert found.size_bytes == len(expected)
    with pytest.raises(ObjectMissing):
        await store.get("packs/none")
    assert await store.head("packs/none") is None


async def test_what_is_written_lies_above_and_what_lies_below_stays() -> None:
    lower, upper = _store({"leases/a.0"}, b"below"), MemoryStore()
    store = OverlayStore(lower, upper)
    assert not await store.put_new("leases/a.0", [b"other"])
    assert await store.put_new("leases/b.0", [b"new"])
    assert not await store.put_new("leases/b.0", [b"newer"])
    await store.delete("leases/b.0")
    with pytest.raises(StoreUnavailable, match="only read"):
        await store.delete("leases/a.0")
    assert lower.objects == {"leases/a.0": b"below"}
    assert not upper.objects


async def test_a_backup_over_a_vault_reuses_what_that_holds_and_leaves_it_as_it_is() -> None:
    lower, upper = MemoryStore(), MemoryStore()
    content = issues(1, 40)
    await make_backup(await open_vault(lower), "b1", {"u1": content})
    before = dict(lower.objects)
    over = await open_vault(OverlayStore(lower, upper))
    await make_backup(over, "b2", {"u1": content})
    assert lower.objects == before
    assert await read_all(over, "b1") == await read_all(over, "b2") == content
    assert upper.size_bytes("packs/") < lower.size_bytes("packs/") / 2
    assert await (await open_vault(lower)).find_backup("site-1", "b2") is None
