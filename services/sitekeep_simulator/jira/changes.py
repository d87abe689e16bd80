"""The history of issues: every write that Jira remembers makes an entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sitekeep_simulator.answers import list_in
from sitekeep_simulator.jira.fields import custom_field
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.state import Jira

Item = Body
_NAMES = {
    "duedate": "duedate",
    "fixVersions": "Fix Version",
    "versions": "Version",
    "components": "Component",
}
_KINDS = {
    "priority": ObjectKind.PRIORITY,
    "resolution": ObjectKind.RESOLUTION,
    "issuetype": ObjectKind.ISSUE_TYPE,
    "status": ObjectKind.STATUS,
    "security": ObjectKind.SECURITY_LEVEL,
}
_LISTS = {
    "fixVersions": ObjectKind.VERSION,
    "versions": ObjectKind.VERSION,
    "components": ObjectKind.COMPONENT,
}
_PEOPLE = ("assignee", "reporter")
_DOCUMENTS = ("description", "environment")


def item(
    field: str,
    old: tuple[str | None, str | None],
    new: tuple[str | None, str | None],
    *,
    field_id: str = "",
    kind: str = "jira",
) -> Item:
    """One changed field: the old and the new value, each as an id and as a text."""
    built: Item = {"field": field, "fieldtype": kind}
    if field_id:
        built["fieldId"] = field_id
    return built | {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}


def record(jira: Jira, issue_id: int, author: str, items: Sequence[Item]) -> None:
    """Adds an entry to the history of an issue unless nothing changed."""
    if not items:
        return
    jira.store.execute(
        "INSERT INTO jira_change VALUES (?, ?, ?, ?, ?)",
        (
            jira.store.next_id("jira.change"),
            issue_id,
            author,
            jira.now(),
            msgspec.json.encode(list(items)).decode(),
        ),
    )


def items_between(jira: Jira, old: Body, new: Body) -> list[Item]:
    """The changed fields between two sets of stored values."""
    items: list[Item] = []
    for name, value in new.items():
        if old.get(name) == value or (not old.get(name) and not value):
            continue
        if name in _LISTS:
            items += _list_items(jira, name, list_in(old, name), value or [])
        else:
            items.append(_changed(jira, name, old.get(name), value))
    return items


def _changed(jira: Jira, name: str, old: Any, new: Any) -> Item:
    field = custom_field(jira, name)
    return item(
        _NAMES.get(name, name) if field is None else field.name,
        _texts(jira, name, old),
        _texts(jira, name, new),
        field_id=name,
        kind="jira" if field is None else "custom",
    )


def _list_items(jira: Jira, name: str, old: Iterable[int], new: Iterable[int]) -> list[Item]:
    before, after = set(old), set(new)
    nothing = (None, None)
    gone = [
        item(_NAMES[name], _named(jira, _LISTS[name], each), nothing, field_id=name)
        for each in sorted(before - after)
    ]
    added = [
        item(_NAMES[name], nothing, _named(jira, _LISTS[name], each), field_id=name)
        for each in sorted(after - before)
    ]
    return gone + added


def _texts(jira: Jira, name: str, value: Any) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if name in _KINDS:
        return _named(jira, _KINDS[name], value)
    if name in _PEOPLE:
        account = jira.accounts.get(value)
        return value, None if account is None else account.display_name
    if name in _DOCUMENTS or isinstance(value, dict):
        return None, _plain(value)
    if isinstance(value, list):
        texts: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return None, " ".join(str(each) for each in texts)
    return None, str(value)


def _named(jira: Jira, kind: ObjectKind, object_id: int) -> tuple[str | None, str | None]:
    found = jira.objects.get(kind, object_id)
    return str(object_id), None if found is None else found.name


def _plain(document: Any) -> str:
    if isinstance(document, dict):
        node: Body = document  # pyright: ignore[reportUnknownVariableType]
        if node.get("type") == "text":
            return str(node.get("text"))
        return "".join(_plain(each) for each in list_in(node, "content"))
    return ""
