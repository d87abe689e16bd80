"""A restore without attachments: none is written, all are counted, none is an error."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_simulator import confluence, jira
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION
from support.rule_world import World

ATTACHMENT = content_pb2.ENTITY_KIND_ATTACHMENT
FILES = {
    "JIRA": "SELECT count(*) FROM jira_attachment",
    "CONFLUENCE": "SELECT count(*) FROM confluence_attachment",
}


@dataclass
class Pair:
    """A full site, an empty one, and a backup of the full one."""

    destination: RunningSite
    backup: str
    kind: str

    def files(self) -> int:
        """How many files there are at the destination."""
        return int(self.destination.site.store.value(FILES[self.kind]))


@pytest.fixture
def profile() -> str:
    return "general-availability"


@pytest_asyncio.fixture(params=list(FILES))
async def pair(world: World, request: pytest.FixtureRequest) -> AsyncGenerator[Pair]:
    source, target = SimulatedSite("source"), SimulatedSite("target")
    jira.install(target)
    confluence.install(target, personal_space=False)
    if request.param == "JIRA":
        jira_generator.generate(source, seed=3, issues=40)
    else:
        confluence.install(source)
        confluence_generator.generate(source, 3, 30)
    sites = [await start_site(site) for site in (source, target)]
    product = await world.client.add_product("full", request.param, sites[0].base_url)
    await world.client.add_product("empty", request.param, sites[1].base_url)
    backup = await world.client.back_up(await world.client.add_policy("full", product))
    yield Pair(sites[1], backup.name, request.param)
    for running in sites:
        await running.close()
        running.site.close()


async def _restore(world: World, pair: Pair, *, skip: bool) -> restore_pb2.Restore:
    request = world.client.restore_request(
        pair.backup,
        f"{ORGANIZATION}/products/empty",
        skip_attachments=skip,
        allow_incomplete=True,
    )
    started = await world.client.restores.CreateRestore(request)
    restore = restore_pb2.Restore()
    assert (await world.client.watch(started.name)).response.Unpack(restore)
    return restore


def _count(restore: restore_pb2.Restore) -> content_pb2.EntityCount:
    return next(count for count in restore.contents if count.kind == ATTACHMENT)


async def test_no_attachment_is_written_where_they_are_to_be_left_out(
    world: World, pair: Pair
) -> None:
    restore = await _restore(world, pair, skip=True)
    assert restore.skip_attachments
    assert restore.state == restore_pb2.Restore.COMPLETE
    assert pair.files() == 0
    count = _count(restore)
    assert count.expected_count == count.missing_count > 0
    assert (count.done_count, count.size_bytes) == (0, 0)


async def test_what_is_left_out_is_declared_once(world: World, pair: Pair) -> None:
    restore = await _restore(world, pair, skip=True)
    request = restore_pb2.ListRestoreIssuesRequest(parent=restore.name, page_size=1000)
    issues = (await world.client.restores.ListRestoreIssues(request)).issues
    assert not [each for each in issues if each.severity == content_pb2.Issue.ERROR]
    [declared] = [each for each in issues if each.entity_kind == ATTACHMENT]
    assert declared.severity == content_pb2.Issue.WARNING
    assert declared.count == _count(restore).missing_count


async def test_attachments_come_back_unless_they_are_to_be_left_out(
    world: World, pair: Pair
) -> None:
    restore = await _restore(world, pair, skip=False)
    assert not restore.skip_attachments
    assert pair.files() == _count(restore).done_count > 0
