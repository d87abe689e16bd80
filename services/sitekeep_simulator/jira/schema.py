"""The tables of the Jira half. Times are texts in Jira's format in UTC, so that they sort.

An issue's long texts come last in its row: what is asked for most is read without them.
"""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS jira_object (
  kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, project_id INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jira_object_project ON jira_object (kind, project_id);
CREATE TABLE IF NOT EXISTS jira_project (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, state TEXT NOT NULL,
  counter INTEGER NOT NULL, type_scheme INTEGER NOT NULL, workflow_scheme INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jira_project_key (key TEXT PRIMARY KEY, project_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jira_mail (
  project_id INTEGER NOT NULL, event INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (project_id, event)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_role_actor (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, role_id INTEGER NOT NULL,
  type TEXT NOT NULL, parameter TEXT NOT NULL, UNIQUE (project_id, role_id, type, parameter));
CREATE TABLE IF NOT EXISTS jira_issue (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, number INTEGER NOT NULL,
  type_id INTEGER NOT NULL, status_id INTEGER NOT NULL, parent_id INTEGER,
  created TEXT NOT NULL, updated TEXT NOT NULL,
  level INTEGER GENERATED ALWAYS AS (json_extract(fields, '$.security')) STORED,
  fields TEXT NOT NULL, UNIQUE (project_id, number));
CREATE INDEX IF NOT EXISTS jira_issue_project ON jira_issue (project_id);
CREATE INDEX IF NOT EXISTS jira_issue_parent ON jira_issue (parent_id) WHERE parent_id NOT NULL;
CREATE INDEX IF NOT EXISTS jira_issue_updated ON jira_issue (project_id, updated);
CREATE INDEX IF NOT EXISTS jira_issue_changed ON jira_issue (updated);
CREATE TABLE IF NOT EXISTS jira_rendered (issue_id INTEGER PRIMARY KEY, fields BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS jira_moved_key (key TEXT PRIMARY KEY, issue_id INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_archived (
  issue_id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, archived TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jira_unindexed (issue_id INTEGER PRIMARY KEY, searches INTEGER);
CREATE TABLE IF NOT EXISTS jira_comment (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, author TEXT NOT NULL,
  update_author TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
  body TEXT NOT NULL, visibility TEXT, properties TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jira_comment_issue ON jira_comment (issue_id, created, id);
CREATE TABLE IF NOT EXISTS jira_worklog (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, author TEXT NOT NULL,
  update_author TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
  started TEXT NOT NULL, seconds INTEGER NOT NULL, body TEXT, visibility TEXT,
  properties TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jira_worklog_issue ON jira_worklog (issue_id, id);
CREATE INDEX IF NOT EXISTS jira_worklog_updated ON jira_worklog (updated, id);
CREATE TABLE IF NOT EXISTS jira_attachment (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, media_id TEXT NOT NULL,
  filename TEXT NOT NULL, author TEXT NOT NULL, created TEXT NOT NULL, size INTEGER NOT NULL,
  media_type TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jira_attachment_issue ON jira_attachment (issue_id, id);
CREATE INDEX IF NOT EXISTS jira_attachment_media ON jira_attachment (media_id);
CREATE TABLE IF NOT EXISTS jira_link (
  id INTEGER PRIMARY KEY, type_id INTEGER NOT NULL, source_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL, UNIQUE (source_id, target_id, type_id));
CREATE INDEX IF NOT EXISTS jira_link_target ON jira_link (target_id);
CREATE TABLE IF NOT EXISTS jira_remote_link (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, global_id TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jira_remote_link_issue ON jira_remote_link (issue_id, id);
CREATE TABLE IF NOT EXISTS jira_watcher (
  issue_id INTEGER NOT NULL, account_id TEXT NOT NULL, PRIMARY KEY (issue_id, account_id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_vote (
  issue_id INTEGER NOT NULL, account_id TEXT NOT NULL, PRIMARY KEY (issue_id, account_id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_property (
  issue_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (issue_id, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_entity_property (
  owner TEXT NOT NULL, owner_id NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (owner, owner_id, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS jira_change (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, author TEXT NOT NULL,
  created TEXT NOT NULL, items TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jira_change_issue ON jira_change (issue_id, created, id);
CREATE TABLE IF NOT EXISTS jira_sprint_issue (
  issue_id INTEGER NOT NULL, sprint_id INTEGER NOT NULL, PRIMARY KEY (issue_id, sprint_id))
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jira_sprint_issue_sprint ON jira_sprint_issue (sprint_id);
CREATE TABLE IF NOT EXISTS jira_epic (
  issue_id INTEGER PRIMARY KEY, name TEXT NOT NULL, color TEXT NOT NULL, done INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jira_rank (issue_id INTEGER PRIMARY KEY, place INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS jira_rank_place ON jira_rank (place);
CREATE TABLE IF NOT EXISTS jira_task (
  id INTEGER PRIMARY KEY, polls INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jira_preference (
  account_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account_id, key)) WITHOUT ROWID;
"""

ISSUE_TABLES = (
    "jira_comment",
    "jira_worklog",
    "jira_attachment",
    "jira_remote_link",
    "jira_watcher",
    "jira_vote",
    "jira_property",
    "jira_change",
    "jira_moved_key",
    "jira_sprint_issue",
    "jira_rank",
    "jira_epic",
    "jira_rendered",
    "jira_unindexed",
    "jira_archived",
)
"""Tables whose rows belong to one issue, by their column ``issue_id``."""
