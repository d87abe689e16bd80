"""Who calls: an account, or the other service."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """What a call has proven about itself."""

    account_id: str
    is_service: bool = False
    """The Restore service, which reads backups for those whom it has let in itself."""


_current: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller")


def current() -> Caller:
    """Who made the call that is being served."""
    return _current.get()


def serve_as(caller: Caller) -> None:
    """Says who made the call that this task serves."""
    _current.set(caller)
