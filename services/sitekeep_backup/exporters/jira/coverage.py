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
    "of fields of single projects, whose contexts no request reads, the options that "
    "issue/createmeta of the project offers; of select fields of Connect apps "
    "field/{key}/option",
    Kind.SCREEN: "screens of the whole site and of single projects, their tabs in bulk where it "
    "has that, the fields of each tab",
    Kind.SCREEN_SCHEME: "screenscheme",
    Kind.FIELD_CONFIGURATION: "fieldconfiguration and fieldconfigurationscheme with fields, "
    "mappings and projects; config/fieldschemes where the site has those",
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
    Kind.WORKFLOW: "workflows/search, then workflows with every rule",
    Kind.WORKFLOW_SCHEME: "workflowscheme; which one a project has from workflowscheme/project; "
    "drafts are named",
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
    Kind.ENTITY_PROPERTY: "…/properties of each project, issue type, board and sprint; of issues "
    "those whose keys 20 issues of each 1,000 numbers have; of comments and worklogs comment/list "
    "and worklog/list, of 100 of them for each 1,000 numbers, of all where one has any; so of "
    "users user/properties, of 20 of each 1,000",
    Kind.PROJECT_FEATURE: "project/{id}/features",
    Kind.VOTE: "issue/{id}/votes of issues that have any; hidden ones are counted",
    Kind.FILTER_COLUMNS: "filter/{id}/columns",
    Kind.EPIC: "epic/{id} of the epics of company-managed projects",
    Kind.PLAN: "plans/plan, active, archived and in the trash, each with its teams; the premium "
    "edition of Jira only",
    Kind.RANK: "inside the issue; sub-tasks have none of their own",
    Kind.ASSET_SCHEMA: "objectschema/list of the workspace that servicedeskapi/assets names",
    Kind.ASSET_STATUS: "config/statustype, for all schemas and of each",
    Kind.ASSET_OBJECT_TYPE: "objectschema/{id}/objecttypes/flat, each with its own attributes",
    Kind.ASSET_OBJECT: "object/aql of each schema, with all attributes; object/{id}/history of "
    "those that were changed. Files and comments of objects have no documented request",
    Kind.SERVICE_DESK: "servicedesk, with its organizations and request type groups",
    Kind.REQUEST_TYPE: "servicedesk/{id}/requesttype, those on no portal included, with all fields "
    "and properties",
    Kind.ORGANIZATION: "organization, with its properties",
    Kind.ORGANIZATION_MEMBER: "organization/{id}/user",
    Kind.CUSTOMER: "servicedesk/{id}/customer",
    Kind.REQUEST: "inside the issue; request/{id} with approvals and feedback where a site keeps "
    "its fields out of issues, which does not tell organizations",
    Kind.QUEUE: "servicedesk/{id}/queue: name, query and columns; no request tells their order",
    Kind.KNOWLEDGE_BASE_ARTICLE: "servicedesk/{id}/knowledgebase/article",
    Kind.SPRINT: "board/{id}/sprint; those of boards that are gone from the issues",
}

_NOT_READ = (Kind.DISCOVERY_VIEW, Kind.DISCOVERY_INSIGHT)
"""What no documented request reads; a backup names the projects that have such things."""

COVERAGE: Sequence[CoverageRow] = (
    *(CoverageRow("jira", kind, backed_up=how) for kind, how in _READ.items()),
    *(CoverageRow("jira", kind) for kind in _NOT_READ),
)
"""One row per kind; the importer's rows say what comes back."""
