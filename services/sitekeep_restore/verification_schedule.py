"""Verifications that nobody asked for: every backup is looked through before it is too long ago.

A new backup gets its structure verified; after that, everything of it is read again and again,
the one first that was not read for the longest time, one at a time.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import SitekeepError
from sitekeep_shared.rpc.names import resource
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.work.records import UNFINISHED
from sitekeep_shared.work.recurring import Recurring

_log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
EARLY = 7
"""It is due this part of the period before its end, so that a queue has time to be worked off."""

_backup, _operation = schema.backup.c, schema.operation.c


@dataclass(frozen=True)
class Candidate:
    """A backup that can be verified now."""

    name: str
    end_time: datetime.datetime
    last_look: datetime.datetime | None = None
    """When a verification of any level ended last; None: there was none."""
    last_read: datetime.datetime | None = None
    """When all of it was read last."""
    last_setback: datetime.datetime | None = None
    """When a verification was last begun that came to nothing: failed or cancelled."""


@dataclass(frozen=True)
class Due:
    """What is to be verified next."""

    backup: str
    level: Level


def next_due(
    candidates: Iterable[Candidate], now: datetime.datetime, period: datetime.timedelta | None
) -> Due | None:
    """The structure of a backup that nobody looked at, else the data of the one that waits longest.

    What came to nothing is put off for a seventh of the period, a day where there is none;
    ``None`` as the period reads no data.
    """
    pause = datetime.timedelta(days=1) if period is None else period / EARLY
    ready = [
        each for each in candidates if each.last_setback is None or each.last_setback + pause <= now
    ]
    fresh = [each for each in ready if each.last_look is None]
    if fresh:
        return Due(min(fresh, key=lambda each: each.end_time).name, Level.STRUCTURE)
    if period is None or not ready:
        return None
    oldest = min(ready, key=_read)
    return Due(oldest.name, Level.DATA) if _read(oldest) + period - period / EARLY <= now else None


def _read(candidate: Candidate) -> datetime.datetime:
    """From when on it waits to be read: every byte was seen when the backup was made."""
    return candidate.last_read or candidate.end_time


class VerificationSchedule(Recurring):
    """Looks once a minute whether a verification is due."""

    pause_seconds = LOOK_SECONDS

    def __init__(
        self,
        database: Database,
        clock: Clock,
        profile: rules.Profile,
        days: int,
        begin: Callable[[str, Level], Awaitable[object]],
    ) -> None:
        """``days`` is SITEKEEP_VERIFY_DAYS; ``begin`` starts a verification of a backup."""
        self._database = database
        self._clock = clock
        self._profile = profile
        self._period = datetime.timedelta(days=days) if days else None
        self._begin = begin

    async def once(self) -> None:
        """See look; what stands in the way puts it off."""
        try:
            await self.look()
        except (DBAPIError, SitekeepError) as error:
            _log.warning("verifications are put off: %s", error)

    async def look(self) -> Due | None:
        """Begins the verification that is due, unless one is at work; returns which.

        Raises:
            SitekeepError: it cannot begin now.
        """
        async with self._database.read() as connection:
            if await _is_one_at_work(connection):
                return None
            candidates = await self._candidates(connection)
        due = next_due(candidates, self._clock.now(), self._period)
        if due is not None:
            _log.info(
                "a verification is due",
                extra={"backup": due.backup, "verification_level": due.level.name},
            )
            await self._begin(due.backup, due.level)
        return due

    async def _candidates(self, connection: AsyncConnection) -> list[Candidate]:
        statement = facts.SHOWN_BACKUPS.add_columns(_last_setback().label("last_setback")).where(
            _backup.state.in_(("COMPLETE", "INCOMPLETE"))
        )
        rows = (await connection.execute(statement)).all()
        return [_candidate(row) for row in rows if self._is_readable(row)]

    def _is_readable(self, row: facts.AnyRow) -> bool:
        judged = facts.shown_backup_facts(row, self._profile)
        return rules.backup_is_readable(judged, self._clock.now()) is None


def _candidate(row: facts.AnyRow) -> Candidate:
    return Candidate(
        resource(row.organization, "backups", row.id),
        row.end_time,
        row.last_verification_verify_time,
        row.last_verified_time,
        row.last_setback,
    )


def _last_setback() -> ColumnElement[datetime.datetime | None]:
    statement = select(func.max(_operation.create_time)).where(
        _operation.resource_uid == _backup.uid,
        _operation.kind == "verification",
        _operation.state.in_(("FAILED", "CANCELLED")),
    )
    return statement.scalar_subquery()


async def _is_one_at_work(connection: AsyncConnection) -> bool:
    statement = select(_operation.id).where(
        _operation.service == "restore",
        _operation.kind == "verification",
        _operation.state.in_(UNFINISHED),
    )
    return (await connection.execute(statement.limit(1))).first() is not None
