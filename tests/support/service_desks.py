"""Sites with service desks and nothing else, and the restores of theirs that many tests look at."""

from __future__ import annotations

import asyncio
import datetime
import functools
import random

from sitekeep_shared.kinds import Kind
from sitekeep_simulator.accounts import Account, account_id_of
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.notifications import mail_count
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.fields import is_service_type, service_field
from sitekeep_simulator.service_management.generator import make_desks
from support.jira_fakes import START, JiraPair, JiraSide
from support.round_trips import RoundTrip, run_jira

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


@functools.cache
def shared_trip(*, share: bool) -> RoundTrip:
    """The restore of the desks, done once for all tests that only look at it.

    The destination sends no mail.
    """

    async def prepare(pair: JiraPair) -> None:
        fill(pair, share=share)

    async def is_silent(pair: JiraPair) -> None:
        assert mail_count(Jira(pair.destination.site)) == 0

    return asyncio.run(run_jira(prepare, then=is_silent))


def field_key(jira: Jira, full_type: str, name: str = "") -> str:
    """The id of a field of Jira Service Management."""
    field = service_field(jira, full_type, name)
    assert field is not None
    return f"customfield_{field.id}"


def asked(side: JiraSide, method: str, part: str = "") -> int:
    """How many requests of Jira Service Management a site got."""
    log = side.site.request_log.to_json()["requests"]
    return sum(
        each["count"]
        for each in log
        if each["method"] == method and each["template"].startswith(f"{SERVICE}{part}")
    )
