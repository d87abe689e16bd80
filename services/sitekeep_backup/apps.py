"""Which Jira apps a site runs, as its application roles say (Jira REST v3, applicationrole)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteError
from sitekeep_shared.atlassian.greeting import IMPATIENT
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.facts import AnyRow

ROLES = "/rest/api/3/applicationrole"

_APPS: Mapping[str, str] = {
    "jira-software": "SOFTWARE",
    "jira-core": "WORK_MANAGEMENT",
    "jira-servicedesk": "SERVICE_MANAGEMENT",
    "jira-product-discovery": "PRODUCT_DISCOVERY",
}


async def note_apps(
    database: Database, product: AnyRow, credentials: Credentials | None, clock: Clock
) -> None:
    """Keeps the apps with the product; what it had stays where the site does not tell."""
    async with SiteClient(product.site_uri, credentials, clock=clock, policy=IMPATIENT) as site:
        apps = await _apps_of(site)
    if apps is None:
        return
    statement = update(schema.product).where(schema.product.c.uid == product.uid)
    async with database.write() as connection:
        await connection.execute(statement.values(apps=apps))


async def _apps_of(site: SiteClient) -> list[str] | None:
    try:
        roles: list[dict[str, Any]] = await site.get_json(ROLES)
    except SiteError:
        return None
    keys = {str(role.get("key")) for role in roles}
    return [app for key, app in _APPS.items() if key in keys]
