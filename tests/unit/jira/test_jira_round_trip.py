"""A small site, exported, restored into an empty one, and exported again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared.work.tally import Severity, Tally
from support.confluence_fakes import restore
from support.jira_fakes import JiraPair, SmallSite, jira_pair, undeclared


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[JiraPair]:
    async with jira_pair() as sites:
        yield sites


def errors_of(tally: Tally) -> list[str]:
    return [str(found) for found in tally.findings if found.severity is Severity.ERROR]


async def test_what_comes_back_differs_only_where_the_coverage_says_so(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    before, exported = await pair.source.backup_and_tally()
    assert errors_of(exported) == []
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    for kind, count in tally.counts.items():
        assert count.expected == count.done, kind
