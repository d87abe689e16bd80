"""What an issue has in the fields of Jira Service Management: shown, and read from an edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.beans import organization_bean, request_type_bean
from sitekeep_simulator.service_management.desks import desk_of
from sitekeep_simulator.service_management.fields import ORGANIZATIONS, PARTICIPANTS, REQUEST_TYPE

_OF_ORGANIZATION = ("id", "name", "uuid", "_links")


def shown_value(
    jira: Jira, field: JiraObject, value: Any, status: Body, user: Callable[[str], Any]
) -> Any:
    """A stored value as an issue shows it."""
    kind = field.body["type"]
    if kind == REQUEST_TYPE:
        return _request_type(jira, value, status)
    if kind == PARTICIPANTS:
        return [user(each) for each in value]
    if kind == ORGANIZATIONS:
        found = _all(jira, ObjectKind.ORGANIZATION, value)
        beans = [organization_bean(jira, each) for each in found]
        return [{name: bean[name] for name in _OF_ORGANIZATION} for bean in beans]
    return value


def _request_type(jira: Jira, value: int, status: Body) -> Body | None:
    kind = jira.objects.get(ObjectKind.REQUEST_TYPE, value)
    if kind is None:
        return None
    bean = request_type_bean(jira, kind)
    del bean["canCreateRequest"]
    return {
        "_links": {"self": "", "agent": "", "web": "", "jiraRest": ""},
        "requestType": bean,
        "currentStatus": {
            "status": status["name"],
            "statusCategory": str(status["statusCategory"]["key"]).upper(),
        },
    }


def _all(jira: Jira, kind: ObjectKind, ids: Sequence[int]) -> list[JiraObject]:
    found = (jira.objects.get(kind, each) for each in ids)
    return [each for each in found if each is not None]


def read_value(jira: Jira, project: Project, field: JiraObject, value: Any) -> Any:
    """A value of an edit as the store has it. Raises ValueError with Jira's words."""
    kind = field.body["type"]
    desk = desk_of(jira, project.id)
    if desk is None:
        raise ValueError("The project is no service project.")
    if kind == REQUEST_TYPE:
        return _read_request_type(jira, desk, value)
    if not isinstance(value, list):
        raise ValueError("data was not an array")
    listed: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    if kind == PARTICIPANTS:
        return [_read_account(jira, each) for each in listed]
    return [_read_organization(jira, desk, each) for each in listed]


def _read_request_type(jira: Jira, desk: JiraObject, value: Any) -> int:
    """The id as a plain text: objects are refused, as is a type of another desk."""
    if not isinstance(value, str):
        raise ValueError("Operation value must be a string")
    found = jira.objects.get(ObjectKind.REQUEST_TYPE, value)
    if found is None or found.project_id != desk.id:
        raise ValueError(f"The request type '{value}' is not valid.")
    return found.id


def _read_account(jira: Jira, value: Any) -> str:
    account = str(value.get("accountId") or "") if isinstance(value, dict) else ""  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if jira.accounts.get(account) is None:
        raise ValueError("The user does not exist on this site.")
    return account


def _read_organization(jira: Jira, desk: JiraObject, value: Any) -> int:
    """The id as a number; only organizations of the desk can be named."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("Operation value must be a number")
    if value not in desk.body["organizations"]:
        raise ValueError(f"The organization {value} does not belong to the service desk.")
    return value
