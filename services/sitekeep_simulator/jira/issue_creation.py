"""Creating issues. A refused create whose project is known burns a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.comments import add_comment, property_list
from sitekeep_simulator.jira.field_defaults import default_values
from sitekeep_simulator.jira.field_rules import lacking
from sitekeep_simulator.jira.field_values import NOT_ON_SCREEN, FieldValues
from sitekeep_simulator.jira.fields import field_names
from sitekeep_simulator.jira.guarded_fields import check_guarded_fields
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.links import add_link, link_type
from sitekeep_simulator.jira.notifications import CREATED, send
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.priorities import scheme_of
from sitekeep_simulator.jira.projects import LIVE, Project
from sitekeep_simulator.jira.security_levels import default_level
from sitekeep_simulator.jira.transition_rules import Attempt, check_validators
from sitekeep_simulator.jira.transitions import take_transition
from sitekeep_simulator.jira.watchers import store_property
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.jira.worklogs import add_worklog
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_STRUCTURE = ("project", "issuetype", "parent")
_LISTS = ("labels", "components", "versions", "fixVersions")
_ACTIONS = ("comment", "worklog", "issuelinks")
_NOT_ASKED = frozenset({*_STRUCTURE, "summary", "resolution", "attachment", *_ACTIONS})
"""Fields that are no values of a create, or are checked otherwise."""
WRONG_HIERARCHY = "Given parent work item does not belong to appropriate hierarchy."


@dataclass(frozen=True)
class NewIssue:
    """A created issue, and what its transition came to (None without one)."""

    id: int
    key: str
    transition: Refused | None


class IssueCreation:
    """Creates issues one by one; the caller holds the transaction."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._workflows = Workflows(issues.jira)
        self._permissions = Permissions(issues.jira)

    def attempt(self, author: Account, body: Body) -> NewIssue | Refused:
        """Creates one issue, or says why not; the number is gone then, too."""
        try:
            project = self._project(author, object_in(body, "fields").get("project"))
            number = self._issues.projects.take_numbers(project.id)
            with self._jira.store.savepoint():
                return self._create(project, number, author, body)
        except Refused as refused:
            return refused

    def _create(self, project: Project, number: int, author: Account, body: Body) -> NewIssue:
        fields: Body = object_in(body, "fields")
        issue_type, parent_id = self._structure(project, fields)
        check_guarded_fields(self._jira, author, project, {"reporter": author.account_id}, fields)
        values = self._values(project, issue_type.id, author, fields, object_in(body, "update"))
        values["security"] = self._level(project, issue_type, parent_id, values)
        self._validate(project, issue_type, author, values)
        properties = property_list(body.get("properties"))
        issue_id = self._insert(project, number, issue_type, parent_id, values)
        for each in properties:
            store_property(self._issues, issue_id, each["key"], each["value"])
        self._follow(issue_id, author, object_in(body, "update"))
        refused = self._transition(issue_id, author, body.get("transition"))
        send(self._jira, project, CREATED)
        return NewIssue(issue_id, f"{project.key}-{number}", refused)

    def _project(self, author: Account, listed: Any) -> Project:
        reference: Body = listed or {}
        wanted = str(reference.get("id") or reference.get("key") or "")
        found = self._issues.projects.find(wanted) if wanted else None
        if found is None or found.state != LIVE:
            raise Refused(400, fields={"project": "Specify a valid project ID or key"})
        if not self._permissions.allowed(author, "CREATE_ISSUES", found):
            raise Refused(400, fields={"project": "You cannot create issues in this project."})
        return found

    def _structure(self, project: Project, fields: Body) -> tuple[JiraObject, int | None]:
        issue_type = self._issue_type(project, object_in(fields, "issuetype"))
        level: int = issue_type.body["hierarchyLevel"]
        listed = fields.get("parent")
        if listed is None and level < 0:
            text = "Issue type is a sub-task but parent issue key or id not specified."
            raise Refused(400, fields={"issuetype": text})
        if listed is None:
            return issue_type, None
        return issue_type, self.parent(project, level, listed)

    def parent(self, project: Project, level: int, listed: Body) -> int:
        """The id of a parent for an issue of a hierarchy level. Raises Refused (400)."""
        parent = self._issues.find(str(listed.get("id") or listed.get("key") or ""))
        if parent is None:
            raise Refused(400, fields={"parent": "Could not find issue by id or key."})
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, parent["type_id"])
        fits = kind is not None and kind.body["hierarchyLevel"] == level + 1
        if not fits or (level < 0 and parent["project_id"] != project.id):
            raise Refused(400, fields={"parentId": WRONG_HIERARCHY})
        return int(parent["id"])

    def _issue_type(self, project: Project, listed: Body) -> JiraObject:
        for each in self._issues.projects.issue_types(project):
            if str(each.id) == str(listed.get("id")) or (
                "id" not in listed and each.name == listed.get("name")
            ):
                return each
        raise Refused(400, fields={"issuetype": "Specify a valid issue type"})

    def _values(
        self, project: Project, type_id: int, author: Account, fields: Body, update: Body
    ) -> Body:
        given = {name: value for name, value in fields.items() if name not in _STRUCTURE}
        given |= added_values(update, {}, set(fields))
        values, errors = FieldValues(self._jira, project, type_id, editing=False).read(given)
        if "summary" not in given:
            errors["summary"] = "You must specify a summary of the issue."
        if errors:
            raise Refused(400, fields=errors)
        values.setdefault("reporter", author.account_id)
        if values.get("priority") is None:
            scheme = scheme_of(self._jira, project)
            values["priority"] = scheme.body["defaultPriorityId"]
        values |= default_values(self._jira, project, type_id, given)
        self._check_required(project, type_id, values)
        return values | {"creator": author.account_id}

    def _check_required(self, project: Project, type_id: int, values: Body) -> None:
        """A required field that is not on the create screen cannot be filled, and is missed."""
        names = [each for each in field_names(self._jira) if each not in _NOT_ASKED]
        errors = lacking(self._jira, project, type_id, values, names)
        if errors:
            raise Refused(400, fields=errors)

    def _level(
        self, project: Project, issue_type: JiraObject, parent_id: int | None, values: Body
    ) -> int | None:
        """The security level: that of the parent for a sub-task, else the default one."""
        if issue_type.body["hierarchyLevel"] < 0 and parent_id is not None:
            parent = self._issues.require(str(parent_id))
            inherited: Body = msgspec.json.decode(parent["fields"])
            return inherited.get("security")
        return values.get("security") or default_level(self._jira, project)

    def _insert(
        self,
        project: Project,
        number: int,
        issue_type: JiraObject,
        parent_id: int | None,
        values: Body,
    ) -> int:
        store, now = self._jira.store, self._jira.now()
        issue_id = store.next_id("jira.issue")
        status = self._workflows.initial_status(self._workflows.of(project, issue_type.id))
        text = msgspec.json.encode(values).decode()
        store.execute(
            "INSERT INTO jira_issue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (issue_id, project.id, number, issue_type.id, status, parent_id, now, now, text),
        )
        self._issues.renderer.stale(issue_id)
        if self._jira.site.search_lag:
            store.execute(
                "INSERT INTO jira_unindexed VALUES (?, ?)", (issue_id, self._jira.site.search_lag)
            )
        return issue_id

    def _validate(
        self, project: Project, issue_type: JiraObject, author: Account, values: Body
    ) -> None:
        """The validators of the transition by which issues of the type begin."""
        workflow = self._workflows.of(project, issue_type.id)
        initial = self._workflows.initial(workflow)
        check_validators(Attempt(self._issues, project, author, values), initial)

    def _follow(self, issue_id: int, author: Account, update: Body) -> None:
        self._issues.watch(issue_id, author)
        perform_actions(self._issues, issue_id, author, update)

    def _transition(self, issue_id: int, author: Account, listed: Any) -> Refused | None:
        if not listed:
            return None
        try:
            take_transition(self._issues, issue_id, author, str(listed.get("id") or ""))
        except Refused as refused:
            return refused
        return Refused(200)


