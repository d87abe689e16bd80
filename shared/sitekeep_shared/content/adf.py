"""Atlassian Document Format: reading what a document names, rewriting it, adding provenance.

A document is a tree of nodes ``{"type", "attrs"?, "marks"?, "content"?, "text"?}`` (Atlassian,
"Atlassian Document Format"). Nodes that are not known here are kept as they are, with
everything in them.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

Node = dict[str, Any]

UNKNOWN_USER = "unknown user"
_MEDIA = frozenset({"media", "mediaInline"})
_CARDS = frozenset({"inlineCard", "blockCard", "embedCard"})
_TEXT_LIMIT = 32_767
"""The most characters of text that Jira takes in a rich text field."""


def is_node(value: object) -> TypeGuard[Node]:
    """Whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON array."""
    return isinstance(value, list)


def is_document(value: object) -> TypeGuard[Node]:
    """Whether a field's value is a document."""
    return is_node(value) and value.get("type") == "doc"


def document(*content: Node) -> Node:
    """A document of those blocks."""
    return {"type": "doc", "version": 1, "content": list(content)}


def text_node(text: str) -> Node:
    """A text node; ``text`` must not be empty."""
    return {"type": "text", "text": text}


def paragraph(text: str) -> Node:
    """A paragraph of one text node, or an empty one."""
    return {"type": "paragraph", "content": [text_node(text)] if text else []}


def children_of(node: Node) -> list[Any]:
    """The nodes within a node; an unusual ``content`` counts as none."""
    content = node.get("content")
    return content if is_list(content) else []


def walk(node: Node) -> Iterator[Node]:
    """The node and every node below it, in reading order."""
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        if is_node(current):
            yield current
            stack.extend(reversed(children_of(current)))


def text_length(node: Node) -> int:
    """How many characters of text a document has."""
    return sum(len(str(each.get("text", ""))) for each in walk(node))


def is_too_long(node: Node) -> bool:
    """Whether a document has more text than Jira takes in one field."""
    return text_length(node) > _TEXT_LIMIT


def plain_text(node: Node) -> str:
    """The text of a document, one line a block."""
    lines = [_inline_text(each) for each in walk(node) if _is_leaf_block(each)]
    return "\n".join(lines)


def _is_leaf_block(node: Node) -> bool:
    kinds = {str(child.get("type")) for child in children_of(node) if is_node(child)}
    return bool(kinds & {"text", "hardBreak", "mention", "emoji", "inlineCard"})


def _inline_text(node: Node) -> str:
    return "".join(_own_text(each) for each in walk(node))


def _own_text(node: Node) -> str:
    if node.get("type") == "hardBreak":
        return "\n"
    if node.get("type") == "text":
        return str(node.get("text", ""))
    attributes = _attributes(node)
    return str(attributes.get("text") or attributes.get("url") or "")


def _attributes(node: Node) -> dict[str, Any]:
    attributes = node.get("attrs")
    return attributes if is_node(attributes) else {}


def _leads_to(mark: Any, text: Any) -> bool:
    """Whether a text is a link whose words are its own address."""
    if not is_node(mark) or mark.get("type") != "link":
        return False
    return isinstance(text, str) and _attributes(mark).get("href") == text


def accounts_of(node: Node) -> set[str]:
    """The account ids that a document mentions."""
    mentions = (each for each in walk(node) if each.get("type") == "mention")
    return {str(_attributes(each).get("id", "")) for each in mentions} - {""}


def media_of(node: Node) -> set[str]:
    """The ids of the media files that a document shows."""
    media = (_attributes(each) for each in walk(node) if each.get("type") in _MEDIA)
    return {str(each.get("id", "")) for each in media if each.get("type") != "external"} - {""}


def _same_url(url: str) -> str:
    return url


