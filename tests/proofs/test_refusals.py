"""A destination that refuses a write: the restore goes on, and what is lost by it is said.

Each kind of write that a restore of a small site makes is refused, once or always, as chance
chooses; ``SITEKEEP_TEST_REFUSALS=all`` refuses every kind of write in every way.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections import Counter
from dataclasses import dataclass

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.accounts import Account
from sitekeep_simulator.faults import FaultKind
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import SmallSite, jira_pair
from support.round_trips import compared

KNOB = os.environ.get("SITEKEEP_TEST_REFUSALS", "8")
REFUSALS = (FaultKind.REFUSED, FaultKind.FORBIDDEN, FaultKind.MISSING)
ALWAYS = 10_000
READS = ("bulkfetch", "/search/jql", "/approximate-count")
"""How the templates of requests end that are written as POST and only read."""


@dataclass(frozen=True)
class Unharmed:
    """A backup, and a restore of it that nothing was refused to."""

    backup: MemoryBackup
    people: list[Account]
    writes: list[tuple[str, str]]
    """Method and template of every kind of write."""
    said: Counter[tuple[Kind, str]]


def _said(tally: Tally) -> Counter[tuple[Kind, str]]:
    said: Counter[tuple[Kind, str]] = Counter()
    for each in tally.findings:
        said[each.kind, each.reason] += each.count
    return said


async def _restore_unharmed() -> Unharmed:
    async with jira_pair() as pair:
        await SmallSite(pair.source).fill()
        pair.share_people()
        backup = await pair.source.backup()
        log = pair.destination.site.request_log
        log.clear()
        tally = await restore(IMPORTER, pair.destination.client, backup)
        asked = [(each["method"], each["template"]) for each in log.to_json()["requests"]]
        people = pair.source.site.accounts.page()
    writes = [(method, path) for method, path in asked if method != "GET"]
    kept = [(method, path) for method, path in writes if not path.endswith(READS)]
    return Unharmed(backup, people, kept, _said(tally))


@pytest.fixture(scope="module")
def unharmed() -> Unharmed:
    return asyncio.run(_restore_unharmed())


@dataclass(frozen=True)
class Refusal:
    """Which write is refused, how and how often."""

    method: str
    template: str
    kind: FaultKind
    times: int

    def __str__(self) -> str:
        return f"{self.method} {self.template} {self.kind.value} {self.times}"

    @property
    def path(self) -> str:
        """An expression that all requests of the template match."""
        return "^" + re.sub(r"\{[^}]*\}", "[^/]+", self.template) + "$"


def _chosen(writes: list[tuple[str, str]]) -> list[Refusal]:
    every = [
        Refusal(*write, kind, times)
        for write in writes
        for kind in REFUSALS
        for times in (1, ALWAYS)
    ]
    return every if KNOB == "all" else random.Random(KNOB).sample(every, int(KNOB))


async def _trouble(unharmed: Unharmed, refusal: Refusal) -> str:
    """What went wrong with a restore; empty: nothing."""
    async with jira_pair() as pair:
        pair.destination.site.accounts.add_many(unharmed.people)
        fault = pair.destination.site.faults.plan(
            refusal.kind, refusal.path, method=refusal.method, times=refusal.times
        )
        try:
            tally = await restore(IMPORTER, pair.destination.client, unharmed.backup)
        except Exception as error:
            return f"ended with {error!r}"
        pair.destination.site.faults.clear()
        found, _ = compared("jira", unharmed.backup, await pair.destination.backup())
    lost = [f"{one.kind} {one.item}: {one.path}" for one in found if not one.declared]
    if not fault.fired:
        return "was not asked for"
    return f"lost in silence: {lost[:5]}" if lost and _said(tally) == unharmed.said else ""


def test_no_refused_write_ends_a_restore_or_is_passed_over(unharmed: Unharmed) -> None:
    wrong = [
        f"{refusal}: {trouble}"
        for refusal in _chosen(unharmed.writes)
        if (trouble := asyncio.run(_trouble(unharmed, refusal)))
    ]
    assert wrong == []
