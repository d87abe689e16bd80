"""Real texts as a Cloud site would hold them: references resolved, nothing over the limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.documents import TEXT_LIMIT

_KEPT_LENGTH = TEXT_LIMIT - 2_000


def resolved(
    document: Any,
    people: Mapping[str, Account],
    media_ids: Mapping[str, str],
    counts: Counter[str],
) -> dict[str, Any]:
    """A copy whose mentions name account ids and whose media name the attachments' ids.

    ``media_ids`` maps the file names of one issue to the ids of its attachments. Names that
    no attachment has stay as they are, as they do on sites that were migrated.
    """
    copy: dict[str, Any] = _copy(document, people, media_ids, counts)
    if _length(copy) > _KEPT_LENGTH:
        counts["texts_shortened"] += 1
        _shorten(copy)
    return copy


def _copy(
    node: Any, people: Mapping[str, Account], media_ids: Mapping[str, str], counts: Counter[str]
) -> dict[str, Any]:
    copy: dict[str, Any] = dict(node)
    if copy.get("type") == "mention":
        copy["attrs"] = _mention(copy["attrs"], people, counts)
    if copy.get("type") == "media" and copy["attrs"].get("type") == "file":
        copy["attrs"] = _media(copy["attrs"], media_ids, counts)
    if "content" in copy:
        copy["content"] = [_copy(each, people, media_ids, counts) for each in copy["content"]]
    return copy


def _mention(
    attributes: dict[str, Any], people: Mapping[str, Account], counts: Counter[str]
) -> dict[str, Any]:
    account = people.get(attributes["id"])
    if account is None:
        counts["mentions_of_strangers"] += 1
        return attributes | {"text": f"@{attributes['id']}"}
    return attributes | {"id": account.account_id, "text": f"@{account.display_name}"}


def _media(
    attributes: dict[str, Any], media_ids: Mapping[str, str], counts: Counter[str]
) -> dict[str, Any]:
    found = media_ids.get(attributes["id"])
    counts["media_resolved" if found else "media_dangling"] += 1
    return attributes | {"id": found} if found else attributes


def _length(node: dict[str, Any]) -> int:
    if node.get("type") == "text":
        return len(node["text"])
    children: list[dict[str, Any]] = node.get("content") or []
    return sum(_length(each) for each in children)


def _shorten(document: dict[str, Any]) -> None:
    kept: list[Any] = []
    left = _KEPT_LENGTH
    for node in document["content"]:
        length = _length(node)
        if length <= left:
            kept.append(node)
            left -= length
    document["content"] = kept
