"""The kinds of things that a backup holds: one home for their names."""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """A kind of content. The value is what the vault stores; it never changes.

    The contracts know each as ``ENTITY_KIND_`` followed by the name.
    """

    USER = "user"
    GROUP = "group"
    MEMBERSHIP = "membership"
    ISSUE_TYPE = "issue_type"
    STATUS = "status"
    PRIORITY = "priority"
    RESOLUTION = "resolution"
    ISSUE_LINK_TYPE = "issue_link_type"
    FIELD = "field"
    FIELD_CONTEXT = "field_context"
    SCREEN = "screen"
    SCREEN_SCHEME = "screen_scheme"
    ISSUE_TYPE_SCREEN_SCHEME = "issue_type_screen_scheme"
    FIELD_CONFIGURATION = "field_configuration"
    PROJECT_ROLE = "project_role"
    PROJECT_CATEGORY = "project_category"
    NOTIFICATION_SCHEME = "notification_scheme"
    PERMISSION_SCHEME = "permission_scheme"
    ISSUE_SECURITY_SCHEME = "issue_security_scheme"
    PRIORITY_SCHEME = "priority_scheme"
    ISSUE_TYPE_SCHEME = "issue_type_scheme"
    PROJECT = "project"
    ROLE_ACTOR = "role_actor"
    VERSION = "version"
    COMPONENT = "component"
    ISSUE = "issue"
    COMMENT = "comment"
    WORKLOG = "worklog"
    CHANGELOG = "changelog"
    ISSUE_LINK = "issue_link"
    REMOTE_LINK = "remote_link"
    WATCHER = "watcher"
    ATTACHMENT = "attachment"
    FILTER = "filter"
    BOARD = "board"
    SPRINT = "sprint"
    RANK = "rank"
    DASHBOARD = "dashboard"
    SPACE = "space"
    PAGE = "page"
    BLOG_POST = "blog_post"
    FOOTER_COMMENT = "footer_comment"
    INLINE_COMMENT = "inline_comment"
    LABEL = "label"
