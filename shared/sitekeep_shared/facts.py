"""What the rules judge, read from the database in the words of the rules."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.errors import NotFound
from sitekeep_shared.rpc.names import identifier_of, organization_of, resource
from sitekeep_shared.rules import BackupFacts, LockFacts, OrganizationFacts, ProductFacts

AnyRow = Row[Any]


_LISTS = {
    "Admin": "ListAdmins",
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
    is back, so the product is not free meanwhile.
    """
    table = schema.operation
    statement = (
        select(table)
        .where(table.c.product_uid == product.uid, table.c.state.in_(("QUEUED", "RUNNING")))
        .order_by(table.c.create_time)
        .limit(1)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return None
    name = resource(row.organization, "operations", row.id)
    return LockFacts(row.kind, name, row.service, row.update_time)


def backup_facts(row: AnyRow, last_restore_time: datetime.datetime | None = None) -> BackupFacts:
    """A backup, as the rules see it."""
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
        last_restore_time,
        missing,
    )


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


async def last_restore_time(
    connection: AsyncConnection, backup_uid: str
) -> datetime.datetime | None:
    """When the backup was last restored; failed and cancelled restores do not count."""
    table = schema.restore
    statement = select(func.max(table.c.create_time)).where(
        table.c.backup_uid == backup_uid,
        table.c.state.in_(("IN_PROGRESS", "COMPLETE", "INCOMPLETE")),
    )
    found: datetime.datetime | None = (await connection.execute(statement)).scalar()
    return found


async def operation_row(connection: AsyncConnection, identifier: str) -> AnyRow:
    """The operation with this id, which exists."""
    table = schema.operation
    return (await connection.execute(select(table).where(table.c.id == identifier))).one()
