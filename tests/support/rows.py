"""Rows of every resource, put into the database past the rules."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, delete, insert

from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from support.client import ADMIN_ACCOUNT

ORGANIZATION_ID = "acme"
START = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)

Row = tuple[Table, dict[str, Any]]
Rows = Callable[[str, datetime.datetime], Sequence[Row]]
"""The rows of a resource of this id that was created then; the last one is its own."""


def organization(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """An organization that the admin of the tests belongs to."""
    return (
        (schema.organization, _named(identifier, created) | {"id": identifier, "enrolled": True}),
        (
            schema.admin,
            {
                "organization": identifier,
                "id": "founder",
                "account_id": ADMIN_ACCOUNT,
                "display_name": "",
            },
        ),
    )


def admin(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """An admin."""
    values: dict[str, Any] = {"account_id": f"account-{identifier}", "display_name": ""}
    return ((schema.admin, _owned(identifier) | values),)


def api_key(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A key of the admin of the tests."""
    values: dict[str, Any] = {
        "id": identifier,
        "account_id": ADMIN_ACCOUNT,
        "display_name": "",
        "secret_hash": f"hash of {identifier}",
        "create_time": created,
    }
    return ((schema.api_key, values),)


def product(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A product."""
    values: dict[str, Any] = {
        "uid": f"uid-of-product-{identifier}",
        "type": "JIRA",
        "site_uri": "https://example.atlassian.net",
        "encryption": "ATLASSIAN_MANAGED",
        "apps": [],
    }
    return ((schema.product, _owned(identifier) | _named(identifier, created) | values),)


def policy(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A policy with a product of its own."""
    values: dict[str, Any] = {
        "uid": f"uid-of-policy-{identifier}",
        "product_uid": f"uid-of-product-{identifier}",
        "include_attachments": True,
        "schedule": "",
    }
    own = _owned(identifier) | _named(identifier, created) | values
    return (*product(identifier, created), (schema.backup_policy, own))


def operation(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """An operation that failed."""
    values: dict[str, Any] = {
        "kind": "backup",
        "resource_uid": f"uid-of-backup-{identifier}",
        "resource_name": f"organizations/{ORGANIZATION_ID}/backups/{identifier}",
        "product_uid": "uid-of-product",
        "service": "backup",
        "state": "FAILED",
        "cancel_requested": False,
        "finishing": False,
        "phase": "QUEUED",
        "progress": {},
        "create_time": created,
        "update_time": created,
        "revision": 1,
        "arguments": {},
    }
    return ((schema.operation, _owned(identifier) | values),)


def backup(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A backup that failed."""
    values: dict[str, Any] = {
        "uid": f"uid-of-backup-{identifier}",
        "policy": f"organizations/{ORGANIZATION_ID}/backupPolicies/weekly",
        "product_uid": "uid-of-product",
        "product_name": f"organizations/{ORGANIZATION_ID}/products/jira",
        "product_type": "JIRA",
        "state": "FAILED",
        "final_state": "FAILED",
        "create_time": created,
        "operation": identifier,
        "etag": '"1"',
    }
    return ((schema.backup, _owned(identifier) | values),)


def restore(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A restore that failed."""
    values: dict[str, Any] = {
        "uid": f"uid-of-restore-{identifier}",
        "backup_uid": "uid-of-backup",
        "backup_name": f"organizations/{ORGANIZATION_ID}/backups/first",
        "product_uid": "uid-of-product",
        "product_name": f"organizations/{ORGANIZATION_ID}/products/jira",
        "options": {},
        "state": "FAILED",
        "create_time": created,
        "operation": identifier,
        "etag": '"1"',
    }
    return ((schema.restore, _owned(identifier) | values),)


def lock(identifier: str, created: datetime.datetime) -> Sequence[Row]:
    """A lock that is held, with its product."""
    values: dict[str, Any] = {
        "product": f"uid-of-product-{identifier}",
        "fence": 1,
        "holder": "somebody",
        "kind": "backup",
        "operation": identifier,
        "acquired_at_ms": 1,
        "renewed_at_ms": 1,
        "lease_until_ms": 1,
    }
    return ((schema.operation_lock, values), *product(identifier, created))


def finding(operation_id: str, unit_key: str, number: int) -> Row:
    """A finding of an operation."""
    values: dict[str, Any] = {
        "operation": operation_id,
        "unit_key": unit_key,
        "number": number,
        "severity": "warning",
        "kind": "issue",
        "key": f"{unit_key}/{number}",
        "reason": "UPSTREAM_REFUSED",
        "message": "It did not go through.",
        "count": 1,
    }
    return schema.finding, values


async def put(database: Database, rows: Sequence[Row]) -> None:
    """Inserts the rows."""
    async with database.write() as connection:
        for table, values in rows:
            await connection.execute(insert(table).values(values))


async def remove(database: Database, table: Table, identifier: str) -> None:
    """Removes the row with this id."""
    async with database.write() as connection:
        await connection.execute(delete(table).where(table.c.id == identifier))


def _owned(identifier: str) -> dict[str, Any]:
    return {"organization": ORGANIZATION_ID, "id": identifier}


def _named(identifier: str, created: datetime.datetime) -> dict[str, Any]:
    times = {"create_time": created, "update_time": created}
    return {"display_name": identifier, "etag": '"1"', **times}
