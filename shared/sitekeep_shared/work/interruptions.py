"""What interrupts the work on an operation without saying anything about the operation."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sitekeep_shared.errors import SitekeepError
from sitekeep_shared.locks import LockLost
from sitekeep_shared.work.findings import storable
from sitekeep_shared.work.journal import StaleAttempt

DATABASE_TROUBLE = (OperationalError, InterfaceError, PoolTimeoutError)
"""The database does not answer, or cannot now."""

INTERRUPTIONS = (LockLost, StaleAttempt, *DATABASE_TROUBLE)
"""Work stops and nothing is written; the journal says where to go on."""


def describe(error: Exception) -> dict[str, Any]:
    """An error as JSON, for the journal."""
    document: dict[str, Any] = {"type": type(error).__name__, "message": storable(str(error))}
    if isinstance(error, SitekeepError):
        document["reason"] = error.reason
        document["metadata"] = dict(error.metadata)
    return document
