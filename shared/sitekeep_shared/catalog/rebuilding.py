"""The rows of the database that a manifest stands for, each added only where it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import verifications
from sitekeep_shared.catalog.details import BackupDetails
from sitekeep_shared.database import schema
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import etags
from sitekeep_shared.rpc.names import identifier_of, organization_of
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.verification_record import VerificationRecord
from sitekeep_shared.work import counts
from sitekeep_shared.work.records import OperationState, Progress


class CannotRebuild(Exception):
    """What the manifest says cannot be brought together with what the database holds."""


async def add_surroundings(
    connection: AsyncConnection, header: ManifestHeader, details: BackupDetails
) -> list[str]:
    """Adds the organization, the product and the policy where they are missing; names them.

    Raises:
        CannotRebuild: the manifest does not tell enough of them.
    """
    added: list[str] = []
    if await _add_organization(connection, header, details):
        added.append(f"organizations/{organization_of(details.backup)}")
    if await _add_product(connection, header, details):
        added.append(details.product)
    if await _add_policy(connection, header, details):
        added.append(details.policy)
    return added


async def _add_organization(
    connection: AsyncConnection, header: ManifestHeader, details: BackupDetails
) -> bool:
    table, identifier = schema.organization, organization_of(details.backup)
    if await _first(connection, table, table.c.id == identifier) is not None:
        return False
    if details.organization_details is None:
        raise CannotRebuild(
            f"There is no organizations/{identifier}, and the manifest does not describe it. "
            "Create it, then scan again."
        )
    values = {"id": identifier, **_times(header), **_fields(details.organization_details)}
    await connection.execute(insert(table).values(values))
    return True


async def _add_product(
    connection: AsyncConnection, header: ManifestHeader, details: BackupDetails
) -> bool:
    """One whose id another product has by now stays away: its backups outlive it."""
    table = schema.product
    same = (table.c.uid == header.site) | _named(table, details.product)
    known = details.product_details
    if known is None or await _first(connection, table, same) is not None:
        return False
    values = {
        "uid": header.site,
        "type": details.product_type,
        **_name(details.product),
        **_times(header),
        **_fields(known),
    }
    await connection.execute(insert(table).values(values))
    return True


async def _add_policy(
    connection: AsyncConnection, header: ManifestHeader, details: BackupDetails
) -> bool:
    table, known = schema.backup_policy, details.policy_details
    product = schema.product
    if known is None or await _first(connection, product, product.c.uid == header.site) is None:
        return False
    same = (
        (table.c.uid == known.uid)
        | (table.c.product_uid == header.site)
        | _named(table, details.policy)
    )
    if await _first(connection, table, same) is not None:
        return False
    values = {
        "product_uid": header.site,
        **_name(details.policy),
        **_times(header),
        **_fields(known),
    }
    await connection.execute(insert(table).values(values))
    return True


async def add_backup(
    connection: AsyncConnection, header: ManifestHeader, details: BackupDetails
) -> bool:
    """Adds the backup with its operation and its findings; False where it is there.

    Raises:
        CannotRebuild: another backup has its name.
    """
    table = schema.backup
    if await _first(connection, table, table.c.uid == header.backup_id) is not None:
        return False
    if await _first(connection, table, _named(table, details.backup)) is not None:
        raise CannotRebuild(f"Another backup is named {details.backup} by now.")
    # Manifests of before there was the field get the id of the backup for their operation.
    operation = details.operation or header.backup_id
    await _add_operation(connection, operation, header, details)
    await connection.execute(insert(table).values(_backup(operation, header, details)))
    return True


def _backup(operation: str, header: ManifestHeader, details: BackupDetails) -> dict[str, Any]:
    sizes = sum(count.get("size_bytes", 0) for count in details.ledger.values())
    return {
        "uid": header.backup_id,
        **_name(details.backup),
        "policy": details.policy,
        "product_uid": header.site,
        "product_name": details.product,
        "product_type": details.product_type,
        "state": header.state,
        "final_state": header.state,
        "create_time": header.started,
        "end_time": header.finished,
        "expire_time": header.expire_time,
        "size_bytes": sizes,
        "counts": {kind: dict(count) for kind, count in details.ledger.items()},
        "issue_count": details.issue_count,
        "operation": operation,
        "archive_digest": header.merkle_root,
        "manifest_key": f"backups/{header.site}/{header.backup_id}",
        "etag": etags.new_etag(),
    }


async def _add_operation(
    connection: AsyncConnection, identifier: str, header: ManifestHeader, details: BackupDetails
) -> None:
    table = schema.operation
    if await _first(connection, table, table.c.id == identifier) is not None:
        return
    progress = Progress(counts.from_json(details.ledger), details.issue_count)
    values = {
        "id": identifier,
        "organization": organization_of(details.backup),
        "kind": "backup",
        "resource_uid": header.backup_id,
        "resource_name": details.backup,
        "product_uid": header.site,
        "service": "backup",
        "state": OperationState.SUCCEEDED,
        "cancel_requested": False,
        "finishing": True,
        "fence": header.fence,
        "phase": "SEALING",
        "progress": progress.to_json(),
        "create_time": header.started,
        "update_time": header.finished,
        "end_time": header.finished,
        "revision": 1,
        "arguments": {},
    }
    await connection.execute(insert(table).values(values))
    rows = [{"operation": identifier, **_fields(each)} for each in details.findings]
    if rows:
        await connection.execute(insert(schema.finding), rows)


async def add_records(
    connection: AsyncConnection, backup_uid: str, records: Sequence[VerificationRecord]
) -> None:
    """Adds what the vault holds of the verifications of a backup that was added."""
    table = schema.verification
    if await _first(connection, table, table.c.backup_uid == backup_uid) is not None:
        return
    for record in records:
        await verifications.add(connection, backup_uid, record)


async def _first(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool]
) -> AnyRow | None:
    return (await connection.execute(select(table).where(condition).limit(1))).first()


def _name(name: str) -> dict[str, str]:
    return {"organization": organization_of(name), "id": identifier_of(name)}


def _named(table: Table, name: str) -> ColumnElement[bool]:
    return (table.c.organization == organization_of(name)) & (table.c.id == identifier_of(name))


def _fields(details: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(details)


def _times(header: ManifestHeader) -> dict[str, Any]:
    """When it was made is not known; by the start of the backup it was there."""
    return {
        "create_time": header.started,
        "update_time": header.started,
        "etag": etags.new_etag(),
    }
