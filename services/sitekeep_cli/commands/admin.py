"""Admins: the accounts that may act for an organization."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_cli import paging
from sitekeep_cli.call import Call
from sitekeep_cli.names import short
from sitekeep_cli.verbs import group, verb

application = group("Who may act for an organization; nobody else sees that it exists.")


@verb(application, "list")
def list_(call: Call) -> None:
    """List admins."""
    request = pb.ListAdminsRequest(parent=call.organization)
    found = paging.whole(call.organizations.ListAdmins, request)
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "ACCOUNT", "NAME"),
        [(short(one.name), one.account_id, one.display_name) for one in found.admins],
    )


@verb(application)
def add(
    call: Call,
    identifier: Annotated[str, typer.Argument(help="The id that the admin gets.")],
    account: Annotated[
        str, typer.Option("--account", help="The account: whose API keys may act from now on.")
    ],
    name: Annotated[str, typer.Option("--name", help="How people call them.")] = "",
) -> None:
    """Make an account an admin of the organization."""
    request = pb.CreateAdminRequest(
        parent=call.organization,
        admin_id=identifier,
        admin=pb.Admin(account_id=account, display_name=name),
        request_id=str(uuid.uuid4()),
    )
    answer = call.organizations.CreateAdmin(request)
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{answer.account_id} is admin of {call.organization}.")


@verb(application)
def remove(
    call: Call,
    identifier: Annotated[str, typer.Argument(help="The id of the admin, or the full name.")],
) -> None:
    """Take the role from an account; the last admin stays."""
    name = call.resource("admins", identifier)
    answer = call.organizations.DeleteAdmin(pb.DeleteAdminRequest(name=name))
    if call.output.as_json:
        call.output.message(answer)
    else:
        call.output.say(f"{short(name)} is no admin of {call.parent_of(name)} any more.")
