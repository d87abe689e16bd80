"""Bodies in Confluence's storage format, made comparable between two sites."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple

from sitekeep_cli.comparison.links import Links

_WITHOUT_MEANING = re.compile(
    r"\s(?:ac:macro-id|ac:local-id|local-id|ac:ref|ri:version-at-save)=(?:\"[^\"]*\"|'[^']*')"
)
"""Attributes that a site makes up anew and that no reader sees."""

_MENTION = re.compile(
    r"<ac:link(?:\s[^>]*)?>\s*<ri:user\s[^>]*?ri:account-id=[\"']([^\"']+)[\"'][^>]*>"
    r"(?:(?!</ac:link>).)*</ac:link>",
    re.DOTALL,
)
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+);")
_NAMESPACES = 'xmlns:ac="ac" xmlns:ri="ri" xmlns:at="at"'


class Body(NamedTuple):
    """A body and what is compared apart from it."""

    text: str
    mentions: list[str]
    """The accounts that are mentioned. In the text stands what people read: the name."""


def canonical(body: str, links: Links) -> Body:
    """The body with addresses of the site replaced and one way of writing its elements.

    A body that is no XML is compared as the text that it is.
    """
    mentions = sorted(set(_MENTION.findall(body)))
    named = _MENTION.sub(lambda match: html.escape(f"@{links.person(match.group(1))}"), body)
    text = links.text(_WITHOUT_MEANING.sub("", named)).strip()
    return Body(_written_one_way(text), mentions)


def _written_one_way(text: str) -> str:
    plain = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
    try:
        written = ElementTree.canonicalize(f"<body {_NAMESPACES}>{plain}</body>")
    except ElementTree.ParseError:
        return text
    return written.partition(">")[2].removesuffix("</body>")
