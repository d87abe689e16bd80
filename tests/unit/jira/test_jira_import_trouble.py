"""Restores into sites that refuse, of backups that hold what sites no longer take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.issue_bodies import NO_SUMMARY, summary_of
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.worklogs import whole_minutes
from sitekeep_restore.importers.unit import Importer, ImportUnit
from sitekeep_shared.atlassian.errors import AmbiguousWrite, SiteUnavailable
from sitekeep_shared.content.adf import document, paragraph, plain_text
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.field_values import FieldValues
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, SmallSite, altered, undeclared
from support.planning import pair

__all__ = ["pair"]

Json = dict[str, Any]


async def filled(pair: JiraPair) -> MemoryBackup:
    await SmallSite(pair.source).fill()
    pair.share_people()
    return await pair.source.backup()


def reasons_of(tally: Tally) -> Counter[str]:
    return Counter({found.reason: found.count for found in tally.findings})


async def attached(pair: JiraPair, key: str) -> list[str]:
    fields = (await pair.destination.issue(key))["fields"]
    return [str(each["filename"]) for each in fields["attachment"]]


@pytest.mark.shows_loss(Loss.TEXT_TOO_LONG)
async def test_a_text_that_is_too_long_is_cut_and_attached_as_a_whole(pair: JiraPair) -> None:
    def enlarge(issue: Json) -> None:
        issue["fields"]["description"] = document(*[paragraph("x" * 10_000)] * 100)

    backup = await altered(await filled(pair), "ALFA-4", enlarge)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    assert reasons_of(tally)["TEXT_TOO_LONG"] == 1
    text = plain_text((await pair.destination.issue("ALFA-4"))["fields"]["description"])
    assert text.startswith("x" * 10_000)
    assert text.splitlines()[-1].startswith("Originally created by")
    assert await attached(pair, "ALFA-4") == ["description.adf.json"]


@pytest.mark.shows_loss(Loss.TEXT_REFUSED)
async def test_a_document_that_the_site_refuses_comes_back_as_text(pair: JiraPair) -> None:
    def spoil(issue: Json) -> None:
        odd = {"type": "someAppsNode", "content": [paragraph("Kept words")]}
        issue["fields"]["description"] = document(paragraph("First"), odd)

    backup = await altered(await filled(pair), "ALFA-4", spoil)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    assert reasons_of(tally)["TEXT_REFUSED"] == 1
    text = plain_text((await pair.destination.issue("ALFA-4"))["fields"]["description"])
    assert "First\nKept words\n" in text
    assert await attached(pair, "ALFA-4") == ["description.adf.json"]


async def test_a_restricted_comment_is_never_attached_for_everyone(pair: JiraPair) -> None:
    def hide(issue: Json) -> None:
        (comment,) = issue["fields"]["comment"]["comments"]
        assert comment["visibility"]["value"] == "builders"
        comment["body"] = document(*[paragraph("secret" * 2_000)] * 10)

    backup = await altered(await filled(pair), "ALFA-1", hide)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    assert reasons_of(tally)["TEXT_TOO_LONG"] == 1
    assert all(name.endswith(".txt") for name in await attached(pair, "ALFA-1"))
    comments = (await pair.destination.issue("ALFA-1"))["fields"]["comment"]["comments"]
    assert [each["visibility"]["value"] for each in comments] == ["builders"]


@pytest.mark.shows_loss(Loss.SUMMARY_CHANGED)
async def test_missing_people_and_odd_summaries_do_not_stop_an_issue(pair: JiraPair) -> None:
    def weaken(issue: Json) -> None:
        fields = issue["fields"]
        fields |= {"creator": None, "reporter": None, "summary": "two\nlines " + "x" * 300}

    backup = await altered(await filled(pair), "ALFA-10", weaken)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    assert tally.of(Kind.ISSUE).done == 9
    assert reasons_of(tally)["SUMMARY_CHANGED"] == 1
    fields = (await pair.destination.issue("ALFA-10"))["fields"]
    assert fields["summary"].startswith("two lines xxx")
    assert fields["reporter"] is None
    assert "by unknown user on" in plain_text(fields["description"])


@pytest.mark.shows_loss(Loss.FIELD_REFUSED)
async def test_a_value_that_the_site_refuses_leaves_the_others_alone(pair: JiraPair) -> None:
    def spoil(issue: Json) -> None:
        issue["fields"]["labels"] = ["with a blank"]
        issue["fields"]["duedate"] = "some day"

    backup = await altered(await filled(pair), "ALFA-9", spoil)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    refused = [each.count for each in tally.findings if each.reason == "FIELD_REFUSED"]
    assert refused == [2]
    fields = (await pair.destination.issue("ALFA-9"))["fields"]
    assert fields["assignee"]["displayName"] == "Person 1"
    assert fields["labels"] == []


def without_priority(issue: Json) -> None:
    issue["fields"]["priority"] = None


async def test_an_issue_without_a_priority_does_not_keep_the_default_one(pair: JiraPair) -> None:
    backup = await altered(await filled(pair), "ALFA-9", without_priority)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    assert (await pair.destination.issue("ALFA-9"))["fields"]["priority"] is None
    assert reasons_of(tally)["PRIORITY_BY_DEFAULT"] == 0
    assert undeclared(backup, await pair.destination.backup()) == []


@pytest.mark.shows_loss(Kind.ISSUE, "priority")
@pytest.mark.shows_loss(Loss.PRIORITY_BY_DEFAULT)
async def test_a_default_priority_that_the_site_insists_on_is_declared(
    pair: JiraPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insist(values: FieldValues, value: Any) -> int | None:
        if value is None:
            raise ValueError("Priority is required.")
        return allowed(values, value)

    allowed = FieldValues._priority  # pyright: ignore[reportPrivateUsage]
    backup = await altered(await filled(pair), "ALFA-9", without_priority)
    monkeypatch.setattr(FieldValues, "_priority", insist)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    fields = (await pair.destination.issue("ALFA-9"))["fields"]
    assert fields["priority"]["name"] == "Highest"
    assert fields["assignee"]["displayName"] == "Person 1"
    reasons = reasons_of(tally)
    assert (reasons["PRIORITY_BY_DEFAULT"], reasons["FIELD_REFUSED"]) == (1, 0)
    assert undeclared(backup, await pair.destination.backup()) == []


async def test_an_issue_that_the_site_refuses_leaves_the_keys_of_the_others(
    pair: JiraPair,
) -> None:
    def misplace(issue: Json) -> None:
        issue["fields"]["parent"] = {"id": epic["id"], "key": "ALFA-2"}

    before = await filled(pair)
    epic = await pair.source.issue("ALFA-2")
    backup = await altered(before, "ALFA-5", misplace)
    tally = await restore(IMPORTER, pair.destination.client, backup)
    changed = [each for each in tally.findings if each.reason == "ISSUE_KEY_CHANGED"]
    assert [(each.key, each.count) for each in changed] == [("ALFA-5, now ALFA-14", 1)]
    others = {f"ALFA-{number}" for number in (1, 2, 4, 6, 9, 10, 11, 12)}
    assert await pair.destination.keys("ALFA") == others | {"ALFA-14"}
    assert tally.of(Kind.ISSUE).done == 9
    summary = (await pair.destination.issue("ALFA-14"))["fields"]["summary"]
    assert summary == "Below"


@pytest.mark.shows_loss(Loss.ISSUE_KEY_CHANGED)
async def test_a_used_up_number_changes_few_keys_and_loses_nothing(pair: JiraPair) -> None:
    before = await filled(pair)

    async def burn() -> None:
        found = await pair.destination.client.get_json(f"{API}/project/{{key}}", key="ALFA")
        fields = {"project": {"id": found["id"]}, "issuetype": {"name": "Task"}}
        body = {"fields": {**fields, "summary": "Somebody was faster"}}
        await pair.destination.client.post_json(f"{API}/issue", body)

    tally = await restore_with(pair, before, burn)
    assert tally.of(Kind.ISSUE).done == 9
    assert reasons_of(tally)["ISSUE_KEY_CHANGED"] == 2
    others = {f"ALFA-{number}" for number in (4, 5, 6, 9, 10, 11, 12)}
    assert others <= await pair.destination.keys("ALFA")
    assert tally.of(Kind.ISSUE_LINK).done == 2
    assert tally.of(Kind.ATTACHMENT).done == 2


async def restore_with(
    pair: JiraPair, backup: MemoryBackup, burn: Callable[[], Awaitable[None]]
) -> Tally:
    """A restore during which something happens right before the first issue is created."""

    async def issues(unit: ImportUnit) -> None:
        await burn()
        await IMPORTER.run["issues"](unit)

    importer = Importer(IMPORTER.initial_units, {**IMPORTER.run, "issues": issues})
    return await restore(importer, pair.destination.client, backup)


@pytest.mark.parametrize("skip", [0, 1, 2, 3, 5])
async def test_a_restore_that_stops_between_creates_goes_on_after_them(
    pair: JiraPair, skip: int
) -> None:
    generate(pair.source.site, seed=5, issues=120)
    pair.share_people()
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, "/issue/bulk$", method="POST", skip=skip)
    tally = await restore(
        IMPORTER,
        pair.destination.client,
        before,
        attempts=3,
        retried=(AmbiguousWrite, SiteUnavailable),
    )
    assert fault.fired == 1
    assert reasons_of(tally)["ISSUE_KEY_CHANGED"] == 0
    after = await pair.destination.backup()
    assert after.count(Kind.ISSUE) == before.count(Kind.ISSUE)
    shown = [each for each in undeclared(before, after) if each.kind is not Kind.ISSUE]
    assert shown == []


@pytest.mark.shows_loss(Loss.LATE_SUBTASK)
async def test_a_sub_task_before_its_parent_is_named_where_the_site_does_not_move_it(
    pair: JiraPair,
) -> None:
    generate(pair.source.site, seed=2, issues=300)
    pair.share_people()
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/bulk/issues/move$", times=100)
    tally = await restore(IMPORTER, pair.destination.client, before)
    late = sum(each.count for each in tally.findings if each.reason == "LATE_SUBTASK")
    assert late > 0
    assert tally.of(Kind.ISSUE).done == before.count(Kind.ISSUE)


@pytest.mark.parametrize(
    ("seconds", "kept"), [(0, 60), (1, 60), (60, 60), (89, 60), (90, 120), (3600, 3600)]
)
def test_work_is_kept_in_whole_minutes(seconds: int, kept: int) -> None:
    assert whole_minutes(seconds) == kept


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (None, NO_SUMMARY),
        ("  ", NO_SUMMARY),
        ("a\r\nb", "a b"),
        ("x" * 300, "x" * 255),
        ("kept", "kept"),
    ],
)
def test_summaries_are_made_to_fit(text: str | None, summary: str) -> None:
    assert summary_of(text) == summary


async def test_a_project_whose_lead_has_left_is_led_by_the_account(pair: JiraPair) -> None:
    await filled(pair)
    lead = (await pair.source.client.get_json(f"{API}/project/ALFA"))["lead"]["accountId"]
    for side in pair.sides:
        side.site.accounts.set_active(lead, False)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["PROJECT_LEAD_REPLACED"] == 1
    assert reasons_of(tally)["PROJECT_TYPE_REFUSED"] == 0
    assert tally.of(Kind.PROJECT).lossy == tally.of(Kind.PROJECT).done == 1
    assert undeclared(before, await pair.destination.backup()) == []


async def test_a_description_may_begin_like_a_path(pair: JiraPair) -> None:
    await filled(pair)
    edit = {"description": "/a/b: where it is"}
    await pair.source.client.put_json(f"{API}/project/{{project}}", edit, project="ALFA")
    await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    found = await pair.destination.client.get_json(f"{API}/project/ALFA")
    assert found["description"] == edit["description"]
