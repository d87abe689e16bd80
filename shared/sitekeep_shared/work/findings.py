"""Queries on findings: what did not go through, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, func, select, tuple_
from sqlalchemy import insert as insert_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Finding, Severity, Withdrawn

_finding = schema.finding.c


@dataclass(frozen=True)
class NumberedFinding:
    """A finding and where it stands: unit key and number are unique in the operation."""

    unit_key: str
    number: int
    finding: Finding


async def insert(
    connection: AsyncConnection, operation: str, unit_key: str, findings: Sequence[Finding]
) -> None:
    """Adds the findings of a unit."""
    rows = [_row(operation, unit_key, number, finding) for number, finding in enumerate(findings)]
    if rows:
        await connection.execute(insert_rows(schema.finding), rows)


async def withdraw(
    connection: AsyncConnection, operation: str, withdrawn: Sequence[Withdrawn]
) -> None:
    """Removes findings of units that have ended; those that are not there are passed over."""
    for each in withdrawn:
        found = each.finding
        statement = delete(schema.finding).where(
            _finding.operation == operation,
            _finding.unit_key == each.unit_key,
            _finding.kind == found.kind.value,
            _finding.key == storable(found.key),
            _finding.reason == storable(found.reason),
        )
        await connection.execute(statement)


def _row(operation: str, unit_key: str, number: int, finding: Finding) -> dict[str, Any]:
    return {
        "operation": operation,
        "unit_key": unit_key,
        "number": number,
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "key": storable(finding.key),
        "reason": storable(finding.reason),
        "message": storable(finding.message),
        "count": finding.count,
    }


def storable(text: str) -> str:
    """The text with a mark in place of what PostgreSQL or UTF-8 cannot hold.

    Sites answer NUL and lone surrogates where JSON lets them.
    """
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


async def totals(connection: AsyncConnection, operation: str) -> tuple[int, int]:
    """How many findings there are, and how many of them are errors."""
    is_error = case((_finding.severity == Severity.ERROR.value, 1), else_=0)
    statement = select(func.count(), func.coalesce(func.sum(is_error), 0)).where(
        _finding.operation == operation
    )
    issues, errors = (await connection.execute(statement)).one()
    return int(issues), int(errors)


async def page(
    connection: AsyncConnection,
    operation: str,
    *,
    limit: int,
    after: tuple[str, int] | None = None,
) -> list[NumberedFinding]:
    """Up to ``limit`` findings in order of unit key and number, behind ``after``."""
    statement = select(schema.finding).where(_finding.operation == operation)
    if after is not None:
        statement = statement.where(tuple_(_finding.unit_key, _finding.number) > after)
    statement = statement.order_by(_finding.unit_key, _finding.number).limit(limit)
    return [_numbered(row) for row in await connection.execute(statement)]


def _numbered(row: Any) -> NumberedFinding:
    return NumberedFinding(
        row.unit_key,
        row.number,
        Finding(
            Severity(row.severity), Kind(row.kind), row.key, row.reason, row.message, row.count
        ),
    )
