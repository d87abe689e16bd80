"""A verification reads everything that a backup holds, once, and names what is damaged."""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of
from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.verify import Slice, Verified, Verifier, slices
from unit.vault.vault_helpers import (
    SITE,
    SMALL,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
)

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_VERIFY_EXAMPLES", "30"))
LIMITS = replace(SMALL, slice_entries=20, slice_bytes=8 * 1024)

FIRST = issues(1, 40)
SECOND = issues(41, 30)
SECOND.files[(Kind.ATTACHMENT, "a")] = random.Random(9).randbytes(30_000)
SECOND.files[(Kind.ATTACHMENT, "b")] = random.Random(10).randbytes(500)
SECOND.files[(Kind.ATTACHMENT, "empty")] = b""
SECOND.records[(Kind.COMMENT, "0000010000/0000000041/33")] = b"{}"
KEYS = Counter(
    (kind, key) for content in (FIRST, SECOND) for kind, key in (*content.records, *content.files)
)


async def _vault() -> MemoryStore:
    store = MemoryStore()
    vault = await open_vault(store, limits=LIMITS)
    await make_backup(vault, "b1", {"u1": FIRST, "u2": SECOND})
    return store


async def _verified(store: MemoryStore) -> list[Verified]:
    vault = await open_vault(store, limits=LIMITS)
    reader = await vault.open_backup(SITE, "b1")
    try:
        verifier = Verifier(reader)
        found: list[Verified] = []
        for part in verifier.slices():
            met = [each async for each in verifier.verify(part)]
            expected: Counter[Kind] = Counter()
            for kind, count in verifier.expected(part):
                expected[kind] += count
            seen: Counter[Kind] = Counter()
            for each in met:
                seen[each.kind] += each.entry_count
            assert seen == expected
            found += met
        return found
    finally:
        await reader.close()


def _count(found: list[Verified]) -> int:
    return sum(each.entry_count for each in found)


async def test_everything_is_read_once_and_nothing_is_wrong() -> None:
    found = await _verified(await _vault())
    assert not [each for each in found if each.problem]
    assert _count(found) == len(KEYS) == len({each.name for each in found})
    assert sum(each.size_bytes for each in found) == sum(
        len(data)
        for content in (FIRST, SECOND)
        for data in (*content.records.values(), *content.files.values())
    )


@pytest.mark.parametrize("damage", ["gone", "cut", "flipped"])
async def test_what_lies_in_a_damaged_pack_is_named_and_all_else_is_read(damage: str) -> None:
    store = await _vault()
    intact = {each.name for each in await _verified(store)}
    for pack in store.keys("packs/"):
        broken = MemoryStore()
        broken.objects = dict(store.objects)
        data = bytearray(broken.objects.pop(pack))
        if damage != "gone":
            data[len(data) // 3] ^= 1
            broken.objects[pack] = bytes(data[: len(data) // 2] if damage == "cut" else data)
        found = await _verified(broken)
        assert _count(found) == len(KEYS)
        damaged = [each for each in found if each.problem]
        assert damaged
        assert all(pack in each.problem for each in damaged)
        assert {each.name for each in found if not each.problem} <= intact


async def test_a_file_whose_digest_is_another_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    store = await _vault()
    vault = await open_vault(store, limits=LIMITS)
    reader = await vault.open_backup(SITE, "b1")
    listed = [entry async for entry in reader.entries(Kind.ATTACHMENT)]
    altered = [replace(entry, sha256="00" * 32) for entry in listed]

    async def page_entries(page: PageReference) -> list[Entry]:
        return altered if page.kind is Kind.ATTACHMENT else []

    monkeypatch.setattr(reader, "page_entries", page_entries)
    verifier = Verifier(reader)
    number = next(n for n, page in enumerate(reader.all_pages) if page.kind is Kind.ATTACHMENT)
    problems = {each.name: each.problem async for each in verifier.verify(Slice(number, 1))}
    await reader.close()
    assert set(problems) == {"attachment a", "attachment b", "attachment empty"}
    assert all("another SHA-256" in problem for problem in problems.values())


async def test_a_store_that_does_not_answer_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    store = await _vault()
    vault = await open_vault(store, limits=LIMITS)
    reader = await vault.open_backup(SITE, "b1")

    async def get_range(key: str, start: int, length: int) -> bytes:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(store, "get_range", get_range)
    verifier = Verifier(reader)
    with pytest.raises(StoreUnavailable):
        [each async for each in verifier.verify(verifier.slices()[0])]
    await reader.close()


def _page(entry_count: int, size_bytes: int) -> PageReference:
    return PageReference(Kind.PAGE, "u", "a", "b", entry_count, size_bytes, b"", b"", "")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 40_000)), max_size=30))
def test_slices_cover_every_page_in_order_and_are_no_larger_than_they_may(
    shapes: list[tuple[int, int]],
) -> None:
    pages = [_page(*shape) for shape in shapes]
    covered: list[int] = []
    for part in slices(pages, LIMITS):
        taken = range(part.first_page, part.first_page + part.page_count)
        if part.part == 0:
            covered += taken
        entries = sum(pages[number].entry_count for number in taken)
        size = sum(pages[number].size_bytes for number in taken)
        if len(taken) > 1:
            assert part.part_count == 1
            assert entries <= LIMITS.slice_entries
            assert size <= LIMITS.slice_bytes
        else:
            assert part.part_count <= entries
            fair = size / part.part_count <= LIMITS.slice_bytes
            assert fair or part.part_count == entries
    assert covered == list(range(len(pages)))


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (Entry(Kind.ISSUE, "0000010000/0000000012", 1, {"key": "ALOY-12"}), "issue ALOY-12"),
        (
            Entry(
                Kind.ATTACHMENT, "1/2/3", 1, {"issue": "ALOY-12", "id": "7", "filename": "a.txt"}
            ),
            "attachment 7 of ALOY-12 (a.txt)",
        ),
        (Entry(Kind.REMOTE_LINK, "1/2/0009", 1, {"issue": "ALOY-12"}), "remote link 9 of ALOY-12"),
        (Entry(Kind.PAGE, "00000000000000000131", 1, {"title": "Home"}), "page 131 (Home)"),
        (Entry(Kind.MEMBERSHIP, "group/account", 1), "membership group/account"),
        (Entry(Kind.USER, "0", 1), "user 0"),
    ],
)
def test_an_entry_is_named_as_the_users_of_the_site_know_it(entry: Entry, name: str) -> None:
    assert name_of(entry) == name
