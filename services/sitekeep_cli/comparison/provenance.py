"""The lines that keep the original author and time of restored content visible.

What they look like is part of the format of a restore. On the left side the line is
computed from the record; on the right side it is taken out of the text. Equal lines
mean that author and times were carried over truly.
"""

from __future__ import annotations

import datetime
import html
import re

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_object, items

UNKNOWN = "unknown user"
_MINUTE = r"(?:\d{4}-\d\d-\d\d \d\d:\d\d UTC|unknown time)"
_CREATED = re.compile(
    rf"Originally created by .+ on {_MINUTE}, last updated {_MINUTE}\.", re.DOTALL
)
_SAID = re.compile(rf".+ \({_MINUTE}\):", re.DOTALL)
_LAST_PARAGRAPH = re.compile(r"<p(?:\s[^>]*)?>([^<]*)</p>\s*\Z")
_FIRST_PARAGRAPH = re.compile(r"\A\s*<p(?:\s[^>]*)?>([^<]*)</p>")


def instant(moment: str | int | None) -> str | None:
    """A time of a site in UTC, told in words or in milliseconds; what is no time stays as it is."""
    if not moment:
        return None
    try:
        if isinstance(moment, int):
            parsed = datetime.datetime.fromtimestamp(moment / 1000, datetime.UTC)
        else:
            parsed = datetime.datetime.fromisoformat(moment)
    except (ValueError, OverflowError, OSError):
        return str(moment)
    if parsed.tzinfo is None:
        return str(moment)
    return parsed.astimezone(datetime.UTC).isoformat(timespec="milliseconds")


def _minute(text: str | None) -> str:
    moment = instant(text)
    if moment is None or not moment.endswith("+00:00"):
        return "unknown time"
    return f"{moment[:16].replace('T', ' ')} UTC"


def created_line(name: str | None, created: str | None, updated: str | None) -> str:
    """The line at the end of an issue, a page or a blog post."""
    return (
        f"Originally created by {name or UNKNOWN} on {_minute(created)}, "
        f"last updated {_minute(updated)}."
    )


def said_line(name: str | None, created: str | None) -> str:
    """The line at the start of a comment or a worklog."""
    return f"{name or UNKNOWN} ({_minute(created)}):"


def take_created_from_document(document: Json) -> tuple[str | None, Json]:
    """The line at the end of an ADF document, and the document without it."""
    content = _content(document)
    line = _only_text(content[-1]) if content else None
    if line is None or not _CREATED.fullmatch(line):
        return None, document
    return line, {**document, "content": content[:-1]}


def take_said_from_document(document: Json) -> tuple[str | None, Json]:
    """The line at the start of an ADF document, and the document without it."""
    content = _content(document)
    line = _only_text(content[0]) if content else None
    if line is None or not _SAID.fullmatch(line):
        return None, document
    return line, {**document, "content": content[1:]}


def _content(document: Json) -> list[Json]:
    return items(document, "content") if is_object(document) else []


def _only_text(node: Json) -> str | None:
    if node.get("type") != "paragraph":
        return None
    inner = items(node, "content")
    if len(inner) != 1 or inner[0].get("type") != "text" or inner[0].get("marks"):
        return None
    text: str = inner[0].get("text", "")
    return text


def take_created_from_storage(body: str) -> tuple[str | None, str]:
    """The line at the end of a body in storage format, and the body without it."""
    return _take(body, _LAST_PARAGRAPH, _CREATED)


def take_said_from_storage(body: str) -> tuple[str | None, str]:
    """The line at the start of a body in storage format, and the body without it."""
    return _take(body, _FIRST_PARAGRAPH, _SAID)


def _take(body: str, paragraph: re.Pattern[str], line: re.Pattern[str]) -> tuple[str | None, str]:
    found = paragraph.search(body)
    if found is None:
        return None, body
    text = html.unescape(found.group(1))
    if not line.fullmatch(text):
        return None, body
    return text, body[: found.start()] + body[found.end() :]
