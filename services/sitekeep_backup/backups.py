"""Backups: started here, shown here, held while they are read."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep.backup.v1 import backup_pb2_grpc
from sitekeep_backup.holds import Holds
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide, decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Conflict, PreconditionFailed, Violation
from sitekeep_shared.rpc import etags, listing, messages, pages, requests
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.issues import issue_page
from sitekeep_shared.rpc.names import (
    chosen_id,
    identifier_of,
    invalid,
    organization_of,
    resource,
)
from sitekeep_shared.work.start import StartedOperation, start_operation


class BackupService(Holds, backup_pb2_grpc.BackupServiceServicer):
    """Serves ``sitekeep.backup.v1.BackupService``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        profile: rules.Profile,
        start: Callable[[str], Awaitable[None]],
        *,
        holder: str,
        lease_seconds: float,
    ) -> None:
        super().__init__(database, clock, profile)
        self._start = start
        self._holder = holder
        self._lease_seconds = lease_seconds

    async def GetBackup(self, request: pb.GetBackupRequest, context: Context) -> pb.Backup:
        """Reads a backup."""
        row = await facts.shown_backup(self._database, request.name)
        return messages.shown_backup(row, self._profile)

    async def ListBackups(
        self, request: pb.ListBackupsRequest, context: Context
    ) -> pb.ListBackupsResponse:
        """Lists the backups of an organization, newest first."""
        table = schema.backup
        organization = organization_of(request.parent)
        statement = facts.SHOWN_BACKUPS.where(table.c.organization == organization)
        if request.product:
            statement = statement.where(table.c.product_name == request.product)
        if request.states:
            names = [pb.Backup.State.Name(state) for state in request.states]
            statement = statement.where(table.c.state.in_(names))
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.newest_first(connection, table, statement, request)
        shown = [messages.shown_backup(row, self._profile) for row in rows]
        return pb.ListBackupsResponse(backups=shown, next_page_token=more)

    async def CreateBackup(
        self, request: pb.CreateBackupRequest, context: Context
    ) -> operations_pb2.Operation:
        """Starts a backup; what it stores is there from the instant that this answers."""
        answer = await decide(self._database, lambda connection: self._decide(connection, request))
        if answer.name:
            await self._start(identifier_of(answer.name))
        return answer

    async def _decide(
        self, connection: AsyncConnection, request: pb.CreateBackupRequest
    ) -> operations_pb2.Operation:
        earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
        if earlier is not None:
            return earlier
        organization, now = organization_of(request.parent), self._clock.now()
        owner = await facts.organization_row(connection, organization)
        policy = await self._policy(connection, organization, request)
        product = await _product(connection, policy)
        identifier = chosen_id("backup_id", request.backup_id)
        name = resource(organization, "backups", identifier)
        await facts.refuse_taken(connection, schema.backup, "Backup", name)
        await self._judge(connection, owner, product, now)
        if request.validate_only:
            return operations_pb2.Operation(done=True)
        answer = await self._insert(connection, product, policy, identifier, now)
        await requests.keep_answer(connection, request, answer, now)
        return answer

    async def DeleteBackup(
        self, request: pb.DeleteBackupRequest, context: Context
    ) -> empty_pb2.Empty:
        """Expires a backup now; it can be restored no more, its final state stays visible.

        The next look for what expires gives its data up.
        """
        table = schema.backup
        async with self._database.write() as connection:
            found = await facts.resource_row(connection, table, "Backup", request.name)
            await decide_alone(connection, table, found.uid)
            row = await facts.resource_row(connection, table, "Backup", request.name)
            etags.check(request.name, request.etag, row.etag)
            await self._refuse_delete(connection, row, request.name)
            await connection.execute(
                update(table)
                .where(table.c.uid == row.uid, table.c.state != "EXPIRED")
                .values(state="EXPIRED", expire_time=self._clock.now(), etag=etags.new_etag())
            )
        return empty_pb2.Empty()

    async def ListBackupIssues(
        self, request: pb.ListBackupIssuesRequest, context: Context
    ) -> pb.ListBackupIssuesResponse:
        """Lists what did not go through."""
        size = pages.page_size(request.page_size)
        async with self._database.read() as connection:
            row = await facts.resource_row(connection, schema.backup, "Backup", request.parent)
            shown, more = await issue_page(connection, request, row.operation, size)
        return pb.ListBackupIssuesResponse(
            issues=[messages.finding(request.parent, item) for item in shown], next_page_token=more
        )

    async def _policy(
        self, connection: AsyncConnection, organization: str, request: pb.CreateBackupRequest
    ) -> facts.AnyRow:
        name = request.backup.backup_policy
        if organization_of(name) != organization:
            raise invalid("backup.backup_policy", f"is {name}, of another organization.")
        return await facts.resource_row(connection, schema.backup_policy, "BackupPolicy", name)

    async def _judge(
        self,
        connection: AsyncConnection,
        owner: facts.AnyRow,
        product: facts.AnyRow,
        now: datetime.datetime,
    ) -> None:
        # An operation that ends meanwhile is seen as running or as the last one, never as neither.
        busy = await facts.busy_with(connection, product)
        outcomes = rules.backup_outcomes(
            facts.organization_facts(owner),
            facts.product_facts(product),
            busy,
            await facts.last_complete_backup(connection, product.uid),
            self._profile,
            now,
        )
        refusal = rules.first_refusal(outcomes)
        if refusal is not None:
            raise refusal

    async def _insert(
        self,
        connection: AsyncConnection,
        product: facts.AnyRow,
        policy: facts.AnyRow,
        identifier: str,
        now: datetime.datetime,
    ) -> operations_pb2.Operation:
        uid = uuid.uuid4().hex
        name = resource(product.organization, "backups", identifier)
        retention = rules.retention_of(policy.retention_seconds, self._profile)
        operation = await start_operation(
            connection,
            StartedOperation(
                organization=product.organization,
                kind="backup",
                resource_uid=uid,
                resource_name=name,
                product_uid=product.uid,
                arguments={
                    "include_attachments": policy.include_attachments,
                    "retention_seconds": int(retention.total_seconds()),
                },
            ),
            now=now,
            holder=self._holder,
            lease_seconds=self._lease_seconds,
        )
        values: dict[str, Any] = {
            "uid": uid,
            "organization": product.organization,
            "id": identifier,
            "policy": resource(policy.organization, "backupPolicies", policy.id),
            "product_uid": product.uid,
            "product_name": resource(product.organization, "products", product.id),
            "product_type": product.type,
            "state": "IN_PROGRESS",
            "create_time": now,
            "operation": operation.id,
            "etag": etags.new_etag(),
        }
        await connection.execute(insert(schema.backup).values(values))
        row = await facts.operation_row(connection, operation.id)
        return messages.operation(row, None)

    async def _refuse_delete(
        self, connection: AsyncConnection, row: facts.AnyRow, name: str
    ) -> None:
        if row.state == "IN_PROGRESS":
            operation = resource(row.organization, "operations", row.operation)
            raise Conflict(
                "BACKUP_IN_PROGRESS",
                f"{name} is in progress. Cancel its operation {operation} instead.",
                {"backup": name, "operation": operation},
            )
        holder = await self.holder_of(connection, row.uid)
        if holder is not None:
            raise PreconditionFailed(
                "BACKUP_HELD",
                f"{name} is being read by {holder}. Wait until that has ended.",
                {"backup": name, "holder": holder},
                [Violation("HELD", name, f"held by {holder}")],
            )


async def _product(connection: AsyncConnection, policy: facts.AnyRow) -> facts.AnyRow:
    table = schema.product
    await decide_alone(connection, table, policy.product_uid)
    statement = select(table).where(table.c.uid == policy.product_uid)
    return (await connection.execute(statement)).one()
