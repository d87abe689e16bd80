"""The Confluence exporter: its first units and the function of each kind of unit."""

from __future__ import annotations

from sitekeep_backup.exporters.confluence import (
    attachments,
    blog_posts,
    comments,
    labels,
    not_kept,
    pages,
    people,
    spaces,
)
from sitekeep_backup.exporters.unit import Exporter

EXPORTER = Exporter(
    initial_units=(
        *people.FIRST,
        *spaces.FIRST,
        *comments.FIRST,
        labels.FIRST,
        attachments.FIRST,
        not_kept.FIRST,
    ),
    run={
        people.USERS: people.export_users,
        people.GROUPS: people.export_groups,
        people.MEMBERSHIPS: people.export_memberships,
        people.HIDDEN_USER: people.export_hidden_user,
        spaces.SPACES: spaces.export_spaces,
        pages.PAGES: pages.export_pages,
        pages.TREE_ITEM: pages.export_tree_item,
        blog_posts.BLOG_POSTS: blog_posts.export_blog_posts,
        comments.COMMENTS: comments.export_comments,
        comments.REPLIES: comments.export_replies,
        labels.LABELS: labels.export_labels,
        labels.LABELS_APART: labels.export_labels_apart,
        attachments.ATTACHMENTS: attachments.export_attachments,
        attachments.ATTACHMENT_BYTES: attachments.export_attachment_bytes,
        not_kept.NOT_KEPT: not_kept.export_not_kept,
    },
)
"""Reads a Confluence site."""
