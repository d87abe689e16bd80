"""Everything that a restore of a Jira site loses on purpose, with the reason of each finding."""

from __future__ import annotations

import enum
from collections import Counter

from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally


@enum.unique
class Loss(enum.Enum):
    """A declared loss: its name is the reason of the finding, its value the sentence."""

    APP_ACCOUNT_NOT_RESTORED = "The account of an app exists where the app is installed."
    APP_OPTION_KEPT = (
        "The field of the app had an option of that name already, for other projects or with other "
        "properties: it stays as it is."
    )
    ASSET_ICON_REPLACED = "The icon of that name is not at the destination: another one stands in."
    ASSET_NOT_KEPT = (
        "The site took the value of the Assets field without a word and did not keep it."
    )
    ASSET_OBJECT_KEY = (
        "The site numbers and dates objects of Assets itself; the original key and times, and the "
        "history, are in the backup."
    )
    ASSET_STATUS_KEPT = (
        "A status of Assets of that name with another category or description was there already."
    )
    ASSET_VALUE_NOT_RESTORABLE = (
        "A value of an object of Assets names somebody or something that is not at the destination."
    )
    ASSET_VALUE_REFUSED = "The site refused the value of an attribute; it is in the backup."
    ATTACHMENT_AUTHOR_AND_TIME = (
        "The site sets uploader and time of a file itself; the original ones are in the backup."
    )
    BOARD_CONFIGURATION = (
        "No request writes the columns, swimlanes, quick filters, estimation and administrators "
        "of a board; they are in the backup."
    )
    BOARD_PLACE_CHANGED = (
        "The board belongs to the restoring account: REST puts boards in projects and in the "
        "caller's own place only."
    )
    BOARD_TYPE_CHANGED = (
        "A team-managed project comes back as a company-managed one: REST cannot create "
        "the configuration of the former."
    )
    CATEGORY_DESCRIPTION_KEPT = (
        "A project category of that name with another description was there already."
    )
    COMMENT_AUTHOR_AND_TIME = (
        "The site sets author and time of a comment itself; the original ones are its first line "
        "and in its property sitekeep.origin."
    )
    CREATOR_AND_TIMES = (
        "The site sets creator and times of an issue itself; the original ones are the last line "
        "of its description and in its property sitekeep.origin."
    )
    DASHBOARD_NOT_ARCHIVED = "No request archives a dashboard: it is active."
    DASHBOARD_OWNER_REPLACED = (
        "The owner is not at the destination or has a dashboard of that name; the restoring "
        "account owns it."
    )
    DASHBOARD_RENAMED = "The owner at the destination has a dashboard of that name already."
    DEFAULT_ACTOR_NOT_RESTORED = (
        "A default actor of the role is not at the destination or is deactivated."
    )
    FIELD_CONFIGURATION_NOT_IN_SCHEME = (
        "A field configuration or an issue type of the scheme is not at the destination."
    )
    FIELD_CONTEXT_NARROWED = (
        "Projects of the destination may be using the field: the context is for the restored "
        "projects alone."
    )
    FIELD_CONTEXT_OF_AN_APP = (
        "The product or an app keeps the contexts of its fields itself; the site took none."
    )
    FIELD_CONTEXT_SHARED = (
        "Projects of the destination may be using the field: its own context for all projects "
        "stays and has the options."
    )
    FIELD_CONTEXT_WITHOUT_FIELD = "The field is not at the destination, nor is its context."
    FIELD_CONTEXT_WITHOUT_PROJECTS = (
        "None of the projects or issue types of the context is at the destination."
    )
    FIELD_DEFAULT_NOT_RESTORABLE = "The default value names what is not at the destination."
    FIELD_NOT_CREATABLE = "Fields of apps and of the product are created by them alone."
    FIELD_NOT_CONFIGURED = (
        "A field is not at the destination, or the site refuses what a configuration says of it."
    )
    FIELD_REFUSED = "The site refused the value of the field; the original is in the backup."
    FIELD_TYPE_CHANGED = (
        "No request makes fields of Jira Product Discovery: a plain field keeps the values."
    )
    FIELDS_OF_ANOTHER_GENERATION = (
        "The destination has field configurations where the source has field schemes: these are in "
        "the backup, projects have the destination's default configuration."
    )
    FIELD_CONFIGURATIONS_BECAME_SCHEMES = (
        "The destination has field schemes in place of field configurations: these say the same of "
        "fields, but for renderers, which a field scheme does not have."
    )
    FIELD_NOT_IN_SCHEME = (
        "A field of the field scheme, or an issue type for which it says something, is not at the "
        "destination, or the site refused what is said about the field."
    )
    FIELD_VALUE_NOT_RESTORABLE = (
        "The value belongs to an app or to something that is not at the destination."
    )
    FILTER_OWNER_REPLACED = (
        "The owner is not at the destination or has a filter of that name; the restoring account "
        "owns it."
    )
    FILTER_QUERY_REFUSED = (
        "The query names something that is not at the destination, or the site refused it: the "
        "filter finds nothing, the original query is in its description."
    )
    FILTER_RENAMED = "The owner at the destination has a filter of that name already."
    FILTER_SUBSCRIPTIONS = "No request subscribes anybody to a filter; they are in the backup."
    GADGET_REFUSED = "The site did not take the gadget; it is in the backup."
    GADGET_SETTING_NOT_RESTORABLE = (
        "A setting of a gadget names something that is not at the destination, or the site "
        "refused it; it is in the backup."
    )
    GRANT_NOT_RESTORED = (
        "The holder of a permission is not at the destination, or the site does not know the "
        "permission: it is an app's."
    )
    ISSUE_KEY_CHANGED = "The site gave another number than the original one."
    ISSUE_TYPE_CHANGED = "The issue type of that name has another level at the destination."
    KNOWLEDGE_BASE_NOT_LINKED = (
        "No request links a service desk to a knowledge base; its articles are in the backup of "
        "Confluence."
    )
    ISSUE_TYPE_NOT_IN_SCHEME = "An issue type of the scheme is not at the destination."
    LATE_SUBTASK = "The sub-task could not be moved below its parent, which has a higher number."
    LINK_TYPE_MERGED = "A link type of that name with other words was there already."
    MEDIA_AS_TEXT = "A file shown in a text is not at the destination; its name stands there."
    MENTION_AS_TEXT = "A mentioned account is not at the destination; its name stands there."
    OPTION_NOT_OFFERED = (
        "The destination's project has the field itself and does not offer an option of that name; "
        "no request adds one."
    )
    ORGANIZATION_ABSENT = "The organization is not at the destination."
    ORGANIZATION_NOT_ON_REQUEST = (
        "An organization of the request is not at the destination, or its service desk does not "
        "have it any more."
    )
    PARENT_REFUSED = "The site refused the original parent."
    PARTICIPANT_NOT_RESTORED = "A participant of the request is not at the destination."
    PERMISSIONS_BY_DEFAULT = (
        "The permission scheme of the project is not at the destination: the default one holds."
    )
    PRIORITY_BY_DEFAULT = "The issue had no priority; the site insists on one, its default."
    PRIORITY_NOT_IN_SCHEME = "A priority of the scheme is not at the destination."
    PROJECT_CATEGORY = "The category of the project is not at the destination."
    PROJECT_LEAD_REPLACED = (
        "The lead is not at the destination or not active; the restoring account leads."
    )
    PROJECT_TYPE_CHANGED = "The site does not take the project's type; it became software."
    RECIPIENT_NOT_RESTORED = (
        "A recipient of a notification scheme is not at the destination, or the site no longer "
        "takes its type."
    )
    QUEUE_NOT_RESTORED = "No request writes the queues of a service desk; they are in the backup."
    REPORTER_REPLACED = "The reporter is not at the destination; the restoring account reports."
    ASSIGNEE_DROPPED = "The assignee is not at the destination; the issue is unassigned."
    REQUEST_FIELD_REFUSED = "The site refused participants or organizations of the request."
    REQUEST_MEASUREMENTS = (
        "No request writes the times of service goals, approvals and ratings; they are in the "
        "backup."
    )
    REQUEST_TYPE_OF_ANOTHER_ISSUE_TYPE = (
        "The project does not have the issue type of the request type any more: the site makes "
        "none for it, another one stands in."
    )
    REQUEST_TYPE_ON_NO_PORTAL = (
        "REST makes a request type without a group, with the usual icon and with the required "
        "fields only: no portal shows it before an administrator has put it into a group."
    )
    ROLE_ACTOR_NOT_RESTORED = (
        "Who acted in the role of a project is not at the destination or is deactivated."
    )
    ROLE_DESCRIPTION_KEPT = "A role of that name with another description was there already."
    SCREEN_FIELD_NOT_RESTORED = (
        "A field of the screen is not at the destination or can be on no screen there."
    )
    SCREEN_NOT_IN_SCHEME = "What the scheme names is not at the destination: its default is used."
    SCREENS_BY_DEFAULT = (
        "The backup holds no screens of the project: it has the site's default ones."
    )
    SCREEN_OF_TEAM_MANAGED_PROJECT = (
        "No request makes a screen of a team-managed project, which comes back as a "
        "company-managed one: the screen is in the backup."
    )
    SECURITY_MEMBER_NOT_RESTORED = (
        "Who sees the issues of a security level is not at the destination."
    )
    SERVICE_DESK_ABSENT = (
        "The project has no service desk at the destination: Jira Service Management is not "
        "there, or the project is not."
    )
    SERVICE_DESK_CONFIGURATION = (
        "No request writes portal, request type groups, service goals, forms, mail channel and "
        "customer notifications of a service desk."
    )
    SERVICE_DESK_NOT_IN_BACKUP = (
        "The backup has no service desk of the project, as of one in the archive: its issues are "
        "no requests any more; what they were as such is in the backup."
    )
    SERVICE_MANAGEMENT_ABSENT = "The destination does not have Jira Service Management."
    LINK_OUT_OF_BACKUP = (
        "The link leads to an issue of a project that the backup does not hold, as of one in the "
        "trash."
    )
    SHARE_DROPPED = (
        "A permission names somebody or something that is not at the destination, or the site "
        "refused it."
    )
    SPRINT_BOARD_REPLACED = "The board of the sprint is not in the backup; another one has it."
    SPRINT_DATES = "The site sets itself when a sprint was made and when it was completed."
    SPRINT_MEMBER_REFUSED = "The site did not take the issue into the sprint."
    SPRINT_NAME_CUT = "The name of a sprint has 30 characters at most."
    SPRINT_NOT_STARTED = (
        "The site refused to start or close the sprint: a board has one active sprint at a time "
        "unless its settings say otherwise."
    )
    STATUS_CATEGORY_KEPT = "A status of that name with another category was there already."
    STATUS_NOT_REACHED = "The site refused the transition to the original status."
    SUMMARY_CHANGED = "The summary was cut to one line of 255 characters."
    TEXT_REFUSED = "The site refused the document: its text is there, the whole is attached."
    TEXT_TOO_LONG = "The text is longer than the site takes: it is cut, the whole is attached."
    VERSION_MERGED = "A version of that name was there already in the project."
    COMPONENT_MERGED = "A component of that name was there already in the project."
    VOTES_NOT_RESTORED = "An account can only vote for itself; the votes are in the backup."
    WATCHER_NOT_RESTORED = "The watcher is not at the destination or may not see the issue."
    WORKFLOW_OF_TEAM_MANAGED_PROJECT = (
        "A team-managed project comes back as a company-managed one, with a workflow that leads "
        "from each status to each."
    )
    WORKFLOW_RULE_NOT_RESTORED = (
        "A rule of the workflow is an app's, or it names something that is not at the destination: "
        "it is left out, or what it names there is."
    )
    WORKLOG_AUTHOR = (
        "The site sets the author of a worklog itself; the original one is its first line and "
        "in its property sitekeep.origin."
    )
    WORKLOG_ROUNDED = "The site keeps whole minutes, one at least."
    CONFIGURATION_DETAILS = "Icons and order of new entries are the destination's."
    COLUMN_NOT_RESTORED = (
        "A column of the filter is a field of an app that is not at the destination, or one that "
        "the site itself had no longer."
    )
    FEATURE_FIXED = (
        "The product alone decides on the feature, and does otherwise at the destination."
    )
    FEATURE_NOT_OFFERED = (
        "The product offers no such feature for the project at the destination: a team-managed "
        "project came back as a company-managed one."
    )
    PLAN_PART_NOT_RESTORED = "The plan names something that is not at the destination."
    PLAN_TEAM_NOT_RESTORED = (
        "A team of the organization that the plan has is not at the destination."
    )
    PLAN_TEAM_SOURCE = "No answer shows which issue source of a plan a team works on by its id."
    PLAN_TIME = "The site sets itself when a plan was saved."
    PROPERTY_KEPT = (
        "An issue type of that name, or the user, was there already, with another value of the "
        "property."
    )
    PROPERTY_OF_ABSENT_USER = "The user who has the property is not at the destination."


class LossCounter:
    """The losses of one unit: equal ones become one finding that names the first."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._first: dict[tuple[Kind, Loss], str] = {}
        self._counts: Counter[tuple[Kind, Loss]] = Counter()

    def add(self, kind: Kind, loss: Loss, key: str, count: int = 1) -> None:
        """Notes a loss of an entity that came back otherwise."""
        if count > 0:
            self._first.setdefault((kind, loss), key)
            self._counts[kind, loss] += count

    def gone(self, kind: Kind, loss: Loss, key: str, count: int = 1) -> None:
        """Notes an entity that does not come back at all, as declared."""
        self._tally.of(kind).missing += count
        self.add(kind, loss, key, count)

    def report(self) -> None:
        """Puts the findings into the tally; to be called once, at the end of the unit."""
        for (kind, loss), count in self._counts.items():
            first = self._first[kind, loss]
            self._tally.remark(kind, first, loss.name, loss.value, count=count)
