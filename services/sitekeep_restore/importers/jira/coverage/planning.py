"""What comes back: filters, boards, sprints, ranks and dashboards."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.FILTER,
        "with loss",
        "Same query with the ids of the destination, same owner and permissions; where the query "
        "names what is not there, it is in the description and the filter finds nothing. REST "
        "cannot subscribe anybody or make it a favourite of others.",
        "name",
        "subscriptions",
        "queryRefused",
    ),
    row(
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
    row(
        Kind.RANK,
        "with loss",
        "The order of the issues of a project; between projects, and among the sub-tasks of an "
        "issue, the order is that of creation.",
    ),
    row(
        Kind.DASHBOARD,
        "with loss",
        "Same owner, permissions and gadgets, in whose settings ids become those of the "
        "destination; a setting that names what is not there is left out. REST sets neither layout "
        "nor refresh interval, makes it nobody's favourite and archives none.",
        "name",
        "archived",
        "gadgets.*.properties",
    ),
    row(
        Kind.SPRINT,
        "with loss",
        "Same name, goal, dates, state and issues, closed ones included. The site sets itself when "
        "a sprint was made and completed; names have 30 characters; of a board's several active "
        "sprints one is started; those of a board that is gone come to another one, which is made "
        "where there is none.",
        "createdDate",
        "completeDate",
        "name",
        "board",
        "state",
    ),
)
