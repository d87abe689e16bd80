"""The index against a model: which pack a blob is found in, whatever is taken out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import numpy
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault.blob_index import BlobIndex
from sitekeep_shared.vault.index_object import (
    INDEX_ROW,
    IndexObject,
    PackReference,
    sort_rows,
)

PACKS = [PackReference(bytes([number]) * 32, 1000 + number) for number in range(5)]
BLOBS = [hashlib.sha256(bytes([number])).digest() for number in range(12)]
LISTED = st.lists(
    st.dictionaries(st.integers(0, 11), st.integers(1, 1000), max_size=8), min_size=5, max_size=5
)
SOME = st.frozensets(st.integers(0, 4))


def _index(listed: Sequence[Mapping[int, int]]) -> BlobIndex:
    index = BlobIndex()
    for pack, blobs in zip(PACKS, listed, strict=True):
        rows = numpy.zeros(len(blobs), INDEX_ROW)
        for row, (blob, length) in zip(rows, blobs.items(), strict=True):
            row["id"] = tuple(BLOBS[blob])
            row["length"] = length
        index.add(IndexObject(bytes(16), [pack], [], sort_rows(rows)), lambda _: True)
    return index


def _ids(packs: Collection[int]) -> set[bytes]:
    return {PACKS[number].pack_id for number in packs}


@given(LISTED, SOME, SOME)
def test_a_blob_is_found_where_it_may_be_taken_from(
    listed: list[dict[int, int]],
    removed: frozenset[int],
    aside: frozenset[int],
) -> None:
    index = _index(listed)
    index.remove(_ids(removed))
    index.set_aside(_ids(aside))
    for blob, blob_id in enumerate(BLOBS):
        anywhere = {pack for pack, blobs in enumerate(listed) if blob in blobs} - removed
        expected = anywhere - aside
        number = index.pack_number(blob_id)
        found = None if number < 0 else PACKS.index(index.pack(number))
        assert (found in expected) if expected else (found is None)
        used = index.use_from_anywhere([blob_id])
        assert (used is None) == (not anywhere)
        if used:
            (one,) = used
            assert PACKS.index(index.pack(one)) in (expected or anywhere)
        place = index.place(blob_id)
        assert (place is None) == (not anywhere)
        if place is not None:
            assert place.length == listed[PACKS.index(place.pack)][blob]


@given(LISTED, st.lists(st.integers(0, 11)), SOME)
def test_what_is_used_of_each_pack_is_summed_and_follows_merges(
    listed: list[dict[int, int]],
    used: list[int],
    aside: frozenset[int],
) -> None:
    index = _index(listed)
    expected: dict[bytes, int] = {}
    for blob in dict.fromkeys(used):
        number = index.use(BLOBS[blob])
        if number >= 0:
            pack = index.pack(number)
            length = listed[PACKS.index(pack)][blob]
            expected[pack.pack_id] = expected.get(pack.pack_id, 0) + length
    index.set_aside(_ids(aside))
    more = numpy.zeros(64, INDEX_ROW)
    more["id"] = numpy.arange(64 * 32, dtype=numpy.uint32).view("u1").reshape(64, -1)[:, :32]
    index.add(IndexObject(bytes(16), [PACKS[0]], [], sort_rows(more)), lambda _: True)
    assert {pack: size for pack, size in index.used_bytes().items() if size} == expected
    totals = {pack.pack_id: sum(blobs.values()) for pack, blobs in zip(PACKS, listed, strict=True)}
    found = {pack: size for pack, size in index.total_bytes().items() if size}
    assert found == {pack: size for pack, size in totals.items() if size}


@given(LISTED)
def test_nothing_is_noted_unless_all_blobs_are_there(listed: list[dict[int, int]]) -> None:
    index = _index(listed)
    known = [BLOBS[blob] for blob in sorted({blob for blobs in listed for blob in blobs})]
    assert index.use_from_anywhere([*known, bytes(32)]) is None
    assert not any(index.used_bytes().values())
    assert index.use_from_anywhere(known) is not None
    assert index.use_from_anywhere([]) == set()
