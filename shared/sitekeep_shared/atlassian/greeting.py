"""Whether a site answers at all and lets us in, asked before hours of work are begun."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.limiter import Sleep
from sitekeep_shared.atlassian.retry import RetryPolicy
from sitekeep_shared.clock import Clock

WHO_AM_I: Mapping[str, str] = {
    "JIRA": "/rest/api/3/myself",
    "CONFLUENCE": "/wiki/rest/api/user/current",
}
"""The cheapest requests that need a sign-in: "Get current user" of both products."""

IMPATIENT = RetryPolicy(attempts=4, longest_pause=10.0, patience=15.0)
"""For what somebody waits for: the answer to this very call."""

_FIRST_CONTACT = RetryPolicy(attempts=4)
"""A wrong address shows soon; a site that asks for a pause is given it."""


async def greet(
    site_url: str,
    product_type: str,
    credentials: Credentials | None,
    clock: Clock,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Returns once the site has answered who signs in.

    Raises:
        SiteError: it does not answer within seconds, or does not let us in.
    """
    async with SiteClient(
        site_url, credentials, clock=clock, policy=_FIRST_CONTACT, sleep=sleep
    ) as site:
        await site.get(WHO_AM_I[product_type])
