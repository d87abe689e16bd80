"""The order in which pages and comments are made."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_restore.importers.confluence.threads import split, threads_of
from sitekeep_restore.importers.confluence.tree import STATUSES, PageForest

_PARENTS = st.dictionaries(st.integers(1, 30), st.integers(0, 35), max_size=30)


@settings(max_examples=200, deadline=None)
@given(_PARENTS)
def test_every_comment_is_in_one_thread_behind_the_one_that_it_answers(
    parents: dict[int, int],
) -> None:
    threads = list(threads_of(parents))
    order = list(itertools.chain.from_iterable(threads))
    assert sorted(order) == sorted(parents)
    for thread in threads:
        for place, comment in enumerate(thread[1:], 1):
            assert parents[comment] in thread[:place]


def test_comments_of_one_page_keep_their_order_over_units() -> None:
    threads = [[number] for number in range(100)]
    made: list[int] = []
    rest: list[Sequence[Sequence[int]]] = [threads]
    units = 0
    while rest:
        now, rest = split(rest)
        made += [comment for thread in now[0] for comment in thread]
        units += 1
    assert made == list(range(100))
    assert units == 3


_PAGES = st.dictionaries(
    st.integers(1, 25),
    st.tuples(
        st.integers(0, 28),
        st.sampled_from(STATUSES),
        st.sampled_from(["", "0", "1", "2"]),
        st.sampled_from(["A", "b", "B ", "C"]),
    ),
    max_size=25,
)


def _forest(pages: dict[int, tuple[int, str, str, str]]) -> PageForest:
    forest = PageForest()
    for identifier, (parent, status, position, title) in pages.items():
        attributes = {"space": "7", "title": title, "status": status, "position": position}
        forest.add(attributes | {"parent": str(parent) if parent else ""}, identifier)
    return forest


@settings(max_examples=200, deadline=None)
@given(_PAGES)
def test_every_page_is_made_once_behind_its_parent(
    pages: dict[int, tuple[int, str, str, str]],
) -> None:
    order = _forest(pages).order("7", "")
    assert sorted(int(row.id) for row in order) == sorted(pages)
    made: dict[str, int] = {"": -1}
    for row in order:
        assert made[row.parent] == row.depth - 1
        made[row.id] = row.depth


@settings(max_examples=200, deadline=None)
@given(_PAGES)
def test_no_page_stands_below_one_that_goes_before_it(
    pages: dict[int, tuple[int, str, str, str]],
) -> None:
    order = {row.id: row for row in _forest(pages).order("7", "")}
    for row in order.values():
        if row.parent:
            above = order[row.parent]
            assert STATUSES.index(above.status) <= STATUSES.index(row.status)


@settings(max_examples=200, deadline=None)
@given(_PAGES)
def test_of_the_pages_with_one_title_the_most_current_keeps_it(
    pages: dict[int, tuple[int, str, str, str]],
) -> None:
    order = _forest(pages).order("7", "")
    kept = [row for row in order if not row.clashes]
    titles = [pages[int(row.id)][3].strip().casefold() for row in kept]
    assert len(set(titles)) == len(titles)
    assert set(titles) == {title.strip().casefold() for _, _, _, title in pages.values()}
    for row in order:
        title = pages[int(row.id)][3].strip().casefold()
        keeper = kept[titles.index(title)]
        assert STATUSES.index(keeper.status) <= STATUSES.index(row.status)


def test_the_home_page_is_first_and_siblings_follow_their_positions() -> None:
    forest = _forest(
        {
            5: (0, "current", "0", "e"),
            9: (0, "current", "3", "home"),
            3: (9, "current", "2", "c"),
            4: (9, "current", "1", "d"),
            8: (3, "current", "", "h"),
        }
    )
    assert [row.id for row in forest.order("7", "9")] == ["9", "5", "4", "3", "8"]
