"""Who may call what: authentication and the role of an admin, before anything else is said.

A call proves an account with an API key or, where the server asks for them, with a client
certificate. Everything that belongs to an organization is open to its admins only; whether
it exists is not told to others (AIP-193).
"""

from __future__ import annotations

import hmac
import logging
import re
from typing import Any, cast

from google.protobuf.message import Message
from sqlalchemy import bindparam, exists, select

from sitekeep_shared import api_keys
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import PermissionDenied, SitekeepError, Unauthenticated
from sitekeep_shared.rpc.callers import Caller
from sitekeep_shared.rpc.names import ID_PATTERN, quoted
from sitekeep_shared.secrets import SecretBox

_log = logging.getLogger(__name__)

SERVICE_TOKEN = "the Restore service calls the Backup service"
_SERVICE = Caller("the Restore service", is_service=True)
_SERVICE_METHODS = frozenset(
    f"/sitekeep.backup.v1.BackupService/{method}"
    for method in ("GetBackup", "HoldBackup", "RenewHold", "ReleaseHold")
)

# What concerns the caller alone; everything else belongs to an organization.
_OWN_METHODS = frozenset(
    {
        "/sitekeep.backup.v1.OrganizationService/ListOrganizations",
        "/sitekeep.backup.v1.OrganizationService/CreateOrganization",
        "/sitekeep.backup.v1.ApiKeyService/GetApiKey",
        "/sitekeep.backup.v1.ApiKeyService/ListApiKeys",
        "/sitekeep.backup.v1.ApiKeyService/CreateApiKey",
        "/sitekeep.backup.v1.ApiKeyService/RevokeApiKey",
    }
)
_ORGANIZATION = re.compile(rf"organizations/({ID_PATTERN})(?:/|\Z)")


_key, _admin = schema.api_key.c, schema.admin.c
_OWNER = select(
    _key.account_id,
    exists()
    .where(_admin.organization == bindparam("organization"), _admin.account_id == _key.account_id)
    .label("is_admin"),
).where(_key.secret_hash == bindparam("secret_hash"), api_keys.is_valid(bindparam("now")))
"""Whom a valid key stands for, and whether that is an admin of the organization."""

_ADMIN = select(_admin.id).where(
    _admin.organization == bindparam("organization"), _admin.account_id == bindparam("account_id")
)


def service_token(secrets: SecretBox) -> str:
    """What the Restore service proves itself with; both services have the key that it is from."""
    return secrets.token(SERVICE_TOKEN)


def organization_named(request: Message) -> str | None:
    """The id of the organization that a request is about, by its name, parent or resource."""
    for text in _names(request):
        found = _ORGANIZATION.match(text)
        if found:
            return found.group(1)
    return None


def _names(request: Message) -> list[str]:
    fields = request.DESCRIPTOR.fields_by_name
    found = [str(getattr(request, field)) for field in ("name", "parent") if field in fields]
    if request.DESCRIPTOR.name.startswith("Update"):
        changed = getattr(request, request.DESCRIPTOR.fields[0].name)
        found.append(str(changed.name))
    return found


class Gate:
    """Lets calls in, or refuses them."""

    def __init__(self, database: Database, clock: Clock, secrets: SecretBox) -> None:
        self._database = database
        self._clock = clock
        self._service_token = service_token(secrets)

    async def admit(self, method: str, request: Message | None, context: Any) -> Caller:
        """Who calls, if they may; ``request`` is None where it could not be read.

        Raises:
            Unauthenticated: the call proves no account.
            PermissionDenied: the account is not an admin of the organization.
        """
        organization = None if request is None else organization_named(request)
        key = _bearer(context)
        if key and hmac.compare_digest(key.encode(), self._service_token.encode()):
            return _service(method)
        account, is_admin = await self._account(context, key, organization)
        if organization is not None and method not in _OWN_METHODS and not is_admin:
            raise _not_admin(account, organization)
        return Caller(account)

    async def _account(self, context: Any, key: str, organization: str | None) -> tuple[str, bool]:
        certified = "" if key else certified_account(context)
        if certified:
            found = await self._database.fetch(
                _ADMIN, account_id=certified, organization=organization or ""
            )
            return certified, bool(found)
        if not key:
            raise _missing()
        found = await self._database.fetch(
            _OWNER,
            secret_hash=api_keys.hash_of(key),
            organization=organization or "",
            now=self._clock.now(),
        )
        if not found:
            raise _invalid()
        return str(found[0].account_id), bool(found[0].is_admin)


def is_own(method: str) -> bool:
    """Whether a method concerns the caller alone, not an organization."""
    return method in _OWN_METHODS


def certified_account(context: Any) -> str:
    """The account in the common name of a client certificate; empty where there is none.

    The server has checked by then that an authority that it trusts has signed it.
    """
    names = cast("dict[str, list[bytes]]", context.auth_context() or {})
    found = names.get("x509_common_name") or [b""]
    return found[0].decode(errors="replace")


def _bearer(context: Any) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == "authorization":
            text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            scheme, _, key = text.partition(" ")
            return key.strip() if scheme.lower() == "bearer" else text
    return ""


def _service(method: str) -> Caller:
    if method not in _SERVICE_METHODS:
        raise PermissionDenied(
            "NOT_ORGANIZATION_ADMIN",
            f"The Restore service may not call {method}; use the API key of an admin.",
            {"account": _SERVICE.account_id},
        )
    return _SERVICE


def _missing() -> SitekeepError:
    return Unauthenticated(
        "CREDENTIALS_MISSING",
        "The call carries no credentials. Send the metadata `authorization: Bearer KEY`; "
        "`sitekeep init`, run where the server runs, makes the first API key.",
    )


def _invalid() -> SitekeepError:
    return Unauthenticated(
        "CREDENTIALS_INVALID",
        "The API key is unknown, revoked or expired. Use another one; `sitekeep api-key create "
        "--account`, run where the server runs, makes one.",
    )


def _not_admin(account: str, organization: str) -> SitekeepError:
    return PermissionDenied(
        "NOT_ORGANIZATION_ADMIN",
        f"{quoted(account)} is not an admin of organizations/{organization}. One of its admins "
        "can add the account: CreateAdmin, `sitekeep admin add`.",
        {"organization": f"organizations/{organization}", "account": account},
    )
