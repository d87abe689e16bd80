"""Organizations of customers: who belongs to them, and their properties."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import attribute_of, identity_of
from sitekeep_backup.exporters.service_management.pages import (
    CLOSED,
    ServicePage,
    read_service_page,
    spawn_next_page,
)
from sitekeep_backup.exporters.service_management.properties import properties_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

ONE = "/organization/{organization}"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "organizations", "organizations")
"""Planned where the site has Jira Service Management."""


async def export_organizations(unit: ExportUnit) -> None:
    """One page of organizations, each with its properties; plans their members."""
    page = await _page(unit, Kind.ORGANIZATION, "/organization")
    for item in page.values:
        unit.tally.expect(Kind.ORGANIZATION)
        key, payload = identity_of(item), bytes(item)
        attributes = {"properties": await _properties(unit, key)}
        await unit.records.put_record(Kind.ORGANIZATION, key, payload, attributes=attributes)
        unit.tally.done(Kind.ORGANIZATION, len(payload))
        unit.spawn(_members_of(key))
    spawn_next_page(unit, page)


async def _page(unit: ExportUnit, kind: Kind, template: str, **path: str) -> ServicePage:
    try:
        return await read_service_page(unit, template, (), **path)
    except CLOSED as refusal:
        key = path.get("organization", "organizations")
        unit.tally.remark(kind, key, f"{kind.name}_NOT_READABLE", refusal.message)
        return ServicePage()


async def _properties(unit: ExportUnit, organization: str) -> str:
    try:
        return await properties_of(unit, ONE, organization=organization)
    except CLOSED as refusal:
        reason = "ORGANIZATION_PROPERTIES_NOT_READABLE"
        unit.tally.remark(Kind.ORGANIZATION, organization, reason, refusal.message)
        return "{}"


def _members_of(organization: str) -> UnitPlan:
    arguments = {"organization": organization}
    key = f"organization-members/{organization:>010}"
    return UnitPlan(ExportPhase.CONFIGURATION, key, "organization-members", arguments)


async def export_organization_members(unit: ExportUnit) -> None:
    """One page of who belongs to an organization."""
    organization = str(unit.plan.arguments["organization"])
    kind = Kind.ORGANIZATION_MEMBER
    page = await _page(unit, kind, f"{ONE}/user", organization=organization)

    def account_of(item: msgspec.Raw) -> str:
        return attribute_of(item, "accountId")

    await store_items(
        unit,
        kind,
        page.values,
        lambda item: f"{organization:>010}/{account_of(item)}",
        lambda item: {"organization": organization, "account": account_of(item)},
    )
    spawn_next_page(unit, page)
