"""The tables of the Confluence half of a site.

Pages, blog posts, comments and attachments take their ids from one sequence, as on a real
site. Times are stored as they are answered: ``2024-05-01T10:00:00.000Z``.
"""

from __future__ import annotations

from sitekeep_simulator.store import SiteStore

CONTENT_SEQUENCE = "confluence/content"
SPACE_SEQUENCE = "confluence/space"
LABEL_SEQUENCE = "confluence/label"
PROPERTY_SEQUENCE = "confluence/property"
TASK_SEQUENCE = "confluence/task"

PAGE = "page"
BLOG_POST = "blogpost"
FOOTER = "footer"
INLINE = "inline"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS confluence_setting (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS confluence_space (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL,
  type TEXT NOT NULL, status TEXT NOT NULL, author_id TEXT NOT NULL, created_at TEXT NOT NULL,
  homepage_id INTEGER, description TEXT NOT NULL, private_to TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS confluence_content (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, space_id INTEGER NOT NULL, status TEXT NOT NULL,
  title TEXT NOT NULL, title_key TEXT NOT NULL, parent_id INTEGER, position INTEGER,
  author_id TEXT NOT NULL, owner_id TEXT, last_owner_id TEXT, created_at TEXT NOT NULL,
  version INTEGER NOT NULL, modified_at TEXT NOT NULL, modifier_id TEXT NOT NULL,
  message TEXT NOT NULL, minor_edit INTEGER NOT NULL, private_to TEXT NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS confluence_content_space ON confluence_content (space_id, kind);
CREATE INDEX IF NOT EXISTS confluence_content_parent ON confluence_content (parent_id, position);
CREATE UNIQUE INDEX IF NOT EXISTS confluence_content_title
  ON confluence_content (space_id, kind, title_key) WHERE status = 'current';
CREATE TABLE IF NOT EXISTS confluence_version (
  content_id INTEGER NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
  modified_at TEXT NOT NULL, modifier_id TEXT NOT NULL, message TEXT NOT NULL,
  minor_edit INTEGER NOT NULL, PRIMARY KEY (content_id, number));
CREATE TABLE IF NOT EXISTS confluence_comment (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, container_id INTEGER NOT NULL, parent_id INTEGER,
  author_id TEXT NOT NULL, created_at TEXT NOT NULL, version INTEGER NOT NULL,
  modified_at TEXT NOT NULL, modifier_id TEXT NOT NULL, message TEXT NOT NULL,
  body TEXT NOT NULL, marker_ref TEXT NOT NULL, selection TEXT NOT NULL,
  resolution TEXT NOT NULL, resolver_id TEXT NOT NULL, resolved_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS confluence_comment_container
  ON confluence_comment (container_id, kind, parent_id);
CREATE INDEX IF NOT EXISTS confluence_comment_parent ON confluence_comment (parent_id);
CREATE TABLE IF NOT EXISTS confluence_attachment (
  id INTEGER PRIMARY KEY, container_id INTEGER NOT NULL, status TEXT NOT NULL,
  title TEXT NOT NULL, created_at TEXT NOT NULL, version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS confluence_attachment_container
  ON confluence_attachment (container_id, title);
CREATE TABLE IF NOT EXISTS confluence_attachment_version (
  attachment_id INTEGER NOT NULL, number INTEGER NOT NULL, media_id TEXT NOT NULL,
  media_type TEXT NOT NULL, size INTEGER NOT NULL, comment TEXT NOT NULL,
  modified_at TEXT NOT NULL, modifier_id TEXT NOT NULL, minor_edit INTEGER NOT NULL,
  PRIMARY KEY (attachment_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS confluence_label (
  id INTEGER PRIMARY KEY, prefix TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (prefix, name));
CREATE TABLE IF NOT EXISTS confluence_content_label (
  content_id INTEGER NOT NULL, label_id INTEGER NOT NULL, PRIMARY KEY (content_id, label_id))
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS confluence_content_label_label
  ON confluence_content_label (label_id, content_id);
CREATE TABLE IF NOT EXISTS confluence_property (
  id INTEGER PRIMARY KEY, owner_kind TEXT NOT NULL, owner_id INTEGER NOT NULL, key TEXT NOT NULL,
  value TEXT NOT NULL, version INTEGER NOT NULL, created_at TEXT NOT NULL,
  author_id TEXT NOT NULL, modified_at TEXT NOT NULL, modifier_id TEXT NOT NULL,
  message TEXT NOT NULL, UNIQUE (owner_kind, owner_id, key));
CREATE TABLE IF NOT EXISTS confluence_task (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL);
"""


def create_tables(store: SiteStore) -> None:
    """Creates the tables that are not there yet."""
    store.script(_SCHEMA)
