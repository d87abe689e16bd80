"""Entity properties of Jira: what apps keep on projects, issues and other things, by key.

Their values are opaque; a key names one value of one owner. Source: Jira REST v3, Jira Software
REST 1.0, the ``properties`` of projects, issue types, issues, comments, worklogs, boards, sprints
and users.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Owner(enum.StrEnum):
    """What has properties. The value begins the key of an entry; it never changes."""

    BOARD = "board"
    COMMENT = "comment"
    ISSUE = "issue"
    ISSUE_TYPE = "issuetype"
    PROJECT = "project"
    SPRINT = "sprint"
    USER = "user"
    WORKLOG = "worklog"


LISTS: Mapping[Owner, str] = {
    Owner.BOARD: "/rest/agile/1.0/board/{owner}/properties",
    Owner.ISSUE: "/rest/api/3/issue/{owner}/properties",
    Owner.ISSUE_TYPE: "/rest/api/3/issuetype/{owner}/properties",
    Owner.PROJECT: "/rest/api/3/project/{owner}/properties",
    Owner.SPRINT: "/rest/agile/1.0/sprint/{owner}/properties",
    Owner.USER: "/rest/api/3/user/properties",
}
"""Where the keys of an owner are listed; below it, each by its key, are the values."""

_ONE = "/{property}"


class Address(NamedTuple):
    """Where properties are asked for: a template with its values, and a query."""

    template: str
    query: Sequence[tuple[str, str]]
    path: Mapping[str, str]


def list_of(owner: Owner, identifier: str) -> Address:
    """The list of the keys of an owner. A user is named by the query alone."""
    if owner is Owner.USER:
        return Address(LISTS[owner], [("accountId", identifier)], {})
    return Address(LISTS[owner], (), {"owner": identifier})


def value_of(owner: Owner, identifier: str, key: str) -> Address:
    """The value of one property of an owner."""
    template, query, path = list_of(owner, identifier)
    return Address(template + _ONE, query, {**path, "property": key})


OWN = "sitekeep."
"""Begins the keys of properties that a restore leaves: they are not the source's."""


def is_kept(key: str) -> bool:
    """Whether a property is the source's and not a mark of an earlier restore."""
    return not key.startswith(OWN)


def property_entry(owner: Owner, key: str) -> str:
    """The entry key of an owner's properties, from its id or its own entry key."""
    return f"{owner}/{key}"
