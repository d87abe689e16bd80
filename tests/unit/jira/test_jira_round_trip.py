"""A site, exported, restored into an empty one, and exported again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import ImportOptions
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.content.adf import plain_text
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import JiraPair, Json, SmallSite, undeclared
from support.planning import pair

__all__ = ["pair"]


def errors_of(tally: Tally) -> list[str]:
    return [str(found) for found in tally.findings if found.severity is Severity.ERROR]


def reasons_of(tally: Tally) -> Counter[str]:
    return Counter({found.reason: found.count for found in tally.findings})


async def filled(pair: JiraPair) -> MemoryBackup:
    await SmallSite(pair.source).fill()
    pair.share_people()
    return await pair.source.backup()


async def test_what_comes_back_differs_only_where_the_coverage_says_so(pair: JiraPair) -> None:
    before = await filled(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    for kind, count in tally.counts.items():
        assert count.expected == count.done > 0, kind


async def test_keys_gaps_parents_and_types_are_kept_and_no_filler_stays(pair: JiraPair) -> None:
    before = await filled(pair)
    await restore(IMPORTER, pair.destination.client, before)
    assert await pair.destination.keys("ALFA") == {
        f"ALFA-{number}" for number in (1, 2, 4, 5, 6, 9, 10, 11, 12)
    }
    for key in ("ALFA-1", "ALFA-5", "ALFA-6", "ALFA-9", "ALFA-12"):
        old, new = await pair.source.issue(key), await pair.destination.issue(key)
        for name, part in {
            "issuetype": "name",
            "status": "name",
            "resolution": "name",
            "parent": "key",
            "priority": "name",
            "assignee": "accountId",
            "reporter": "accountId",
        }.items():
            assert _part(old, name, part) == _part(new, name, part), (key, name)


def _part(issue: Json, name: str, part: str) -> Any:
    value: Json = issue["fields"].get(name) or {}
    return value.get(part)


async def test_who_wrote_it_is_told_in_the_text_and_in_the_property(pair: JiraPair) -> None:
    before = await filled(pair)
    await restore(IMPORTER, pair.destination.client, before)
    old, new = await pair.source.issue("ALFA-2"), await pair.destination.issue("ALFA-2")
    assert plain_text(new["fields"]["description"]).startswith(
        "Originally created by Site Admin on"
    )
    origin = new["properties"]["sitekeep.origin"]
    assert (origin["id"], origin["key"]) == (old["id"], "ALFA-2")
    assert origin["created"] == old["fields"]["created"]


async def test_files_come_back_before_the_texts_that_show_them(pair: JiraPair) -> None:
    before = await filled(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["MEDIA_AS_TEXT"] == 0
    fields = (await pair.destination.issue("ALFA-1"))["fields"]
    assert [each["filename"] for each in fields["attachment"]] == ["a b+ü.txt", "a b+ü.txt"]


@pytest.mark.parametrize(
    "path",
    [
        "/issue/bulk$",
        "/attachments$",
        "/comment$",
        "/worklog$",
        "/issueLink$",
        "/remotelink$",
        "/version$|/component$",
        "/field$|/context$|/option$",
        "/workflows/create$|scheme$",
        "/api/3/project$",
        "/projectCategory$",
        "/notificationscheme$",
        "/permissionscheme$",
        "/priorityscheme$",
        "/issuesecurityschemes$",
        "/role$|/role/[0-9]+/actors$",
        "/group$|/issuetype$|/priority$|/resolution$|/issueLinkType$",
        "/transitions$|/watchers$",
        "/bulk/issues/delete$",
        "/api/3/filter$",
        "/agile/1.0/board$",
        "/dashboard$|/gadget$",
        r"/agile/1.0/sprint$|/sprint/\d+$|/sprint/\d+/issue$",
    ],
)
async def test_a_write_whose_answer_is_lost_is_not_done_twice(pair: JiraPair, path: str) -> None:
    before = await filled(pair)
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, path, method="POST", times=2)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=4, retried=(AmbiguousWrite,)
    )
    assert fault.fired > 0
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []
    assert reasons_of(tally)["ISSUE_KEY_CHANGED"] == 0


async def test_a_generated_site_comes_back(pair: JiraPair) -> None:
    generate(pair.source.site, seed=3, issues=150)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    lost = tally.of(Kind.ISSUE).expected - tally.of(Kind.ISSUE).done
    assert lost == 0
    shown = [one for one in undeclared(before, after) if "unknown media" not in str(one.left)]
    text_of_lost_files = reasons_of(tally)["MEDIA_AS_TEXT"]
    assert text_of_lost_files or shown == []
    assert all(one.path.startswith("description.") for one in shown)


@pytest.mark.shows_loss(Loss.DEFAULT_ACTOR_NOT_RESTORED, Loss.PROJECT_LEAD_REPLACED)
@pytest.mark.shows_loss(Loss.REPORTER_REPLACED, Loss.ASSIGNEE_DROPPED)
@pytest.mark.shows_loss(Loss.FIELD_VALUE_NOT_RESTORABLE, Loss.MENTION_AS_TEXT)
async def test_without_users_and_groups_nothing_of_them_is_written(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    before = await pair.source.backup()
    options = ImportOptions(skip_users_and_groups=True)
    tally = await restore(IMPORTER, pair.destination.client, before, options=options)
    assert pair.destination.site.accounts.count() == 1
    assert pair.destination.site.accounts.group(name="builders") is None
    assert Kind.USER not in tally.counts
    assert reasons_of(tally)["REPORTER_REPLACED"] == 1
    assert reasons_of(tally)["ASSIGNEE_DROPPED"] == 1
    assert "@Person 1" in plain_text(
        (await pair.destination.issue("ALFA-1"))["fields"]["description"]
    )


async def test_people_who_are_not_members_are_invited_by_their_address(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert tally.of(Kind.USER).done == tally.of(Kind.USER).expected == 5
    assert reasons_of(tally)["REPORTER_REPLACED"] == 0
    assert undeclared(before, await pair.destination.backup()) == []


async def test_whom_the_source_shut_out_is_not_invited_but_named(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    shut_out = small.people[1].account_id
    pair.source.site.accounts.set_active(shut_out, False)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert pair.destination.site.accounts.get(shut_out) is None
    assert errors_of(tally) == []
    count = tally.of(Kind.USER)
    assert (count.expected, count.done, count.missing) == (5, 4, 1)
    reasons = reasons_of(tally)
    assert reasons["USER_DEACTIVATED"] == reasons["MEMBER_NOT_AT_DESTINATION"] == 1
    assert reasons["ASSIGNEE_DROPPED"] == 1
    fields = (await pair.destination.issue("ALFA-1"))["fields"]
    assert "@Person 1" in plain_text(fields["description"])
    assert undeclared(before, await pair.destination.backup()) == []


async def test_a_restored_site_is_not_empty_and_a_new_one_is(pair: JiraPair) -> None:
    assert await find_content(pair.destination.client) == []
    before = await filled(pair)
    await restore(IMPORTER, pair.destination.client, before)
    found = await find_content(pair.destination.client)
    assert [(each.type, each.subject) for each in found] == [
        ("ACTIVE_CONTENT", "project ALFA"),
        ("ACTIVE_CONTENT", "filters"),
        ("ACTIVE_CONTENT", "boards"),
        ("ACTIVE_CONTENT", "dashboards"),
    ]
    await pair.destination.client.delete("/rest/api/3/project/{project}", project="ALFA")
    found = await find_content(pair.destination.client)
    assert [each.subject for each in found] == ["project ALFA", "filters", "boards", "dashboards"]
    assert found[0].type == "DELETED_CONTENT"


async def test_a_project_whose_key_is_taken_is_left_alone(pair: JiraPair) -> None:
    before = await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("ALFA", "Somebody else's")
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["PROJECT_KEY_TAKEN"] > 0
    assert tally.of(Kind.ISSUE).missing == 9
    assert await pair.destination.keys("ALFA") == set()
