"""What the tests of filters, boards, sprints and dashboards share."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest_asyncio

from sitekeep_cli.comparison.comparison import Comparison
from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared import coverage
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.server import start_site
from sitekeep_simulator.site import SimulatedSite
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import JiraPair, JiraSide, jira_pair, undeclared


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[JiraPair]:
    """A source and an empty destination."""
    async with jira_pair() as sites:
        yield sites


@pytest_asyncio.fixture
async def site() -> AsyncIterator[SimulatedSite]:
    """A new site that listens."""
    made = SimulatedSite("planning")
    running = await start_site(made)
    yield made
    await running.close()
    made.close()


@pytest_asyncio.fixture
async def client(site: SimulatedSite) -> AsyncIterator[SiteClient]:
    """The administrator of that site."""
    async with SiteClient(site.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as opened:
        yield opened


def reasons_of(tally: Tally) -> Counter[str]:
    """How much each reason stands for."""
    found: Counter[str] = Counter()
    for each in tally.findings:
        found[each.reason] += each.count
    return found


def errors_of(tally: Tally) -> list[str]:
    """What is missing undeclared."""
    return [str(found) for found in tally.findings if found.severity is Severity.ERROR]


async def restored_despite_lost_answers(
    pair: JiraPair, before: MemoryBackup, method: str, path: str, skips: Sequence[int]
) -> tuple[list[Fault], Tally]:
    """Restores while answers to some writes are lost, a fault for each number of skipped ones."""
    faults = pair.destination.site.faults
    planned = [
        faults.plan(FaultKind.LOST, path, method=method, times=1, skip=skip) for skip in skips
    ]
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=5, retried=(AmbiguousWrite,)
    )
    return planned, tally


async def undoubled(
    pair: JiraPair,
    method: str,
    path: str,
    skips: Sequence[int],
    names: Callable[[JiraSide], Awaitable[set[str]]],
) -> list[Fault]:
    """Restores despite lost answers and shows that nothing is lost and no name is there twice."""
    before = await pair.source.backup()
    planned, tally = await restored_despite_lost_answers(pair, before, method, path, skips)
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []
    assert await names(pair.destination) == await names(pair.source)
    return planned


def declared(kind: Kind, left: MemoryBackup, right: MemoryBackup) -> set[tuple[str, str]]:
    """Items of the kind and paths in which they differ; whatever differs must be declared."""
    with Shelf() as shelf:
        comparison = Comparison(shelf, Mode.RESTORED, coverage.rows_of("jira"))
        comparison.read(left, right, jira=True)
        found = list(comparison.differences())
    assert [one for one in found if not one.declared] == []
    return {(one.item, one.path) for one in found if one.kind is kind}


def declared_paths(kind: Kind, left: MemoryBackup, right: MemoryBackup) -> set[str]:
    """The paths in which items of the kind differ, without what is below them."""
    return {path.partition(".")[0] for _, path in declared(kind, left, right)}
