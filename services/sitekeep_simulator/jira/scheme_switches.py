"""Giving a project with issues another workflow scheme."""

from __future__ import annotations

from collections.abc import Mapping

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.transitions import set_status
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused

Mapped = Mapping[int, Mapping[int, int]]
"""Issue type → status → the status that takes its place."""


class SchemeSwitches:
    """Switches; the caller holds the transaction."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._workflows = Workflows(issues.jira)

    def switch(self, project: Project, scheme: JiraObject, body: Body, author: Account) -> None:
        """Raises Refused (400) where a status of the present workflows has nowhere to go."""
        mapped = _mapped(body)
        for issue_type in self._issues.projects.issue_types(project):
            self._check(project, issue_type.id, scheme, mapped.get(issue_type.id, {}))
        for issue in self._issues.jira.store.rows(
            "SELECT i.*, p.key || '-' || i.number AS key FROM jira_issue i "
            "JOIN jira_project p ON p.id = i.project_id WHERE i.project_id = ?",
            (project.id,),
        ):
            there = self._statuses(scheme, issue["type_id"])
            moves = mapped.get(issue["type_id"], {})
            if issue["status_id"] not in there:
                wanted = moves.get(issue["status_id"])
                if wanted is None:
                    raise Refused(400, f"The status of {issue['key']} requires a mapping.")
                set_status(self._issues, issue, author, wanted)
        self._issues.projects.change(project, workflow_scheme=scheme.id)

    def _check(
        self, project: Project, issue_type: int, scheme: JiraObject, moves: Mapping[int, int]
    ) -> None:
        present = self._workflows.statuses(self._workflows.of(project, issue_type))
        there = self._statuses(scheme, issue_type)
        lacking = [each for each in present if each.id not in there]
        for status in lacking:
            if moves.get(status.id) not in there:
                text = f"The status '{status.name}' requires a mapping for type {issue_type}."
                raise Refused(400, text)

    def _statuses(self, scheme: JiraObject, issue_type: int) -> set[int]:
        workflow = self._workflows.of_scheme(scheme, issue_type)
        return {each.id for each in self._workflows.statuses(workflow)}


def _mapped(body: Body) -> Mapped:
    return {
        int(each["issueTypeId"]): {
            int(one["oldStatusId"]): int(one["newStatusId"])
            for one in list_in(each, "statusMappings")
        }
        for each in list_in(body, "mappingsByIssueTypeOverride")
    }
