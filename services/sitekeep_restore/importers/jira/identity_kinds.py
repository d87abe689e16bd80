"""The names under which the importer keeps what became what, beyond those of the kinds."""

from __future__ import annotations

from sitekeep_shared.kinds import Kind

USER = Kind.USER.value
GROUP = Kind.GROUP.value
ISSUE_TYPE = Kind.ISSUE_TYPE.value
STATUS = Kind.STATUS.value
PRIORITY = Kind.PRIORITY.value
RESOLUTION = Kind.RESOLUTION.value
ISSUE_LINK_TYPE = Kind.ISSUE_LINK_TYPE.value
FIELD = Kind.FIELD.value
PROJECT = Kind.PROJECT.value
VERSION = Kind.VERSION.value
COMPONENT = Kind.COMPONENT.value
ISSUE = Kind.ISSUE.value
ATTACHMENT = Kind.ATTACHMENT.value
FILTER = Kind.FILTER.value
BOARD = Kind.BOARD.value
SPRINT = Kind.SPRINT.value
DASHBOARD = Kind.DASHBOARD.value

UNFINISHED_FILTER = "unfinished_filter"
"""Source id of a filter that is at the destination without its last query or name."""

PROJECT_ROLE = "project_role"
"""Source role id → target role id."""

ISSUE_KEY = "issue_key"
"""Source issue key → target issue id."""

FIELD_TYPE = "field_type"
"""Source field id → the key of its type, such as ``…customfieldtypes:select``."""

OPTION = "option"
"""Source option id → target option id."""

MEDIA = "media"
"""Source media file id → target media file id."""

PREFERENCE = "preference"
"""Key of a preference of the restoring account → its value before, empty: not set."""

INITIAL_STATUS = "initial_status"
"""Source project id → target id of the status in which its issues begin."""

SITE = "site"
"""``source``, ``target`` → the address of that site."""
