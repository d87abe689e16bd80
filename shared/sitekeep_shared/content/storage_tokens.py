"""Confluence's storage format as a run of tokens, so that edits keep every other byte.

XHTML with ``ac:`` and ``ri:`` elements:
https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

_TOKEN = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>"
    r"|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
    r"|[^<]+|<",
    re.DOTALL,
)
_NAME = re.compile(r"</?([\w:.-]+)")
_ATTRIBUTE = re.compile(r"([\w:.-]+)(\s*=\s*)(?:\"([^\"]*)\"|'([^']*)')")


def tokens(body: str) -> Iterator[str]:
    """Splits a body into CDATA sections, comments, tags and texts; joined, they are the body."""
    for match in _TOKEN.finditer(body):
        yield match.group()


def element_name(token: str) -> str:
    """The name of the element that a tag opens or closes; empty for anything but a tag."""
    match = _NAME.match(token)
    return match.group(1) if match else ""


def is_end(token: str) -> bool:
    """Whether a tag closes an element."""
    return token.startswith("</")


def is_empty(token: str) -> bool:
    """Whether a tag opens and closes an element at once."""
    return token.endswith("/>")


def attributes(tag: str) -> dict[str, str]:
    """The attributes of a tag, decoded."""
    return {
        match[1]: html.unescape(match[3] if match[3] is not None else match[4])
        for match in _ATTRIBUTE.finditer(tag)
    }


def edit_attributes(tag: str, edit: Callable[[str, str], str]) -> str:
    """A tag with edited attribute values; what ``edit(name, value)`` leaves alone stays as it is.

    Values are given and taken decoded.
    """

    def replaced(match: re.Match[str]) -> str:
        quote = '"' if match[3] is not None else "'"
        value = html.unescape(match[3] if match[3] is not None else match[4])
        edited = edit(match[1], value)
        if edited == value:
            return match[0]
        return f"{match[1]}{match[2]}{quote}{_quoted(edited, quote)}{quote}"

    return _ATTRIBUTE.sub(replaced, tag)


def _quoted(value: str, quote: str) -> str:
    return escape(value, {quote: "&quot;" if quote == '"' else "&#39;"})
