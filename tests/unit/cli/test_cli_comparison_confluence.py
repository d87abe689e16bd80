"""The comparison finds every planted difference between two Confluence backups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_cli.comparison.model import Difference, Mode
from sitekeep_cli.comparison.paths import differing
from sitekeep_cli.comparison.provenance import (
    created_line,
    said_line,
    take_created_from_storage,
    take_said_from_storage,
)
from sitekeep_shared.coverage import EXTRA, MISSING, CoverageRow
from sitekeep_shared.kinds import Kind
from support.cli_backups import Records, changed, compared, confluence

Change = Callable[[Records], object]
HERE = ("https://left.example", "https://left.example")


def of(kind: Kind, number: int, **values: Any) -> Change:
    return lambda records: records[kind][number]["payload"].update(values)


def body(kind: Kind, number: int, text: str) -> Change:
    return of(kind, number, body={"storage": {"value": text}})


def move_reply(records: Records) -> None:
    records[Kind.FOOTER_COMMENT][1]["attributes"]["parent"] = "52"


def change_bytes(records: Records) -> None:
    records[Kind.ATTACHMENT][0]["digest"] = "cc"


def change_label(records: Records) -> None:
    records[Kind.LABEL][0]["payload"][0]["name"] = "other"


SAID = "DOCS/Guide: Bob (2024-05-03 10:00 UTC):"
PLANTED: list[tuple[Change, Kind, str, str]] = [
    (of(Kind.SPACE, 0, name="Doc"), Kind.SPACE, "DOCS", "name"),
    (of(Kind.SPACE, 0, homepageId="11"), Kind.SPACE, "DOCS", "homepage"),
    (body(Kind.PAGE, 1, "<p>One</p>"), Kind.PAGE, "DOCS/Guide", "body"),
    (of(Kind.PAGE, 1, title="Guides"), Kind.PAGE, "DOCS/Guide", MISSING),
    (of(Kind.PAGE, 2, parentId="11"), Kind.PAGE, "DOCS/Faq", "parent"),
    (of(Kind.PAGE, 2, position=1), Kind.PAGE, "DOCS/Faq", "order"),
    (of(Kind.PAGE, 2, status="archived"), Kind.PAGE, "DOCS/Faq", "status"),
    (
        of(Kind.BLOG_POST, 0, createdAt="2024-06-02T10:00:00Z"),
        Kind.BLOG_POST,
        "DOCS/News",
        "created",
    ),
    (
        body(Kind.FOOTER_COMMENT, 1, "No"),
        Kind.FOOTER_COMMENT,
        f"{SAID} …Answer",
        MISSING,
    ),
    (move_reply, Kind.FOOTER_COMMENT, f"{SAID} …Answer", "answers"),
    (
        of(Kind.INLINE_COMMENT, 0, resolutionStatus="resolved"),
        Kind.INLINE_COMMENT,
        f"{SAID} …Why?",
        "resolution",
    ),
    (change_label, Kind.LABEL, "DOCS/Guide global:howto", MISSING),
    (change_bytes, Kind.ATTACHMENT, "DOCS/Guide/plan.png", "sha256"),
]


@pytest.mark.parametrize(
    ("change", "kind", "item", "path"), PLANTED, ids=[f"{one[1]}-{one[3]}" for one in PLANTED]
)
def test_a_planted_difference_is_found(change: Change, kind: Kind, item: str, path: str) -> None:
    found, results = compared(confluence(), changed(confluence(), change), jira=False, sites=HERE)

    assert (kind, item, path) in {(one.kind, one.item, one.path) for one in found}
    assert not results[kind].held


def renumber(records: Records) -> None:
    """What another site does: other ids and positions, another way to write the same body."""
    numbers = {"10": "910", "11": "905", "12": "907"}
    for record in records[Kind.PAGE]:
        page = record["payload"]
        page["id"] = record["key"] = numbers[page["id"]]
        page["spaceId"] = "99"
        page["parentId"] = numbers.get(page["parentId"])
        page["position"] = page["position"] * 1000
    records[Kind.SPACE][0]["payload"].update(id="99", homepageId="910")
    records[Kind.BLOG_POST][0]["payload"]["spaceId"] = "99"
    link = "<p><a href='/wiki/spaces/DOCS/pages/905/Other+slug'>g</a></p>"
    records[Kind.PAGE][0]["payload"]["body"]["storage"]["value"] = link
    records[Kind.PAGE][1]["payload"]["body"]["storage"]["value"] = (
        "<p>One \u00a0 two &#38; three</p>"
    )
    for kind in (Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT, Kind.ATTACHMENT):
        for record in records[kind]:
            record["attributes"]["container"] = "905"
    records[Kind.LABEL][0]["key"] = "905"


def test_ids_positions_and_spellings_of_another_site_are_no_difference() -> None:
    found, _ = compared(confluence(), changed(confluence(), renumber), jira=False)

    assert found == []


def test_a_link_to_another_page_is_a_difference() -> None:
    def elsewhere(records: Records) -> None:
        storage = records[Kind.PAGE][0]["payload"]["body"]["storage"]
        storage["value"] = storage["value"].replace("pages/11", "pages/12")

    found, _ = compared(confluence(), changed(confluence(), elsewhere), jira=False, sites=HERE)

    assert [(one.item, one.path) for one in found] == [("DOCS/Home", "body")]
    assert "DOCS/Faq" in found[0].right


def restored(records: Records) -> None:
    line = (
        "<p>Originally created by Anna Ångström on 2024-05-01 10:00 UTC, "
        "last updated 2024-05-02 10:00 UTC.</p>"
    )
    for record in records[Kind.PAGE]:
        record["payload"]["body"]["storage"]["value"] += line
        record["payload"]["authorId"] = "r9"
    post = records[Kind.BLOG_POST][0]["payload"]["body"]["storage"]
    post["value"] += line.replace("05-01", "06-01").replace("05-02", "06-01")
    for kind in (Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT):
        for record in records[kind]:
            said = record["payload"]["body"]["storage"]
            said["value"] = "<p>Bob (2024-05-03 10:00 UTC):</p>" + said["value"]


def test_a_true_restoration_differs_only_in_the_declared_author() -> None:
    row = CoverageRow(
        "confluence", Kind.PAGE, restored="with loss", loss="a line", lost_paths=("author",)
    )
    found, _ = compared(
        confluence(),
        changed(confluence(), restored),
        jira=False,
        mode=Mode.RESTORED,
        coverage=[row],
        sites=HERE,
    )

    assert {one.path for one in found} == {"author"}
    assert all(one.declared for one in found)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.PAGE, "origin"),
        (Kind.BLOG_POST, "origin"),
        # A comment is known by its line: with another one it is another comment.
        (Kind.FOOTER_COMMENT, MISSING),
        (Kind.FOOTER_COMMENT, EXTRA),
        (Kind.INLINE_COMMENT, MISSING),
    ],
)
def test_a_wrong_line_about_the_origin_is_an_undeclared_difference(kind: Kind, path: str) -> None:
    def wrong(records: Records) -> None:
        storage = records[kind][0]["payload"]["body"]["storage"]
        storage["value"] = storage["value"].replace(":00 UTC", ":01 UTC", 1)

    right = changed(changed(confluence(), restored), wrong)
    found = restoration_of(right)

    assert (kind, path) in {(one.kind, one.path) for one in found if not one.declared}


MOVES = [
    CoverageRow(
        "confluence", Kind.INLINE_COMMENT, restored="with loss", loss="moved", lost_paths=(MISSING,)
    ),
    CoverageRow(
        "confluence", Kind.FOOTER_COMMENT, restored="with loss", loss="moved", lost_paths=(EXTRA,)
    ),
]


def restoration_of(right: Records) -> list[Difference]:
    found, _ = compared(
        confluence(), right, jira=False, mode=Mode.RESTORED, coverage=MOVES, sites=HERE
    )
    return found


def move_inline_comment(records: Records) -> None:
    comment = records[Kind.INLINE_COMMENT].pop()
    storage = comment["payload"]["body"]["storage"]
    quote = "<blockquote><p>words</p></blockquote>"
    storage["value"] = storage["value"].replace("</p>", f"</p>{quote}", 1)
    comment["attributes"]["container"] = "12"
    records[Kind.FOOTER_COMMENT].append(comment)


def on_another_page(records: Records) -> None:
    records[Kind.INLINE_COMMENT][0]["attributes"]["container"] = "12"


def said_otherwise(records: Records) -> None:
    storage = records[Kind.FOOTER_COMMENT][-1]["payload"]["body"]["storage"]
    storage["value"] = storage["value"].replace("Why?", "What?")


def moved(*changes: Change) -> set[tuple[Kind, str, bool]]:
    """What is found of an inline comment that came back as a footer comment."""
    left = changed(confluence(), on_another_page)
    right = changed(left, restored)
    for change in (move_inline_comment, *changes):
        right = changed(right, change)
    found, _ = compared(left, right, jira=False, mode=Mode.RESTORED, coverage=MOVES, sites=HERE)
    return {(one.kind, one.path, one.declared) for one in found if one.kind is not Kind.PAGE}


def test_an_inline_comment_that_became_a_footer_comment_is_declared() -> None:
    assert moved() == {(Kind.INLINE_COMMENT, MISSING, True), (Kind.FOOTER_COMMENT, EXTRA, True)}


def test_one_that_lost_its_words_on_the_way_is_not() -> None:
    assert moved(said_otherwise) == {
        (Kind.INLINE_COMMENT, MISSING, False),
        (Kind.FOOTER_COMMENT, EXTRA, False),
    }


def test_a_mention_that_became_a_name_is_a_difference_in_mentions_only() -> None:
    link = '<p><ac:link><ri:user ri:account-id="b2" /></ac:link> asks</p>'
    left = changed(confluence(), body(Kind.PAGE, 1, link))
    right = changed(confluence(), body(Kind.PAGE, 1, "<p>@Bob asks</p>"))
    found, _ = compared(left, right, jira=False, sites=HERE)

    assert [(one.path, one.left) for one in found] == [("mentions", ["b2"])]


def test_a_personal_space_under_another_key_differs_in_its_key_only() -> None:
    def personal(records: Records) -> None:
        records[Kind.SPACE][0]["payload"]["key"] = "~b2"
        records[Kind.PAGE][1]["payload"]["body"]["storage"]["value"] = (
            '<ac:link><ri:page ri:space-key="~b2" ri:content-title="Faq" /></ac:link>'
        )

    def renamed(records: Records) -> None:
        records[Kind.SPACE][0]["payload"]["key"] = "PERSONALb2"
        storage = records[Kind.PAGE][1]["payload"]["body"]["storage"]
        storage["value"] = storage["value"].replace("~b2", "PERSONALb2")

    left = changed(confluence(), personal)
    found, _ = compared(
        left, changed(changed(left, renamed), restored), jira=False, mode=Mode.RESTORED, sites=HERE
    )

    assert {(one.item, one.path) for one in found if one.path != "author"} == {("~b2", "key")}


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(names)
def test_lines_are_found_again_whatever_the_name(name: str) -> None:
    import html

    created = created_line(name, "2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z")
    said = said_line(name, "2024-05-01T10:00:00Z")

    assert take_created_from_storage(f"<p>x</p><p>{html.escape(created)}</p>") == (
        created,
        "<p>x</p>",
    )
    assert take_said_from_storage(f"<p>{html.escape(said)}</p><p>x</p>") == (said, "<p>x</p>")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2)
    ),
    max_leaves=8,
)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}  # pyright: ignore[reportUnknownVariableType]
    return [without_nulls(one) for one in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


@given(json_values, json_values)
def test_paths_differ_exactly_where_values_differ(left: Any, right: Any) -> None:
    left, right = without_nulls(left), without_nulls(right)

    assert bool(list(differing(left, right))) == (left != right)
