"""Small random sites come back with nothing lost that is not declared.

``SITEKEEP_TEST_SITES`` says how many; a failure names the number that tells the site again.
"""

from __future__ import annotations

import functools
import json
import os
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sitekeep_cli.comparison.cut_texts import WHY
from sitekeep_cli.comparison.model import KindResult
from sitekeep_cli.comparison.shape import is_list, is_object
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared import coverage
from sitekeep_shared.content.adf import document, paragraph, plain_text
from sitekeep_shared.coverage import EXTRA
from sitekeep_shared.kinds import Kind
from support import random_texts
from support.confluence_fakes import MemoryBackup
from support.jira_fakes import JiraPair, SmallSite, altered
from support.planning import errors_of, reasons_of
from support.random_assets import prepare_field
from support.random_site import RandomSite
from support.random_sites import fill
from support.round_trips import RoundTrip, jira_round_trip

SITES = int(os.environ.get("SITEKEEP_TEST_SITES", "25"))
MEGABYTE = 1_000_000
FIXED = range(8)
"""The seeds of the sites that have some of everything between them."""


def round_trip(seed: int, *, shared: bool) -> RoundTrip:
    """A random site; the people of the source have accounts at the destination, or have not."""

    async def prepare(pair: JiraPair) -> None:
        await fill(RandomSite(pair.source, random.Random(seed)))
        if shared:
            pair.share_people()
            prepare_field(pair)

    return jira_round_trip(prepare)


@settings(max_examples=SITES, phases=(Phase.explicit, Phase.generate), derandomize=True)
@given(st.integers(0, 2**32), st.booleans())
def test_a_random_site_comes_back(seed: int, shared: bool) -> None:
    trip = round_trip(seed, shared=shared)
    assert [str(one) for one in trip.undeclared] == []
    assert errors_of(trip.export) == []
    assert errors_of(trip.restore) == []
    for kind, count in trip.export.counts.items():
        assert count.expected == count.done, kind


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_list(value):
        for one in value:
            yield from _strings(one)
    elif is_object(value):
        for one in value.values():
            yield from _strings(one)


def _texts_of(backup: MemoryBackup) -> Iterator[str]:
    for kind in Kind:
        for record in backup.records(kind):
            if not record.digest:
                yield from _strings(json.loads(record.payload))


@functools.cache
def trips() -> list[RoundTrip]:
    """A few random sites."""
    return [round_trip(seed, shared=True) for seed in FIXED]


def test_random_sites_have_some_of_every_kind() -> None:
    rows = [row for row in coverage.table() if row.product == "jira" and row.backed_up]
    found = {kind for trip in trips() for kind, result in trip.results.items() if result.source}
    back = {kind for trip in trips() for kind, result in trip.results.items() if _came_back(result)}
    assert {row.kind for row in rows} - found == set()
    restored = {row.kind for row in rows if row.restored != "not"}
    assert restored - back == set()


def _came_back(result: KindResult) -> bool:
    return result.source > result.missing + result.missing_declared


def test_random_sites_have_every_script() -> None:
    for backups in ([trip.before for trip in trips()], [trip.after for trip in trips()]):
        found = "\n".join(text for backup in backups for text in _texts_of(backup))
        assert [piece for piece in random_texts.PIECES if piece not in found] == []


def test_a_megabyte_of_description_is_cut_and_kept_whole_beside_it() -> None:
    word = "世界 wörld 🙂 "
    long = document(*[paragraph(word * 100)] * (MEGABYTE // (len(word) * 100) + 1))

    async def prepare(pair: JiraPair) -> None:
        await SmallSite(pair.source).fill()
        pair.share_people()

    async def alter(backup: MemoryBackup) -> MemoryBackup:
        return await altered(
            backup, "ALFA-4", lambda issue: issue["fields"].update(description=long)
        )

    trip = jira_round_trip(prepare, alter)
    assert reasons_of(trip.restore)[Loss.TEXT_TOO_LONG.name] == 1
    assert trip.undeclared == []
    cut = [one for one in trip.differences if one.declared_by == WHY]
    places = {(one.item, one.path.partition(".")[0]) for one in cut}
    assert places == {("ALFA-4", "description"), ("ALFA-4/description.adf.json", EXTRA)}
    files = trip.after.payloads(Kind.ATTACHMENT).values()
    wholes = [json.loads(each) for each in files if b'"type":"doc"' in each]
    assert [plain_text(each).count(word) for each in wholes] == [plain_text(long).count(word)]
