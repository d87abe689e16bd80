"""Backup policies: one per product, used again for every backup."""

from __future__ import annotations

import uuid
from typing import Any

from google.protobuf import empty_pb2
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_policy_pb2 as pb
from sitekeep.backup.v1 import backup_policy_pb2_grpc
from sitekeep_backup.organizations import already_exists
from sitekeep_shared import facts
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import AlreadyExists
from sitekeep_shared.rpc import etags, listing, messages, requests
from sitekeep_shared.rpc.fields import changed_fields
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import chosen_id, invalid, organization_of, resource
from sitekeep_shared.rules import Profile

_CHANGEABLE = ("display_name", "include_attachments", "schedule")


class BackupPolicyService(backup_policy_pb2_grpc.BackupPolicyServiceServicer):
    """Serves ``sitekeep.backup.v1.BackupPolicyService``."""

    def __init__(self, database: Database, clock: Clock, profile: Profile) -> None:
        self._database = database
        self._clock = clock
        self._profile = profile

    async def GetBackupPolicy(
        self, request: pb.GetBackupPolicyRequest, context: Context
    ) -> pb.BackupPolicy:
        """Reads a policy."""
        async with self._database.read() as connection:
            return await self._read(connection, request.name)

    async def ListBackupPolicies(
        self, request: pb.ListBackupPoliciesRequest, context: Context
    ) -> pb.ListBackupPoliciesResponse:
        """Lists the policies of an organization by id."""
        table = schema.backup_policy
        organization = organization_of(request.parent)
        statement = select(table).where(table.c.organization == organization)
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.by_id(connection, table, statement, request)
            shown = [await self._message(connection, row) for row in rows]
        return pb.ListBackupPoliciesResponse(backup_policies=shown, next_page_token=more)

    async def CreateBackupPolicy(
        self, request: pb.CreateBackupPolicyRequest, context: Context
    ) -> pb.BackupPolicy:
        """Creates the policy of a product."""
        organization = organization_of(request.parent)
        identifier = chosen_id("backup_policy_id", request.backup_policy_id)
        name = resource(organization, "backupPolicies", identifier)
        self._refuse_schedule(request.backup_policy)
        async with self._database.write() as connection:
            earlier = await requests.earlier_answer(connection, request, pb.BackupPolicy)
            if earlier is not None:
                return earlier
            await facts.organization_row(connection, organization)
            product = await facts.product_row(
                connection, organization, request.backup_policy.product
            )
            await _refuse_second(connection, product)
            await _refuse_taken(connection, organization, identifier, name)
            if request.validate_only:
                return pb.BackupPolicy(name=name, product=request.backup_policy.product)
            await connection.execute(
                insert(schema.backup_policy).values(
                    self._new_values(organization, identifier, product.uid, request.backup_policy)
                )
            )
            answer = await self._read(connection, name)
            await requests.keep_answer(connection, request, answer, self._clock.now())
        return answer

    async def UpdateBackupPolicy(
        self, request: pb.UpdateBackupPolicyRequest, context: Context
    ) -> pb.BackupPolicy:
        """Changes a policy; later backups follow it."""
        given = request.backup_policy
        if not given.name:
            raise invalid("backup_policy.name", "is required.")
        fields = changed_fields(request.update_mask, given, _CHANGEABLE)
        self._refuse_schedule(given)
        values: dict[str, Any] = {field: getattr(given, field) for field in fields}
        values |= {"update_time": self._clock.now(), "etag": etags.new_etag()}
        table = schema.backup_policy
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, table, "BackupPolicy", given.name)
            etags.check(given.name, given.etag, row.etag)
            if not request.validate_only:
                await connection.execute(update(table).where(table.c.uid == row.uid).values(values))
            return await self._read(connection, given.name)

    async def DeleteBackupPolicy(
        self, request: pb.DeleteBackupPolicyRequest, context: Context
    ) -> empty_pb2.Empty:
        """Removes a policy; its backups stay until they expire."""
        table = schema.backup_policy
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, table, "BackupPolicy", request.name)
            etags.check(request.name, request.etag, row.etag)
            await connection.execute(delete(table).where(table.c.uid == row.uid))
        return empty_pb2.Empty()

    def _refuse_schedule(self, given: pb.BackupPolicy) -> None:
        if given.schedule:
            raise invalid(
                "backup_policy.schedule",
                "cannot be kept yet: this server starts backups on request only. "
                "Leave it empty and start them from your own scheduler.",
            )

    def _new_values(
        self, organization: str, identifier: str, product_uid: str, given: pb.BackupPolicy
    ) -> dict[str, Any]:
        now = self._clock.now()
        with_attachments = not given.HasField("include_attachments") or given.include_attachments
        return {
            "uid": uuid.uuid4().hex,
            "organization": organization,
            "id": identifier,
            "product_uid": product_uid,
            "display_name": given.display_name or identifier,
            "include_attachments": with_attachments,
            "schedule": "",
            "create_time": now,
            "update_time": now,
            "etag": etags.new_etag(),
        }

    async def _read(self, connection: AsyncConnection, name: str) -> pb.BackupPolicy:
        row = await facts.resource_row(connection, schema.backup_policy, "BackupPolicy", name)
        return await self._message(connection, row)

    async def _message(self, connection: AsyncConnection, row: facts.AnyRow) -> pb.BackupPolicy:
        table = schema.product
        statement = select(table.c.id).where(table.c.uid == row.product_uid)
        product = (await connection.execute(statement)).scalar_one()
        last = await facts.last_complete_backup(connection, row.product_uid)
        name = resource(row.organization, "products", product)
        return messages.policy(row, name, last, self._profile)


async def _refuse_second(connection: AsyncConnection, product: facts.AnyRow) -> None:
    table = schema.backup_policy
    statement = select(table).where(table.c.product_uid == product.uid)
    row = (await connection.execute(statement)).first()
    if row is None:
        return
    existing = resource(row.organization, "backupPolicies", row.id)
    name = resource(product.organization, "products", product.id)
    raise AlreadyExists(
        "BACKUP_POLICY_EXISTS",
        f"{name} has a backup policy already: {existing}. Use that one, or delete it first.",
        {"product": name, "backupPolicy": existing},
        resource=("sitekeep.dev/BackupPolicy", existing),
    )


async def _refuse_taken(
    connection: AsyncConnection, organization: str, identifier: str, name: str
) -> None:
    table = schema.backup_policy
    taken = select(table.c.uid).where(
        table.c.organization == organization, table.c.id == identifier
    )
    if (await connection.execute(taken)).first():
        raise already_exists("BackupPolicy", name)
