"""Which numbers are given to which issues."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_restore.importers.jira.numbering import Wanted, next_batch, slots


def wanted(*numbers: int) -> list[Wanted]:
    return [Wanted(number, f"entry {number}", source=str(number)) for number in numbers]


def test_gaps_are_filled_so_that_every_issue_gets_its_own_number() -> None:
    planned = list(slots(wanted(2, 5), 1, 6))
    assert [slot.number for slot in planned] == [1, 2, 3, 4, 5, 6]
    kept = {slot.number: slot.wanted.number for slot in planned if slot.wanted is not None}
    assert kept == {2: 2, 5: 5}


def test_a_sub_task_is_not_sent_in_the_request_that_creates_its_parent() -> None:
    parent, child = wanted(1, 2)
    child = Wanted(2, "entry 2", needs=parent.source, source="2")
    batch = next_batch(list(slots([parent, child], 1, 2)))
    assert [slot.number for slot in batch] == [1]


def test_a_sub_task_whose_parent_exists_already_is_sent_with_the_others() -> None:
    child = Wanted(2, "entry 2", needs="somewhere else", source="2")
    batch = next_batch(list(slots([*wanted(1), child], 1, 2)))
    assert [slot.number for slot in batch] == [1, 2]


@settings(max_examples=60)
@given(numbers=st.sets(st.integers(1, 400)), last=st.integers(0, 400))
def test_every_number_is_used_once_and_every_issue_has_its_own(
    numbers: set[int], last: int
) -> None:
    issues = wanted(*sorted(numbers))
    planned = list(slots(issues, 1, last))
    assert [slot.number for slot in planned] == list(range(1, max([*numbers, last, 0]) + 1))
    kept = [slot for slot in planned if slot.wanted is not None]
    assert {slot.number for slot in kept} == numbers
    assert all(slot.wanted and slot.wanted.number == slot.number for slot in kept)


@settings(max_examples=40)
@given(
    numbers=st.sets(st.integers(1, 300), min_size=1),
    burnt=st.integers(0, 20),
)
def test_used_up_numbers_shift_no_issue_behind_the_next_gap(numbers: set[int], burnt: int) -> None:
    following = 1 + burnt
    kept = sorted(number for number in numbers if number >= following)
    planned = list(slots(wanted(*kept), following, 0))
    assert {slot.number for slot in planned if slot.wanted is not None} == set(kept)


@settings(max_examples=40)
@given(size=st.integers(1, 50), count=st.integers(0, 120))
def test_batches_cover_the_plan_without_overlap(size: int, count: int) -> None:
    planned = list(slots([], 1, count))
    taken: list[int] = []
    while len(taken) < count:
        batch = next_batch(planned[len(taken) :], size)
        assert 1 <= len(batch) <= size
        taken += [slot.number for slot in batch]
    assert taken == list(range(1, count + 1))
