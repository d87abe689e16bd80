"""Issues as answers: which fields, which properties, what else was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from sitekeep_simulator.jira.fields import custom_fields
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.transitions import open_transitions
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row, marks

EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
_NOT_NAVIGABLE = {"attachment", "comment", "worklog", "timetracking", "parent"}
_PROPERTIES_CAP = 5


@dataclass(frozen=True)
class Wish:
    """What a request wants to see of each issue."""

    fields: Sequence[str] = ("*all",)
    properties: Sequence[str] = ()
    expand: Sequence[str] = ()
    changelog_cap: int = 100
    ids_only: bool = field(default=False)
    """Whether nothing but the id is wanted, which needs no envelope."""

    def check_properties(self) -> None:
        """Raises Refused (400) for more property keys than a bulk read takes."""
        if len(self.properties) > _PROPERTIES_CAP:
            raise Refused(400, f"At most {_PROPERTIES_CAP} properties can be asked for.")


def issue_beans(issues: Issues, rows: Sequence[Row], wish: Wish) -> list[Body]:
    """The issues as the wish wants them, in the order of the rows."""
    if wish.ids_only:
        return [{"id": str(row["id"])} for row in rows]
    wanted = _wanted(issues, wish.fields)
    ids = [row["id"] for row in rows]
    texts = issues.renderer.fields(ids) if wanted is None or wanted else {}
    properties = _properties(issues, ids, wish.properties) if wish.properties else {}
    beans: list[Body] = []
    for row in rows:
        bean: Body = {
            "expand": EXPAND,
            "id": str(row["id"]),
            "self": issues.jira.url(f"/issue/{row['id']}"),
            "key": row["key"],
        }
        if row["id"] in texts:
            bean["fields"] = _cut(texts[row["id"]], wanted)
        if wish.properties:
            bean["properties"] = properties.get(row["id"], {})
        _expand(issues, row, bean, wish)
        beans.append(bean)
    return beans


def _wanted(issues: Issues, asked: Sequence[str]) -> set[str] | None:
    # None stands for all fields, whose stored text needs no cutting.
    names = [each for each in asked if each not in ("id", "key")]
    without = {each[1:] for each in names if each.startswith("-")}
    if "*navigable" in names:
        without |= _NOT_NAVIGABLE
    elif "*all" not in names and any(not each.startswith("-") for each in names):
        return set(names) - without
    if not names:
        return set()
    return {f"-{each}" for each in without} or None


def _cut(text: msgspec.Raw, wanted: set[str] | None) -> msgspec.Raw | dict[str, msgspec.Raw]:
    if wanted is None:
        return text
    fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    if any(each.startswith("-") for each in wanted):
        return {name: value for name, value in fields.items() if f"-{name}" not in wanted}
    return {name: value for name, value in fields.items() if name in wanted}


def _properties(
    issues: Issues, ids: Sequence[int], keys: Sequence[str]
) -> dict[int, dict[str, msgspec.Raw]]:
    found: dict[int, dict[str, msgspec.Raw]] = {}
    only = "" if "*all" in keys else f" AND key IN ({marks(len(keys))})"
    rows = issues.jira.store.rows(
        f"SELECT * FROM jira_property WHERE issue_id IN ({marks(len(ids))}){only}",
        [*ids, *(keys if only else ())],
    )
    for row in rows:
        value = msgspec.Raw(row["value"].encode())
        found.setdefault(row["issue_id"], {})[row["key"]] = value
    return found


def _expand(issues: Issues, row: Row, bean: Body, wish: Wish) -> None:
    if "changelog" in wish.expand:
        bean["changelog"] = _changelog(issues, row["id"], wish.changelog_cap)
    if "transitions" in wish.expand:
        workflows = Workflows(issues.jira)
        listed = open_transitions(issues, row)
        own = row["status_id"]
        bean["transitions"] = [workflows.transition_bean(each, own) for each in listed]
    if "names" in wish.expand:
        custom = {f"customfield_{each.id}": each.name for each in custom_fields(issues.jira)}
        bean["names"] = custom


def _changelog(issues: Issues, issue_id: int, cap: int) -> Body:
    rows = issues.jira.store.rows(
        "SELECT * FROM jira_change WHERE issue_id = ? ORDER BY created DESC, id DESC", (issue_id,)
    )
    newest = rows[:cap]
    return {
        "startAt": 0,
        "maxResults": len(newest),
        "total": len(rows),
        "histories": [issues.renderer.change(row) for row in newest],
    }