@dataclass
class Rewriting:
    """What ids become at the destination, and what could not be brought over."""

    accounts: Mapping[str, str] = field(default_factory=dict[str, str])
    media: Mapping[str, str] = field(default_factory=dict[str, str])
    link: Callable[[str], str] = _same_url
    lost_mentions: int = 0
    """Mentions that became text: the account is not at the destination."""
    lost_media: int = 0
    """Files that became text: they are not at the destination."""

    def document(self, source: Node) -> Node:
        """The document with every id rewritten; the source is not changed."""
        return self._node(source)

    def _node(self, node: Node) -> Node:
        kind = node.get("type")
        if kind == "mention":
            return self._mention(node)
        if kind == "mediaSingle" and self._loses_media(node):
            return self._lost_block(node)
        if kind == "mediaGroup":
            return self._group(node)
        if kind == "mediaInline" and self._is_lost(node):
            return self._lost_inline(node)
        return self._kept(node)

    def _kept(self, node: Node) -> Node:
        """A copy of the node with its own ids and everything below it rewritten."""
        copy = dict(node)
        if node.get("type") in _MEDIA:
            copy["attrs"] = self._media_attributes(node)
        if node.get("type") in _CARDS and isinstance(_attributes(node).get("url"), str):
            attributes = _attributes(node)
            copy["attrs"] = {**attributes, "url": self.link(attributes["url"])}
        if is_list(node.get("marks")):
            copy["marks"] = [self._mark(mark) for mark in node["marks"]]
            if any(_leads_to(mark, node.get("text")) for mark in node["marks"]):
                copy["text"] = self.link(node["text"])
        if is_list(node.get("content")):
            content = children_of(node)
            copy["content"] = [self._node(each) if is_node(each) else each for each in content]
        return copy

    def _mark(self, mark: Any) -> Any:
        if not is_node(mark) or mark.get("type") != "link":
            return mark
        attributes = _attributes(mark)
        if not isinstance(attributes.get("href"), str):
            return mark
        return {**mark, "attrs": {**attributes, "href": self.link(attributes["href"])}}

    def _mention(self, node: Node) -> Node:
        attributes = _attributes(node)
        account = str(attributes.get("id", ""))
        if account in self.accounts:
            return {**node, "attrs": {**attributes, "id": self.accounts[account]}}
        self.lost_mentions += 1
        name = str(attributes.get("text") or UNKNOWN_USER)
        return text_node(name if name.startswith("@") else f"@{name}")

    def _media_attributes(self, node: Node) -> Node:
        attributes = dict(_attributes(node))
        if attributes.get("type") == "external" and isinstance(attributes.get("url"), str):
            attributes["url"] = self.link(attributes["url"])
        if attributes.get("id") in self.media:
            attributes["id"] = self.media[attributes["id"]]
        return attributes

    def _is_lost(self, node: Any) -> bool:
        if not is_node(node) or node.get("type") not in _MEDIA:
            return False
        attributes = _attributes(node)
        return attributes.get("type") != "external" and attributes.get("id") not in self.media

    def _loses_media(self, node: Node) -> bool:
        return any(self._is_lost(child) for child in children_of(node))

    def _lost_inline(self, node: Node) -> Node:
        self.lost_media += 1
        attributes = _attributes(node)
        return text_node(f"[{attributes.get('__fileName') or attributes.get('alt') or 'file'}]")

    def _lost_block(self, node: Node) -> Node:
        """A paragraph that names the file; a caption below it stays as text."""
        texts = [self._lost_inline(each) for each in children_of(node) if self._is_lost(each)]
        captions = [_inline_text(each) for each in children_of(node) if not self._is_lost(each)]
        texts += [text_node(f" {caption}") for caption in captions if caption]
        return {"type": "paragraph", "content": texts}

    def _group(self, node: Node) -> Node:
        """A group with those of its files that are there, or a paragraph where none is."""
        kept = [child for child in children_of(node) if not self._is_lost(child)]
        lost = len(children_of(node)) - len(kept)
        if lost and not kept:
            return self._lost_block(node)
        self.lost_media += lost
        return self._kept({**node, "content": kept})


def utc_minute(moment: str | None) -> str:
    """``YYYY-MM-DD HH:MM UTC`` of a time as Jira writes it, or of any ISO 8601 time."""
    if not moment:
        return "unknown time"
    try:
        time = datetime.datetime.fromisoformat(moment)
    except ValueError:
        return moment
    aware = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
    return aware.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def said_line(display_name: str | None, created: str | None) -> Node:
    """The first paragraph of a restored comment: who said it, and when."""
    return paragraph(f"{display_name or UNKNOWN_USER} ({utc_minute(created)}):")


def origin_line(display_name: str | None, created: str | None, updated: str | None) -> Node:
    """The last paragraph of a restored description: who created the issue, and when."""
    name = display_name or UNKNOWN_USER
    times = f"on {utc_minute(created)}, last updated {utc_minute(updated)}."
    return paragraph(f"Originally created by {name} {times}")


def preceded(block: Node, body: Node | None) -> Node:
    """The document with a block before everything else; of the block alone without one."""
    if body is None:
        return document(block)
    return {**body, "content": [block, *children_of(body)]}


def followed(body: Node | None, block: Node) -> Node:
    """The document with a block after everything else; of the block alone without one."""
    if body is None:
        return document(block)
    return {**body, "content": [*children_of(body), block]}
