"""Backup policies: one per product, used again for every backup."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from google.protobuf import duration_pb2, empty_pb2
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_policy_pb2 as pb
from sitekeep.backup.v1 import backup_policy_pb2_grpc
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide, decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import AlreadyExists
from sitekeep_shared.rpc import etags, listing, messages, requests
from sitekeep_shared.rpc.fields import changed_fields
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import (
    chosen_id,
    identifier_of,
    invalid,
    organization_of,
    resource,
)
from sitekeep_shared.rules import Profile

_CHANGEABLE = ("display_name", "include_attachments", "schedule", "retention")
_COLUMNS = {field: field for field in _CHANGEABLE} | {"retention": "retention_seconds"}


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
        statement = facts.SHOWN_POLICIES.where(table.c.organization == organization)
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.by_id(connection, table, statement, request)
        shown = [messages.policy(row, self._profile) for row in rows]
        return pb.ListBackupPoliciesResponse(backup_policies=shown, next_page_token=more)

    async def CreateBackupPolicy(
        self, request: pb.CreateBackupPolicyRequest, context: Context
    ) -> pb.BackupPolicy:
        """Creates the policy of a product."""
        return await decide(self._database, lambda connection: self._create(connection, request))

    async def _create(
        self, connection: AsyncConnection, request: pb.CreateBackupPolicyRequest
    ) -> pb.BackupPolicy:
        earlier = await requests.earlier_answer(connection, request, pb.BackupPolicy)
        if earlier is not None:
            return earlier
        organization, given = organization_of(request.parent), request.backup_policy
        await facts.organization_row(connection, organization)
        product = await facts.product_row(connection, organization, given.product)
        identifier = chosen_id("backup_policy_id", request.backup_policy_id)
        name = resource(organization, "backupPolicies", identifier)
        values = self._new_values(organization, identifier, product.uid, given)
        await decide_alone(connection, schema.product, product.uid)
        await _refuse_second(connection, product)
        await facts.refuse_taken(connection, schema.backup_policy, "BackupPolicy", name)
        if request.validate_only:
            return pb.BackupPolicy(name=name, product=given.product)
        await connection.execute(insert(schema.backup_policy).values(values))
        answer = await self._read(connection, name)
        await requests.keep_answer(connection, request, answer, self._clock.now())
        return answer

    async def UpdateBackupPolicy(
        self, request: pb.UpdateBackupPolicyRequest, context: Context
    ) -> pb.BackupPolicy:
        """Changes a policy; later backups follow it."""
        given, table = request.backup_policy, schema.backup_policy
        async with self._database.write() as connection:
            found = await facts.resource_row(connection, table, "BackupPolicy", given.name)
            await decide_alone(connection, table, found.uid)
            row = await facts.resource_row(connection, table, "BackupPolicy", given.name)
            fields = changed_fields(request.update_mask, given, _CHANGEABLE)
            values = {_COLUMNS[field]: self._value(field, given, row.id) for field in fields}
            etags.check(given.name, given.etag, row.etag)
            if not request.validate_only:
                values |= {"update_time": self._clock.now(), "etag": etags.new_etag()}
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

    def _new_values(
        self, organization: str, identifier: str, product_uid: str, given: pb.BackupPolicy
    ) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "uid": uuid.uuid4().hex,
            "organization": organization,
            "id": identifier,
            "product_uid": product_uid,
            "create_time": now,
            "update_time": now,
            "etag": etags.new_etag(),
            **{_COLUMNS[field]: self._value(field, given, identifier) for field in _CHANGEABLE},
        }

    def _value(self, field: str, given: pb.BackupPolicy, identifier: str) -> Any:
        if field == "display_name":
            return given.display_name or identifier
        if field == "include_attachments":
            return not given.HasField("include_attachments") or given.include_attachments
        if field == "retention":
            return self._retention_seconds(given)
        return _no_schedule(given)

    def _retention_seconds(self, given: pb.BackupPolicy) -> int | None:
        if not given.HasField("retention"):
            return None
        seconds = _whole_seconds(given.retention)
        chosen = datetime.timedelta(seconds=seconds)
        refusal = rules.retention_is_offered("backup_policy.retention", chosen, self._profile)
        if refusal is not None:
            raise refusal
        # What the profile says is not noted: it follows the profile when that changes.
        return seconds if self._profile.retention_settable else None

    async def _read(self, connection: AsyncConnection, name: str) -> pb.BackupPolicy:
        table = schema.backup_policy
        statement = facts.SHOWN_POLICIES.where(
            table.c.organization == organization_of(name), table.c.id == identifier_of(name)
        )
        row = (await connection.execute(statement)).first()
        if row is None:
            raise facts.not_found("BackupPolicy", name)
        return messages.policy(row, self._profile)


def _no_schedule(given: pb.BackupPolicy) -> str:
    if given.schedule:
        raise invalid(
            "backup_policy.schedule",
            "cannot be kept yet: this server starts backups on request only. "
            "Leave it empty and start them from your own scheduler.",
        )
    return ""


def _whole_seconds(given: duration_pb2.Duration) -> int:
    # By its numbers: a Duration can hold more than a timedelta.
    shortest = rules.SHORTEST_RETENTION.total_seconds()
    longest = rules.LONGEST_RETENTION.total_seconds()
    if given.nanos or not shortest <= given.seconds <= longest:
        raise invalid(
            "backup_policy.retention",
            f"has to be whole seconds, from 1 to {longest:.0f}, which is a hundred years.",
        )
    return given.seconds


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
