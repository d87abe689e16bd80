"""Who may do what, who hears of it, and how projects are grouped: there, and back again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_shared.kinds import Kind
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, Json, SmallSite, differences, jira_pair, undeclared


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[JiraPair]:
    async with jira_pair() as sites:
        yield sites


async def filled(pair: JiraPair) -> MemoryBackup:
    await SmallSite(pair.source).fill()
    pair.share_people()
    return await pair.source.backup()


def of_kind(found: list[Difference], kind: Kind) -> set[tuple[str, str, str, str]]:
    return {
        (one.item, one.path, str(one.left), str(one.right)) for one in found if one.kind is kind
    }


async def test_a_category_that_is_there_keeps_its_description_and_nothing_else_is_lost(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    body: Json = {"name": "Für Kunden", "description": "Nur intern"}
    await pair.destination.client.post(f"{API}/projectCategory", body)
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {found.reason for found in tally.findings if found.kind is Kind.PROJECT_CATEGORY}
    assert reasons == {"CATEGORY_DESCRIPTION_KEPT"}
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.PROJECT_CATEGORY) == {
        ("Für Kunden", "description", "Alle", "Nur intern")
    }
    assert undeclared(before, after) == []
    project = await pair.destination.client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assert project["projectCategory"]["name"] == "Für Kunden"
