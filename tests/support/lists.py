"""Every list of both servers, and what it takes to have something to list."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf.message import Message
from sqlalchemy import Table

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_shared.database import schema
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from support import rows
from support.client import ORGANIZATION, Client


@dataclass(frozen=True)
class Collection:
    """A method that lists resources, and how such resources are made."""

    method: Callable[[Client], Any]
    request: Message
    items: str
    table: Table
    make: rows.Rows
    newest_first: bool = False

    async def page(self, client: Client, token: str, size: int) -> tuple[list[str], str]:
        """The ids on a page, and the token of the next one."""
        request: Any = type(self.request)()
        request.CopyFrom(self.request)
        request.page_token, request.page_size = token, size
        answer = await self.method(client)(request)
        found = [item.name.split("/")[-1] for item in getattr(answer, self.items)]
        return found, answer.next_page_token


COLLECTIONS = {
    "organizations": Collection(
        lambda client: client.organizations.ListOrganizations,
        organization_pb2.ListOrganizationsRequest(),
        "organizations",
        schema.organization,
        rows.organization,
    ),
    "admins": Collection(
        lambda client: client.organizations.ListAdmins,
        organization_pb2.ListAdminsRequest(parent=ORGANIZATION),
        "admins",
        schema.admin,
        rows.admin,
    ),
    "apiKeys": Collection(
        lambda client: client.keys.ListApiKeys,
        api_key_pb2.ListApiKeysRequest(),
        "api_keys",
        schema.api_key,
        rows.api_key,
    ),
    "products": Collection(
        lambda client: client.organizations.ListProducts,
        organization_pb2.ListProductsRequest(parent=ORGANIZATION),
        "products",
        schema.product,
        rows.product,
    ),
    "backupPolicies": Collection(
        lambda client: client.policies.ListBackupPolicies,
        backup_policy_pb2.ListBackupPoliciesRequest(parent=ORGANIZATION),
        "backup_policies",
        schema.backup_policy,
        rows.policy,
    ),
    "backups": Collection(
        lambda client: client.backups.ListBackups,
        backup_pb2.ListBackupsRequest(parent=ORGANIZATION),
        "backups",
        schema.backup,
        rows.backup,
        newest_first=True,
    ),
    "restores": Collection(
        lambda client: client.restores.ListRestores,
        restore_pb2.ListRestoresRequest(parent=ORGANIZATION),
        "restores",
        schema.restore,
        rows.restore,
        newest_first=True,
    ),
    "operations": Collection(
        lambda client: client.operations.ListOperations,
        operations_pb2.ListOperationsRequest(name=ORGANIZATION),
        "operations",
        schema.operation,
        rows.operation,
        newest_first=True,
    ),
    "operationLocks": Collection(
        lambda client: client.locks.ListOperationLocks,
        operation_pb2.ListOperationLocksRequest(parent=ORGANIZATION),
        "operation_locks",
        schema.product,
        rows.lock,
    ),
}

# Those that list what belongs to one backup or restore, which does not change when it is done.
PARTS: dict[str, tuple[Callable[[Client], Any], Any]] = {
    "backup issues": (
        lambda client: client.backups.ListBackupIssues,
        backup_pb2.ListBackupIssuesRequest(parent=f"{ORGANIZATION}/backups/b"),
    ),
    "restore issues": (
        lambda client: client.restores.ListRestoreIssues,
        restore_pb2.ListRestoreIssuesRequest(parent=f"{ORGANIZATION}/restores/r"),
    ),
    "entities": (
        lambda client: client.contents.ListEntities,
        content_pb2.ListEntitiesRequest(parent=f"{ORGANIZATION}/backups/b"),
    ),
}
LISTS = {name: (each.method, each.request) for name, each in COLLECTIONS.items()} | PARTS


def moment(minutes: int) -> datetime.datetime:
    """An instant, so many minutes after the first."""
    return rows.START + datetime.timedelta(minutes=minutes)


# Unit after unit; the keys of the second lie between those of the first.
ENTITIES = [
    *(f"issue-{number}" for number in range(0, 10, 2)),
    *(f"issue-{number}" for number in range(1, 10, 2)),
    "page-1",
]


async def add_parts(server: BackupServer) -> None:
    """A backup and a restore with findings; the units of the backup share a range of keys."""
    findings = [rows.finding("o", f"unit-{unit}", item) for unit in range(4) for item in range(5)]
    (_, restored), *_ = rows.restore("r", rows.START)
    (_, backed_up), *_ = rows.backup("b", rows.START)
    held = {"state": "COMPLETE", "final_state": "COMPLETE", "manifest_key": "backups/site/uid"}
    lasting = {"expire_time": rows.START + datetime.timedelta(days=14)}
    await rows.put(
        server.database,
        [
            *rows.operation("o", rows.START),
            *findings,
            (schema.restore, restored | {"operation": "o"}),
            (schema.backup, backed_up | held | lasting | {"operation": "o"}),
        ],
    )
    await _write_entities(server)


async def _write_entities(server: BackupServer) -> None:
    session = await server.vault.begin_backup("uid", site="site", fence=1)
    try:
        written: list[PageReference] = []
        for unit, keys in (("a", ENTITIES[:5]), ("b", ENTITIES[5:10]), ("c", ENTITIES[10:])):
            writer = session.unit(unit)
            for key in keys:
                kind = Kind.PAGE if key.startswith("page") else Kind.ISSUE
                await writer.put_record(kind, key, key.encode(), attributes={})
            written += await writer.finish()
        await session.commit(written, _facts())
    finally:
        await session.close()


def _facts() -> ManifestFacts:
    return ManifestFacts(
        started=rows.START,
        finished=rows.START,
        expire_time=rows.START + datetime.timedelta(days=14),
        state=COMPLETE,
        counts={},
        details=b"{}",
        tool_version="0",
    )
