"""The products of an organization, and the credentials that reach them."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from google.protobuf import empty_pb2
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_shared import facts
from sitekeep_shared.clock import Clock
from sitekeep_shared.credentials import seal_credentials
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide, decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import PreconditionFailed, Violation
from sitekeep_shared.rpc import etags, listing, messages, requests
from sitekeep_shared.rpc.fields import changed_fields
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import (
    chosen_id,
    invalid,
    organization_of,
    quoted,
    resource,
)
from sitekeep_shared.secrets import SecretBox

_CHANGEABLE = ("display_name", "site_uri", "encryption", "credentials")


class Products:
    """The methods of OrganizationService about products."""

    def __init__(self, database: Database, clock: Clock, secrets: SecretBox) -> None:
        self._database = database
        self._clock = clock
        self._secrets = secrets

    async def GetProduct(self, request: pb.GetProductRequest, context: Context) -> pb.Product:
        """Reads a product."""
        organization = organization_of(request.name)
        async with self._database.read() as connection:
            row = await facts.product_row(connection, organization, request.name)
        return messages.product(row)

    async def ListProducts(
        self, request: pb.ListProductsRequest, context: Context
    ) -> pb.ListProductsResponse:
        """Lists the products of an organization by id."""
        table = schema.product
        organization = organization_of(request.parent)
        statement = select(table).where(table.c.organization == organization)
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.by_id(connection, table, statement, request)
        return pb.ListProductsResponse(
            products=[messages.product(row) for row in rows], next_page_token=more
        )

    async def CreateProduct(self, request: pb.CreateProductRequest, context: Context) -> pb.Product:
        """Adds a product to the organization."""
        return await decide(
            self._database, lambda connection: self._create_product(connection, request)
        )

    async def _create_product(
        self, connection: AsyncConnection, request: pb.CreateProductRequest
    ) -> pb.Product:
        earlier = await requests.earlier_answer(connection, request, pb.Product)
        if earlier is not None:
            return earlier
        organization = organization_of(request.parent)
        identifier = chosen_id("product_id", request.product_id)
        name = resource(organization, "products", identifier)
        values = self._new_values(organization, identifier, request.product)
        await facts.organization_row(connection, organization)
        await facts.refuse_taken(connection, schema.product, "Product", name)
        if request.validate_only:
            return pb.Product(name=name)
        await connection.execute(insert(schema.product).values(values))
        row = await facts.product_row(connection, organization, name)
        answer = messages.product(row)
        await requests.keep_answer(connection, request, answer, self._clock.now())
        return answer

    async def UpdateProduct(self, request: pb.UpdateProductRequest, context: Context) -> pb.Product:
        """Changes what may be changed of a product."""
        given = request.product
        organization = organization_of(given.name)
        fields = changed_fields(request.update_mask, given, _CHANGEABLE)
        async with self._database.write() as connection:
            found = await facts.product_row(connection, organization, given.name)
            await decide_alone(connection, schema.product, found.uid)
            row = await facts.product_row(connection, organization, given.name)
            etags.check(given.name, given.etag, row.etag)
            values = {field: self._value(field, given, row.uid) for field in fields}
            values |= {"update_time": self._clock.now(), "etag": etags.new_etag()}
            if not request.validate_only:
                table = schema.product
                await connection.execute(update(table).where(table.c.uid == row.uid).values(values))
            return messages.product(await facts.product_row(connection, organization, given.name))

    async def DeleteProduct(
        self, request: pb.DeleteProductRequest, context: Context
    ) -> empty_pb2.Empty:
        """Removes a product; its backups stay until they expire."""
        organization = organization_of(request.name)
        async with self._database.write() as connection:
            found = await facts.product_row(connection, organization, request.name)
            await decide_alone(connection, schema.product, found.uid)
            row = await facts.product_row(connection, organization, request.name)
            etags.check(request.name, request.etag, row.etag)
            await _refuse_used(connection, row, request.name)
            await connection.execute(delete(schema.product).where(schema.product.c.uid == row.uid))
        return empty_pb2.Empty()

    def _new_values(self, organization: str, identifier: str, given: pb.Product) -> dict[str, Any]:
        uid = uuid.uuid4().hex
        now = self._clock.now()
        return {
            "uid": uid,
            "organization": organization,
            "id": identifier,
            "type": pb.Product.Type.Name(given.type),
            "apps": [],
            "create_time": now,
            "update_time": now,
            "etag": etags.new_etag(),
            **{field: self._value(field, given, uid, identifier) for field in _CHANGEABLE},
        }

    def _value(self, field: str, given: pb.Product, uid: str, identifier: str = "") -> Any:
        if field == "site_uri":
            return _site_uri(given.site_uri)
        if field == "encryption":
            value = given.encryption or pb.Product.ATLASSIAN_MANAGED
            return pb.Product.Encryption.Name(value)
        if field == "credentials":
            if not given.HasField("credentials"):
                return None
            login = given.credentials
            return seal_credentials(self._secrets, uid, login.email, login.api_token)
        return given.display_name or identifier


def _site_uri(text: str) -> str:
    if not _is_site_uri(text):
        raise invalid(
            "product.site_uri",
            f"is {quoted(text)}; it has to be an address such as https://example.atlassian.net.",
        )
    return text.rstrip("/")


def _is_site_uri(text: str) -> bool:
    # The parser drops tabs and newlines, so they are looked for first.
    if any(mark.isspace() or mark in "?#@" for mark in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and port != 0


async def _refuse_used(connection: AsyncConnection, row: facts.AnyRow, name: str) -> None:
    busy = await facts.unfinished_operation(connection, row)
    policy = schema.backup_policy
    statement = select(policy.c.id).where(policy.c.product_uid == row.uid)
    policy_row = (await connection.execute(statement)).first()
    if busy is None and policy_row is None:
        return
    user = busy.operation if busy else resource(row.organization, "backupPolicies", policy_row.id)  # type: ignore[union-attr]
    raise PreconditionFailed(
        "RESOURCE_IN_USE",
        f"{name} is used by {user}. Remove or cancel that first.",
        {"product": name, "usedBy": user},
        [Violation("IN_USE", name, f"used by {user}")],
    )
