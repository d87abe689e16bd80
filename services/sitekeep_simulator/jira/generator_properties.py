"""Generated properties, as apps keep them: on projects, issues and all else that can have them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_simulator.jira.entity_properties import PROJECT, USER, put_property
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira

_LONGEST = 32_766
_ODD: Sequence[tuple[str, Any]] = (
    ("com.example.app", {"größe": "„XL“ & <more>", "list": [1, 2.5, None, True], "empty": {}}),
    ("メモ & notes", "ein Text\nmit Zeilen 🙂"),
    ("flag", False),
)
_DEEP: Any = {"a": {"b": {"c": ["", {"d": [0]}]}}}
_OF_ISSUES: Sequence[tuple[str, Any, int]] = (
    ("com.example.app", {"state": "größer", "seen": [1, "二"]}, 3),
    ("メモ & notes", "ein Text\nmit Zeilen 🙂", 3),
    ("flag", False, 3),
    ("count", 12_345, 4),
    ("nothing", {}, 4),
    ("deep", _DEEP, 4),
)
"""Keys and values, and that every how manyth issue has them."""
_PROJECTS = 2


def make_properties(jira: Jira, _: random.Random, setting: Setting) -> None:
    """Properties of a source of chance of their own: no issue of a seed changes for them."""
    chance = random.Random("properties")
    for project in setting.projects:
        _put(jira, PROJECT, project.id, chance, 3)
    for kind, most in ((ObjectKind.ISSUE_TYPE, 2), (ObjectKind.BOARD, 2), (ObjectKind.SPRINT, 1)):
        for found in jira.objects.all(kind)[::2]:
            _put(jira, kind.value, found.id, chance, most)
    for person in setting.people[::2]:
        _put(jira, USER, person.account_id, chance, 1)
    for project in setting.projects[:_PROJECTS]:
        _of_issues(jira, project.id)
    _of_said(jira, "jira_comment", 4)
    _of_said(jira, "jira_worklog", 3)


def _put(jira: Jira, noun: str, owner: int | str, chance: random.Random, count: int) -> None:
    for key, value in chance.sample(_ODD, count):
        put_property(jira, noun, owner, key, value)


def _of_issues(jira: Jira, project: int) -> None:
    for key, value, step in _OF_ISSUES:
        jira.store.execute(
            "INSERT OR IGNORE INTO jira_property SELECT id, ?, ? FROM jira_issue "
            "WHERE project_id = ? AND number % ? = 0",
            (key, _text(value), project, step),
        )
    jira.store.execute(
        "INSERT OR IGNORE INTO jira_property SELECT id, ?, ? FROM jira_issue "
        "WHERE project_id = ? AND number % 3 = 0 ORDER BY number LIMIT 3",
        ("com.example.app.large", _text("ü" * _LONGEST), project),
    )


def _of_said(jira: Jira, table: str, step: int) -> None:
    """Some of the comments or of the worklogs of every issue."""
    listed = [{"key": key, "value": value} for key, value in _ODD]
    for number in range(2):
        jira.store.execute(
            f"UPDATE {table} SET properties = ? WHERE id % ? = ?",
            (_text(listed[number:]), step, number),
        )


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
