"""The Confluence importer: its first units and the function of each kind of unit."""

from __future__ import annotations

from sitekeep_restore.importers.confluence import (
    attachments,
    blog_posts,
    bodies,
    clean_up,
    comments,
    labels,
    pages,
    people,
    spaces,
    threads,
)
from sitekeep_restore.importers.unit import Importer

IMPORTER = Importer(
    initial_units=(
        people.FIRST,
        spaces.FIRST,
        pages.FIRST,
        blog_posts.FIRST,
        attachments.FIRST,
        bodies.FIRST,
        labels.FIRST,
        *threads.FIRST,
        clean_up.FIRST,
    ),
    run={
        people.PLAN: people.plan_people,
        people.USERS: people.import_users,
        people.GROUPS: people.import_groups,
        people.MEMBERSHIPS: people.import_memberships,
        spaces.PLAN: spaces.plan_spaces,
        spaces.SPACES: spaces.import_spaces,
        pages.PLAN: pages.plan_pages,
        pages.PAGES: pages.import_pages,
        blog_posts.PLAN: blog_posts.plan_blog_posts,
        blog_posts.BLOG_POSTS: blog_posts.import_blog_posts,
        attachments.PLAN: attachments.plan_attachments,
        attachments.ATTACHMENTS: attachments.import_attachments,
        attachments.TRASHED: attachments.import_trashed_attachments,
        bodies.PLAN: bodies.plan_bodies,
        bodies.BODIES: bodies.import_bodies,
        labels.PLAN: labels.plan_labels,
        labels.LABELS: labels.import_labels,
        threads.PLAN: threads.plan_comments,
        threads.COMMENTS: comments.import_comments,
        clean_up.ARCHIVE_PAGES: clean_up.archive_pages,
        clean_up.TRASH_PAGES: clean_up.trash_pages,
        clean_up.TRASH_BLOG_POSTS: clean_up.trash_blog_posts,
        clean_up.ARCHIVE_SPACES: clean_up.archive_spaces,
    },
)
"""Writes a Confluence site."""
