"""Jira's wiki markup as Confluence storage format, as far as the real texts use it.

Headings, lists, code blocks, bare and named links; other markup stays as text.
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

_BLOCK = re.compile(r"\{(code|noformat|panel)(?::[^}]*)?\}(.*?)\{\1\}", re.DOTALL)
_HEADING = re.compile(r"h([1-6])\.\s*(.*)")
_ITEM = re.compile(r"\s*[*#-]+\s+(.*)")
_LINK = re.compile(r"\[([^|\]\n]*)\|(https?://[^\]\s]+)\]|(https?://[^\s\]|)]+)")
_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_storage(text: str) -> str:
    """The storage format of a text in wiki markup; always well-formed."""
    text = _CONTROL.sub("", text.replace("\r\n", "\n"))
    pieces: list[str] = []
    last = 0
    for block in _BLOCK.finditer(text):
        pieces += [_lines(text[last : block.start()]), code_macro(block.group(2).strip("\n"))]
        last = block.end()
    return "".join([*pieces, _lines(text[last:])])


def code_macro(text: str) -> str:
    """A code block."""
    safe = text.replace("]]>", "]]]]><![CDATA[>")
    return (
        '<ac:structured-macro ac:name="code" ac:schema-version="1"><ac:plain-text-body>'
        f"<![CDATA[{safe}]]></ac:plain-text-body></ac:structured-macro>"
    )


def _lines(text: str) -> str:
    return "".join(_grouped(text))


def _grouped(text: str) -> Iterator[str]:
    items: list[str] = []
    for line in text.split("\n"):
        item = _ITEM.fullmatch(line)
        if item is not None:
            items.append(f"<li><p>{_inline(item.group(1))}</p></li>")
            continue
        if items:
            yield f"<ul>{''.join(items)}</ul>"
            items = []
        if line.strip():
            yield _line(line.strip())
    if items:
        yield f"<ul>{''.join(items)}</ul>"


def _line(line: str) -> str:
    heading = _HEADING.fullmatch(line)
    if heading is not None and heading.group(2):
        return f"<h{heading.group(1)}>{_inline(heading.group(2))}</h{heading.group(1)}>"
    return f"<p>{_inline(line)}</p>"


def _inline(text: str) -> str:
    pieces: list[str] = []
    last = 0
    for link in _LINK.finditer(text):
        address = link.group(2) or link.group(3)
        name = escape(link.group(1) or address)
        pieces += [escape(text[last : link.start()]), f"<a href={quoteattr(address)}>{name}</a>"]
        last = link.end()
    return "".join([*pieces, escape(text[last:])])
