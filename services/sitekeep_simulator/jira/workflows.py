"""Workflows: which statuses a project's issues have and how they get from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sitekeep_simulator.answers import list_in
from sitekeep_simulator.jira.beans import scope_bean, status_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira


class Workflows:
    """Reads workflows."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def of(self, project: Project, type_id: int) -> JiraObject:
        """The workflow of a project's issues of a type. Raises LookupError when it is gone."""
        scheme = self._jira.objects.get(ObjectKind.WORKFLOW_SCHEME, project.workflow_scheme)
        if scheme is None:
            raise LookupError(project.workflow_scheme)
        return self.of_scheme(scheme, type_id)

    def of_scheme(self, scheme: JiraObject, type_id: int) -> JiraObject:
        """The workflow that a scheme has for a type. Raises LookupError when it is gone."""
        name = scheme.body["issueTypeMappings"].get(str(type_id), scheme.body["defaultWorkflow"])
        workflow = self._jira.objects.named(ObjectKind.WORKFLOW, name, scheme.project_id)
        if workflow is None:
            raise LookupError(name)
        return workflow

    def statuses(self, workflow: JiraObject) -> list[JiraObject]:
        """The statuses of a workflow, in its order."""
        found = [self._status(each["statusReference"]) for each in workflow.body["statuses"]]
        return [each for each in found if each is not None]

    def initial_status(self, workflow: JiraObject) -> int:
        """The id of the status that new issues have."""
        return int(self.initial(workflow)["toStatusReference"])

    def initial(self, workflow: JiraObject) -> Body:
        """The transition by which issues begin. Raises LookupError where there is none."""
        for transition in workflow.body["transitions"]:
            if transition["type"] == "INITIAL":
                found: Body = transition
                return found
        raise LookupError(workflow.name)

    def transitions(self, workflow: JiraObject, status_id: int) -> list[Body]:
        """The transitions that an issue in a status can take."""
        return [each for each in workflow.body["transitions"] if _open(each, str(status_id))]

    def transition_bean(self, transition: Body, status_id: int) -> Body:
        """A transition of an issue in a status, as ``issue/{id}/transitions`` shows it."""
        target = self._status(str(target_of(transition, status_id)))
        return {
            "id": transition["id"],
            "name": transition["name"],
            "to": {} if target is None else status_bean(self._jira, target),
            "hasScreen": bool(transition.get("transitionScreen")),
            "isGlobal": transition["type"] == "GLOBAL",
            "isInitial": False,
            "isAvailable": True,
            "isConditional": bool(transition.get("conditions")),
            "looped": _is_loop(transition),
        }

    def _status(self, reference: str) -> JiraObject | None:
        return self._jira.objects.get(ObjectKind.STATUS, reference)


_LAYOUTS = ("startPointLayout", "loopedTransitionContainerLayout")


def workflow_bean(workflow: JiraObject, *, whole: bool = True) -> Body:
    """A workflow, as the bulk read shows it; the list leaves the transitions out."""
    body = workflow.body
    parts: Body = {name: body[name] for name in _LAYOUTS if name in body}
    parts |= {"transitions": body["transitions"]} if whole else {}
    return parts | {
        "id": body["id"],
        "name": workflow.name,
        "description": body["description"],
        "scope": scope_bean(workflow.project_id),
        "isEditable": workflow.name != "jira",
        "version": {"versionNumber": 1, "id": body["id"]},
        "statuses": [{"deprecated": False} | each for each in body["statuses"]],
        "created": body["created"],
        "updated": body["created"],
    }


def statuses_of(jira: Jira, workflows: Sequence[JiraObject]) -> list[Body]:
    """The statuses that the bulk read lists beside the workflows."""
    reader = Workflows(jira)
    found = {status.id: status for each in workflows for status in reader.statuses(each)}
    return [
        {
            "id": str(status.id),
            "name": status.name,
            "description": status.body["description"],
            "statusCategory": status.body["category"],
            "statusReference": str(status.id),
            "scope": scope_bean(status.project_id),
        }
        for status in found.values()
    ]


def target_of(transition: Body, status_id: int) -> int:
    """The status to which a transition takes an issue; without one it stays where it is."""
    return int(transition.get("toStatusReference") or status_id)


def _is_loop(transition: Body) -> bool:
    froms = [link.get("fromStatusReference") for link in list_in(transition, "links")]
    return "toStatusReference" not in transition or froms == [transition["toStatusReference"]]


def _open(transition: dict[str, Any], status_id: str) -> bool:
    if transition["type"] == "GLOBAL":
        return True
    froms = [link.get("fromStatusReference") for link in list_in(transition, "links")]
    return transition["type"] == "DIRECTED" and status_id in froms
