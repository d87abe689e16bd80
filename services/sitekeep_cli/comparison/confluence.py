"""Spaces, pages, blog posts and all that hangs on them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from sitekeep_cli.comparison import storage
from sitekeep_cli.comparison.confluence_comments import read as read_comments
from sitekeep_cli.comparison.links import PAGE, PERSONAL, SPACE, USER
from sitekeep_cli.comparison.model import Json, Side
from sitekeep_cli.comparison.provenance import (
    created_line,
    instant,
    take_created_from_storage,
)
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import part
from sitekeep_shared.kinds import Kind

_NUMBERED_TITLE = re.compile(r"(.*) \((\d+)\)")


class Place(NamedTuple):
    """Where a page stands in its space."""

    space: str
    title: str
    parent: str
    """The id of the parent page; empty at the top."""
    status: str
    position: float


def read(reading: Reading) -> None:
    """Puts spaces by key, content by space and title, and the rest below its content."""
    spaces = _spaces(reading)
    places = _draft_pages(reading)
    _draft_blog_posts(reading)
    _put_pages(reading, places)
    _put_blog_posts(reading)
    for key, (space, homepage) in spaces.items():
        home = reading.name(PAGE, homepage) if homepage else None
        reading.put(Kind.SPACE, key, without_nothing({**space, "homepage": home}))
    read_comments(reading)
    _labels(reading)
    _attachments(reading)


def _spaces(reading: Reading) -> dict[str, tuple[dict[str, Json], str]]:
    """The spaces by key, each with the id of its home page: pages are not known yet."""
    spaces: dict[str, tuple[dict[str, Json], str]] = {}
    for record, space in reading.objects(Kind.SPACE):
        own_key = str(space.get("key") or record.attributes["key"])
        key = _key_at_source(reading, own_key)
        reading.refer(SPACE, str(space.get("id", record.key.lstrip("0"))), key)
        value = {
            "key": own_key,
            "name": space.get("name"),
            "type": space.get("type"),
            "status": space.get("status"),
            "description": _description(reading, space),
        }
        spaces[key] = (value, str(space.get("homepageId") or ""))
    return spaces


def _key_at_source(reading: Reading, key: str) -> str:
    """The key of the space; of a personal one that got another key, the one it had."""
    if reading.side is Side.LEFT and key.startswith("~"):
        reading.refer(PERSONAL, "PERSONAL" + re.sub(r"[^A-Za-z0-9]", "", key), key)
    return reading.links.space_key(key) if reading.restored else key


def _description(reading: Reading, space: Mapping[str, Any]) -> Json:
    described = part(space, "description")
    for form in ("plain", "view"):
        value = part(described, form).get("value")
        if value:
            return reading.links.text(value)
    return None


def _draft_pages(reading: Reading) -> dict[str, Place]:
    """The first of two passes: a body may name any other page, an order needs all siblings."""
    places: dict[str, Place] = {}
    for record, page in reading.objects(Kind.PAGE):
        identifier = str(page.get("id", record.key.lstrip("0")))
        space = reading.name(SPACE, page.get("spaceId"))
        places[identifier] = Place(
            space,
            _title_at_source(reading, space, str(page.get("title"))),
            str(page.get("parentId") or ""),
            str(page.get("status")),
            page.get("position") or 0,
        )
        reading.refer(PAGE, identifier, f"{space}/{places[identifier].title}")
        reading.shelf.draft(reading.side, Kind.PAGE, identifier, page)
    return places


def _title_at_source(reading: Reading, space: str, title: str) -> str:
    """The title; of a page that got its old id behind its title, the title without it."""
    found = _NUMBERED_TITLE.fullmatch(title)
    if not reading.restored or found is None:
        return title
    source = reading.shelf.look_up(Side.LEFT, PAGE, found.group(2))
    return found.group(1) if source == f"{space}/{found.group(1)}" else title


def _put_pages(reading: Reading, places: Mapping[str, Place]) -> None:
    orders = _orders(places)
    for identifier, page in reading.shelf.drafts(reading.side, Kind.PAGE):
        place = places[identifier]
        value = _content(reading, page) | {
            "title": page.get("title"),
            "parent": _titles_above(places, place),
            "order": orders[identifier],
            "subtype": page.get("subtype"),
            "owner": page.get("ownerId"),
        }
        reading.put(Kind.PAGE, f"{place.space}/{place.title}", without_nothing(value), place.status)


def _orders(places: Mapping[str, Place]) -> dict[str, int]:
    """The place of each page among those of one parent, from 1."""
    siblings: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for identifier, place in places.items():
        siblings[place.space, place.parent, place.status].append(identifier)
    orders: dict[str, int] = {}
    for family in siblings.values():
        family.sort(key=lambda one: (places[one].position, f"{one:>030}"))
        orders |= {identifier: number for number, identifier in enumerate(family, 1)}
    return orders


def _titles_above(places: Mapping[str, Place], place: Place) -> list[str]:
    """The titles from the top of the space down to the parent."""
    titles: list[str] = []
    seen: set[str] = set()
    parent = place.parent
    while parent and parent not in seen:
        seen.add(parent)
        above = places.get(parent)
        # Folders and whiteboards can be parents and are not pages.
        titles.append(above.title if above else "something that is no page")
        parent = above.parent if above else ""
    return titles[::-1]


def _draft_blog_posts(reading: Reading) -> None:
    for record, post in reading.objects(Kind.BLOG_POST):
        identifier = str(post.get("id", record.key.lstrip("0")))
        space = reading.name(SPACE, post.get("spaceId"))
        reading.refer(PAGE, identifier, f"{space}/{post.get('title')}")
        reading.shelf.draft(reading.side, Kind.BLOG_POST, identifier, post)


def _put_blog_posts(reading: Reading) -> None:
    for identifier, post in reading.shelf.drafts(reading.side, Kind.BLOG_POST):
        value = without_nothing(_content(reading, post))
        position = instant(post.get("createdAt")) or ""
        reading.put(Kind.BLOG_POST, reading.name(PAGE, identifier), value, position)


def _content(reading: Reading, content: Mapping[str, Any]) -> dict[str, Json]:
    version = part(content, "version")
    body = (part(part(content, "body"), "storage")).get("value") or ""
    line: str | None = None
    if reading.restored:
        line, body = take_created_from_storage(body)
    elif reading.lines_count:
        name = reading.links.name(USER, str(content.get("authorId")))
        line = created_line(name, content.get("createdAt"), version.get("createdAt"))
    canonical = storage.canonical(body, reading.links)
    return {
        "status": content.get("status"),
        "body": canonical.text,
        "mentions": canonical.mentions,
        "origin": line,
        "author": content.get("authorId"),
        "created": instant(content.get("createdAt")),
        "updated": instant(version.get("createdAt")),
        "editor": version.get("authorId"),
        "version": version.get("number"),
    }


def _labels(reading: Reading) -> None:
    for record in reading.records(Kind.LABEL):
        owner = reading.name(PAGE, record.key.lstrip("0"))
        for label in json.loads(record.payload):
            name = f"{label.get('prefix', 'global')}:{label.get('name')}"
            reading.put(Kind.LABEL, f"{owner} {name}", {})


def _attachments(reading: Reading) -> None:
    for record in reading.records(Kind.ATTACHMENT):
        attributes = record.attributes
        metadata = json.loads(attributes.get("metadata") or "{}")
        version = part(metadata, "version")
        owner = reading.name(PAGE, attributes.get("container", ""))
        value = {
            "size": record.size_bytes,
            "sha256": record.digest,
            "mediaType": attributes.get("media_type"),
            "status": metadata.get("status"),
            "comment": metadata.get("comment"),
            "author": version.get("authorId"),
            "created": instant(metadata.get("createdAt")),
            "version": version.get("number"),
        }
        name = f"{owner}/{attributes.get('filename')}"
        reading.put(Kind.ATTACHMENT, name, without_nothing(value), record.digest)
