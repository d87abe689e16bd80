"""Column types that read the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)

Key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and sorted byte by byte, whatever the locale of the server."""

Json = JSON(none_as_null=True)
"""A JSON document; None is NULL."""


class Instant(TypeDecorator[datetime.datetime]):
    """An instant, stored as whole microseconds since the epoch in UTC.

    Raises ValueError for a datetime without a zone: it names no instant.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> int | None:
        """From an aware datetime to microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone names no instant")
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime.datetime | None:
        """From microseconds to an aware datetime in UTC."""
        return None if value is None else EPOCH + int(value) * MICROSECOND
