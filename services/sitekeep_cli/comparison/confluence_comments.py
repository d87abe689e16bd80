"""Comments of Confluence, by where they stand, who said them and when, instead of their ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sitekeep_cli.comparison import storage
from sitekeep_cli.comparison.links import PAGE, USER
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.provenance import instant, said_line, take_said_from_storage
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import part
from sitekeep_shared.kinds import Kind

ENDING = 40
"""Characters at the end of a comment that tell it apart from another of the same minute."""
_QUOTATION = re.compile(r"\A\s*<blockquote>.*?</blockquote>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class _Place:
    """Where a comment stands."""

    container: str
    parent: str
    """The id of the comment that it answers; empty at the root."""
    line: str
    """Who said it and when: on the restored side as its first line tells."""
    ending: str
    """The end of what was said."""


def read(reading: Reading) -> None:
    """Puts each comment: ``DOCS/Welcome: Anna (2024-05-01 10:00 UTC):``."""
    places: dict[str, _Place] = {}
    kinds = (Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT)
    for kind in kinds:
        places |= _draft(reading, kind)
    told_apart = _told_apart(places)
    for kind in kinds:
        for identifier, comment in reading.shelf.drafts(reading.side, kind):
            place = places[identifier]
            value = _canonical(reading, comment) | {"answers": told_apart.get(place.parent)}
            name = f"{reading.name(PAGE, place.container)}: {told_apart[identifier]}"
            reading.put(kind, name, without_nothing(value), f"{identifier:>030}")


def _told_apart(places: Mapping[str, _Place]) -> dict[str, str]:
    """The line of each comment, and what was said where one person said several in one minute.

    Where that is the same too, the comment that it answers tells them apart.
    """
    lines = Counter((place.container, place.line) for place in places.values())
    texts = Counter((place.container, place.line, place.ending) for place in places.values())
    named: dict[str, str] = {}
    for identifier, place in places.items():
        name = place.line
        if lines[place.container, place.line] > 1:
            name = f"{name} …{place.ending}"
        if texts[place.container, place.line, place.ending] > 1 and place.parent in places:
            name = f"{name} → {places[place.parent].line}"
        named[identifier] = name
    return named


def _ending(body: str) -> str:
    # A comment whose place is gone quotes it above what was said; the name must not depend on that.
    return " ".join(_TAG.sub(" ", _QUOTATION.sub("", body)).split())[-ENDING:]


def _draft(reading: Reading, kind: Kind) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for record, comment in reading.objects(kind):
        identifier = str(comment.get("id", record.key.lstrip("0")))
        places[identifier] = _Place(
            record.attributes.get("container", ""),
            record.attributes.get("parent") or str(comment.get("parentCommentId") or ""),
            _line(reading, comment),
            _ending(_said(reading, comment).text),
        )
        reading.shelf.draft(reading.side, kind, identifier, comment)
    return places


def _body(comment: Mapping[str, Any]) -> str:
    return str(part(part(comment, "body"), "storage").get("value") or "")


def _line(reading: Reading, comment: Mapping[str, Any]) -> str:
    if reading.restored:
        return take_said_from_storage(_body(comment))[0] or "no line about who said it"
    version = part(comment, "version")
    name = reading.links.name(USER, str(version.get("authorId")))
    return said_line(name, version.get("createdAt"))


def _said(reading: Reading, comment: Mapping[str, Any]) -> storage.Body:
    """What was said, without the line about who said it."""
    text = _body(comment)
    if reading.restored:
        text = take_said_from_storage(text)[1]
    return storage.canonical(text, reading.links)


def _canonical(reading: Reading, comment: Mapping[str, Any]) -> dict[str, Json]:
    version = part(comment, "version")
    properties = part(comment, "properties")
    body = _said(reading, comment)
    return {
        "status": comment.get("status"),
        "body": body.text,
        "mentions": body.mentions,
        "author": version.get("authorId"),
        "created": instant(version.get("createdAt")),
        "version": version.get("number"),
        "resolution": comment.get("resolutionStatus"),
        "selection": properties.get("inlineOriginalSelection")
        or properties.get("inline-original-selection"),
    }
