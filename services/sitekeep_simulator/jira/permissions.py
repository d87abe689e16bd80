"""Who may do what in a project, as its permission scheme says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.archive import is_archived
from sitekeep_simulator.jira.holders import Subject, holds
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import LIVE, Project, Projects
from sitekeep_simulator.jira.security_levels import is_member
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.store import Row

DEFAULT_PERMISSIONS = "Default Permission Scheme"
BROWSE, ASSIGNABLE, MODIFY_REPORTER = "BROWSE_PROJECTS", "ASSIGNABLE_USER", "MODIFY_REPORTER"
ADMINISTER = "ADMINISTER"
"""A permission of the whole site, which no scheme grants."""
FOR_EVERYBODY = (
    BROWSE,
    ASSIGNABLE,
    "VIEW_DEV_TOOLS",
    "VIEW_READONLY_WORKFLOW",
    "ASSIGN_ISSUES",
    "CLOSE_ISSUES",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "LINK_ISSUES",
    "MOVE_ISSUES",
    "RESOLVE_ISSUES",
    "SCHEDULE_ISSUES",
    "TRANSITION_ISSUES",
    "VIEW_VOTERS_AND_WATCHERS",
    "ADD_COMMENTS",
    "DELETE_OWN_COMMENTS",
    "EDIT_OWN_COMMENTS",
    "CREATE_ATTACHMENTS",
    "DELETE_OWN_ATTACHMENTS",
    "DELETE_OWN_WORKLOGS",
    "EDIT_OWN_WORKLOGS",
    "WORK_ON_ISSUES",
    "MANAGE_SPRINTS_PERMISSION",
)
"""What the default scheme grants to everybody who has access to Jira."""
FOR_ADMINISTRATORS = (
    "ADMINISTER_PROJECTS",
    "EDIT_WORKFLOW",
    "EDIT_ISSUE_LAYOUT",
    "DELETE_ISSUES",
    MODIFY_REPORTER,
    "MANAGE_WATCHERS",
    "DELETE_ALL_COMMENTS",
    "EDIT_ALL_COMMENTS",
    "DELETE_ALL_ATTACHMENTS",
    "DELETE_ALL_WORKLOGS",
    "EDIT_ALL_WORKLOGS",
)
"""What the default scheme grants to the role of the administrators."""
FOR_NOBODY = ("SET_ISSUE_SECURITY", "SERVICEDESK_AGENT")
PERMISSIONS = frozenset((*FOR_EVERYBODY, *FOR_ADMINISTRATORS, *FOR_NOBODY))


def add_permission_scheme(
    jira: Jira, name: str, grants: Iterable[tuple[str, str, str]], description: str = ""
) -> JiraObject:
    """Creates a scheme; each grant is a permission, a type of holder and a parameter."""
    listed = [new_grant(jira, *each) for each in grants]
    body: Body = {"description": description, "grants": listed}
    return jira.objects.add(ObjectKind.PERMISSION_SCHEME, name, body)


def new_grant(jira: Jira, permission: str, kind: str, parameter: str) -> Body:
    """A grant under a new id."""
    number = jira.store.next_id("jira.grant")
    return {"id": number, "permission": permission, "type": kind, "parameter": parameter}


class Permissions:
    """Answers who may do what. A project without a scheme lets everybody do everything."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    def allowed(
        self, account: Account, permission: str, project: Project, fields: Body | None = None
    ) -> bool:
        """Whether a person may; ``fields`` are the stored values of the issue, if any."""
        if permission == ADMINISTER:
            return self._jira.accounts.is_admin(account.account_id)
        wanted = project.body.get("permissionScheme")
        scheme = self._jira.objects.get(ObjectKind.PERMISSION_SCHEME, wanted)
        if scheme is None:
            return True
        subject = Subject(project, fields or {})
        grants: list[Body] = scheme.body["grants"]
        return any(
            holds(self._jira, account, each["type"], each["parameter"], subject)
            for each in grants
            if each["permission"] == permission
        )

    def may_see(self, account: Account, issue: Row) -> bool:
        """Whether a person may see an issue."""
        if not self._jira.site.shows_archived and is_archived(self._jira, issue):
            return False
        project = self._projects.find(str(issue["project_id"]))
        fields = self._fields(issue["id"])
        if project is None or not self.allowed(account, BROWSE, project, fields):
            return False
        level = self._jira.objects.get(ObjectKind.SECURITY_LEVEL, fields.get("security"))
        return level is None or is_member(self._jira, account, level, Subject(project, fields))

    def _fields(self, issue_id: int) -> Body:
        text = self._jira.store.value("SELECT fields FROM jira_issue WHERE id = ?", (issue_id,))
        fields: Body = msgspec.json.decode(text)
        return fields

    def closed_levels(self, account: Account) -> dict[int, tuple[str, ...]]:
        """The levels whose issues a person does not see for being who it is.

        Each comes with the fields of an issue (reporter, assignee) by which it may be seen yet.
        """
        closed: dict[int, tuple[str, ...]] = {}
        for level in self._jira.objects.all(ObjectKind.SECURITY_LEVEL):
            members: list[Body] = level.body["members"]
            projects = [
                project
                for project in self._projects.all((LIVE,))
                if project.body.get("issueSecurityScheme") == level.project_id
            ]
            subjects = [Subject(project, {}) for project in projects]
            if not all(is_member(self._jira, account, level, each) for each in subjects):
                kinds = {str(each["type"]) for each in members}
                closed[level.id] = tuple(sorted(kinds & {"reporter", "assignee"}))
        return closed

    def seen(self, account: Account, issues: Sequence[Row]) -> list[Row]:
        """Those of some issues that a person may see."""
        places = {(int(issue["project_id"]), issue["level"]) for issue in issues}
        open_places = {place for place in places if self._is_open(account, *place)}
        return [
            issue
            for issue in issues
            if (
                (issue["project_id"], issue["level"]) in open_places
                and self._jira.site.shows_archived
            )
            or self.may_see(account, issue)
        ]

    def _is_open(self, account: Account, project_id: int, level_id: int | None) -> bool:
        """Whether a person sees every issue of a project that has that level or none."""
        project = self._projects.find(str(project_id))
        if project is None or not self.allowed(account, BROWSE, project):
            return False
        level = self._jira.objects.get(ObjectKind.SECURITY_LEVEL, level_id)
        return level is None or is_member(self._jira, account, level, Subject(project, {}))

    def hidden_projects(self, account: Account) -> list[int]:
        """The ids of the live projects that a person may not see as a whole."""
        return [
            project.id
            for project in self._projects.all((LIVE,))
            if not self.allowed(account, BROWSE, project)
        ]
