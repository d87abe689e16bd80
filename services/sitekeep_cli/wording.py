"""How sizes, durations, times and names of the contracts are worded for people."""

from __future__ import annotations

import datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size(count: float) -> str:
    """A number of bytes: ``1.4 MB``."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


def duration(delta: datetime.timedelta) -> str:
    """A duration in its two largest units: ``6 d 23 h``."""
    seconds = max(int(delta.total_seconds()), 0)
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(parts)


def local(instant: datetime.datetime) -> str:
    """An instant in the time zone of the person: ``2026-11-29 18:20:04 CET``."""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def time(stamp: Timestamp) -> str:
    """A time of the contracts, local; ``-`` where it is not set."""
    if not stamp.seconds and not stamp.nanos:
        return "-"
    return local(stamp.ToDatetime(tzinfo=datetime.UTC))


def words(constant: str) -> str:
    """A constant of the contracts as words: ``EXPORTING_CONTENT`` is ``exporting content``."""
    return constant.replace("_", " ").lower()


def constant(message: Message, field: str) -> str:
    """The name of the constant in a field; its number where this version does not know it."""
    kind = message.DESCRIPTOR.fields_by_name[field].enum_type
    value: int = getattr(message, field)
    known = kind.values_by_number.get(value) if kind is not None else None
    return known.name if known is not None else str(value)


def number(count: int) -> str:
    """A number with thin groups: ``12 345``."""
    return f"{count:,}".replace(",", " ")
