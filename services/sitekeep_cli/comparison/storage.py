"""Bodies in Confluence's storage format, made comparable between two sites."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ElementTree

from sitekeep_cli.comparison.links import Links

_WITHOUT_MEANING = re.compile(
    r"\s(?:ac:macro-id|ac:local-id|local-id|ac:ref|ri:version-at-save)=(?:\"[^\"]*\"|'[^']*')"
)
"""Attributes that a site makes up anew and that no reader sees."""

_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+);")
_NAMESPACES = 'xmlns:ac="ac" xmlns:ri="ri" xmlns:at="at"'


def canonical(body: str, links: Links) -> str:
    """The body with addresses of the site replaced and one way of writing its elements.

    A body that is no XML is compared as the text that it is.
    """
    text = links.text(_WITHOUT_MEANING.sub("", body)).strip()
    named = _ENTITY.sub(_character, text)
    try:
        written = ElementTree.canonicalize(f"<body {_NAMESPACES}>{named}</body>")
    except ElementTree.ParseError:
        return text
    return written.partition(">")[2].removesuffix("</body>")


def _character(match: re.Match[str]) -> str:
    return html.unescape(match.group())
