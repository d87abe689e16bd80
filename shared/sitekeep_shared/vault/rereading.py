"""When a known file is fetched anew: once within the time that backups are kept for.

Each file has its own instants, one in every keeping time, at a phase that its key gives. So
the files that are due are spread evenly over the backups, however many there are.
"""

from __future__ import annotations

import datetime

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def is_due(
    fetched: datetime.datetime,
    now: datetime.datetime,
    file_key: bytes,
    keeping: datetime.timedelta,
) -> bool:
    """Whether one of the file's instants lies after ``fetched`` and not after ``now``.

    Backups that ask so fetch each file at least once in every keeping time and the pause
    between two backups.
    """
    period = keeping // _MILLISECOND
    phase = int.from_bytes(file_key[:8], "big") % period
    return (milliseconds(now) - phase) // period > (milliseconds(fetched) - phase) // period


def milliseconds(moment: datetime.datetime) -> int:
    """Milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(milliseconds_since_1970: int) -> datetime.datetime:
    """The reverse of milliseconds."""
    return _EPOCH + milliseconds_since_1970 * _MILLISECOND
