"""What comes back of each kind of a Jira site, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_shared.coverage import MISSING, CoverageRow, Restored
from sitekeep_shared.kinds import Kind


def _row(kind: Kind, restored: Restored, loss: str = "", *paths: str) -> CoverageRow:
    return CoverageRow("jira", kind, restored=restored, loss=loss, lost_paths=paths)


COVERAGE: Sequence[CoverageRow] = (
    _row(
        Kind.USER,
        "with loss",
        "The same account where it is a member, else an invitation by e-mail. Whom the source "
        "deactivated is not invited, nor is anybody without a visible address; the account of an "
        "app comes with the app.",
        MISSING,
        "emailAddress",
    ),
    _row(Kind.GROUP, "exactly"),
    _row(
        Kind.MEMBERSHIP,
        "with loss",
        "Only people who have an account at the destination can be members.",
    ),
    _row(
        Kind.ISSUE_TYPE,
        "with loss",
        "Found by name, else created; the site chooses the icon, and REST creates no level "
        "above the standard one. Those of a team-managed project become global.",
        "hierarchyLevel",
    ),
    _row(
        Kind.STATUS,
        "with loss",
        "Found by name, else created; one that is there keeps its category and description. "
        "Workflows are replaced by one per project that leads from each status to each other.",
        "description",
        "category",
    ),
    _row(
        Kind.PRIORITY,
        "with loss",
        "Found by name, else created; the site chooses icon and order, and one that is there "
        "keeps its colour and description.",
        "description",
        "statusColor",
    ),
    _row(
        Kind.RESOLUTION,
        "with loss",
        "Found by name, else created; one that is there keeps its description.",
        "description",
    ),
    _row(
        Kind.ISSUE_LINK_TYPE,
        "with loss",
        "Found by name, else created; one that is there keeps its words.",
        "inward",
        "outward",
    ),
    _row(
        Kind.FIELD,
        "with loss",
        "Jira's own types are found by name and type, else created, with all options in one "
        "context; fields of apps are made by the apps.",
        "options",
    ),
    _row(
        Kind.PROJECT_ROLE,
        "with loss",
        "Found by name, else created; one that is there keeps its description and its own default "
        "actors. Those of a team-managed project become global.",
        "description",
        "default",
    ),
    _row(
        Kind.PROJECT_CATEGORY,
        "with loss",
        "Found by name, else created; one that is there keeps its description.",
        "description",
    ),
    _row(
        Kind.NOTIFICATION_SCHEME,
        "with loss",
        "Same name and recipients; those that are not at the destination are left out, and so are "
        "mail addresses, which Jira takes no longer. A scheme that projects of the destination "
        "may be using stays beside the restored one.",
        "events.*.EmailAddress*",
    ),
    _row(
        Kind.PERMISSION_SCHEME,
        "with loss",
        "Same name and grants, without those whose holder is not at the destination and those of "
        "permissions of apps. A scheme that projects of the destination may be using stays beside "
        "the restored one. The settings of a team-managed project are no scheme.",
        "grants.*__*",
    ),
    _row(
        Kind.ISSUE_SECURITY_SCHEME,
        "with loss",
        "Same names, levels and members, without those who are not at the destination. A scheme "
        "that projects of the destination may be using stays beside the restored one, and so does "
        "one that has other levels.",
    ),
    _row(
        Kind.PRIORITY_SCHEME,
        "with loss",
        "Same name, priorities and default one; the order is the destination's where one of that "
        "name was there. A scheme that projects of the destination may be using stays beside the "
        "restored one.",
    ),
    _row(
        Kind.PROJECT,
        "with loss",
        "Same key, with schemes of its own; a team-managed project comes back company-managed, and "
        "a lead who is not a member is replaced; one without a notification scheme stays silent, "
        "one without a permission scheme gets the default one.",
        "notificationScheme",
        "permissionScheme",
        "style",
        "isPrivate",
    ),
    _row(
        Kind.ROLE_ACTOR,
        "with loss",
        "Only groups that are at the destination and active people who have an account there can "
        "act in a role.",
    ),
    _row(Kind.VERSION, "exactly"),
    _row(Kind.COMPONENT, "exactly"),
    _row(
        Kind.ISSUE,
        "with loss",
        "Same key and fields; the site sets creator and times itself (the original ones are in "
        "the description's last line and in a property), votes and values of "
        "apps' fields cannot be written; an issue without a priority gets the default "
        "one where the site insists on one. A sub-task with a lower number than its parent "
        "stays a standard issue where the site does not move it.",
        "created",
        "updated",
        "creator",
        "resolutiondate",
        "statuscategorychangedate",
        "votes",
        "issuerestriction",
        "priority",
    ),
    _row(
        Kind.COMMENT,
        "with loss",
        "The site sets author and time itself; the original ones are the first line and in a "
        "property.",
        "author",
        "created",
        "updated",
    ),
    _row(
        Kind.WORKLOG,
        "with loss",
        "The time of the work is kept; the site sets the author itself (the original one is "
        "the first line and in a property) and keeps whole minutes.",
        "author",
        "created",
        "updated",
        "timeSpentSeconds",
    ),
    _row(
        Kind.CHANGELOG,
        "not",
        "No request writes history; the original one is in the backup.",
    ),
    _row(Kind.ISSUE_LINK, "exactly"),
    _row(Kind.REMOTE_LINK, "exactly"),
    _row(
        Kind.WATCHER,
        "with loss",
        "Members who may see the issue; a deactivated account cannot be made to watch.",
        MISSING,
    ),
    _row(
        Kind.ATTACHMENT,
        "with loss",
        "Same name and bytes; the site sets uploader and time itself and may guess another "
        "media type.",
        "author",
        "created",
        "mediaType",
    ),
    _row(
        Kind.FILTER,
        "with loss",
        "Same query with the ids of the destination, same owner and permissions; where the query "
        "names what is not there, it is in the description and the filter finds nothing. REST "
        "cannot subscribe anybody or make it a favourite of others, and the columns of its list "
        "are not kept.",
        "name",
        "subscriptions",
        "queryRefused",
    ),
    _row(
        Kind.BOARD,
        "with loss",
        "Same name, type, filter and project. REST writes neither columns, swimlanes, quick "
        "filters, estimation nor administrators; boards of people become the restoring account's, "
        "those of team-managed projects scrum or kanban ones.",
        "columns",
        "limits",
        "quickFilters",
        "subQuery",
        "estimation",
        "admins",
        "owner",
        "teamManaged",
    ),
    _row(
        Kind.RANK,
        "with loss",
        "The order of the issues of a project; between projects, and among the sub-tasks of an "
        "issue, the order is that of creation.",
    ),
    _row(
        Kind.DASHBOARD,
        "with loss",
        "Same owner, permissions and gadgets, in whose settings ids become those of the "
        "destination; a setting that names what is not there is left out. REST sets neither layout "
        "nor refresh interval, makes it nobody's favourite and archives none.",
        "name",
        "archived",
        "gadgets.*.properties",
    ),
    _row(
        Kind.SPRINT,
        "with loss",
        "Same name, goal, dates, state and issues, closed ones included. The site sets itself when "
        "a sprint was made and completed; names have 30 characters; of a board's several active "
        "sprints one is started; those of a board that is gone come to another one.",
        "createdDate",
        "completeDate",
        "name",
        "board",
        "state",
    ),
)
"""One row per kind."""
