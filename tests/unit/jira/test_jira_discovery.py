"""Product Discovery: ideas come back as issues, what cannot is named."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.content.discovery_fields import DERIVED, substitute_of
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.generator import IDEAS
from sitekeep_simulator.product_discovery.projects import DELIVERY_LINK, add_discovery_project
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, Json, undeclared
from support.planning import declared, errors_of, pair, reasons_of

__all__ = ["pair"]


def ideas_of(backup: MemoryBackup) -> list[Json]:
    issues = [msgspec.json.decode(each) for each in backup.payloads(Kind.ISSUE).values()]
    return [each for each in issues if each["key"].startswith("IDEA-")]


@pytest.mark.shows_loss(Kind.DISCOVERY_VIEW, unseen=True)
@pytest.mark.shows_loss(Kind.DISCOVERY_INSIGHT, unseen=True)
async def test_ideas_are_backed_up_whole_by_the_path_of_issues(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=10)
    backup, tally = await pair.source.backup_and_tally()
    ideas = ideas_of(backup)
    assert [each["fields"]["summary"] for each in ideas] == list(IDEAS)
    for idea in ideas:
        fields: Json = idea["fields"]
        assert fields["issuelinks"][0]["type"]["name"] == DELIVERY_LINK
        assert fields["comment"]["total"] == fields["votes"]["votes"] == 1
        assert {7.5, int(idea["key"].removeprefix("IDEA-"))} <= set(_plain(fields))
    assert errors_of(tally) == []
    named = {(each.kind, each.key, each.reason) for each in tally.findings}
    assert named >= {
        (Kind.DISCOVERY_VIEW, "IDEA", "VIEWS_NOT_READABLE"),
        (Kind.DISCOVERY_INSIGHT, "IDEA", "INSIGHTS_NOT_READABLE"),
    }


def _plain(fields: Json) -> list[Any]:
    values = (value for name, value in fields.items() if name.startswith("customfield_"))
    return [value for value in values if isinstance(value, int | float | str)]


async def test_a_site_without_product_discovery_hears_nothing_of_it(pair: JiraPair) -> None:
    _, tally = await pair.source.backup_and_tally()
    assert {Kind.DISCOVERY_VIEW, Kind.DISCOVERY_INSIGHT}.isdisjoint(
        each.kind for each in tally.findings
    )


@pytest.mark.shows_loss(Kind.FIELD, MISSING, "custom")
@pytest.mark.shows_loss(Kind.ISSUE, "custom.*")
@pytest.mark.shows_loss(Kind.PROJECT, "type")
@pytest.mark.shows_loss(Loss.FIELD_TYPE_CHANGED)
async def test_ideas_come_back_into_a_software_project_with_plain_fields(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=10)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert [each["fields"]["summary"] for each in ideas_of(after)] == [
        each["fields"]["summary"] for each in ideas_of(before)
    ]
    reasons = reasons_of(tally)
    assert (reasons["PROJECT_TYPE_CHANGED"], reasons["FIELD_TYPE_CHANGED"]) == (1, 3)
    fields = {each for each in declared(Kind.FIELD, before, after) if "cmdb" not in each[0]}
    stock = "com.atlassian.jira.plugin.system.customfieldtypes"
    assert fields == {
        (f"Impact ({stock}:float)", "custom"),
        (f"Impact score ({stock}:float)", "custom"),
        (f"Zeitraum ({stock}:textfield)", "custom"),
        ("Insights (jira.polaris:count-insights)", "missing"),
    }
    project = {path for item, path in declared(Kind.PROJECT, before, after) if item == "IDEA"}
    assert project >= {"type", "style"}
    ideas = {path for item, path in declared(Kind.ISSUE, before, after) if item == "IDEA-1"}
    assert {path for path in ideas if path.startswith("custom.")} == {"custom.Insights"}


async def test_equal_fields_of_several_projects_become_one_each(pair: JiraPair) -> None:
    jira = Jira(pair.source.site)
    lead = pair.source.site.accounts.page()[0].account_id
    for key in ("ONE", "TWO"):
        add_discovery_project(jira, key, f"Ideas of {key}", lead)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert errors_of(tally) == []
    assert undeclared(before, after) == []
    fields: list[Json] = await pair.destination.client.get_json(f"{API}/field")
    assert [each["name"] for each in fields].count("Impact") == 2


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("rating", "number", "float"),
        ("formula", "number", "float"),
        ("interval", "string", "textfield"),
        ("something-new", "any", ""),
        *((each, "number", "") for each in sorted(DERIVED)),
    ],
)
def test_a_plain_field_keeps_what_is_not_derived(kind: str, value: str, expected: str) -> None:
    assert substitute_of({"type": value, "custom": f"jira.polaris:{kind}"}) == expected


def test_fields_of_others_stay_what_they_are() -> None:
    assert substitute_of({"type": "number", "custom": "com.example:rating"}) == ""


async def test_ideas_come_back_into_a_project_that_was_made_for_them(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=10)
    pair.share_people()
    before = await pair.source.backup()
    jira = Jira(pair.destination.site)
    lead = pair.destination.site.accounts.page()[0].account_id
    made = add_discovery_project(jira, "IDEA", "Made by hand", lead)
    assert await find_content(pair.destination.client) == []
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    assert [each["key"] for each in ideas_of(after)] == [each["key"] for each in ideas_of(before)]
    project: Json = await pair.destination.client.get_json(f"{API}/project/IDEA")
    assert (project["id"], project["name"]) == (str(made.project.id), "Ideen & Wünsche")
    assert project["projectTypeKey"] == "product_discovery"
    for idea in ideas_of(after):
        assert idea["fields"]["issuetype"]["id"] == str(made.idea.id)
        assert idea["fields"][f"customfield_{made.fields[0].id}"] is not None
    reasons = reasons_of(tally)
    assert (reasons["PROJECT_TYPE_CHANGED"], reasons["FIELD_TYPE_CHANGED"]) == (0, 0)
    assert reasons["STATUS_NOT_REACHED"] == reasons["ISSUE_TYPE_CHANGED"] == 0
    ideas = {path for item, path in declared(Kind.ISSUE, before, after) if item == "IDEA-1"}
    lost = {path for path in ideas if path.startswith("custom.")}
    assert lost == {"custom.Insights", "custom.Impact score"}


async def test_a_project_with_ideas_is_content_and_is_left_alone(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=10)
    before = await pair.source.backup()
    generate(pair.destination.site, seed=2, issues=1)
    found = await find_content(pair.destination.client)
    assert "project IDEA" in [each.subject for each in found]
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["PROJECT_KEY_TAKEN"] > 0
