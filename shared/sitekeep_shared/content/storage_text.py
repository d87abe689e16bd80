"""The visible text of a Confluence body, and where in it an inline comment is anchored.

A selection is found within one block of text, across inline elements
(``inlineCommentProperties`` of Confluence v2 ``POST /inline-comments``).
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field

from sitekeep_shared.content.storage import MARKER_ELEMENT
from sitekeep_shared.content.storage_tokens import (
    attributes,
    element_name,
    is_empty,
    is_end,
    tokens,
)

_HIDDEN = frozenset({"ac:parameter", "ac:plain-text-body", "ac:plain-text-link-body"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "cite",
        "code",
        "em",
        "i",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "ac:emoticon",
        "ac:image",
        "ac:inline-comment-marker",
        "ac:link",
        "ac:link-body",
        "ac:placeholder",
        "ri:attachment",
        "ri:blog-post",
        "ri:content-entity",
        "ri:page",
        "ri:space",
        "ri:url",
        "ri:user",
    ]
)


@dataclass(frozen=True)
class Anchor:
    """Which of the occurrences of a text a comment is about."""

    selection: str
    count: int
    """How often the text occurs, at least once."""
    index: int
    """Which of them, from 0."""
    certain: bool
    """Whether the comment's own mark was found there, or the text occurs only once."""


@dataclass
class _Block:
    """The text of one block, and where in it the marks of comments start."""

    text: str = ""
    marks: dict[str, int] = field(default_factory=dict[str, int])


def plain_text(body: str) -> str:
    """The visible text of a body, one line per block, runs of blanks as one."""
    lines = (" ".join(block.text.split()) for block in _blocks(body))
    return "\n".join(line for line in lines if line)


def find_anchor(body: str, reference: str, selection: str) -> Anchor | None:
    """Where to anchor a comment; None where its text does not occur.

    ``body`` is the body as it will be at the destination, with the marks of the
    source (``ac:ref``) still in it.
    """
    count = 0
    index: int | None = None
    for block in _blocks(body) if selection else ():
        places = _occurrences(block.text, selection)
        if reference in block.marks and block.marks[reference] in places:
            index = count + places.index(block.marks[reference])
        count += len(places)
    if count == 0:
        return None
    return Anchor(selection, count, index or 0, certain=index is not None or count == 1)


def _occurrences(text: str, selection: str) -> list[int]:
    places: list[int] = []
    found = text.find(selection)
    while found >= 0:
        places.append(found)
        found = text.find(selection, found + len(selection))
    return places


def _blocks(body: str) -> Iterator[_Block]:
    block = _Block()
    hidden = 0
    for token in tokens(body):
        name = element_name(token)
        if name in _HIDDEN and not is_empty(token):
            hidden += -1 if is_end(token) else 1
        elif name == MARKER_ELEMENT and not is_end(token):
            block.marks.setdefault(attributes(token).get("ac:ref", ""), len(block.text))
        elif name and name not in _INLINE:
            yield block
            block = _Block()
        elif not hidden:
            block.text += _characters(token)
    yield block


def _characters(token: str) -> str:
    return "" if token.startswith("<") else html.unescape(token)
