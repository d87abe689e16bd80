"""Restores: checked here, started here, shown here."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from google.longrunning import operations_pb2
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep.restore.v1 import restore_pb2_grpc
from sitekeep_restore.preflight import Inspector, Preflight
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import AlreadyExists, NotImplementedYet
from sitekeep_shared.rpc import etags, listing, messages, pages, requests
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.issues import issue_page
from sitekeep_shared.rpc.names import chosen_id, identifier_of, organization_of, resource
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.work.start import StartedOperation, start_operation


class RestoreService(restore_pb2_grpc.RestoreServiceServicer):
    """Serves ``sitekeep.restore.v1.RestoreService``."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inspector: Inspector,
        start: Callable[[str], Awaitable[None]],
        *,
        holder: str,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._inspector = inspector
        self._start = start
        self._holder = holder
        self._lease_seconds = lease_seconds

    async def CheckRestore(
        self, request: pb.CheckRestoreRequest, context: Context
    ) -> pb.CheckRestoreResponse:
        """Says what every rule says about the restore; changes nothing."""
        preflight = await self._inspector.inspect(request.parent, request.restore, every_rule=True)
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
        if request.plan_digest:
            raise NotImplementedYet(
                "METHOD_NOT_IMPLEMENTED", "`plan_digest` cannot be checked yet. Leave it empty."
            )
        async with self._database.read() as connection:
            earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
        if earlier is not None:
            return earlier
        identifier = chosen_id("restore_id", request.restore_id)
        preflight = await self._inspector.inspect(request.parent, request.restore, every_rule=False)
        if preflight.refusal is not None:
            raise preflight.refusal
        if request.validate_only:
            return operations_pb2.Operation(done=True)
        async with self._database.write() as connection:
            await self._judge_again(connection, preflight)
            await _refuse_taken(connection, organization_of(request.parent), identifier)
            answer = await self._insert(connection, preflight, request.restore, identifier)
            await requests.keep_answer(connection, request, answer, self._clock.now())
        await self._start(identifier_of(answer.name))
        return answer

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

    async def _judge_again(self, connection: AsyncConnection, preflight: Preflight) -> None:
        # Looking at the destination took time: another operation may have started meanwhile.
        lock = await facts.unfinished_operation(connection, preflight.target)
        refusal = rules.product_is_free(facts.product_facts(preflight.target), lock)
        if refusal is not None:
            raise refusal

    async def _insert(
        self,
        connection: AsyncConnection,
        preflight: Preflight,
        wanted: pb.Restore,
        identifier: str,
    ) -> operations_pb2.Operation:
        uid, now, target = uuid.uuid4().hex, self._clock.now(), preflight.target
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
                    "backup": preflight.backup.name,
                    "manifest_key": preflight.backup.manifest_key,
                    "skip_users_and_groups": wanted.skip_users_and_groups,
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
            "backup_uid": preflight.backup.uid,
            "backup_name": preflight.backup.name,
            "product_uid": target.uid,
            "product_name": resource(target.organization, "products", target.id),
            "options": {
                "skip_users_and_groups": wanted.skip_users_and_groups,
                "allow_incomplete": wanted.allow_incomplete,
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


async def _refuse_taken(connection: AsyncConnection, organization: str, identifier: str) -> None:
    table = schema.restore
    taken = select(table.c.uid).where(
        table.c.organization == organization, table.c.id == identifier
    )
    if (await connection.execute(taken)).first():
        name = resource(organization, "restores", identifier)
        raise AlreadyExists(
            "RESOURCE_ALREADY_EXISTS",
            f"{name} exists already. Choose another id.",
            {"name": name},
            resource=("sitekeep.dev/Restore", name),
        )
