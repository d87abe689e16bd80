"""Organizations and their admins."""

from __future__ import annotations

from typing import Any

from google.protobuf import empty_pb2
from sqlalchemy import delete, insert, select, update

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_shared import facts
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import AlreadyExists
from sitekeep_shared.rpc import etags, listing, messages, requests
from sitekeep_shared.rpc.fields import changed_fields
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import chosen_id, identifier_of, invalid, organization_of


def already_exists(kind: str, name: str) -> AlreadyExists:
    """The error about a name that is taken."""
    return AlreadyExists(
        "RESOURCE_ALREADY_EXISTS",
        f"{name} exists already. Choose another id.",
        {"name": name},
        resource=(f"sitekeep.dev/{kind}", name),
    )


class Organizations:
    """The methods of OrganizationService about organizations and admins."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def GetOrganization(
        self, request: pb.GetOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Reads an organization."""
        async with self._database.read() as connection:
            row = await facts.organization_row(connection, organization_of(request.name))
        return messages.organization(row)

    async def ListOrganizations(
        self, request: pb.ListOrganizationsRequest, context: Context
    ) -> pb.ListOrganizationsResponse:
        """Lists organizations by id."""
        table = schema.organization
        async with self._database.read() as connection:
            rows, more = await listing.by_id(connection, table, select(table), request)
        return pb.ListOrganizationsResponse(
            organizations=[messages.organization(row) for row in rows], next_page_token=more
        )

    async def CreateOrganization(
        self, request: pb.CreateOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Creates an organization."""
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
        async with self._database.write() as connection:
            earlier = await requests.earlier_answer(connection, request, pb.Organization)
            if earlier is not None:
                return earlier
            taken = select(table.c.id).where(table.c.id == identifier)
            if (await connection.execute(taken)).first():
                raise already_exists("Organization", f"organizations/{identifier}")
            if request.validate_only:
                return pb.Organization(name=f"organizations/{identifier}")
            await connection.execute(insert(table).values(values))
            answer = messages.organization(await facts.organization_row(connection, identifier))
            await requests.keep_answer(connection, request, answer, now)
        return answer

    async def UpdateOrganization(
        self, request: pb.UpdateOrganizationRequest, context: Context
    ) -> pb.Organization:
        """Changes the display name or the enrolment."""
        given = request.organization
        if not given.name:
            raise invalid("organization.name", "is required.")
        fields = changed_fields(request.update_mask, given, ("display_name", "enrolled"))
        values: dict[str, Any] = {field: getattr(given, field) for field in fields}
        values |= {"update_time": self._clock.now(), "etag": etags.new_etag()}
        table = schema.organization
        identifier = organization_of(given.name)
        async with self._database.write() as connection:
            row = await facts.organization_row(connection, identifier)
            etags.check(given.name, given.etag, row.etag)
            if not request.validate_only:
                await connection.execute(
                    update(table).where(table.c.id == identifier).values(values)
                )
            return messages.organization(await facts.organization_row(connection, identifier))

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
        organization = organization_of(request.parent)
        identifier = chosen_id("admin_id", request.admin_id)
        table = schema.admin
        name = f"{request.parent}/admins/{identifier}"
        async with self._database.write() as connection:
            earlier = await requests.earlier_answer(connection, request, pb.Admin)
            if earlier is not None:
                return earlier
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
        """Takes the role from the account."""
        table = schema.admin
        async with self._database.write() as connection:
            await facts.resource_row(connection, table, "Admin", request.name)
            await connection.execute(
                delete(table).where(
                    table.c.organization == organization_of(request.name),
                    table.c.id == identifier_of(request.name),
                )
            )
        return empty_pb2.Empty()
