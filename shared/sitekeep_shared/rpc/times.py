"""Instants and lengths of time as the wire has them, which holds more than Python does."""

from __future__ import annotations

import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from sitekeep_shared.database.types import EPOCH
from sitekeep_shared.rpc.names import invalid

# From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, as timestamp.proto has it.
_FIRST_SECOND = -62_135_596_800
_LAST_SECOND = 253_402_300_799
# About 10,000 years, as duration.proto has it.
_LONGEST_SECONDS = 315_576_000_000
_NANOS = 1_000_000_000


def timestamp_trouble(message: Timestamp) -> str:
    """What keeps a Timestamp from being an instant; empty where nothing does."""
    if not _FIRST_SECOND <= message.seconds <= _LAST_SECOND:
        return "has `seconds` outside of the years 1 to 9999."
    if not 0 <= message.nanos < _NANOS:
        return "has `nanos` outside of 0 to 999,999,999."
    return ""


def duration_trouble(message: Duration) -> str:
    """What keeps a Duration from being a length of time; empty where nothing does."""
    if abs(message.seconds) > _LONGEST_SECONDS:
        return f"has `seconds` beyond {_LONGEST_SECONDS:,}."
    if abs(message.nanos) >= _NANOS:
        return "has `nanos` beyond 999,999,999."
    if message.seconds * message.nanos < 0:
        return "has `seconds` and `nanos` of different signs."
    return ""


def instant(message: Timestamp, field: str) -> datetime.datetime:
    """The instant in UTC, cut to whole microseconds.

    Raises:
        InvalidRequest: it is none; ``field`` is its path in the request.
    """
    trouble = timestamp_trouble(message)
    if trouble:
        raise invalid(field, trouble)
    return EPOCH + datetime.timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)


def length(message: Duration, field: str) -> datetime.timedelta:
    """The length of time, cut to whole microseconds.

    Raises:
        InvalidRequest: it is none; ``field`` is its path in the request.
    """
    trouble = duration_trouble(message)
    if trouble:
        raise invalid(field, trouble)
    microseconds = int(message.nanos / 1000)
    return datetime.timedelta(seconds=message.seconds, microseconds=microseconds)
