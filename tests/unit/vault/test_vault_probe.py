"""The probe of a store: each broken promise is found and named, by itself."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault.errors import DeleteRefused, StoreUnavailable, StoreUnsuitable
from sitekeep_shared.vault.limits import KIB
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.probe import Finding, Outcome, Probe, require_guarantees
from sitekeep_shared.vault.store import ObjectInfo, Store
from unit.vault.vault_helpers import START, MemoryStore

LARGEST_BYTES = 64 * KIB


async def findings_of(store: Store, clock: ManualClock | None = None) -> list[Finding]:
    return await Probe(store, clock or ManualClock(START), LARGEST_BYTES).whole()


async def broken(store: Store) -> dict[str, str]:
    return {
        finding.guarantee: finding.detail
        for finding in await findings_of(store)
        if finding.outcome is Outcome.BROKEN
    }


class Overwriting(MemoryStore):
    """As S3 servers that ignore the condition of a create."""

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        self.objects.pop(key, None)
        return await super().put_new(key, parts)


class OverwritingInSecret(MemoryStore):
    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        created = await super().put_new(key, parts)
        self.objects[key] = b"".join(parts)
        return created


class Racing(MemoryStore):
    """Looks, then writes."""

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        if key in self.objects:
            return False
        await asyncio.sleep(0)
        self.objects.pop(key, None)
        return await super().put_new(key, parts)


class Forgetful(MemoryStore):
    async def get(self, key: str) -> bytes:
        return (await super().get(key))[:-1] + b"?"


class LateToList(MemoryStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        found = [item async for item in super().list(prefix)]
        for item in found[:-1]:
            yield item


class Unordered(MemoryStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        for item in sorted(
            [item async for item in super().list(prefix)], key=lambda item: item.key[::-1]
        ):
            yield item


class ByLettersOnly(MemoryStore):
    """Takes a prefix for letters, not for a folder."""

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        async for item in super().list(prefix.removesuffix("/")):
            yield item


class ShowingHalves(MemoryStore):
    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        whole = b"".join(parts)
        created = await super().put_new(key, [whole[: len(whole) // 2]])
        await asyncio.sleep(0)
        if created:
            self.objects[key] = whole
        return created


class WithoutRanges(MemoryStore):
    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return await self.get(key)


class Small(MemoryStore):
    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        if sum(map(len, parts)) >= LARGEST_BYTES:
            raise StoreUnavailable("it is too large")
        return await super().put_new(key, parts)


class Undead(MemoryStore):
    async def delete(self, key: str) -> None:
        return


@pytest.mark.parametrize(
    ("store", "guarantee", "seen"),
    [
        (Overwriting(), "a key is never overwritten", "a second create of a key was accepted"),
        (OverwritingInSecret(), "a key is never overwritten", "changed the object although"),
        (Racing(), "of 16 creates at once one wins", "16 were told that they made it"),
        (Forgetful(), "an object is read as it was written", "other bytes came back"),
        (LateToList(), "what was written is listed at once", "after 1 creates another number"),
        (Unordered(), "listings are in the order of the keys", "listed as"),
        (ByLettersOnly(), "listings are in the order of the keys", "ox"),
        (ShowingHalves(), "an object appears whole or not at all", "bytes were to be seen"),
        (WithoutRanges(), "parts of objects are read", "came back wrong"),
        (Small(), "small and large objects are kept", "it is too large"),
        (Undead(), "an object is removed", "it is still there"),
    ],
)
async def test_a_broken_promise_is_found_and_named(
    store: MemoryStore, guarantee: str, seen: str
) -> None:
    assert seen in (await broken(store))[guarantee]


async def test_a_store_that_keeps_its_promises_passes_and_is_left_as_it_was() -> None:
    store = MemoryStore()
    store.objects["FORMAT"] = b"x"

    findings = await findings_of(store)

    assert {finding.outcome for finding in findings} == {Outcome.KEPT}
    assert {finding.advice for finding in findings} == {""}
    assert store.objects == {"FORMAT": b"x"}


async def test_every_broken_promise_comes_with_what_to_do() -> None:
    for store in (Overwriting(), Forgetful(), Unordered()):
        for finding in await findings_of(store):
            assert bool(finding.advice) == (finding.outcome is not Outcome.KEPT)


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(0, Outcome.KEPT), (300, Outcome.KEPT), (-300, Outcome.KEPT), (301, Outcome.BROKEN),
     (-301, Outcome.BROKEN)],
)  # fmt: skip
async def test_clocks_may_be_five_minutes_apart(seconds: int, outcome: Outcome) -> None:
    clock = ManualClock(START + datetime.timedelta(seconds=seconds))

    found = [one for one in await findings_of(MemoryStore(), clock) if "clocks" in one.guarantee]

    assert [one.outcome for one in found] == [outcome]
    assert (f"{abs(seconds)} s {'behind' if seconds > 0 else 'ahead'}" in found[0].detail) == (
        seconds != 0
    )


async def test_removals_that_are_refused_limit_a_store_and_do_not_rule_it_out() -> None:
    class Keeping(MemoryStore):
        async def delete(self, key: str) -> None:
            raise DeleteRefused("it is kept")

    limited = [one for one in await findings_of(Keeping()) if one.outcome is not Outcome.KEPT]

    assert [(one.guarantee, one.outcome, one.detail) for one in limited] == [
        ("an object is removed", Outcome.LIMITED, "it is kept")
    ]
    await require_guarantees(Keeping(), ManualClock(START), "a bucket")


async def test_no_vault_is_made_where_a_promise_is_broken() -> None:
    with pytest.raises(StoreUnsuitable, match="No vault can be kept in s3://b: a key is never"):
        await require_guarantees(Overwriting(), ManualClock(START), "s3://b")


async def test_a_store_that_does_not_answer_is_no_store_that_breaks_promises() -> None:
    class Gone(MemoryStore):
        async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
            raise StoreUnavailable("it is gone")
            yield

    with pytest.raises(StoreUnavailable, match="it is gone"):
        await findings_of(Gone())


async def test_a_folder_keeps_all_promises(tmp_path: Path) -> None:
    clock = ManualClock(datetime.datetime.now(datetime.UTC))
    findings = await findings_of(DurableLocalStore(tmp_path / "vault"), clock)
    assert [one for one in findings if one.outcome is not Outcome.KEPT] == []


async def test_a_folder_on_a_file_system_without_hard_links_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    assert "no hard links" in (await broken(DurableLocalStore(tmp_path)))[
        "an object is read as it was written"
    ]  # fmt: skip
