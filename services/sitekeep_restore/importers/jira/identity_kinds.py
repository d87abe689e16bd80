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
FIELD_CONTEXT = Kind.FIELD_CONTEXT.value
FIELD_CONFIGURATION = Kind.FIELD_CONFIGURATION.value
SCREEN = Kind.SCREEN.value
SCREEN_SCHEME = Kind.SCREEN_SCHEME.value
ISSUE_TYPE_SCREEN_SCHEME = Kind.ISSUE_TYPE_SCREEN_SCHEME.value
PROJECT_ROLE = Kind.PROJECT_ROLE.value
PROJECT_CATEGORY = Kind.PROJECT_CATEGORY.value
NOTIFICATION_SCHEME = Kind.NOTIFICATION_SCHEME.value
PERMISSION_SCHEME = Kind.PERMISSION_SCHEME.value
ISSUE_SECURITY_SCHEME = Kind.ISSUE_SECURITY_SCHEME.value
PRIORITY_SCHEME = Kind.PRIORITY_SCHEME.value
ISSUE_TYPE_SCHEME = Kind.ISSUE_TYPE_SCHEME.value
WORKFLOW_SCHEME = Kind.WORKFLOW_SCHEME.value
PROJECT = Kind.PROJECT.value
VERSION = Kind.VERSION.value
COMPONENT = Kind.COMPONENT.value
ISSUE = Kind.ISSUE.value
ATTACHMENT = Kind.ATTACHMENT.value
FILTER = Kind.FILTER.value
BOARD = Kind.BOARD.value
SPRINT = Kind.SPRINT.value
DASHBOARD = Kind.DASHBOARD.value
PLAN = Kind.PLAN.value
ORGANIZATION = Kind.ORGANIZATION.value
SERVICE_DESK = Kind.SERVICE_DESK.value
REQUEST_TYPE = Kind.REQUEST_TYPE.value

ASSET_SCHEMA = Kind.ASSET_SCHEMA.value
ASSET_STATUS = Kind.ASSET_STATUS.value
ASSET_OBJECT_TYPE = Kind.ASSET_OBJECT_TYPE.value
ASSET_OBJECT = Kind.ASSET_OBJECT.value

PREPARED_PROJECT = "prepared_project"
"""Source id of a Product Discovery project → target id of one that waits for its ideas."""

ASSETS = "assets"
"""``workspace``, ``cloud`` → the ids under which the destination's Assets are asked."""

ASSET_ATTRIBUTE = "asset_attribute"
"""Source id of an attribute of an object type → target id."""

ASSET_INTENT = "asset_intent"
"""Source id of a schema that this restore makes → its key."""

ASSET_ADOPTED = "asset_adopted"
"""Target id of an object that this restore made → source id."""

EARLIER_PLAN = "earlier_plan"
"""Id of a plan that was at the destination before ours, and ``noted`` once all of them are."""

UNFINISHED_FILTER = "unfinished_filter"
"""Source id of a filter that is at the destination without its last query or name."""

ISSUE_KEY = "issue_key"
"""Source issue key → target issue id."""

FIELD_TYPE = "field_type"
"""Source field id → the key of its type, such as ``…customfieldtypes:select``."""

MADE_FIELD = "made_field"
"""Source id of a field that this restore makes → its name."""

SOURCE_OF_FIELD = "source_of_field"
"""Target field id → source field id: two fields of one name and type stay two."""

OPTION = "option"
"""Source option id → target option id."""

APP_OPTION = "app_option"
"""Source field id and source number of an option of an app → target number."""

MADE_APP_OPTION = "made_app_option"
"""Source field id and number of an option of an app that this restore makes → its value."""

MEDIA = "media"
"""Source media file id → target media file id."""

PREFERENCE = "preference"
"""Key of a preference of the restoring account → its value before, empty: not set."""

SILENT_SCHEME = "silent_scheme"
"""Name of the scheme that keeps a restore silent → its id at the destination."""

PROJECT_NOTIFICATION_SCHEME = "project_notification_scheme"
"""Source project id → target id of the notification scheme that it gets at the end."""

PROJECT_SECURITY_SCHEME = "project_security_scheme"
"""Source project id → target id of the issue security scheme that it has."""

PROJECT_SCREEN_SCHEME = "project_screen_scheme"
"""Source project id → target id of the issue type screen scheme that it gets at the end."""

PROJECT_FIELD_SCHEME = "project_field_scheme"
"""Source project id → target id of the field configuration scheme that it gets at the end."""

PROJECT_FIELDS = "project_fields"
"""Source project id → target id of the field scheme that it gets at the end."""

OPEN_FIELDS = "open_fields"
"""``configuration``, ``scheme``, ``field scheme`` → the target id of what is open meanwhile."""

MADE_SCHEME = "made_scheme"
"""Kind and source id of a scheme or screen that this restore makes → its name there."""

OPEN_SCREENS = "open_screens"
"""``edit``, ``create``, ``scheme``, ``typed`` → the target id of what is open while restoring."""

SECURITY_LEVEL = "security_level"
"""Source id of a security level → target id."""

INITIAL_STATUS = "initial_status"
"""Source project id → target id of the status in which its issues begin."""

SITE = "site"
"""``source``, ``target`` → the address of that site."""

WORKFLOW_NAME = "workflow_name"
"""Name of a workflow in the backup → its name at the destination: schemes name workflows."""

INTENDED_WORKFLOW = "intended_workflow"
"""Source id of a workflow → the free name under which it is about to be made."""

LOST_RULES = "lost_rules"
"""Source id of a workflow → what is left out of it, a JSON array of words."""

TEMPORARY_WORKFLOW = "temporary_workflow"
"""Source project id → target id of the workflow that it has while it is restored."""

TEMPORARY_SCHEME = "temporary_scheme"
"""Source project id → target id of the workflow scheme that it has while it is restored."""
