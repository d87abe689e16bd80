"""Comment trees of Confluence, by their place instead of their ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison import storage
from sitekeep_cli.comparison.links import PAGE, USER
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.provenance import instant, said_line, take_said_from_storage
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import part
from sitekeep_shared.kinds import Kind


def read(reading: Reading) -> None:
    """Puts each comment by its content and its place in the tree: ``DOCS/Welcome: 2.1``."""
    for kind in (Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT):
        _read_kind(reading, kind)


def _read_kind(reading: Reading, kind: Kind) -> None:
    above: dict[str, tuple[str, str]] = {}
    for record, comment in reading.objects(kind):
        identifier = str(comment.get("id", record.key.lstrip("0")))
        container = record.attributes.get("container", "")
        parent = record.attributes.get("parent") or str(comment.get("parentCommentId") or "")
        above[identifier] = (container, parent)
        reading.shelf.draft(reading.side, kind, identifier, comment)
    places = _places(above)
    for identifier, comment in reading.shelf.drafts(reading.side, kind):
        owner = reading.name(PAGE, above[identifier][0])
        value = without_nothing(_canonical(reading, comment))
        reading.put(kind, f"{owner}: {places[identifier]}", value)


def _places(above: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """The numbers of each comment from the root of its tree down: ``2.1``."""
    families: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for identifier, (container, parent) in above.items():
        # A reply is below its parent wherever it says that it is.
        families["" if parent else container, parent].append(identifier)
    numbers: dict[str, int] = {}
    for family in families.values():
        family.sort(key=lambda one: f"{one:>030}")
        numbers |= {identifier: number for number, identifier in enumerate(family, 1)}
    return {identifier: _place(identifier, above, numbers) for identifier in above}


def _place(
    identifier: str, above: Mapping[str, tuple[str, str]], numbers: Mapping[str, int]
) -> str:
    steps: list[str] = []
    seen: set[str] = set()
    while identifier in above and identifier not in seen:
        seen.add(identifier)
        steps.append(str(numbers[identifier]))
        identifier = above[identifier][1]
    return ".".join(reversed(steps))


def _canonical(reading: Reading, comment: Mapping[str, Any]) -> dict[str, Json]:
    version = part(comment, "version")
    properties = part(comment, "properties")
    body = (part(part(comment, "body"), "storage")).get("value") or ""
    line: str | None = None
    if reading.restored:
        line, body = take_said_from_storage(body)
    elif reading.lines_count:
        name = reading.links.name(USER, str(version.get("authorId")))
        line = said_line(name, version.get("createdAt"))
    return {
        "status": comment.get("status"),
        "body": storage.canonical(body, reading.links),
        "origin": line,
        "author": version.get("authorId"),
        "created": instant(version.get("createdAt")),
        "version": version.get("number"),
        "resolution": comment.get("resolutionStatus"),
        "selection": properties.get("inlineOriginalSelection")
        or properties.get("inline-original-selection"),
    }
