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


async def test_who_acts_in_a_project_comes_back_in_place_of_the_default_actors(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    people = [f"Person {number}" for number in (1, 2)]
    assert await _acting(pair, "Entwickler") == [*people, "builders"]
    assert await _acting(pair, "Administrators") == ["site-admins"]
    assert tally.of(Kind.ROLE_ACTOR).done == tally.of(Kind.ROLE_ACTOR).expected == 4
    roles = await pair.destination.client.get_json(f"{API}/role")
    role = next(each for each in roles if each["name"] == "Entwickler")
    assert [each["displayName"] for each in role["actors"]] == ["Person 0", "builders"]


async def _acting(pair: JiraPair, name: str) -> list[str]:
    client = pair.destination.client
    roles = await client.get_json(f"{API}/project/{{project}}/role", project="ALFA")
    role = roles[name].rpartition("/")[2]
    found = await client.get_json(
        f"{API}/project/{{project}}/role/{{role}}", project="ALFA", role=role
    )
    return [str(each["displayName"]) for each in found["actors"]]


async def test_only_who_is_not_active_at_the_destination_is_lost_from_a_role(
    pair: JiraPair,
) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    before = await pair.source.backup()
    pair.share_people()
    gone = small.people[1].account_id
    pair.destination.site.accounts.set_active(gone, False)
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.ROLE_ACTOR) == {
        (f"ALFA/Entwickler/user/{gone}", "missing", "there", "None")
    }
    lost = [each.key for each in tally.findings if each.reason == "ROLE_ACTOR_NOT_RESTORED"]
    assert lost == ["Entwickler"]
    assert await _acting(pair, "Entwickler") == ["Person 2", "builders"]
    assert all(one.declared for one in found if one.kind is Kind.ROLE_ACTOR)


async def test_a_role_of_the_destination_keeps_its_description_and_its_own_default_actors(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    client = pair.destination.client
    own = await client.post_json(f"{API}/role", {"name": "Entwickler", "description": "Andere"})
    group = await client.post_json(f"{API}/group", {"name": "destination's own"})
    actors = f"{API}/role/{{role}}/actors"
    body = {"groupId": [group["groupId"]]}
    await client.post(actors, body, role=str(own["id"]))
    foreign = await client.post_json(f"{API}/role", {"name": "Foreign"})
    await client.post(actors, body, role=str(foreign["id"]))
    await restore(IMPORTER, client, before)
    after = await pair.destination.backup()
    found = differences(before, after)
    assert of_kind(found, Kind.PROJECT_ROLE) >= {
        ("Entwickler", "description", "Wer baut", "Andere"),
        ("Entwickler", "default.group/destination's own", "None", "True"),
        ("Foreign", "extra", "None", "there"),
    }
    assert of_kind(found, Kind.ROLE_ACTOR) == {
        ("ALFA/Foreign/group/destination's own", "extra", "None", "there")
    }
    assert undeclared(before, after) == []
