"""Fixtures of the contract tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.site import SimulatedSite
from support.checked_site import StartCheckedSite, checked_site, recorder
from support.store_fixtures import azurite_url, localbucket_url, moto_url, stores

__all__ = ["azurite_url", "checked_site", "localbucket_url", "moto_url", "recorder", "stores"]


@pytest.fixture
async def client(checked_site: StartCheckedSite) -> AsyncIterator[SiteClient]:
    site = SimulatedSite("contract")
    person = site.accounts.add("lee@example.com", "Lee Müller")
    hidden = site.accounts.add("kim@example.com", "Kim", active=False, email_hidden=True)
    group = site.accounts.add_group("team")
    site.accounts.join(group.group_id, [person.account_id, hidden.account_id])
    running = await checked_site(site)
    credentials = Credentials(ADMIN_EMAIL, ADMIN_TOKEN)
    async with SiteClient(running.base_url, credentials) as opened:
        yield opened
    site.close()
