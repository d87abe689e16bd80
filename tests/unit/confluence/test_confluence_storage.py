"""Bodies in storage format are rewritten without touching anything else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.content.storage import (
    LINK_TARGET_UNKNOWN,
    MENTION_AS_TEXT,
    TINY_LINK,
    USER_REFERENCE_UNKNOWN,
    Targets,
    references,
    rewrite,
    strip_inline_markers,
)
from sitekeep_shared.content.storage_text import Anchor, find_anchor, plain_text
from sitekeep_shared.content.storage_tokens import tokens

_OLD = "https://old.example/wiki"
_NEW = "https://new.example/wiki"
_TARGETS = Targets(
    contents={"12": "9001", "13": "9002"},
    accounts={"a1": "b1"},
    names={"a2": "Ann & Bob"},
    space_keys={"~a1": "PERSONALa1"},
    bases={_OLD: _NEW},
)


def _attribute(name: str, value: str) -> str:
    return f'<x {name}="{value}" />'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/wiki/spaces/DOCS/pages/12/Title", "/wiki/spaces/DOCS/pages/9001/Title"),
        ("/spaces/DOCS/pages/edit-v2/12", "/spaces/DOCS/pages/edit-v2/9001"),
        (
            "/wiki/spaces/DOCS/blog/2024/05/01/13/Title",
            "/wiki/spaces/DOCS/blog/2024/05/01/9002/Title",
        ),
        ("/wiki/spaces/DOCS/blog/13", "/wiki/spaces/DOCS/blog/9002"),
        (
            "/wiki/pages/viewpage.action?pageId=12#top",
            "/wiki/pages/viewpage.action?pageId=9001#top",
        ),
        ("/wiki/p.action?a=1&amp;pageId=12", "/wiki/p.action?a=1&amp;pageId=9001"),
        ("/wiki/download/attachments/12/a.png", "/wiki/download/attachments/9001/a.png"),
        (f"{_OLD}/spaces/DOCS/pages/12", f"{_NEW}/spaces/DOCS/pages/9001"),
        (f"{_OLD}/spaces/DOCS/overview", f"{_NEW}/spaces/DOCS/overview"),
        ("/wiki/spaces/~a1/pages/12", "/wiki/spaces/PERSONALa1/pages/9001"),
    ],
)
def test_links_by_id_lead_to_the_restored_page(before: str, after: str) -> None:
    rewritten = rewrite(_attribute("href", before), _TARGETS)
    assert rewritten.body == _attribute("href", after)
    assert not rewritten.losses


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/wiki/spaces/DOCS/pages/12",
        "https://old.example.org/wiki/spaces/DOCS/pages/12",
        "https://old.example/browse/ABC-12",
        "mailto:somebody@example.com?pageId=12",
        "//cdn.example/pages/12?pageId=12",
        "#pages/12",
    ],
)
def test_links_that_leave_the_wiki_stay_as_they_are(link: str) -> None:
    body = _attribute("href", link)
    assert rewrite(body, _TARGETS).body == body


def test_a_link_to_content_that_was_not_restored_stays_and_is_counted() -> None:
    body = _attribute("href", f"{_OLD}/spaces/DOCS/pages/77")
    rewritten = rewrite(body, _TARGETS)
    assert rewritten.body == body
    assert rewritten.losses == {LINK_TARGET_UNKNOWN: 1}


def test_a_tiny_link_stays_and_is_counted() -> None:
    body = _attribute("href", "/wiki/x/AbCd")
    rewritten = rewrite(body, _TARGETS)
    assert (rewritten.body, rewritten.losses) == (body, {TINY_LINK: 1})


def test_a_link_that_shows_its_address_shows_the_new_one() -> None:
    old, new = f"{_OLD}/spaces/D/pages/12?a=1&amp;b=2", f"{_NEW}/spaces/D/pages/9001?a=1&amp;b=2"
    rewritten = rewrite(f'<a href="{old}">{old}</a> {old}', _TARGETS)
    assert rewritten.body == f'<a href="{new}">{new}</a> {old}'


def test_a_mention_names_the_account_at_the_destination() -> None:
    body = '<p><ac:link><ri:user ri:account-id="{}" /></ac:link></p>'
    assert rewrite(body.format("a1"), _TARGETS).body == body.format("b1")


def test_a_mention_of_somebody_without_an_account_becomes_the_name() -> None:
    body = '<p>Ask <ac:link ac:card="x"><ri:user ri:account-id="a2" /></ac:link>!</p>'
    rewritten = rewrite(body, _TARGETS)
    assert rewritten.body == "<p>Ask @Ann &amp; Bob!</p>"
    assert rewritten.losses == {MENTION_AS_TEXT: 1}


def test_a_user_parameter_of_a_macro_stays_where_the_person_is_unknown() -> None:
    body = '<ac:parameter ac:name="user"><ri:user ri:account-id="a2" /></ac:parameter>'
    rewritten = rewrite(body, _TARGETS)
    assert (rewritten.body, rewritten.losses) == (body, {USER_REFERENCE_UNKNOWN: 1})


def test_content_entities_and_space_keys_are_rewritten() -> None:
    body = '<ri:content-entity ri:content-id="{}" /><ri:page ri:space-key="{}" />'
    assert rewrite(body.format("12", "~a1"), _TARGETS).body == body.format("9001", "PERSONALa1")


def test_code_and_unknown_macros_survive_byte_for_byte() -> None:
    body = (
        '<ac:structured-macro ac:name=\'odd\'  ac:macro-id="1"><ac:parameter ac:name="q">a&nbsp;b'
        '</ac:parameter><ac:plain-text-body><![CDATA[<a href="/wiki/spaces/D/pages/12">'
        '<ac:inline-comment-marker ac:ref="x">]]></ac:plain-text-body></ac:structured-macro>'
        "<!-- <a href=\"/wiki/spaces/D/pages/12\"> --><br/><img alt='a > b' />"
    )
    assert rewrite(body, _TARGETS).body == body
    assert strip_inline_markers(body) == body


def test_references_are_what_a_rewriting_asks_for() -> None:
    body = (
        '<a href="/wiki/spaces/DOCS/pages/12">x</a><ri:content-entity ri:content-id="77" />'
        '<ac:link><ri:user ri:account-id="a2" /></ac:link><ri:page ri:space-key="ENG" />'
        f'<a href="{_OLD}/spaces/HR/pages/13">y</a><a href="https://x.example/pages/1">z</a>'
    )
    found = references(body, {_OLD: _NEW})
    assert found.contents == {"12", "77", "13"}
    assert found.accounts == {"a2"}
    assert found.space_keys == {"DOCS", "ENG", "HR"}


def test_inline_markers_go_and_their_text_stays() -> None:
    body = (
        '<p>a <ac:inline-comment-marker ac:ref="1">b <strong>c</strong>'
        '<ac:inline-comment-marker ac:ref="2">d</ac:inline-comment-marker>'
        "</ac:inline-comment-marker> e</p>"
    )
    assert strip_inline_markers(body) == "<p>a b <strong>c</strong>d e</p>"


_PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<p class='x'>",
        "text & more",
        "&amp;",
        "<![CDATA[ <p> ]]>",
        "<!-- < -->",
        '<a href="/wiki/spaces/D/pages/5">',
        "<",
        ">",
        '"',
        "'",
        "é\U0001f680",
        '<ac:structured-macro ac:name="x"/>',
        "<ri:user ri:account-id='zz' />",
    ]
)
_BODIES = st.lists(_PIECES | st.text(max_size=5), max_size=20).map("".join)


@settings(max_examples=150, deadline=None)
@given(_BODIES)
def test_the_tokens_of_any_body_are_the_body(body: str) -> None:
    assert "".join(tokens(body)) == body


@settings(max_examples=150, deadline=None)
@given(_BODIES)
def test_a_body_that_names_nothing_known_is_not_changed(body: str) -> None:
    accounts: Mapping[str, str] = {"zz": "zz"}
    assert rewrite(body, Targets(accounts=accounts)).body == body


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["here", " and ", "<em>", "</em>", "</p><p>", "&amp;"]), max_size=12),
    st.lists(st.sampled_from(["here", " or ", "</p><p>"]), max_size=8),
)
def test_a_marked_text_is_found_at_its_own_place(before: list[str], after: list[str]) -> None:
    head, tail = "".join(before), "".join(after)
    marked = '<ac:inline-comment-marker ac:ref="r">here</ac:inline-comment-marker>'
    anchor = find_anchor(f"<p>{head}{marked}{tail}</p>", "r", "here")
    assert anchor is not None
    assert anchor.certain
    assert anchor.index == head.count("here")
    assert anchor.count == head.count("here") + 1 + tail.count("here")


def test_a_text_that_occurs_once_needs_no_mark() -> None:
    assert find_anchor("<p>only <em>he</em>re</p>", "r", "here") == Anchor("here", 1, 0, True)


def test_a_text_that_occurs_twice_without_a_mark_is_uncertain() -> None:
    assert find_anchor("<p>here, here</p>", "r", "here") == Anchor("here", 2, 0, False)


@pytest.mark.parametrize(
    "body",
    [
        "<p>he</p><p>re</p>",
        '<ac:parameter ac:name="title">here</ac:parameter>',
        "<ac:plain-text-body><![CDATA[here]]></ac:plain-text-body>",
        "",
    ],
)
def test_text_across_blocks_or_hidden_in_macros_is_no_anchor(body: str) -> None:
    assert find_anchor(body, "r", "here") is None


def test_plain_text_has_a_line_per_block_and_decodes_entities() -> None:
    body = "<p>a  &amp; <strong>b</strong></p><ul><li>c&nbsp;d</li></ul>"
    assert plain_text(body) == "a & b\nc d"
