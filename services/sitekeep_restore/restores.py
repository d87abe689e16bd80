"""Restores: checked here, started here, shown here."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from google.longrunning import operations_pb2
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep.restore.v1 import restore_pb2_grpc
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.preflight import Inspector, Preflight, Sought
from sitekeep_restore.verifications import Verifications
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide, decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import NotImplementedYet
from sitekeep_shared.rpc import etags, listing, messages, pages, requests
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.issues import issue_page
from sitekeep_shared.rpc.names import (
    chosen_id,
    identifier_of,
    organization_of,
    resource,
)
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.work.start import StartedOperation, start_operation


class RestoreService(Verifications, restore_pb2_grpc.RestoreServiceServicer):
    """Serves ``sitekeep.restore.v1.RestoreService``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        backups: BackupClient,
        inspector: Inspector,
        start: Callable[[str], Awaitable[None]],
        *,
        holder: str,
        lease_seconds: float,
    ) -> None:
        super().__init__(
            database, clock, backups, start, holder=holder, lease_seconds=lease_seconds
        )
        self._inspector = inspector

    async def CheckRestore(
        self, request: pb.CheckRestoreRequest, context: Context
    ) -> pb.CheckRestoreResponse:
        """Says what every rule says about the restore; changes nothing."""
        sought = await self._inspector.find(request.parent, request.restore)
        preflight = await self._inspector.inspect(sought, request.restore, every_rule=True)
        return pb.CheckRestoreResponse(
            allowed=preflight.refusal is None,
            findings=[_finding(outcome) for outcome in preflight.outcomes],
        )

    async def PlanRestore(
        self, request: pb.PlanRestoreRequest, context: Context
    ) -> pb.PlanRestoreResponse:
        """Not offered yet."""
        raise NotImplementedYet(
            "METHOD_NOT_IMPLEMENTED",
            "PlanRestore is not implemented yet. CheckRestore says whether the restore may run.",
        )

    async def CreateRestore(
        self, request: pb.CreateRestoreRequest, context: Context
    ) -> operations_pb2.Operation:
        """Starts a restore; what it wrote is found again however often the server restarts."""
        answer = await self._earlier(request) or await self._answer(request)
        if answer.name:
            await self._start(identifier_of(answer.name))
        return answer

    async def _answer(self, request: pb.CreateRestoreRequest) -> operations_pb2.Operation:
        sought = await self._inspector.find(request.parent, request.restore)
        if request.plan_digest:
            raise NotImplementedYet(
                "METHOD_NOT_IMPLEMENTED", "`plan_digest` cannot be checked yet. Leave it empty."
            )
        identifier = chosen_id("restore_id", request.restore_id)
        preflight = await self._inspector.inspect(sought, request.restore, every_rule=False)
        if preflight.refusal is not None or request.validate_only:
            return await self._settle(request, preflight, identifier)
        return await decide(
            self._database,
            lambda connection: self._decide(connection, request, preflight, identifier),
        )

    async def _settle(
        self, request: pb.CreateRestoreRequest, preflight: Preflight, identifier: str
    ) -> operations_pb2.Operation:
        async with self._database.read() as connection:
            # What refuses this call may be an equal one that was faster.
            earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
            if earlier is not None:
                return earlier
            name = resource(preflight.sought.organization, "restores", identifier)
            await facts.refuse_taken(connection, schema.restore, "Restore", name)
        if preflight.refusal is not None:
            raise preflight.refusal
        return operations_pb2.Operation(done=True)

    async def _decide(
        self,
        connection: AsyncConnection,
        request: pb.CreateRestoreRequest,
        preflight: Preflight,
        identifier: str,
    ) -> operations_pb2.Operation:
        earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
        if earlier is not None:
            return earlier
        sought = preflight.sought
        await decide_alone(connection, schema.backup, sought.backup.uid)
        await decide_alone(connection, schema.product, sought.target.uid)
        name = resource(sought.organization, "restores", identifier)
        await facts.refuse_taken(connection, schema.restore, "Restore", name)
        # Looking at the vault and the destination took time, so every rule is asked again.
        now = self._clock.now()
        outcomes = await self._inspector.judge(
            connection, sought, request.restore, preflight.seen, now
        )
        refusal = rules.first_refusal(outcomes)
        if refusal is not None:
            raise refusal
        answer = await self._insert(connection, sought, request.restore, identifier, now)
        await requests.keep_answer(connection, request, answer, now)
        return answer

    async def _earlier(self, request: pb.CreateRestoreRequest) -> operations_pb2.Operation | None:
        async with self._database.read() as connection:
            return await requests.earlier_answer(connection, request, operations_pb2.Operation)

    async def GetRestore(self, request: pb.GetRestoreRequest, context: Context) -> pb.Restore:
        """Reads a restore."""
        async with self._database.read() as connection:
            row = await facts.resource_row(connection, schema.restore, "Restore", request.name)
        return messages.restore(row)

    async def ListRestores(
        self, request: pb.ListRestoresRequest, context: Context
    ) -> pb.ListRestoresResponse:
        """Lists the restores of an organization, newest first."""
        table = schema.restore
        organization = organization_of(request.parent)
        statement = select(table).where(table.c.organization == organization)
        if request.backup:
            statement = statement.where(table.c.backup_name == request.backup)
        if request.product:
            statement = statement.where(table.c.product_name == request.product)
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.newest_first(connection, table, statement, request)
        return pb.ListRestoresResponse(
            restores=[messages.restore(row) for row in rows], next_page_token=more
        )

    async def ListRestoreIssues(
        self, request: pb.ListRestoreIssuesRequest, context: Context
    ) -> pb.ListRestoreIssuesResponse:
        """Lists what did not come back, or not exactly."""
        size = pages.page_size(request.page_size)
        async with self._database.read() as connection:
            row = await facts.resource_row(connection, schema.restore, "Restore", request.parent)
            shown, more = await issue_page(connection, request, row.operation, size)
        return pb.ListRestoreIssuesResponse(
            issues=[messages.finding(request.parent, item) for item in shown], next_page_token=more
        )

    async def _insert(
        self,
        connection: AsyncConnection,
        sought: Sought,
        wanted: pb.Restore,
        identifier: str,
        now: datetime.datetime,
    ) -> operations_pb2.Operation:
        uid, target = uuid.uuid4().hex, sought.target
        name = resource(target.organization, "restores", identifier)
        operation = await start_operation(
            connection,
            StartedOperation(
                organization=target.organization,
                kind="restore",
                resource_uid=uid,
                resource_name=name,
                product_uid=target.uid,
                arguments={
                    "backup": sought.backup.name,
                    "manifest_key": sought.backup.manifest_key,
                    "skip_users_and_groups": wanted.skip_users_and_groups,
                    "skip_attachments": wanted.skip_attachments,
                    "salvage": wanted.salvage,
                },
            ),
            now=now,
            holder=self._holder,
            lease_seconds=self._lease_seconds,
        )
        values: dict[str, Any] = {
            "uid": uid,
            "organization": target.organization,
            "id": identifier,
            "backup_uid": sought.backup.uid,
            "backup_name": sought.backup.name,
            "product_uid": target.uid,
            "product_name": resource(target.organization, "products", target.id),
            "options": {
                "skip_users_and_groups": wanted.skip_users_and_groups,
                "skip_attachments": wanted.skip_attachments,
                "allow_incomplete": wanted.allow_incomplete,
                "salvage": wanted.salvage,
            },
            "state": "IN_PROGRESS",
            "create_time": now,
            "operation": operation.id,
            "etag": etags.new_etag(),
        }
        await connection.execute(insert(schema.restore).values(values))
        return messages.operation(await facts.operation_row(connection, operation.id), None)


def _finding(outcome: rules.RuleOutcome) -> pb.CheckRestoreResponse.Finding:
    message = pb.CheckRestoreResponse.Finding
    return message(
        rule=outcome.rule,
        outcome=message.Outcome.Value(outcome.outcome.value),
        status=to_status(outcome.error) if outcome.error else None,
        message=outcome.message,
    )
