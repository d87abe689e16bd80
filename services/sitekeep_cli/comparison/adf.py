"""Atlassian documents (ADF), made comparable between two sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison.links import MEDIA, Links
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_list, is_object, items

_WITHOUT_MEANING = frozenset({"localId", "collection", "occurrenceKey"})
"""Attributes that a site makes up anew and that no reader sees."""

_OF_MENTION = frozenset({"text", "accessLevel"})
"""The site writes them from the account that is mentioned."""


def canonical(document: Json, links: Links) -> Json:
    """The document with media by file name and addresses of the site replaced.

    A document without content is None: sites store both for an empty text.
    """
    if isinstance(document, str):
        return links.text(document) or None
    if not is_object(document) or not document.get("content"):
        return None
    return _node(document, links)


def _node(node: Mapping[str, Any], links: Links) -> Json:
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
        return links.text(value)
    return value


def _attributes(kind: str, attributes: Mapping[str, Any] | None, links: Links) -> Json:
    result: dict[str, Json] = {}
    for name, value in (attributes or dict[str, Any]()).items():
        if name in _WITHOUT_MEANING or (kind == "mention" and name in _OF_MENTION):
            continue
        if kind in ("media", "mediaInline") and name == "id":
            result["file"] = links.name(MEDIA, str(value)) or f"unknown media {value}"
        elif value is not None:
            result[name] = _deep(value, links)
    return result


def _deep(value: Json, links: Links) -> Json:
    if isinstance(value, str):
        return links.text(value)
    if is_list(value):
        return [_deep(one, links) for one in value]
    if is_object(value):
        return {name: _deep(one, links) for name, one in value.items()}
    return value
