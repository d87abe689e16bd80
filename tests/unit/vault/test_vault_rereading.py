"""Each file is fetched anew once within the keeping time, and every day some of them."""

from __future__ import annotations

import datetime
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault.rereading import is_due
from unit.vault.vault_helpers import START

DAY = datetime.timedelta(days=1)
MILLISECOND = datetime.timedelta(milliseconds=1)
KEYS = st.binary(min_size=32, max_size=32)
PAUSES = st.timedeltas(datetime.timedelta(hours=1), 40 * DAY)
KEEPINGS = st.integers(1, 90).map(lambda days: days * DAY)


@given(KEYS, KEEPINGS, st.lists(PAUSES, min_size=1, max_size=60))
def test_no_bytes_are_older_than_the_keeping_time_and_one_pause(
    key: bytes, keeping: datetime.timedelta, pauses: list[datetime.timedelta]
) -> None:
    fetched = now = START
    for pause in pauses:
        now += pause
        if is_due(fetched, now, key, keeping):
            fetched = now
        assert now - fetched < keeping
        # Until the next backup begins, so much more may pass.


@given(KEYS, KEEPINGS, st.integers(0, 10**11))
def test_a_file_is_due_once_in_a_keeping_time_however_often_it_is_asked(
    key: bytes, keeping: datetime.timedelta, start: int
) -> None:
    begin = START + start * MILLISECOND
    fetched, times = begin, 0
    for step in range(1, 101):
        now = begin + keeping * step / 100
        if is_due(fetched, now, key, keeping):
            fetched, times = now, times + 1
    assert times == 1


@given(KEYS, KEEPINGS)
def test_the_instant_itself_is_due_and_belongs_to_what_is_fetched_at_it(
    key: bytes, keeping: datetime.timedelta
) -> None:
    period = keeping // MILLISECOND
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    phase = int.from_bytes(key[:8], "big") % period
    instant = epoch + (phase + 100 * period) * MILLISECOND
    assert is_due(instant - MILLISECOND, instant, key, keeping)
    assert not is_due(instant - 2 * MILLISECOND, instant - MILLISECOND, key, keeping)
    assert not is_due(instant, instant + keeping - MILLISECOND, key, keeping)
    assert is_due(instant, instant + keeping, key, keeping)


@given(KEYS, KEEPINGS, st.timedeltas(datetime.timedelta(0), 400 * DAY))
def test_a_clock_that_was_put_back_makes_nothing_due(
    key: bytes, keeping: datetime.timedelta, back: datetime.timedelta
) -> None:
    assert not is_due(START, START - back, key, keeping)


@pytest.mark.parametrize(
    ("every", "keeping"), [(1, 14), (1, 30), (7, 14), (7, 30)], ids=lambda days: f"{days}d"
)
def test_a_year_of_backups_fetches_about_the_same_share_each_time(every: int, keeping: int) -> None:
    chance = random.Random(7)
    keys = [chance.randbytes(32) for _ in range(4000)]
    fetched = dict.fromkeys(keys, START)
    now, oldest = START, datetime.timedelta(0)
    shares: list[float] = []
    while now < START + 365 * DAY:
        now += every * DAY + datetime.timedelta(minutes=chance.randrange(-30, 30))
        oldest = max(oldest, *(now - moment for moment in fetched.values()))
        due = [key for key in keys if is_due(fetched[key], now, key, keeping * DAY)]
        fetched |= dict.fromkeys(due, now)
        shares.append(len(due) / len(keys))
    assert oldest < (keeping + every) * DAY + datetime.timedelta(hours=1)
    assert min(shares) > every / keeping - 0.03
    assert max(shares) < every / keeping + 0.03
