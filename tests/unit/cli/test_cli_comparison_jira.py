"""The comparison finds every planted difference between two Jira backups, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sitekeep_cli.comparison.model import Mode
from sitekeep_shared.coverage import EXTRA, MISSING, CoverageRow
from sitekeep_shared.kinds import Kind
from support.cli_backups import ANNA, BOB, Records, changed, compared, document, jira, paragraph

Change = Callable[[Records], object]
HERE = ("https://left.example", "https://left.example")


def fields(records: Records, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = records[Kind.ISSUE][number]["payload"]["fields"]
    return found


def payload(kind: Kind, **values: Any) -> Change:
    return lambda records: records[kind][0]["payload"].update(values)


def remove(kind: Kind) -> Change:
    return lambda records: records[kind].pop()


def set_field(name: str, value: Any) -> Change:
    return lambda records: fields(records).update({name: value})


def change_comment(records: Records) -> None:
    records[Kind.COMMENT][0]["payload"]["body"] = document(paragraph("Another"))


def change_embedded_comment(records: Records) -> None:
    fields(records)["comment"]["comments"][0]["visibility"] = {"type": "role", "value": "Devs"}


def change_worklog(records: Records) -> None:
    fields(records)["worklog"]["worklogs"][0]["timeSpentSeconds"] = 60


def change_link(records: Records) -> None:
    fields(records)["issuelinks"][0]["type"]["name"] = "Relates"


def change_watcher(records: Records) -> None:
    records[Kind.WATCHER][0]["payload"]["watchers"] = [ANNA]


def change_remote_link(records: Records) -> None:
    records[Kind.REMOTE_LINK][0]["payload"][0]["object"]["title"] = "Ticket 2"


def change_changelog(records: Records) -> None:
    entry = records[Kind.CHANGELOG][0]["payload"]["changeHistories"][0]
    entry["items"][0]["toString"] = "Closed"


def change_bytes(records: Records) -> None:
    records[Kind.ATTACHMENT][0]["digest"] = "cc"


def change_media(records: Records) -> None:
    fields(records)["description"]["content"][1]["content"][0]["attrs"]["id"] = "m-2"


def change_option(records: Records) -> None:
    options = [{"id": "33", "value": "Blue"}]
    records[Kind.FIELD_CONTEXT][0]["attributes"]["options"] = json.dumps(options)


def share_filter(records: Records) -> None:
    records[Kind.FILTER][0]["payload"]["sharePermissions"].append({"type": "loggedin"})


def move(records: Records) -> None:
    records[Kind.ISSUE][0]["attributes"]["rank"] = "0|i00001:"


def set_gadget(**values: Any) -> Change:
    def change(records: Records) -> None:
        attributes = records[Kind.DASHBOARD][0]["attributes"]
        (gadget,) = json.loads(attributes["gadgets"])
        attributes["gadgets"] = json.dumps([gadget | values])

    return change


def set_property(value: Any) -> Change:
    def change(records: Records) -> None:
        attributes = records[Kind.DASHBOARD][0]["attributes"]
        attributes["properties"] = json.dumps({"7": {"config": value}})

    return change


def configure(name: str, value: Any) -> Change:
    def change(records: Records) -> None:
        attributes = records[Kind.BOARD][0]["attributes"]
        configuration = json.loads(attributes["configuration"]) | {name: value}
        attributes["configuration"] = json.dumps(configuration)

    return change


def change_membership(records: Records) -> None:
    records[Kind.MEMBERSHIP][0]["key"] = "g1/b2"


PLANTED: list[tuple[Change, Kind, str, str]] = [
    (payload(Kind.USER, displayName="Anne"), Kind.USER, "a1", "displayName"),
    (payload(Kind.GROUP, name="people"), Kind.GROUP, "devs", MISSING),
    (change_membership, Kind.MEMBERSHIP, "devs/b2", EXTRA),
    (payload(Kind.ISSUE_TYPE, subtask=True), Kind.ISSUE_TYPE, "Bug", "subtask"),
    (payload(Kind.STATUS, statusCategory="DONE"), Kind.STATUS, "Open", "category"),
    (payload(Kind.PRIORITY, description="Now"), Kind.PRIORITY, "High", "description"),
    (payload(Kind.RESOLUTION, description="Made"), Kind.RESOLUTION, "Done", "description"),
    (payload(Kind.ISSUE_LINK_TYPE, outward="stops"), Kind.ISSUE_LINK_TYPE, "Blocks", "outward"),
    (change_option, Kind.FIELD_CONTEXT, "Colour (select)/All", "options.0.value"),
    (payload(Kind.PROJECT, name="Other"), Kind.PROJECT, "ALOY", "name"),
    (payload(Kind.VERSION, released=False), Kind.VERSION, "ALOY/1.0", "released"),
    (payload(Kind.COMPONENT, description=""), Kind.COMPONENT, "ALOY/Core", "description"),
    (payload(Kind.FILTER, name="Shut"), Kind.FILTER, "Open", MISSING),
    (payload(Kind.FILTER, description=""), Kind.FILTER, "Open", "description"),
    (payload(Kind.FILTER, jql="project = ALOY"), Kind.FILTER, "Open", "jql"),
    (payload(Kind.FILTER, owner={"accountId": "b2"}), Kind.FILTER, "Open", "owner"),
    (payload(Kind.FILTER, subscriptions=[{"user": ANNA}]), Kind.FILTER, "Open", "subscriptions"),
    (share_filter, Kind.FILTER, "Open", "shares"),
    (payload(Kind.BOARD, type="scrum"), Kind.BOARD, "Alloy board", "type"),
    (payload(Kind.BOARD, location={}), Kind.BOARD, "Alloy board", "project"),
    (payload(Kind.BOARD, admins={}), Kind.BOARD, "Alloy board", "admins"),
    (configure("filter", {"id": "91"}), Kind.BOARD, "Alloy board", "filter"),
    (configure("columnConfig", {}), Kind.BOARD, "Alloy board", "columns"),
    (configure("subQuery", {"query": "x = y"}), Kind.BOARD, "Alloy board", "subQuery"),
    (payload(Kind.DASHBOARD, name="Other"), Kind.DASHBOARD, "Wall", MISSING),
    (payload(Kind.DASHBOARD, owner=None), Kind.DASHBOARD, "Wall", "owner"),
    (set_gadget(title="U"), Kind.DASHBOARD, "Wall", "gadgets.0.title"),
    (set_gadget(position={"column": 1, "row": 1}), Kind.DASHBOARD, "Wall", "gadgets.0.column"),
    (
        set_property({"filterId": "filter-91"}),
        Kind.DASHBOARD,
        "Wall",
        "gadgets.0.properties.config.filterId",
    ),
    (move, Kind.RANK, "ALOY-1", "after"),
    (move, Kind.RANK, "ALOY-2", "after"),
    (payload(Kind.SPRINT, name="Sprint 2"), Kind.SPRINT, "Sprint 1", MISSING),
    (payload(Kind.SPRINT, state="closed"), Kind.SPRINT, "Sprint 1", "state"),
    (payload(Kind.SPRINT, goal=""), Kind.SPRINT, "Sprint 1", "goal"),
    (payload(Kind.SPRINT, endDate=None), Kind.SPRINT, "Sprint 1", "endDate"),
    (payload(Kind.SPRINT, originBoardId=96), Kind.SPRINT, "Sprint 1", "board"),
    (set_field("summary", "It works"), Kind.ISSUE, "ALOY-1", "summary"),
    (set_field("status", {"id": "3", "name": "Shut"}), Kind.ISSUE, "ALOY-1", "status"),
    (set_field("labels", ["a"]), Kind.ISSUE, "ALOY-1", "labels"),
    (set_field("assignee", ANNA), Kind.ISSUE, "ALOY-1", "assignee"),
    (set_field("parent", {"key": "ALOY-2"}), Kind.ISSUE, "ALOY-1", "parent"),
    (set_field("fixVersions", []), Kind.ISSUE, "ALOY-1", "fixVersions"),
    (set_field("components", []), Kind.ISSUE, "ALOY-1", "components"),
    (
        set_field("customfield_10010", {"id": "1", "value": "Blue"}),
        Kind.ISSUE,
        "ALOY-1",
        "custom.Colour",
    ),
    (
        set_field("environment", document(paragraph("Here"))),
        Kind.ISSUE,
        "ALOY-1",
        "environment",
    ),
    (change_media, Kind.ISSUE, "ALOY-1", "filesNotHeld"),
    (change_comment, Kind.COMMENT, "ALOY-1", "body.content.0.content.0.text"),
    (change_embedded_comment, Kind.COMMENT, "ALOY-1 #2", "visibility"),
    (change_worklog, Kind.WORKLOG, "ALOY-1", "timeSpentSeconds"),
    (change_link, Kind.ISSUE_LINK, "ALOY-1 Blocks ALOY-2", MISSING),
    (change_watcher, Kind.WATCHER, "ALOY-1/a1", EXTRA),
    (change_remote_link, Kind.REMOTE_LINK, "ALOY-1 system=1", "title"),
    (change_changelog, Kind.CHANGELOG, "ALOY-1", "items.0.to"),
    (change_bytes, Kind.ATTACHMENT, "ALOY-1/log.txt", "sha256"),
    (remove(Kind.ATTACHMENT), Kind.ATTACHMENT, "ALOY-1/log.txt", MISSING),
    (remove(Kind.ISSUE), Kind.ISSUE, "ALOY-2", MISSING),
]


@pytest.mark.parametrize(
    ("change", "kind", "item", "path"), PLANTED, ids=[f"{one[1]}-{one[3]}" for one in PLANTED]
)
def test_a_planted_difference_is_found(change: Change, kind: Kind, item: str, path: str) -> None:
    found, results = compared(jira(), changed(jira(), change), jira=True)

    assert (kind, item, path) in {(one.kind, one.item, one.path) for one in found}
    assert not results[kind].held
    assert not any(one.declared for one in found)


def test_equal_backups_have_no_difference() -> None:
    found, results = compared(jira(), jira(), jira=True, sites=HERE)

    assert found == []
    assert results[Kind.COMMENT].exact == 2
    assert results[Kind.ATTACHMENT].same_bytes == 1


def renumber(records: Records) -> None:
    """What another site does: other ids, another address, another order, another time zone."""
    records[Kind.FIELD][0]["key"] = "customfield_20099"
    records[Kind.FIELD][0]["payload"]["id"] = "customfield_20099"
    records[Kind.FIELD_CONTEXT][0]["attributes"]["field"] = "customfield_20099"
    records[Kind.ATTACHMENT][0]["attributes"].update(id="999", media="m-9")
    own = fields(records)
    own["customfield_20099"] = {"id": "77", "value": own.pop("customfield_10010")["value"]}
    own["description"]["content"][0]["content"][0]["text"] = (
        "See https://right.example/browse/ALOY-2"
    )
    own["description"]["content"][1]["content"][0]["attrs"].update(id="m-9", collection="other")
    own["status"] = {"id": "30", "name": "Open"}
    own["labels"] = ["a", "b"]
    own["created"] = "2024-05-01T10:00:00.000+0000"
    own["comment"]["comments"][0]["id"] = "9501"
    records[Kind.VERSION][0]["payload"]["id"] = "70"
    for record, rank in zip(records[Kind.ISSUE], ("2|zz:", "2|hz:"), strict=True):
        record["attributes"]["rank"] = rank
    records[Kind.FILTER][0]["payload"] |= {
        "id": "91",
        "jql": "project = 10000 AND fixVersion = 70 AND status = 3",
    }
    configure("filter", {"id": "91"})(records)
    set_property({"filterId": "filter-91"})(records)
    records[Kind.GROUP][0].update(key="g9", payload={"groupId": "g9", "name": "devs"})
    records[Kind.MEMBERSHIP][0]["key"] = "g9/a1"


def test_ids_addresses_and_orders_of_another_site_are_no_difference() -> None:
    found, _ = compared(jira(), changed(jira(), renumber), jira=True)

    assert found == []


def test_a_link_that_still_leads_to_the_source_site_is_a_difference() -> None:
    def link(records: Records) -> None:
        (text,) = fields(records)["description"]["content"][0]["content"]
        href = "https://left.example/browse/ALOY-2"
        text["marks"] = [{"type": "link", "attrs": {"href": href}}]

    found, _ = compared(changed(jira(), link), changed(jira(), link), jira=True)

    assert [one.path for one in found] == ["description.content.0.content.0.marks.0.attrs.href"]


def test_an_address_of_the_source_site_in_a_text_may_stay_there() -> None:
    found, _ = compared(jira(), jira(), jira=True)

    assert found == []


def test_duplicate_file_names_are_compared_as_a_multiset() -> None:
    def twice(records: Records) -> None:
        one = records[Kind.ATTACHMENT][0]
        records[Kind.ATTACHMENT] = [one, {**one, "key": "1/802", "digest": "ab"}]

    left = changed(jira(), twice)
    right = changed(left, lambda records: records[Kind.ATTACHMENT].reverse())
    found, results = compared(left, right, jira=True, sites=HERE)

    assert found == []
    assert results[Kind.ATTACHMENT].source == 2


def restored(records: Records) -> None:
    """What a restore makes of it: another author, now, and the lines that tell the truth."""
    robot = {"accountId": "r9", "displayName": "Robot"}
    now = "2026-01-01T00:00:00.000+0000"
    lines = [
        "Originally created by Anna Ångström on 2024-05-01 10:00 UTC, "
        "last updated 2024-05-02 10:00 UTC.",
        "Originally created by Anna Ångström on 2024-05-01 10:00 UTC, "
        "last updated 2024-05-01 10:00 UTC.",
    ]
    for record, line in zip(records[Kind.ISSUE], lines, strict=True):
        issue = record["payload"]
        own = issue["fields"]
        issue["properties"] = {
            "sitekeep.origin": {
                "id": issue["id"],
                "key": issue["key"],
                "author": own["creator"],
                "created": own["created"],
                "updated": own["updated"],
            }
        }
        text = own.get("description") or document()
        own["description"] = document(*text["content"], paragraph(line))
        own.update(creator=robot, created=now, updated=now)
    said = fields(records)["comment"]["comments"][0]
    said["body"] = document(paragraph("Bob (2024-05-01 11:00 UTC):"), *said["body"]["content"])
    worked = fields(records)["worklog"]["worklogs"][0]
    first = paragraph("Bob (2024-05-01 11:30 UTC):")
    worked["comment"] = document(first, *worked["comment"]["content"])
    older = records[Kind.COMMENT][0]["payload"]
    first = paragraph("Anna Ångström (2024-05-01 10:30 UTC):")
    older["body"] = document(first, *older["body"]["content"])


COVERAGE = [
    CoverageRow(
        "jira",
        Kind.ISSUE,
        restored="with loss",
        loss="kept as a line",
        lost_paths=("creator", "created", "updated"),
    ),
    CoverageRow("jira", Kind.CHANGELOG, restored="not", loss="there is no way to write it"),
]


def restoration(*changes: Change) -> Records:
    records = changed(jira(), restored)
    for change in changes:
        records = changed(records, change)
    return records


def same_site(left: Records, right: Records) -> Any:
    return compared(
        left,
        right,
        jira=True,
        mode=Mode.RESTORED,
        coverage=COVERAGE,
        sites=HERE,
    )


def test_a_true_restoration_differs_only_as_declared() -> None:
    found, results = same_site(jira(), restoration(remove(Kind.CHANGELOG)))

    assert {one.path for one in found} == {"creator", "created", "updated"}
    assert {one.declared_by for one in found} == {"kept as a line"}
    assert (results[Kind.ISSUE].declared, results[Kind.ISSUE].undeclared) == (2, 0)
    assert results[Kind.COMMENT].exact == 2
    assert results[Kind.CHANGELOG].missing_declared == 1


def wrong_date(records: Records) -> None:
    line = fields(records)["description"]["content"][-1]["content"][0]
    line["text"] = line["text"].replace("2024-05-01", "2024-05-09")


def wrong_author(records: Records) -> None:
    line = records[Kind.COMMENT][0]["payload"]["body"]["content"][0]["content"][0]
    line["text"] = line["text"].replace("Anna Ångström", "Bob")


def no_worklog_line(records: Records) -> None:
    del fields(records)["worklog"]["worklogs"][0]["comment"]["content"][0]


def wrong_marker(records: Records) -> None:
    records[Kind.ISSUE][0]["payload"]["properties"]["sitekeep.origin"]["id"] = "4711"


def no_marker(records: Records) -> None:
    del records[Kind.ISSUE][0]["payload"]["properties"]


@pytest.mark.parametrize(
    ("change", "kind", "path"),
    [
        (wrong_date, Kind.ISSUE, "origin"),
        (wrong_author, Kind.COMMENT, "origin"),
        (no_worklog_line, Kind.WORKLOG, "origin"),
        (wrong_marker, Kind.ISSUE, "marker.id"),
        (no_marker, Kind.ISSUE, "marker"),
    ],
)
def test_a_wrong_line_about_the_origin_is_an_undeclared_difference(
    change: Change, kind: Kind, path: str
) -> None:
    found, _ = same_site(jira(), restoration(change))

    assert (kind, path) in {(one.kind, one.path) for one in found if not one.declared}


def test_what_the_destination_had_by_itself_is_declared_and_content_is_not() -> None:
    def more(records: Records) -> None:
        records[Kind.PRIORITY].append({"key": "9", "payload": {"id": "9", "name": "Own"}})
        records[Kind.ISSUE].append(
            {"key": "3", "payload": {"id": "9", "key": "ALOY-3", "fields": {}}}
        )

    found, results = same_site(jira(), restoration(more))
    extra = {one.item: one.declared for one in found if one.path == EXTRA}

    assert extra == {"Own": True, "ALOY-3": False}
    assert results[Kind.ISSUE].extra == 1


def lost_bob(records: Records) -> None:
    """Bob has no account at the destination."""
    records[Kind.USER].pop()
    records[Kind.WATCHER].clear()
    del fields(records)["assignee"]


def lost_anna(records: Records) -> None:
    """Anna has one, and is not the reporter any more."""
    fields(records)["reporter"] = {"accountId": "r9"}


USERS = CoverageRow("jira", Kind.USER, restored="with loss", loss="who", lost_paths=(MISSING,))


@pytest.mark.parametrize(("change", "declared"), [(lost_bob, True), (lost_anna, False)])
def test_only_people_without_an_account_may_be_lost(change: Change, declared: bool) -> None:
    found, _ = compared(
        jira(),
        restoration(change, remove(Kind.CHANGELOG)),
        jira=True,
        mode=Mode.RESTORED,
        coverage=[*COVERAGE, USERS],
        sites=HERE,
    )
    lost = [one for one in found if one.path not in ("creator", "created", "updated")]

    assert lost
    assert all(one.declared is declared for one in lost)


def lost_value(records: Records) -> None:
    """A value is lost beside Bob, who has no account at the destination."""
    records[Kind.USER].pop()
    del fields(records)["customfield_10010"]


@pytest.mark.parametrize("value", [{"id": "33", "value": "Red"}, "user/nobody", "project/NONE"])
def test_a_value_that_is_lost_passes_for_no_absent_person(value: Any) -> None:
    change = set_field("customfield_10010", value)
    mode, coverage = Mode.RESTORED, [*COVERAGE, USERS]
    left = changed(jira(), change)
    right = changed(restoration(change, remove(Kind.CHANGELOG)), lost_value)
    found, _ = compared(left, right, jira=True, mode=mode, coverage=coverage, sites=HERE)
    lost = {one.path: one.declared for one in found if one.path.startswith("custom.")}
    assert set(lost.values()) == {False}


@pytest.mark.parametrize(
    ("shown_to", "owner", "declared"),
    [(BOB, ANNA, True), (ANNA, ANNA, False), (BOB, BOB, False)],
)
def test_a_filter_may_be_gone_where_only_its_owner_is_left_to_see_it(
    shown_to: Any, owner: Any, declared: bool
) -> None:
    shared: dict[str, Any] = {"sharePermissions": [{"type": "user", "user": shown_to}]}
    naming: dict[str, Any] = {**shared, "sharePermissions": [{"type": "loggedin"}]}

    def two(records: Records) -> None:
        first = records[Kind.FILTER][0]["payload"]
        first.update(shared, owner=owner)
        second = {**first, **naming, "id": "91", "name": "Of that", "jql": "filter = 90"}
        records[Kind.FILTER].append({"key": "91", "payload": second})

    def gone(records: Records) -> None:
        records[Kind.USER].pop()
        records[Kind.FILTER].pop(0)

    left = changed(jira(), two)
    right = changed(restoration(two, remove(Kind.CHANGELOG)), gone)
    mode, coverage = Mode.RESTORED, [*COVERAGE, USERS]
    found, _ = compared(left, right, jira=True, mode=mode, coverage=coverage, sites=HERE)
    told = {(one.item, one.path): one.declared for one in found if one.kind is Kind.FILTER}
    assert told[("Open", MISSING)] is declared
    assert told[("Of that", "jql")] is declared


@pytest.mark.parametrize(("before", "declared"), [(None, True), ("Low", False)])
def test_a_site_may_add_a_priority_and_not_replace_one(before: str | None, declared: bool) -> None:
    row = CoverageRow(
        "jira", Kind.ISSUE, restored="with loss", loss="added", lost_paths=("priority",)
    )
    left = changed(jira(), set_field("priority", {"id": "1", "name": before} if before else None))
    found, _ = compared(
        left,
        changed(left, set_field("priority", {"id": "3", "name": "Medium"})),
        jira=True,
        mode=Mode.RESTORED,
        coverage=[row],
        sites=HERE,
    )

    found = [one for one in found if one.path == "priority"]
    assert [one.declared for one in found] == [declared]


def missing_file(records: Records) -> None:
    records[Kind.ATTACHMENT].clear()


def named_file(records: Records) -> None:
    fields(records)["description"]["content"][1] = paragraph("[file]")


def test_a_file_that_the_backup_lacks_may_become_its_name() -> None:
    left = changed(jira(), missing_file)
    right = changed(changed(left, named_file), restored)
    found, _ = same_site(left, right)
    found = [one for one in found if one.path not in ("creator", "created", "updated")]

    assert [(one.path, one.left, one.declared) for one in found] == [("filesNotHeld", 1, True)]
