"""What comes back: what fields are for, and where they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.FIELD_CONTEXT,
        "with loss",
        "Same projects, issue types, options and default value, without what is not at the "
        "destination. Where projects that were there already may use the field, a context for all "
        "projects becomes one for the restored projects. Of fields of a single project, as "
        "team-managed and Product Discovery projects have them, the options that can be chosen "
        "come back; where a project made by hand before has the field, those that it offers. "
        "Options that an app keeps come back where the app has the field; one of that name stays.",
        MISSING,
        "options",
        "ofApp",
        "projects",
        "issueTypes",
        "default.project/*",
        "default.group/*",
        "default.version/*",
    ),
    row(
        Kind.SCREEN,
        "with loss",
        "Same name, tabs and fields, without fields that are not at the destination. A screen that "
        "projects of the destination may be using stays beside the restored one. Those of single "
        "projects, which are team-managed, do not come back.",
        MISSING,
        "tabs.*.fields",
    ),
    row(
        Kind.SCREEN_SCHEME,
        "with loss",
        "Same name and screens. A scheme that projects of the destination may be using stays "
        "beside the restored one.",
    ),
    row(
        Kind.ISSUE_TYPE_SCREEN_SCHEME,
        "with loss",
        "Same name and screen scheme for each issue type. A scheme that projects of the "
        "destination may be using stays beside the restored one.",
    ),
    row(
        Kind.FIELD_CONFIGURATION,
        "with loss",
        "Same name, and the same said about each field that is at the destination. What projects "
        "of the destination may be using stays beside the restored one; a project without a scheme "
        "has the destination's default one. Newer sites have field schemes instead, which "
        "come back the same way, and into which field configurations are turned where only the "
        "destination has them; where only the source has, they are in the backup.",
        MISSING,
        "fields.*",
        "mappings.*",
    ),
)