def added_values(update: Body, current: Body, named: set[str]) -> Body:
    """What ``update`` makes of the values of fields, as ``fields`` would say it."""
    values: Body = {}
    for name, operations in update.items():
        if name in _ACTIONS:
            continue
        if name in named:
            text = f"Field '{name}' cannot appear in both 'fields' and 'update'"
            raise Refused(400, fields={name: text})
        values[name] = current.get(name)
        for operation in operations:
            values[name] = _operated(name, values[name], operation)
    return values


def _operated(name: str, value: Any, operation: Body) -> Any:
    current: list[Any] = value or []
    if "set" in operation:
        return operation["set"]
    if name not in _LISTS:
        raise Refused(400, fields={name: NOT_ON_SCREEN.format(name)})
    if "add" in operation:
        return [*current, operation["add"]]
    return [each for each in current if each != operation.get("remove")]


def perform_actions(issues: Issues, issue_id: int, author: Account, update: Body) -> None:
    """Adds the comments, worklogs and links of an ``update``. Raises Refused."""
    for operation in list_in(update, "comment"):
        add_comment(issues, issue_id, author, object_in(operation, "add"))
    for operation in list_in(update, "worklog"):
        add_worklog(issues, issue_id, author, object_in(operation, "add"))
    for operation in list_in(update, "issuelinks"):
        listed: Body = object_in(operation, "add")
        own = issues.require(str(issue_id))
        kind = link_type(issues, object_in(listed, "type"))
        if listed.get("outwardIssue"):
            add_link(issues, author, kind, own, _other(issues, listed["outwardIssue"]))
        else:
            add_link(issues, author, kind, _other(issues, object_in(listed, "inwardIssue")), own)


def _other(issues: Issues, listed: Body) -> Row:
    return issues.require(str(listed.get("id") or listed.get("key") or ""))
