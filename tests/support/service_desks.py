"""Sites with service desks and nothing else, and one restore of theirs that many tests look at."""

from __future__ import annotations

import asyncio
import datetime
import functools
import random
from dataclasses import dataclass

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.notifications import mail_count
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import is_service_type
from sitekeep_simulator.service_management.generator import make_desks
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import START, JiraPair, JiraSide, jira_pair

SERVICE = "/rest/servicedeskapi"
DESKS = frozenset({"HELP", "ITSM", "KUNDEN"})
KINDS = (
    Kind.SERVICE_DESK,
    Kind.REQUEST_TYPE,
    Kind.ORGANIZATION,
    Kind.ORGANIZATION_MEMBER,
    Kind.CUSTOMER,
    Kind.REQUEST,
)
STORED = tuple(kind for kind in KINDS if kind is not Kind.REQUEST)
"""Kinds with records of their own: requests are inside of issues."""


@dataclass(frozen=True)
class RoundTrip:
    """A backup, what its restore counted, and a backup of what was restored."""

    before: MemoryBackup
    tally: Tally
    after: MemoryBackup
    mail: int = 0
    """How much mail the destination sent."""


def fill(pair: JiraPair, *, share: bool = True) -> Jira:
    """Desks with all that they have; ``share``: everybody has an account on both sites."""
    jira = Jira(pair.source.site)
    people = [
        Account(account_id_of(email), email, f"Agent {number}")
        for number in range(6)
        for email in [f"agent{number}@example.com"]
    ]
    jira.accounts.add_many(people)
    start = START - datetime.timedelta(days=100)
    setting = Setting(people, [], [], start, START, issues=0)
    make_desks(jira, random.Random(5), setting)
    if share:
        pair.share_people()
    return jira


def remove_app(side: JiraSide) -> None:
    """The site is one without Jira Service Management."""
    side.site.service_management = False
    objects = Jira(side.site).objects
    for field in objects.all(ObjectKind.FIELD):
        if is_service_type(field.body["type"]):
            objects.remove(field)


async def there_and_back(pair: JiraPair) -> RoundTrip:
    """Backs up the source, restores it, backs up the destination."""
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    return RoundTrip(before, tally, after, mail_count(Jira(pair.destination.site)))


@functools.cache
def shared_trip(*, share: bool) -> RoundTrip:
    """The restore of the desks, done once for all tests that only look at it."""
    return asyncio.run(_trip(share))


async def _trip(share: bool) -> RoundTrip:
    async with jira_pair() as pair:
        fill(pair, share=share)
        return await there_and_back(pair)


def asked(side: JiraSide, method: str, part: str = "") -> int:
    """How many requests of Jira Service Management a site got."""
    log = side.site.request_log.to_json()["requests"]
    return sum(
        each["count"]
        for each in log
        if each["method"] == method and each["template"].startswith(f"{SERVICE}{part}")
    )
