"""What verifications found, as the database keeps it beside the backups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.verification_record import VerificationRecord

_backup, _found = schema.backup.c, schema.verification.c


async def add(connection: AsyncConnection, backup_uid: str, record: VerificationRecord) -> None:
    """Notes what a verification found."""
    await connection.execute(
        insert(schema.verification).values(
            backup_uid=backup_uid,
            level=record.depth.value,
            sound=record.sound,
            damage=record.found_damage,
            verify_time=record.finished,
        )
    )


async def add_if_known(connection: AsyncConnection, record: VerificationRecord) -> bool:
    """Notes what a verification found, unless there is no such backup."""
    statement = select(_backup.uid).where(_backup.uid == record.backup_id)
    if (await connection.execute(statement)).first() is None:
        return False
    await add(connection, record.backup_id, record)
    return True


def columns() -> list[ColumnElement[Any]]:
    """For a statement about backups: last_verified_time (everything was read), the three of
    last_verification, and damage_time."""
    return [
        _last_verified().label("last_verified_time"),
        *(
            _of_newest(_found[name]).label(f"last_verification_{name}")
            for name in ("level", "sound", "verify_time")
        ),
        _damage().label("damage_time"),
    ]


def _last_verified() -> ColumnElement[Any]:
    read_all = [level.value for level in Level if level.reads_all]
    statement = select(func.max(_found.verify_time)).where(
        _found.backup_uid == _backup.uid, _found.level.in_(read_all)
    )
    return statement.scalar_subquery()


def _of_newest(column: ColumnElement[Any]) -> ColumnElement[Any]:
    statement = select(column).where(_found.backup_uid == _backup.uid)
    return statement.order_by(_found.number.desc()).limit(1).scalar_subquery()


def _damage() -> ColumnElement[Any]:
    """When damage was last found that no later sound verification takes back; NULL: none is.

    Only one that looks as deep takes it back.
    """
    later = schema.verification.alias("later").c
    taken_back = exists().where(
        later.backup_uid == _found.backup_uid,
        later.number > _found.number,
        later.level >= _found.level,
        later.sound.is_(True),
    )
    statement = select(func.max(_found.verify_time)).where(
        _found.backup_uid == _backup.uid, _found.damage.is_(True), ~taken_back
    )
    return statement.scalar_subquery()
