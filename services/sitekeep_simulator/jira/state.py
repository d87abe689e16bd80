"""What every part of the Jira half shares."""

from __future__ import annotations

import datetime

from sitekeep_simulator.accounts import Account, Accounts
from sitekeep_simulator.jira.objects import Objects
from sitekeep_simulator.jira.schema import SCHEMA
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import SiteStore

API = "/rest/api/3"
AGILE = "/rest/agile/1.0"


class Jira:
    """The Jira of one site: its store, its configuration, its time."""

    def __init__(self, site: SimulatedSite) -> None:
        self.site = site
        self.store: SiteStore = site.store
        self.accounts: Accounts = site.accounts
        self.store.script(SCHEMA)
        self.objects = Objects(site.store)
        self.task_polls = 1
        """How often an asynchronous task answers that it is still running."""
        self.upload_limit = 1 << 30
        """The largest attachment in bytes."""

    def now(self) -> str:
        """The current time as Jira writes it."""
        return jira_time(self.site.clock.now())

    def url(self, path: str) -> str:
        """An absolute URL below the API, with the site's placeholder as its origin."""
        return f"{self.site.placeholder}{API}{path}"

    def autowatches(self, account: Account) -> bool:
        """Whether an account becomes a watcher of what it creates or comments on."""
        value = self.store.value(
            "SELECT value FROM jira_preference WHERE account_id = ? AND key = ?",
            (account.account_id, "user.autowatch.disabled"),
        )
        return bool(value != "true")


def jira_time(instant: datetime.datetime) -> str:
    """An instant as Jira writes it: ``2024-05-01T10:00:00.000+0000``."""
    utc = instant.astimezone(datetime.UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}+0000"


def instant_of(text: str) -> datetime.datetime:
    """Reads a time in Jira's format. Raises ValueError."""
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def milliseconds_of(text: str) -> int:
    """A time in Jira's format as milliseconds since 1970."""
    return round(instant_of(text).timestamp() * 1000)
