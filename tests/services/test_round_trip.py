"""Sites that Atlassian's documents judge: backed up, restored, backed up again, compared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing

import pytest
import pytest_asyncio

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.run import Outcome, compare
from sitekeep_cli.output import Output
from sitekeep_shared.config import Settings
from sitekeep_shared.kinds import Kind
from sitekeep_simulator import confluence, jira
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.site import SimulatedSite
from support.checked_site import StartCheckedSite, checked_site, recorder
from support.client import Client

__all__ = ["checked_site", "recorder"]

ISSUES = 60
PAGES = 40
KINDS = ("JIRA", "CONFLUENCE")

# What goes wrong while the source is read.
READ_FAULTS: dict[str, tuple[Fault, ...]] = {
    "JIRA": (
        Fault(FaultKind.RATE_LIMITED, "/issue/bulkfetch$", times=2, retry_after=0),
        Fault(FaultKind.RATE_LIMITED, "/users/search$"),
        Fault(FaultKind.UNAVAILABLE, "/search/jql$"),
        Fault(FaultKind.CUT, "/issue/bulkfetch$", skip=1),
        Fault(FaultKind.TRUNCATED, "/project/search$"),
        Fault(FaultKind.CUT, "/file/", times=2),
        Fault(FaultKind.ERROR, "/attachment/content/"),
    ),
    "CONFLUENCE": (
        Fault(FaultKind.RATE_LIMITED, r"/spaces/\d+/pages$", times=2, retry_after=0),
        Fault(FaultKind.RATE_LIMITED, "/footer-comments$"),
        Fault(FaultKind.UNAVAILABLE, "/api/v2/spaces$"),
        Fault(FaultKind.CUT, "/inline-comments$"),
        Fault(FaultKind.TRUNCATED, "/labels$"),
        Fault(FaultKind.CUT, "/file/", times=2),
    ),
}
# What goes wrong while the destination is written to; a lost answer hides that it was done.
WRITE_FAULTS: dict[str, tuple[Fault, ...]] = {
    "JIRA": (
        Fault(FaultKind.RATE_LIMITED, "/comment$", method="POST", times=2, retry_after=0),
        Fault(FaultKind.UNAVAILABLE, "/worklog$", method="POST", retry_after=0),
        Fault(FaultKind.LOST, "/api/3/project$", method="POST"),
        Fault(FaultKind.LOST, "/issue/bulk$", method="POST"),
        Fault(FaultKind.LOST, "/comment$", method="POST", skip=3),
        Fault(FaultKind.LOST, "/worklog$", method="POST", skip=2),
        Fault(FaultKind.LOST, "/attachments$", method="POST", skip=1),
        Fault(FaultKind.LOST, "/issueLink$", method="POST"),
    ),
    "CONFLUENCE": (
        Fault(FaultKind.RATE_LIMITED, "/pages$", method="POST", times=2, retry_after=0),
        Fault(FaultKind.LOST, "/rest/api/space$|/api/v2/spaces$", method="POST"),
        Fault(FaultKind.LOST, "/api/v2/pages$", method="POST", skip=4),
        Fault(FaultKind.LOST, "/footer-comments$", method="POST", skip=2),
        Fault(FaultKind.LOST, "/child/attachment$", skip=1, method="PUT"),
        Fault(FaultKind.LOST, "/api/v2/blogposts$", method="POST"),
    ),
}


@pytest_asyncio.fixture
async def make_site(
    recorder: object,
) -> AsyncIterator[Callable[[str], SimulatedSite]]:
    """Makes sites that know the same people."""
    directory = Directory()
    made: list[SimulatedSite] = []

    def make(name: str) -> SimulatedSite:
        site = SimulatedSite(name, directory=directory)
        made.append(site)
        jira.install(site)
        confluence.install(site, personal_space=name == "source")
        return site

    yield make
    for site in made:
        site.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_comes_back_is_what_was_there(
    client: Client,
    settings: Settings,
    key: str,
    make_site: Callable[[str], SimulatedSite],
    checked_site: StartCheckedSite,
    kind: str,
) -> None:
    source, destination = _filled(make_site("source"), kind), make_site("destination")
    outcome = await _round_trip(client, settings, key, checked_site, kind, source, destination)
    _assert_same(outcome)


@pytest.mark.parametrize("kind", KINDS)
async def test_trouble_on_the_way_changes_nothing_and_doubles_nothing(
    client: Client,
    settings: Settings,
    key: str,
    make_site: Callable[[str], SimulatedSite],
    checked_site: StartCheckedSite,
    kind: str,
) -> None:
    source, destination = _filled(make_site("source"), kind), make_site("destination")
    planned = [source.faults.add(_again(fault)) for fault in READ_FAULTS[kind]]
    planned += [destination.faults.add(_again(fault)) for fault in WRITE_FAULTS[kind]]
    outcome = await _round_trip(client, settings, key, checked_site, kind, source, destination)
    assert [fault.to_json() for fault in planned if fault.fired < fault.times] == []
    _assert_same(outcome)


def _again(fault: Fault) -> Fault:
    return Fault(**{name: value for name, value in vars(fault).items() if name != "fired"})


def _filled(site: SimulatedSite, kind: str) -> SimulatedSite:
    if kind == "JIRA":
        jira_generator.generate(site, seed=7, issues=ISSUES)
    else:
        confluence_generator.generate(site, seed=7, pages=PAGES)
    return site


async def _round_trip(
    client: Client,
    settings: Settings,
    key: str,
    start: StartCheckedSite,
    kind: str,
    source: SimulatedSite,
    destination: SimulatedSite,
) -> Outcome:
    await client.add_organization()
    first = await _back_up(client, kind, "source", (await start(source)).base_url)
    target = await client.add_product("destination", kind, (await start(destination)).base_url)
    started = await client.restores.CreateRestore(client.restore_request(first.name, target))
    done = await client.watch(started.name)
    restore = restore_pb2.Restore()
    assert done.response.Unpack(restore), done.error
    assert restore.state == restore_pb2.Restore.COMPLETE, restore
    policy = await client.add_policy("destination", target)
    second = await client.back_up(policy)
    assert second.state == backup_pb2.Backup.COMPLETE
    return await asyncio.to_thread(_compared, settings, key, first.name, second.name)


async def _back_up(client: Client, kind: str, name: str, url: str) -> backup_pb2.Backup:
    product = await client.add_product(name, kind, url)
    backup = await client.back_up(await client.add_policy(name, product))
    assert backup.state == backup_pb2.Backup.COMPLETE, backup
    return backup


def _compared(settings: Settings, key: str, left: str, right: str) -> Outcome:
    call = Call(
        Output(), "acme", settings.backup_address, settings.restore_listen, own_access=Access(key)
    )
    with closing(call.backup_channel), closing(call.restore_channel):
        return compare(call, left, right, Mode.RESTORED)


def _assert_same(outcome: Outcome) -> None:
    undeclared = [
        (group.kind, group.path, group.count, group.examples[:1])
        for group in outcome.report.sorted()
        if not group.declared_by
    ]
    assert undeclared == []
    files = [result for result in outcome.results if result.kind is Kind.ATTACHMENT]
    assert all(result.held for result in outcome.results), outcome.results
    assert [result.same_bytes for result in files] == [result.source for result in files] != []
