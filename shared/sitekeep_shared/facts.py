"""What the rules judge, read from the database in the words of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks, rules, verifications
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import NotFound
from sitekeep_shared.rpc.names import already_exists, identifier_of, organization_of, resource
from sitekeep_shared.rules import BackupFacts, LockFacts, OrganizationFacts, ProductFacts

AnyRow = Row[Any]


_LISTS = {
    "Admin": "ListAdmins",
    "ApiKey": "ListApiKeys",
    "Backup": "ListBackups",
    "BackupPolicy": "ListBackupPolicies",
    "Entity": "ListEntities",
    "Operation": "ListOperations",
    "OperationLock": "ListOperationLocks",
    "Organization": "ListOrganizations",
    "Product": "ListProducts",
    "Restore": "ListRestores",
}


def not_found(kind: str, name: str) -> NotFound:
    """The error about a resource that is not there."""
    return NotFound(
        "RESOURCE_NOT_FOUND",
        f"There is no {name}. {_LISTS[kind]} lists those that there are.",
        {"name": name},
        resource=(f"sitekeep.dev/{kind}", name),
    )


async def organization_row(connection: AsyncConnection, organization: str) -> AnyRow:
    """The organization with this id.

    Raises:
        NotFound: there is none.
    """
    table = schema.organization
    row = (await connection.execute(select(table).where(table.c.id == organization))).first()
    if row is None:
        raise not_found("Organization", f"organizations/{organization}")
    return row


async def product_row(connection: AsyncConnection, organization: str, name: str) -> AnyRow:
    """The product with this resource name.

    Raises:
        NotFound: the organization has no such product.
    """
    table = schema.product
    row = None
    if organization_of(name) == organization:
        statement = select(table).where(
            table.c.organization == organization, table.c.id == identifier_of(name)
        )
        row = (await connection.execute(statement)).first()
    if row is None:
        raise NotFound(
            "PRODUCT_NOT_IN_ORGANIZATION",
            f"{name} is not a product of organizations/{organization}. "
            "List its products to see which there are.",
            {"product": name, "organization": organization},
            resource=("sitekeep.dev/Product", name),
        )
    return row


async def resource_row(connection: AsyncConnection, table: Any, kind: str, name: str) -> AnyRow:
    """The row of any resource that lies in a collection of an organization.

    Raises:
        NotFound: there is none.
    """
    statement = select(table).where(
        table.c.organization == organization_of(name), table.c.id == identifier_of(name)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        raise not_found(kind, name)
    return row


async def refuse_taken(connection: AsyncConnection, table: Any, kind: str, name: str) -> None:
    """Lets a resource of an organization be created under a name that none has.

    Raises:
        AlreadyExists: one has it.
    """
    statement = select(table.c.id).where(
        table.c.organization == organization_of(name), table.c.id == identifier_of(name)
    )
    if (await connection.execute(statement)).first():
        raise already_exists(kind, name)


def organization_facts(row: AnyRow) -> OrganizationFacts:
    """An organization, as the rules see it."""
    return OrganizationFacts(f"organizations/{row.id}", row.enrolled)


def product_facts(row: AnyRow) -> ProductFacts:
    """A product, as the rules see it."""
    name = resource(row.organization, "products", row.id)
    return ProductFacts(name, row.type, row.encryption == "BRING_YOUR_OWN_KEY")


async def lock_facts(connection: AsyncConnection, product: AnyRow) -> LockFacts | None:
    """Who holds the product now; None where its lock is free or its lease is over."""
    state = await locks.read(connection, product.uid)
    if state is None or not state.live:
        return None
    operation = resource(product.organization, "operations", state.operation)
    return LockFacts(state.kind, operation, state.holder, state.expire_time)


async def unfinished_operation(connection: AsyncConnection, product: AnyRow) -> LockFacts | None:
    """An operation on the product that has not ended, whether its lease is alive or not.

    A server that is down leaves its operation behind; it goes on when the server
    is back, so the product is not free meanwhile. One that lost its lock is over,
    even where its server is not there to write that down.
    """
    table, lock = schema.operation, schema.operation_lock.c
    owned = exists().where(lock.product == product.uid, lock.operation == table.c.id)
    statement = (
        select(table)
        .where(table.c.product_uid == product.uid, table.c.state.in_(("QUEUED", "RUNNING")))
        .where(or_(table.c.fence.is_(None), owned))
        .order_by(table.c.create_time)
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return None
    name = resource(row.organization, "operations", row.id)
    held = await lock_facts(connection, product)
    if held is not None and held.operation == name:
        return held
    return LockFacts(row.kind, name, row.service, None)


async def busy_with(connection: AsyncConnection, product: AnyRow) -> LockFacts | None:
    """What keeps another operation of the product from starting; None where nothing does."""
    running = await unfinished_operation(connection, product)
    return running or await lock_facts(connection, product)


def backup_facts(row: AnyRow) -> BackupFacts:
    """A backup by itself, as the rules see it."""
    ledger: dict[str, dict[str, int]] = row.counts or {}
    missing = [
        f"{count['missing']} of {count.get('expected', 0)} {kind.replace('_', ' ')}"
        for kind, count in ledger.items()
        if count.get("missing")
    ]
    return BackupFacts(
        resource(row.organization, "backups", row.id),
        row.state,
        row.product_type,
        row.create_time,
        row.expire_time,
        missing=missing,
        final_state=row.final_state or "",
    )


def shown_backup_facts(row: AnyRow, profile: rules.Profile) -> BackupFacts:
    """A row of :data:`SHOWN_BACKUPS`, as the rules see it."""
    kept = rules.is_kept_as_last(row.is_last_complete, profile)
    return replace(
        backup_facts(row),
        expire_time=None if kept else row.expire_time,
        last_restore_time=row.last_restore_time,
        damage_time=row.damage_time,
    )


def is_last_complete() -> ColumnElement[bool]:
    """Whether a row of the table of backups is COMPLETE and none of its product is newer and so."""
    backup, newer = schema.backup.c, schema.backup.alias("newer").c
    has_newer = exists().where(
        newer.product_uid == backup.product_uid,
        newer.state == "COMPLETE",
        newer.create_time > backup.create_time,
    )
    return (backup.state == "COMPLETE") & ~has_newer


def _shown_backups() -> Select[Any]:
    backup, restore = schema.backup.c, schema.restore.c
    # Failed and cancelled restores do not count.
    last_restore = select(func.max(restore.create_time)).where(
        restore.backup_uid == backup.uid,
        restore.state != "FAILED",
        restore.state != "CANCELLED",
    )
    return select(
        schema.backup,
        last_restore.scalar_subquery().label("last_restore_time"),
        is_last_complete().label("is_last_complete"),
        *verifications.columns(),
    )


SHOWN_BACKUPS = _shown_backups()
"""Backups with what is known of them elsewhere: last_restore_time, is_last_complete, and the
columns of ``sitekeep_shared.verifications``."""

_SHOWN_BACKUP = SHOWN_BACKUPS.where(
    schema.backup.c.organization == bindparam("organization"),
    schema.backup.c.id == bindparam("identifier"),
)


async def shown_backup(database: Database, name: str) -> AnyRow:
    """The row of :data:`SHOWN_BACKUPS` of this backup, in one statement.

    Raises:
        NotFound: there is none.
    """
    return _found_backup(await database.fetch(_SHOWN_BACKUP, **_wanted(name)), name)


async def shown_backup_in(connection: AsyncConnection, name: str) -> AnyRow:
    """The same in a transaction.

    Raises:
        NotFound: there is none.
    """
    return _found_backup((await connection.execute(_SHOWN_BACKUP, _wanted(name))).all(), name)


def _wanted(name: str) -> dict[str, str]:
    return {"organization": organization_of(name), "identifier": identifier_of(name)}


def _found_backup(rows: Sequence[AnyRow], name: str) -> AnyRow:
    if not rows:
        raise not_found("Backup", name)
    return rows[0]


def _shown_policies() -> Select[Any]:
    policy, product, backup = schema.backup_policy, schema.product.c, schema.backup.c
    complete = (backup.product_uid == policy.c.product_uid) & (backup.final_state == "COMPLETE")
    newest = select(backup.id).where(complete).order_by(backup.create_time.desc()).limit(1)
    last_time = select(func.max(backup.create_time)).where(complete)
    return select(
        policy,
        product.id.label("product_id"),
        newest.scalar_subquery().label("last_complete_id"),
        last_time.scalar_subquery().label("last_complete_time"),
    ).join(schema.product, product.uid == policy.c.product_uid)


SHOWN_POLICIES = _shown_policies()
"""Backup policies with their product and its newest backup that ended COMPLETE, expired or not."""


async def last_complete_backup(connection: AsyncConnection, product_uid: str) -> BackupFacts | None:
    """The newest backup of the product that ended COMPLETE, expired or not."""
    table = schema.backup
    statement = (
        select(table)
        .where(table.c.product_uid == product_uid, table.c.final_state == "COMPLETE")
        .order_by(table.c.create_time.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else backup_facts(row)


async def operation_row(connection: AsyncConnection, identifier: str) -> AnyRow:
    """The operation with this id, which exists."""
    table = schema.operation
    return (await connection.execute(select(table).where(table.c.id == identifier))).one()
