"""Which ids a query holds, and what becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.content.jql import Reference, custom_realms, references, replaced

STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"
ACCOUNT = "712020:9c11d706-c626-5ca8-96f7-4fbd2ab96185"
FIELDS = [
    {
        "name": "Severity",
        "clauseNames": ["cf[10010]", "Severity"],
        "schema": {"custom": f"{STOCK}select"},
    },
    {"name": "Points", "clauseNames": ["cf[10011]"], "schema": {"custom": f"{STOCK}float"}},
    {"name": "Built in", "clauseNames": ["cf[10012]"], "schema": {"custom": f"{STOCK}version"}},
    {
        "name": "Sprint",
        "clauseNames": ["cf[10020]", "Sprint"],
        "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"},
    },
]
CUSTOM = custom_realms(FIELDS)


def found(query: str) -> list[tuple[str, str]]:
    return [(str(one.realm), one.id) for one in references(query, CUSTOM)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("project = 10000", [("project", "10000")]),
        ("PROJECT=10000 and(component!=7)", [("project", "10000"), ("component", "7")]),
        ("project in (10000, ABC, '10001')", [("project", "10000"), ("project", "10001")]),
        ("fixVersion not in (1,2) OR affectedVersion = 3", [("version", each) for each in "123"]),
        ("filter = 5 || savedFilter in (6)", [("filter", "5"), ("filter", "6")]),
        ("cf[10010] = 33", [("field", "customfield_10010"), ("option", "33")]),
        ("Severity in (33) AND 'Severity' != 34", [("option", "33"), ("option", "34")]),
        ("cf[10011] > 8 ORDER BY cf[10011]", [("field", "customfield_10011")] * 2),
        ("Points = 8", []),
        ('"Built in" = 7', [("version", "7")]),
        ("sprint in (4, openSprints()) and Sprint = 5", [("sprint", "4"), ("sprint", "5")]),
        ("cf[10020] = 9", [("field", "customfield_10020"), ("sprint", "9")]),
        ("category in (3, 'Tools') or category = 4", [("project_category", each) for each in "34"]),
        ("level != 4 AND level in ('Intern', '5')", [("security_level", each) for each in "45"]),
        ("project in projectsWhereUserHasRole(10002)", []),
        ("key = ABC-1 OR parent = 12 OR 'Epic Link' in (13)", [("issue", "12"), ("issue", "13")]),
        (
            "status WAS NOT IN (3, 4) BEFORE 2024 AND status CHANGED FROM 5 TO 6 ON 2023",
            [("status", each) for each in "3456"],
        ),
        (
            f"assignee in ({ACCOUNT}, '5b10ac8d82e05b22cc7d4ef5')",
            [("user", ACCOUNT), ("user", "5b10ac8d82e05b22cc7d4ef5")],
        ),
        (f"status changed by {ACCOUNT} after -5d", [("user", ACCOUNT)]),
        ("fixVersion in releasedVersions(10000)", [("project", "10000")]),
        ("Severity in cascadeOption(33, 34)", [("option", "33"), ("option", "34")]),
        ("issue in linkedIssues(12, 'blocks') and votes > 3", [("issue", "12")]),
        ("summary ~ 'project = 10000' and labels = 10000", []),
        ("text ~ \"fixVersion = \\\"5\\\"\" and not (type = 2)", [("issue_type", "2")]),
        ("resolution is EMPTY order by status, key", []),
        ("", []),
    ],
)  # fmt: skip
def test_ids_are_found_where_a_query_names_something(
    query: str, expected: list[tuple[str, str]]
) -> None:
    assert found(query) == expected


def test_only_the_ids_are_replaced() -> None:
    query = "project = 10000 AND cf[10010] in ( 33,'34' ) ORDER BY cf[10010] DESC"
    texts: dict[Reference, str] = {
        one: one.id.removeprefix("customfield_")[::-1] for one in references(query, CUSTOM)
    }
    assert replaced(query, texts) == (
        "project = 00001 AND cf[01001] in ( 33,43 ) ORDER BY cf[01001] DESC"
    )


@given(st.text(alphabet="project=10 in(),'\"\\&|!~cf[]ORDERBYandnot\n", max_size=60))
def test_any_text_is_read_and_stays_the_same_where_nothing_is_replaced(query: str) -> None:
    listed = references(query, CUSTOM)
    assert replaced(query, {one: query[one.start : one.end] for one in listed}) == query
