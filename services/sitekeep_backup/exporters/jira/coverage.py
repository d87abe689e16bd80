"""How each kind of a Jira site is read."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

_READ: dict[Kind, str] = {
    Kind.USER: "users/search, active and inactive",
    Kind.GROUP: "group/bulk",
    Kind.MEMBERSHIP: "group/member, inactive users included",
    Kind.ISSUE_TYPE: "issuetype",
    Kind.STATUS: "statuses/search, global and of single projects",
    Kind.PRIORITY: "priority/search",
    Kind.RESOLUTION: "resolution/search",
    Kind.ISSUE_LINK_TYPE: "issueLinkType",
    Kind.FIELD: "field; those in the trash are named",
    Kind.FIELD_CONTEXT: "field/{id}/context with projects, issue types, options and default value; "
    "those of team-managed projects are settings of these",
    Kind.SCREEN: "screens of the whole site, their tabs in bulk where it has that, the fields "
    "of each tab",
    Kind.SCREEN_SCHEME: "screenscheme",
    Kind.FIELD_CONFIGURATION: "fieldconfiguration and fieldconfigurationscheme with fields, "
    "mappings and projects; that a site has their successors, field schemes, is named",
    Kind.ISSUE_TYPE_SCREEN_SCHEME: "issuetypescreenscheme with mappings and projects",
    Kind.PROJECT_ROLE: "role, with the default actors",
    Kind.PROJECT_CATEGORY: "projectCategory",
    Kind.NOTIFICATION_SCHEME: "notificationscheme with every recipient",
    Kind.PERMISSION_SCHEME: "permissionscheme with every grant; which one a project has from "
    "project/{id}/permissionscheme",
    Kind.ISSUE_SECURITY_SCHEME: "issuesecurityschemes/search, their levels and members",
    Kind.PRIORITY_SCHEME: "priorityscheme, with priorities and projects",
    Kind.PROJECT: "project/{id} of live and archived projects; those in the trash are named with "
    "how many issues they have",
    Kind.ISSUE_TYPE_SCHEME: "issuetypescheme with issuetypescheme/mapping; which one a project has "
    "from issuetypescheme/project",
    Kind.PROJECT: "project/{id} of live projects; archived ones are named as missing, "
    "those in the trash are named",
    Kind.ROLE_ACTOR: "project/{id}/role/{id} of every role of a project",
    Kind.VERSION: "project/{id}/version",
    Kind.COMPONENT: "project/{id}/component",
    Kind.ISSUE: "issue/bulkfetch by key number, all fields; what changed while the backup ran is "
    "read again; those that the site counts and does not show are counted as missing",
    Kind.COMMENT: "inside the issue; those that it lacks from issue/{id}/comment",
    Kind.WORKLOG: "inside the issue; those that it lacks from issue/{id}/worklog",
    Kind.CHANGELOG: "changelog/bulkfetch",
    Kind.ISSUE_LINK: "inside the issue",
    Kind.REMOTE_LINK: "issue/{id}/remotelink of every issue of a project that has at most 100 "
    "numbers, or a link in a history or in one of 100 issues spread over its numbers",
    Kind.WATCHER: "issue/{id}/watchers of watched issues",
    Kind.ATTACHMENT: "metadata inside the issue, bytes from attachment/content/{id}",
    Kind.FILTER: "filter/search with permissions and subscriptions; Jira shows nobody the private "
    "filters of others",
    Kind.BOARD: "board with configuration and quick filters; private ones of others are counted",
    Kind.DASHBOARD: "dashboard/search, active and archived, with gadgets and their properties; "
    "Jira shows nobody the private ones of others, those in the trash are named",
    Kind.RANK: "inside the issue; sub-tasks have none of their own",
    Kind.SPRINT: "board/{id}/sprint; those of boards that are gone from the issues",
}

COVERAGE: Sequence[CoverageRow] = tuple(
    CoverageRow("jira", kind, backed_up=how) for kind, how in _READ.items()
)
"""One row per kind; the importer's rows say what comes back."""
