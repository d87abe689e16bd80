"""Organizations and their admins."""

from __future__ import annotations

from typing import Any

from google.protobuf import empty_pb2
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_shared import admins, facts
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide, decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import PreconditionFailed, Violation
from sitekeep_shared.rpc import callers, etags, listing, messages, requests
from sitekeep_shared.rpc.fields import changed_fields
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import (
    already_exists,
    chosen_id,
    identifier_of,
    organization_of,
)
from sitekeep_shared.rules import Profile


class Organizations:
    """The methods of OrganizationService about organizations and admins."""

    def __init__(self, database: Database, clock: Clock, profile: Profile) -> None:
        self._database = database
        self._clock = clock
        self._profile = profile

    async def GetOrganization(
        self, request: pb.GetOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Reads an organization."""
        async with self._database.read() as connection:
            row = await facts.organization_row(connection, organization_of(request.name))
        return messages.organization(row, self._profile)

    async def ListOrganizations(
        self, request: pb.ListOrganizationsRequest, context: Context
    ) -> pb.ListOrganizationsResponse:
        """Lists the organizations that the caller is an admin of, by id."""
        table, admin = schema.organization, schema.admin.c
        account = callers.current().account_id
        mine = select(admin.organization).where(admin.account_id == account)
        statement = select(table).where(table.c.id.in_(mine))
        async with self._database.read() as connection:
            rows, more = await listing.by_id(connection, table, statement, request)
        return pb.ListOrganizationsResponse(
            organizations=[messages.organization(row, self._profile) for row in rows],
            next_page_token=more,
        )

    async def CreateOrganization(
        self, request: pb.CreateOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Creates an organization; the caller becomes its first admin."""
        return await decide(
            self._database, lambda connection: self._create_organization(connection, request)
        )

    async def _create_organization(
        self, connection: AsyncConnection, request: pb.CreateOrganizationRequest
    ) -> pb.Organization:
        earlier = await requests.earlier_answer(connection, request, pb.Organization)
        if earlier is not None:
            return earlier
        identifier = chosen_id("organization_id", request.organization_id)
        now = self._clock.now()
        values = {
            "id": identifier,
            "display_name": request.organization.display_name or identifier,
            "enrolled": request.organization.enrolled,
            "create_time": now,
            "update_time": now,
            "etag": etags.new_etag(),
        }
        table = schema.organization
        taken = select(table.c.id).where(table.c.id == identifier)
        if (await connection.execute(taken)).first():
            raise already_exists("Organization", f"organizations/{identifier}")
        if request.validate_only:
            return pb.Organization(name=f"organizations/{identifier}")
        await connection.execute(insert(table).values(values))
        await admins.add_first(connection, identifier, callers.current().account_id)
        row = await facts.organization_row(connection, identifier)
        answer = messages.organization(row, self._profile)
        await requests.keep_answer(connection, request, answer, now)
        return answer

    async def UpdateOrganization(
        self, request: pb.UpdateOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Changes the display name or the enrolment."""
        given = request.organization
        fields = changed_fields(request.update_mask, given, ("display_name", "enrolled"))
        values: dict[str, Any] = {field: getattr(given, field) for field in fields}
        values |= {"update_time": self._clock.now(), "etag": etags.new_etag()}
        table = schema.organization
        identifier = organization_of(given.name)
        async with self._database.write() as connection:
            # Two updates with the same etag: the second one waits here, and sees the first.
            await decide_alone(connection, table, identifier)
            row = await facts.organization_row(connection, identifier)
            etags.check(given.name, given.etag, row.etag)
            if not request.validate_only:
                await connection.execute(
                    update(table).where(table.c.id == identifier).values(values)
                )
            changed = await facts.organization_row(connection, identifier)
            return messages.organization(changed, self._profile)

    async def GetAdmin(self, request: pb.GetAdminRequest, context: Context) -> pb.Admin:
        """Reads an admin."""
        async with self._database.read() as connection:
            row = await facts.resource_row(connection, schema.admin, "Admin", request.name)
        return messages.admin(row)

    async def ListAdmins(
        self, request: pb.ListAdminsRequest, context: Context
    ) -> pb.ListAdminsResponse:
        """Lists the admins of an organization by id."""
        table = schema.admin
        organization = organization_of(request.parent)
        statement = select(table).where(table.c.organization == organization)
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.by_id(connection, table, statement, request)
        return pb.ListAdminsResponse(
            admins=[messages.admin(row) for row in rows], next_page_token=more
        )

    async def CreateAdmin(self, request: pb.CreateAdminRequest, context: Context) -> pb.Admin:
        """Makes an account an admin of the organization."""
        return await decide(
            self._database, lambda connection: self._create_admin(connection, request)
        )

    async def _create_admin(
        self, connection: AsyncConnection, request: pb.CreateAdminRequest
    ) -> pb.Admin:
        earlier = await requests.earlier_answer(connection, request, pb.Admin)
        if earlier is not None:
            return earlier
        organization = organization_of(request.parent)
        identifier = chosen_id("admin_id", request.admin_id)
        table = schema.admin
        name = f"{request.parent}/admins/{identifier}"
        await facts.organization_row(connection, organization)
        taken = select(table.c.id).where(
            table.c.organization == organization,
            (table.c.id == identifier) | (table.c.account_id == request.admin.account_id),
        )
        if (await connection.execute(taken)).first():
            raise already_exists("Admin", name)
        await connection.execute(
            insert(table).values(
                organization=organization,
                id=identifier,
                account_id=request.admin.account_id,
                display_name=request.admin.display_name,
            )
        )
        answer = messages.admin(await facts.resource_row(connection, table, "Admin", name))
        await requests.keep_answer(connection, request, answer, self._clock.now())
        return answer

    async def DeleteAdmin(
        self, request: pb.DeleteAdminRequest, context: Context
    ) -> empty_pb2.Empty:
        """Takes the role from the account; somebody has to keep it."""
        table = schema.admin
        organization = organization_of(request.name)
        async with self._database.write() as connection:
            await facts.resource_row(connection, table, "Admin", request.name)
            await _refuse_last(connection, organization, request.name)
            await connection.execute(
                delete(table).where(
                    table.c.organization == organization,
                    table.c.id == identifier_of(request.name),
                )
            )
        return empty_pb2.Empty()


async def _refuse_last(connection: AsyncConnection, organization: str, name: str) -> None:
    # The rows stay locked, so that two admins cannot remove each other at once.
    table = schema.admin
    statement = select(table.c.id).where(table.c.organization == organization).with_for_update()
    if len((await connection.execute(statement)).all()) > 1:
        return
    raise PreconditionFailed(
        "LAST_ADMIN",
        f"{name} is the last admin of the organization. Add another one first.",
        {"admin": name},
        [Violation("LAST_ADMIN", name, "the last admin of the organization")],
    )
