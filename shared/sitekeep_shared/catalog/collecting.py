"""What the database knows of a backup at work, for the details of its manifest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.catalog.details import (
    NAMED,
    BackupDetails,
    FindingDetails,
    OrganizationDetails,
    PolicyDetails,
    ProductDetails,
    of_row,
)
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc.names import identifier_of
from sitekeep_shared.work import counts, findings
from sitekeep_shared.work.findings import NumberedFinding
from sitekeep_shared.work.records import Operation, Progress


async def details_of(
    database: Database, operation: Operation, backup: AnyRow, progress: Progress
) -> BackupDetails:
    """The details of a backup whose every unit is done."""
    organization, policy = schema.organization, schema.backup_policy
    async with database.read() as connection:
        named = await findings.page(connection, operation.id, limit=NAMED)
        owner = await _row(connection, organization, organization.c.id == backup.organization)
        product = await _row(
            connection, schema.product, schema.product.c.uid == operation.product_uid
        )
        made_by = await _row(
            connection,
            policy,
            (policy.c.organization == backup.organization)
            & (policy.c.id == identifier_of(backup.policy)),
        )
    return BackupDetails(
        backup=operation.resource_name,
        product=backup.product_name,
        product_type=backup.product_type,
        policy=backup.policy,
        ledger=counts.to_json(progress.counts),
        issue_count=progress.issue_count,
        operation=operation.id,
        organization_details=_if_there(OrganizationDetails, owner),
        product_details=_if_there(ProductDetails, product),
        policy_details=_if_there(PolicyDetails, made_by),
        findings=[_finding(each) for each in named],
    )


async def _row(connection: AsyncConnection, table: Table, condition: Any) -> AnyRow | None:
    return (await connection.execute(select(table).where(condition))).first()


def _if_there(kind: type[Any], row: AnyRow | None) -> Any:
    return None if row is None else of_row(kind, row)


def _finding(numbered: NumberedFinding) -> FindingDetails:
    found = numbered.finding
    return FindingDetails(
        numbered.unit_key,
        numbered.number,
        found.severity.value,
        found.kind.value,
        found.key,
        found.reason,
        found.message,
        found.count,
    )
