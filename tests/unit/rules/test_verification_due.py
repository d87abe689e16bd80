"""Which verification is due, at its very instants."""

from __future__ import annotations

import datetime

import pytest

from sitekeep_restore.verification_schedule import Candidate, Due, next_due
from sitekeep_shared.vault.levels import Level

NOW = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
MICROSECOND = datetime.timedelta(microseconds=1)
WEEK = 7 * DAY


def _seen(
    name: str, read: datetime.datetime, last_setback: datetime.datetime | None = None
) -> Candidate:
    return Candidate(name, NOW - 30 * DAY, NOW - DAY, read, last_setback)


def test_a_new_backup_has_its_structure_looked_at_the_oldest_first() -> None:
    new, newer = Candidate("new", NOW - DAY), Candidate("newer", NOW)
    overdue = _seen("overdue", NOW - 30 * DAY)
    assert next_due([newer, overdue, new], NOW, WEEK) == Due("new", Level.STRUCTURE)


@pytest.mark.parametrize("days", [1, 7, 30])
def test_all_of_a_backup_is_read_before_the_period_is_over(days: int) -> None:
    period = days * DAY
    early = period - period / 7
    assert early < period
    due = Due("b", Level.DATA)
    assert next_due([_seen("b", NOW - early + MICROSECOND)], NOW, period) is None
    assert next_due([_seen("b", NOW - early)], NOW, period) == due
    assert next_due([_seen("b", NOW - 10 * period)], NOW, period) == due


def test_what_was_never_read_again_waits_from_its_end_on() -> None:
    looked_at = Candidate("b", NOW - 6 * DAY, last_look=NOW)
    assert next_due([looked_at], NOW, WEEK) == Due("b", Level.DATA)
    assert next_due([looked_at], NOW - MICROSECOND, WEEK) is None


def test_the_one_that_was_not_read_for_the_longest_time_is_first() -> None:
    waiting = [_seen(f"b{days}", NOW - days * DAY) for days in (8, 12, 10)]
    assert next_due(waiting, NOW, WEEK) == Due("b12", Level.DATA)


def test_what_came_to_nothing_is_put_off_for_a_day_and_the_others_go_on() -> None:
    failed = _seen("failed", NOW - 9 * DAY, NOW - DAY + MICROSECOND)
    other = _seen("other", NOW - 8 * DAY)
    assert next_due([failed, other], NOW, WEEK) == Due("other", Level.DATA)
    assert next_due([failed], NOW, WEEK) is None
    assert next_due([failed], NOW + MICROSECOND, WEEK) == Due("failed", Level.DATA)


def test_without_a_period_only_new_backups_are_looked_at() -> None:
    assert next_due([_seen("old", NOW - 90 * DAY)], NOW, None) is None
    assert next_due([Candidate("new", NOW)], NOW, None) == Due("new", Level.STRUCTURE)


def test_nothing_is_due_where_there_is_nothing() -> None:
    assert next_due([], NOW, WEEK) is None
