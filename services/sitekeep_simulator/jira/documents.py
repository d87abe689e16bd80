"""What a site demands of a text: the Atlassian Document Format.

Source: developer.atlassian.com/cloud/jira/platform/apis/document/structure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sitekeep_simulator.jira.state import Jira

TEXT_LIMIT = 32_767
_INLINE = {
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "inlineCard",
    "date",
    "status",
    "mediaInline",
    "placeholder",
    "inlineExtension",
}
_NODES = _INLINE | {
    "paragraph",
    "heading",
    "codeBlock",
    "bulletList",
    "orderedList",
    "listItem",
    "table",
    "tableRow",
    "tableHeader",
    "tableCell",
    "panel",
    "blockquote",
    "rule",
    "mediaSingle",
    "mediaGroup",
    "media",
    "caption",
    "blockCard",
    "embedCard",
    "expand",
    "nestedExpand",
    "decisionList",
    "decisionItem",
    "taskList",
    "taskItem",
    "blockTaskItem",
    "layoutSection",
    "layoutColumn",
    "extension",
    "bodiedExtension",
}


def check_document(jira: Jira, document: Any) -> None:
    """Raises ValueError with Jira's own words when a site would refuse the document."""
    root: dict[str, Any] = document if isinstance(document, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    if root.get("type") != "doc":
        raise ValueError(
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
        )
    if root.get("version") != 1 or not isinstance(root.get("content"), list):
        raise ValueError("INVALID_INPUT")
    top: list[Any] = root["content"]
    if any(isinstance(node, dict) and node.get("type") in _INLINE for node in top):  # pyright: ignore[reportUnknownMemberType]
        raise ValueError("INVALID_INPUT")
    length = 0
    for node in _nodes(top):
        length += _check_node(jira, node)
    if length > TEXT_LIMIT:
        raise ValueError("CONTENT_LIMIT_EXCEEDED")


def media_ids(document: Any) -> list[str]:
    """The ids of the files that a document shows."""
    root: dict[str, Any] = document or {}
    nodes = [node for node in _nodes(root.get("content") or []) if node.get("type") == "media"]
    attributes: list[dict[str, Any]] = [node.get("attrs") or {} for node in nodes]
    return [str(each.get("id")) for each in attributes if each.get("type") == "file"]


def _nodes(content: list[Any]) -> Iterator[dict[str, Any]]:
    waiting = list(content)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            raise ValueError("INVALID_INPUT")
        known: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType]
        yield known
        waiting.extend(known.get("content") or [])


def _check_node(jira: Jira, node: dict[str, Any]) -> int:
    kind = node.get("type")
    if kind not in _NODES:
        raise ValueError("INVALID_INPUT")
    if kind == "media":
        _check_media(jira, node.get("attrs") or {})
    if kind != "text":
        return 0
    text = node.get("text")
    if not isinstance(text, str) or not text:
        raise ValueError("INVALID_INPUT")
    return len(text)


def _check_media(jira: Jira, attributes: dict[str, Any]) -> None:
    if attributes.get("type") != "file":
        return
    known = jira.store.value(
        "SELECT 1 FROM jira_attachment WHERE media_id = ?", (str(attributes.get("id")),)
    )
    if known is None:
        raise ValueError("ATTACHMENT_VALIDATION_ERROR")
