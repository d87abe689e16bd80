"""Confluence's storage format (XHTML with ``ac:`` and ``ri:`` elements): checks and inline markers.

https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
"""

from __future__ import annotations

import html
import html.entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from sitekeep_simulator.refusals import Refused

_TOKEN = re.compile(r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<[^>]*>|[^<]+", re.DOTALL)
_TAG = re.compile(r"<(/?)([\w:.-]+)[^>]*?(/?)>", re.DOTALL)
_ENTITY = re.compile(r"&#?\w+;|.", re.DOTALL)
_MARKER_REF = re.compile(r'<ac:inline-comment-marker\b[^>]*\bac:ref="([^"]*)"')
_HIDDEN = frozenset({"ac:parameter", "ac:plain-text-body", "ac:plain-text-link-body"})
_BLOCKS = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ul",
        "ol",
        "table",
        "tbody",
        "thead",
        "tr",
        "td",
        "th",
        "pre",
        "blockquote",
        "hr",
        "br",
        "ac:structured-macro",
        "ac:rich-text-body",
        "ac:task",
        "ac:task-body",
        "ac:task-list",
        "ac:layout",
        "ac:layout-section",
        "ac:layout-cell",
    ]
)


def check_storage(body: str) -> None:
    """Raises Refused (400) when a body is not well-formed storage format."""
    unknown: list[str] = []
    parser = expat.ParserCreate()
    parser.UseForeignDTD(True)
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
    parser.ExternalEntityRefHandler = _no_dtd

    def skipped(name: str, _is_parameter: bool) -> None:
        if name not in html.entities.name2codepoint:
            unknown.append(name)

    parser.SkippedEntityHandler = skipped
    try:
        parser.Parse(f'<!DOCTYPE x SYSTEM "x"><x>{body}</x>', True)
    except expat.ExpatError as error:
        raise Refused(400, f"Error parsing xhtml: {error}") from error
    if unknown:
        raise Refused(400, f"Error parsing xhtml: Undeclared general entity {unknown[0]!r}")


def _no_dtd(*_: object) -> int:
    return 1


def marker_refs(body: str) -> set[str]:
    """The references of the inline comment markers in a body."""
    return set(_MARKER_REF.findall(body))


@dataclass(frozen=True)
class _Text:
    """A run of text in a body, decoded, with the place of each character in the source."""

    characters: str
    starts: Sequence[int]
    ends: Sequence[int]


def insert_marker(body: str, selection: str, count: int, index: int, ref: str) -> str:
    """Marks the ``index``-th of ``count`` occurrences of a selection in a body.

    A selection is found within one block, across inline elements. Raises Refused (400)
    when it does not occur that often.
    """
    places = [place for text in _runs(body) for place in _occurrences(text, selection)]
    if not selection or not places:
        raise Refused(400, "The text selection does not occur in the content.")
    if count != len(places) or not 0 <= index < count:
        raise Refused(400, f"The text selection occurs {len(places)} times, not {count}.")
    return _wrap(body, places[index], ref)


def _occurrences(text: _Text, selection: str) -> Iterator[list[tuple[int, int]]]:
    found = text.characters.find(selection) if selection else -1
    while found >= 0:
        end = found + len(selection)
        yield list(zip(text.starts[found:end], text.ends[found:end], strict=True))
        found = text.characters.find(selection, end)


def _wrap(body: str, place: Sequence[tuple[int, int]], ref: str) -> str:
    pieces: list[str] = []
    last = 0
    for start, end in _joined(place):
        marker = f"<ac:inline-comment-marker ac:ref={quoteattr(ref)}>"
        pieces += [body[last:start], marker, body[start:end], "</ac:inline-comment-marker>"]
        last = end
    return "".join([*pieces, body[last:]])


def _joined(place: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start, end = place[0]
    for next_start, next_end in place[1:]:
        if next_start != end:
            yield start, end
            start = next_start
        end = next_end
    yield start, end


def _runs(body: str) -> Iterator[_Text]:
    """The texts of the blocks of a body that can be selected."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    hidden = 0
    for token in _TOKEN.finditer(body):
        tag = _TAG.fullmatch(token.group())
        if tag is not None and tag.group(2) in _HIDDEN and not tag.group(3):
            hidden += -1 if tag.group(1) else 1
        if tag is not None and tag.group(2) in _BLOCKS and characters:
            yield _Text("".join(characters), starts, ends)
            characters, starts, ends = [], [], []
        if not hidden and not token.group().startswith("<"):
            for part in _ENTITY.finditer(body, token.start(), token.end()):
                characters.append(html.unescape(part.group()))
                starts.append(part.start())
                ends.append(part.end())
    if characters:
        yield _Text("".join(characters), starts, ends)
