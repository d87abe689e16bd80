"""Documents: what they name, how they are rewritten, and the lines that are added."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.content.adf import (
    Node,
    Rewriting,
    accounts_of,
    document,
    followed,
    is_too_long,
    media_of,
    origin_line,
    paragraph,
    plain_text,
    preceded,
    said_line,
    text_node,
    utc_minute,
)

MENTION: Node = {"type": "mention", "attrs": {"id": "a1", "text": "@Ann", "accessLevel": ""}}


def picture(media: str, **attributes: Any) -> Node:
    attrs = {"id": media, "type": "file", "collection": "", **attributes}
    return {"type": "mediaSingle", "content": [{"type": "media", "attrs": attrs}]}


def test_mentions_and_media_get_their_ids_of_the_destination() -> None:
    source = document({"type": "paragraph", "content": [MENTION]}, picture("m1"))
    assert accounts_of(source) == {"a1"}
    assert media_of(source) == {"m1"}
    rewriting = Rewriting({"a1": "b1"}, {"m1": "n1"})
    result = rewriting.document(source)
    assert accounts_of(result) == {"b1"}
    assert media_of(result) == {"n1"}
    assert (rewriting.lost_mentions, rewriting.lost_media) == (0, 0)


def test_a_mention_of_an_absent_account_becomes_its_name() -> None:
    rewriting = Rewriting()
    result = rewriting.document(document({"type": "paragraph", "content": [MENTION]}))
    assert result["content"][0]["content"] == [text_node("@Ann")]
    assert rewriting.lost_mentions == 1


def test_a_file_that_did_not_come_back_becomes_its_name_in_a_paragraph() -> None:
    rewriting = Rewriting()
    result = rewriting.document(document(picture("m1", alt="plan.png")))
    assert result["content"] == [{"type": "paragraph", "content": [text_node("[plan.png]")]}]
    assert rewriting.lost_media == 1


def test_a_group_keeps_the_files_that_are_there() -> None:
    files = [{"type": "media", "attrs": {"id": each, "type": "file"}} for each in ("m1", "m2")]
    rewriting = Rewriting(media={"m2": "n2"})
    result = rewriting.document(document({"type": "mediaGroup", "content": files}))
    assert media_of(result) == {"n2"}
    assert rewriting.lost_media == 1


def test_a_picture_of_another_site_stays() -> None:
    media = {"type": "media", "attrs": {"type": "external", "url": "https://x.example/y.png"}}
    source = document({"type": "mediaSingle", "content": [media]})
    assert Rewriting().document(source) == source


def test_addresses_are_rewritten_in_links_and_cards() -> None:
    mark = {"type": "link", "attrs": {"href": "https://old/browse/A-1", "title": "t"}}
    text = {"type": "text", "text": "A-1", "marks": [mark, {"type": "strong"}]}
    card = {"type": "inlineCard", "attrs": {"url": "https://old/browse/A-2"}}
    source = document({"type": "paragraph", "content": [text, card]})
    rewriting = Rewriting(link=lambda url: url.replace("//old/", "//new/"))
    first, second = rewriting.document(source)["content"][0]["content"]
    assert first["marks"][0]["attrs"] == {"href": "https://new/browse/A-1", "title": "t"}
    assert first["marks"][1] == {"type": "strong"}
    assert second["attrs"]["url"] == "https://new/browse/A-2"


ATOMS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
LEAVES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "rule", "newThing", "status"])},
    optional={"text": st.text(max_size=5), "attrs": st.dictionaries(st.text(max_size=3), ATOMS)},
)


def _branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    required: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(["panel", "table", "unknownBlock"]),
        "content": st.lists(inner, max_size=3),
    }
    optional: dict[str, st.SearchStrategy[Any]] = {
        "version": ATOMS,
        "surprise": st.lists(ATOMS, max_size=2),
    }
    return st.fixed_dictionaries(required, optional=optional)


NODES: st.SearchStrategy[Any] = st.recursive(LEAVES, _branches, max_leaves=12)


@settings(max_examples=60)
@given(content=st.lists(NODES, max_size=4))
def test_nodes_that_are_not_known_come_through_unchanged(content: list[Node]) -> None:
    source = document(*content)
    before = copy.deepcopy(source)
    assert Rewriting().document(source) == before
    assert source == before


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2024-05-01T12:30:59.000+0200", "2024-05-01 10:30 UTC"),
        ("2024-05-01T10:30:00.000Z", "2024-05-01 10:30 UTC"),
        (None, "unknown time"),
        ("yesterday", "yesterday"),
    ],
)
def test_times_are_told_in_utc(moment: str | None, text: str) -> None:
    assert utc_minute(moment) == text


def test_the_lines_have_the_agreed_form() -> None:
    said = said_line("Ann", "2024-05-01T12:30:59.000+0200")
    assert plain_text(document(said)) == "Ann (2024-05-01 10:30 UTC):"
    line = origin_line(None, "2024-05-01T10:30:00.000+0000", "2024-05-02T10:31:00.000+0000")
    assert plain_text(document(line)) == (
        "Originally created by unknown user on 2024-05-01 10:30 UTC, "
        "last updated 2024-05-02 10:31 UTC."
    )
    assert followed(None, line) == document(line)
    body = document(paragraph("x"))
    assert preceded(said, body)["content"] == [said, paragraph("x")]
    assert body == document(paragraph("x"))


def test_length_counts_the_text_alone() -> None:
    assert not is_too_long(document(paragraph("x" * 32_767)))
    assert is_too_long(document(paragraph("x" * 32_767), paragraph("y")))
