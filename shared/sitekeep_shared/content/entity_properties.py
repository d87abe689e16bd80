"""Entity properties of Jira: what apps keep on projects, issues and other things, by key.

Their values are opaque; a key names one value of one owner. Source: Jira REST v3, Jira Software
REST 1.0, the ``properties`` of projects, issue types, issues, comments, worklogs, boards, sprints.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Owner(enum.StrEnum):
    """What has properties. The value begins the key of an entry; it never changes."""

    BOARD = "board"
    COMMENT = "comment"
    ISSUE = "issue"
    ISSUE_TYPE = "issuetype"
    PROJECT = "project"
    SPRINT = "sprint"
    WORKLOG = "worklog"


LISTS: Mapping[Owner, str] = {
    Owner.BOARD: "/rest/agile/1.0/board/{owner}/properties",
    Owner.ISSUE: "/rest/api/3/issue/{owner}/properties",
    Owner.ISSUE_TYPE: "/rest/api/3/issuetype/{owner}/properties",
    Owner.PROJECT: "/rest/api/3/project/{owner}/properties",
    Owner.SPRINT: "/rest/agile/1.0/sprint/{owner}/properties",
}
"""Where the keys of an owner are listed; below it, each by its key, are the values."""

ONE = "/{property}"
"""What the address of a value adds to that of the list."""

OWN = "sitekeep."
"""Begins the keys of properties that a restore leaves: they are not the source's."""


def is_kept(key: str) -> bool:
    """Whether a property is the source's and not a mark of an earlier restore."""
    return not key.startswith(OWN)


def property_entry(owner: Owner, key: str) -> str:
    """The entry key of an owner's properties, from its id or its own entry key."""
    return f"{owner}/{key}"
