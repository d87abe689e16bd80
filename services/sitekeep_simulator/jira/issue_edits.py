"""Editing issues: fields, parent, type, and what ``update`` adds."""

from __future__ import annotations

from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.changes import Item, item, items_between, record
from sitekeep_simulator.jira.comments import property_list
from sitekeep_simulator.jira.field_rules import lacking
from sitekeep_simulator.jira.field_values import NOT_ON_SCREEN, FieldValues
from sitekeep_simulator.jira.guarded_fields import SECURITY, check_guarded_fields
from sitekeep_simulator.jira.issue_creation import IssueCreation, added_values, perform_actions
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.watchers import store_property
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_REFERENCES = ("components", "versions", "fixVersions")


class IssueEdits:
    """Edits issues; the caller holds the transaction."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._creation = IssueCreation(issues)

    def edit(self, issue: Row, author: Account, body: Body) -> None:
        """Applies the body of an edit. Raises Refused (400); nothing is changed then."""
        fields: Body = dict(object_in(body, "fields"))
        update: Body = object_in(body, "update")
        if not fields and not update and not body.get("properties"):
            raise Refused(400, "one of 'fields' or 'update' required")
        project = self._issues.projects.visible(str(issue["project_id"]))
        stored: Body = msgspec.json.decode(issue["fields"])
        items = self._structure(project, issue, fields)
        check_guarded_fields(self._jira, author, project, stored, fields)
        self._check_inherited(issue, fields)
        values = self._values(project, issue["id"], stored, fields, update)
        items += items_between(self._jira, stored, values)
        self._store(issue, stored | values | self._dates(stored, values))
        for each in property_list(body.get("properties")):
            store_property(self._issues, issue["id"], each["key"], each["value"])
        record(self._jira, issue["id"], author.account_id, items)
        perform_actions(self._issues, issue["id"], author, update)

    def _check_inherited(self, issue: Row, fields: Body) -> None:
        """A sub-task has the level of its parent."""
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        if SECURITY in fields and kind is not None and kind.body["hierarchyLevel"] < 0:
            raise Refused(400, fields={SECURITY: NOT_ON_SCREEN.format(SECURITY)})

    def _structure(self, project: Project, issue: Row, fields: Body) -> list[Item]:
        items: list[Item] = []
        if "project" in fields:
            raise Refused(400, fields={"project": NOT_ON_SCREEN.format("project")})
        if "issuetype" in fields:
            items += self._retype(project, issue, fields.pop("issuetype") or {})
        if "parent" in fields:
            items += self._reparent(project, issue, fields.pop("parent"))
        return items

    def _retype(self, project: Project, issue: Row, listed: Body) -> list[Item]:
        types = self._issues.projects.issue_types(project)
        new = next((t for t in types if str(t.id) == str(listed.get("id"))), None)
        new = new or next((t for t in types if t.name == listed.get("name")), None)
        old = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        if new is None or old is None or (new.body["hierarchyLevel"] != old.body["hierarchyLevel"]):
            raise Refused(400, fields={"issuetype": "The issue type selected is invalid."})
        self._set(issue, "type_id", new.id)
        old_new = ((str(old.id), old.name), (str(new.id), new.name))
        return [item("issuetype", *old_new, field_id="issuetype")] if old.id != new.id else []

    def _reparent(self, project: Project, issue: Row, listed: Any) -> list[Item]:
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        level: int = 0 if kind is None else kind.body["hierarchyLevel"]
        if listed is None and level < 0:
            raise Refused(400, fields={"parent": "A sub-task needs a parent."})
        new = None if listed is None else self._creation.parent(project, level, listed)
        if new == issue["parent_id"]:
            return []
        self._issues.renderer.stale(issue["id"])
        self._set(issue, "parent_id", new)
        return [
            item(
                "IssueParentAssociation",
                self._end(issue["parent_id"]),
                self._end(new),
            )
        ]

    def _end(self, issue_id: int | None) -> tuple[str | None, str | None]:
        found = None if issue_id is None else self._issues.find(str(issue_id))
        return (None, None) if found is None else (str(found["id"]), found["key"])

    def _set(self, issue: Row, column: str, value: int | None) -> None:
        self._jira.store.execute(
            f"UPDATE jira_issue SET {column} = ? WHERE id = ?", (value, issue["id"])
        )

    def _values(
        self, project: Project, issue_id: int, stored: Body, fields: Body, update: Body
    ) -> Body:
        type_id: int = self._jira.store.value(
            "SELECT type_id FROM jira_issue WHERE id = ?", (issue_id,)
        )
        current = stored | {
            name: [{"id": str(each)} for each in list_in(stored, name)] for name in _REFERENCES
        }
        given = fields | added_values(update, current, set(fields))
        values, errors = FieldValues(self._jira, project, type_id, editing=True).read(given)
        errors |= lacking(self._jira, project, type_id, stored | values, given)
        if errors:
            raise Refused(400, fields=errors)
        return values

    def _dates(self, old: Body, new: Body) -> Body:
        if "resolution" not in new or new["resolution"] == old.get("resolution"):
            return {}
        return {"resolutiondate": None if new["resolution"] is None else self._jira.now()}

    def _store(self, issue: Row, values: Body) -> None:
        self._jira.store.execute(
            "UPDATE jira_issue SET fields = ? WHERE id = ?",
            (msgspec.json.encode(values).decode(), issue["id"]),
        )
        self._issues.touch(issue["id"])
        before: Body = msgspec.json.decode(issue["fields"])
        if before.get(SECURITY) != values.get(SECURITY):
            for child in self._issues.children(issue["id"]):
                self._issues.inherit_level(child, values.get(SECURITY))
