"""The order of issues comes back with few moves, and once only."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.rank_order import MOST, moves, staying
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.fields import RANK_TYPE, product_field
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import restore
from support.jira_fakes import AGILE, JiraPair, JiraSide, SmallSite, undeclared
from support.planning import errors_of, pair, reasons_of

__all__ = ["pair"]

ORDERS = st.permutations(range(1, 15))


def done(order: Sequence[int], wanted: Sequence[int], most: int, stop: int = -1) -> list[int]:
    """The order after the moves, all of them or as many as ``stop``."""
    result = list(order)
    for number, move in enumerate(moves(wanted, most)):
        if number == stop:
            break
        result = [each for each in result if each not in move.issues]
        place = result.index(move.other) + move.after
        result[place:place] = move.issues
    return result


@given(ORDERS, st.integers(1, 5))
def test_the_moves_lead_to_the_wanted_order(wanted: Sequence[int], most: int) -> None:
    assert done(sorted(wanted), wanted, most) == list(wanted)


@given(ORDERS, st.integers(1, 5), st.integers(0, 12))
def test_moves_that_were_cut_short_can_all_be_done_again(
    wanted: Sequence[int], most: int, stop: int
) -> None:
    partly = done(sorted(wanted), wanted, most, stop)
    assert done(partly, wanted, most) == list(wanted)


@given(ORDERS, st.lists(st.integers(1, 14), max_size=4))
def test_others_between_them_do_not_matter(wanted: Sequence[int], others: list[int]) -> None:
    order: list[int] = []
    for each in sorted(wanted):
        order += [each, *([100 + each] if each in others else [])]
    kept = [each for each in done(order, wanted, 3) if each < 100]
    assert kept == list(wanted)


@given(st.permutations(range(1, 9)))
def test_as_many_as_possible_stay(wanted: Sequence[int]) -> None:
    longest = 0
    for picked in range(1 << len(wanted)):
        part = [each for place, each in enumerate(wanted) if picked >> place & 1]
        if part == sorted(part):
            longest = max(longest, len(part))
    assert len(staying(wanted)) == longest
    assert [each for each in wanted if each in staying(wanted)] == sorted(staying(wanted))


def test_an_order_that_is_right_needs_nothing() -> None:
    assert list(moves(range(1000))) == []
    assert list(moves([])) == []
    assert list(moves([7])) == []


def test_a_request_moves_as_many_as_it_can() -> None:
    wanted = [*range(500, 620), *range(1, 500)]
    assert [len(each.issues) for each in moves(wanted)] == [MOST, MOST, 20]


async def order_of(side: JiraSide) -> list[str]:
    field = f"customfield_{product_field(Jira(side.site), RANK_TYPE).id}"
    keys = await side.keys("ALFA")
    ranks = {key: (await side.issue(key))["fields"][field] for key in keys}
    return sorted((key for key in keys if key != "ALFA-5"), key=lambda key: str(ranks[key]))


async def test_issues_stand_as_they_stood(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    tally = await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    numbers = (1, 12, 9, 2, 4, 6, 10, 11)
    assert await order_of(pair.destination) == [f"ALFA-{number}" for number in numbers]
    assert tally.of(Kind.RANK).done == tally.of(Kind.RANK).expected == len(numbers)
    log = pair.destination.site.request_log
    assert log.count("PUT", f"{AGILE}/issue/rank") == 1


@pytest.mark.parametrize("times", [0, 3])
async def test_a_generated_order_comes_back(pair: JiraPair, times: int) -> None:
    generate(pair.source.site, seed=8, issues=150)
    pair.share_people()
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, "/issue/rank$", method="PUT", times=times)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=5, retried=(AmbiguousWrite,)
    )
    assert fault.fired == times
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []
    moved = pair.destination.site.request_log.count("PUT", f"{AGILE}/issue/rank")
    assert 0 < moved < tally.of(Kind.RANK).done / 2


async def test_issues_that_the_site_does_not_move_are_counted(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/issue/rank$", method="PUT")
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["RANK_REFUSED"] == tally.of(Kind.RANK).missing == 2
