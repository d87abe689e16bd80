"""Atlassian documents (ADF), made comparable between two sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sitekeep_cli.comparison.links import MEDIA, Links
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.provenance import UNKNOWN
from sitekeep_cli.comparison.shape import is_list, is_object, items, part

NOT_HELD = "filesNotHeld"
"""The path of the number of files that a text shows and the backup does not hold."""
WHY_NOT_HELD = "the backup names the file as missing; its name stands in the text"

_MEDIA = frozenset({"media", "mediaInline"})
_FRAMES = frozenset({"mediaSingle", "mediaGroup"})
_ADDRESSES = frozenset({"href", "url"})
"""Attributes that lead somewhere: after a restore, into the destination."""
_WITHOUT_MEANING = frozenset({"localId", "collection", "occurrenceKey"})
"""Attributes that a site makes up anew and that no reader sees."""


def canonical(document: Json, links: Links) -> Json:
    """The document with media by file name and addresses of the site replaced.

    A document without content is None: sites store both for an empty text.
    """
    if isinstance(document, str):
        return links.said(document) or None
    if not is_object(document) or not document.get("content"):
        return None
    return _node(document, links)


def not_held(value: Json, links: Links) -> int:
    """How many files are shown anywhere in a value that the backup does not hold."""
    if is_list(value):
        return sum(not_held(one, links) for one in value)
    if not is_object(value):
        return 0
    return int(_lost(value, links)) + sum(not_held(one, links) for one in value.values())


def _lost(node: Json, links: Links) -> bool:
    if not is_object(node) or node.get("type") not in _MEDIA:
        return False
    attributes = part(node, "attrs")
    external = attributes.get("type") == "external"
    return not external and links.name(MEDIA, str(attributes.get("id"))) is None


def _named(node: Mapping[str, Any]) -> Json:
    """What people read where a file is shown that is not there."""
    attributes = part(node, "attrs")
    name = attributes.get("__fileName") or attributes.get("alt") or "file"
    return {"type": "text", "text": f"[{name}]"}


def _frame(node: Mapping[str, Any], links: Links) -> Mapping[str, Any]:
    """A frame around files; around such as are not there, a paragraph with their names."""
    lost = [child for child in items(node, "content") if _lost(child, links)]
    kept = [child for child in items(node, "content") if not _lost(child, links)]
    if lost and not kept:
        return {"type": "paragraph", "content": [_named(child) for child in lost]}
    return {**node, "content": kept}


def mentions(value: Json) -> list[str]:
    """The accounts that are mentioned anywhere in a value.

    They are compared apart from the text, in which the name stands that people read.
    """
    return sorted(set(_mentions(value)))


def _mentions(value: Json) -> Iterator[str]:
    if is_list(value):
        for one in value:
            yield from _mentions(one)
    elif is_object(value):
        if value.get("type") == "mention":
            yield str(part(value, "attrs").get("id"))
        for one in value.values():
            yield from _mentions(one)


def _node(node: Mapping[str, Any], links: Links) -> Json:
    if _lost(node, links):
        return _named(node)
    if node.get("type") in _FRAMES:
        node = _frame(node, links)
    if node.get("type") == "mention":
        name = str(part(node, "attrs").get("text") or UNKNOWN)
        return {"type": "text", "text": name if name.startswith("@") else f"@{name}"}
    result: dict[str, Json] = {}
    for name, value in node.items():
        shaped = _part(node, name, value, links)
        if shaped not in (None, {}, []):
            result[name] = shaped
    return result


def _part(node: Mapping[str, Any], name: str, value: Json, links: Links) -> Json:
    if name == "attrs":
        return _attributes(str(node.get("type")), value, links)
    if name in ("content", "marks"):
        return [_node(child, links) for child in items(node, name)]
    if name == "text":
        return links.said(value)
    return value


def _attributes(kind: str, attributes: Mapping[str, Any] | None, links: Links) -> Json:
    result: dict[str, Json] = {}
    for name, value in (attributes or dict[str, Any]()).items():
        if name in _WITHOUT_MEANING:
            continue
        if kind in _MEDIA and name == "id":
            result["file"] = links.name(MEDIA, str(value))
        elif name in _ADDRESSES and isinstance(value, str):
            result[name] = links.text(value)
        elif value is not None:
            result[name] = _deep(value, links)
    return result


def _deep(value: Json, links: Links) -> Json:
    if isinstance(value, str):
        return links.said(value)
    if is_list(value):
        return [_deep(one, links) for one in value]
    if is_object(value):
        return {name: _deep(one, links) for name, one in value.items()}
    return value
