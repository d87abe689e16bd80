"""Organizations."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask

from sitekeep.backup.v1 import organization_pb2 as pb
from sitekeep_cli import paging, wording
from sitekeep_cli.call import Call
from sitekeep_cli.names import short
from sitekeep_cli.verbs import group, verb

application = group("Organizations and whether they are enrolled.")

Identifier = Annotated[str, typer.Argument(help="The id of the organization.")]
OptionalIdentifier = Annotated[
    str, typer.Argument(help="The id; the one of --organization unless given.")
]


@verb(application)
def create(
    call: Call,
    identifier: Identifier,
    name: Annotated[str, typer.Option("--name", help="How people call it.")] = "",
    enroll: Annotated[bool, typer.Option("--enroll", help="Enrol it at once.")] = False,
) -> None:
    """Create an organization."""
    request = pb.CreateOrganizationRequest(
        organization_id=identifier,
        organization=pb.Organization(display_name=name or identifier, enrolled=enroll),
        request_id=str(uuid.uuid4()),
    )
    _show(call, call.organizations.CreateOrganization(request))


@verb(application, "list")
def list_(call: Call) -> None:
    """List organizations."""
    found = paging.whole(call.organizations.ListOrganizations, pb.ListOrganizationsRequest())
    if call.output.as_json:
        call.output.message(found)
        return
    call.output.table(
        ("ID", "NAME", "ENROLLED", "CREATED"),
        [
            (
                short(one.name),
                one.display_name,
                "yes" if one.enrolled else "no",
                wording.time(one.create_time),
            )
            for one in found.organizations
        ],
    )


@verb(application)
def show(call: Call, identifier: OptionalIdentifier = "") -> None:
    """Show an organization."""
    request = pb.GetOrganizationRequest(name=_name(call, identifier))
    _show(call, call.organizations.GetOrganization(request))


@verb(application)
def enroll(
    call: Call,
    identifier: OptionalIdentifier = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="The other way round.")] = False,
) -> None:
    """Enrol an organization in backup and restore."""
    request = pb.UpdateOrganizationRequest(
        organization=pb.Organization(name=_name(call, identifier), enrolled=not withdraw),
        update_mask=FieldMask(paths=["enrolled"]),
    )
    _show(call, call.organizations.UpdateOrganization(request))


def _name(call: Call, identifier: str) -> str:
    if identifier:
        return f"organizations/{identifier.removeprefix('organizations/')}"
    return call.organization


def _show(call: Call, organization: pb.Organization) -> None:
    if call.output.as_json:
        call.output.message(organization)
        return
    call.output.facts(
        [
            ("organization", short(organization.name)),
            ("name", organization.display_name),
            ("enrolled", "yes" if organization.enrolled else "no"),
            ("created", wording.time(organization.create_time)),
        ]
    )
