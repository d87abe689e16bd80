"""Levels of security: which of them an issue may have, and who sees issues of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.holders import Subject, holds
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira

Members = Iterable[tuple[str, str]]


def add_security_level(
    jira: Jira, scheme_id: int, name: str, members: Members, description: str = ""
) -> JiraObject:
    """Adds a level to a scheme; each member is a type of holder and a parameter."""
    listed = [new_member(jira, *each) for each in members]
    body: Body = {"description": description, "members": listed}
    return jira.objects.add(ObjectKind.SECURITY_LEVEL, name, body, project_id=scheme_id)


def new_member(jira: Jira, kind: str, parameter: str) -> Body:
    """A member under a new id."""
    number = jira.store.next_id("jira.security_member")
    return {"id": number, "type": kind, "parameter": parameter}


def is_member(jira: Jira, account: Account, level: JiraObject, subject: Subject) -> bool:
    """Whether a person sees the issues of a level."""
    members: list[Body] = level.body["members"]
    return any(holds(jira, account, each["type"], each["parameter"], subject) for each in members)


def level_of_project(jira: Jira, project: Project, value: Any) -> JiraObject | None:
    """The level that a value names by id or name, if the project's scheme has it."""
    scheme = jira.objects.get(ObjectKind.SECURITY_SCHEME, project.body.get("issueSecurityScheme"))
    if scheme is None or not isinstance(value, dict):
        return None
    wanted: Body = value  # pyright: ignore[reportUnknownVariableType] - keys are strings
    for level in jira.objects.all(ObjectKind.SECURITY_LEVEL, scheme.id):
        if str(level.id) == str(wanted.get("id")) or (
            "id" not in wanted and level.name == wanted.get("name")
        ):
            return level
    return None


def default_level(jira: Jira, project: Project) -> int | None:
    """The id of the level that a new issue of the project has unless another one is named."""
    scheme = jira.objects.get(ObjectKind.SECURITY_SCHEME, project.body.get("issueSecurityScheme"))
    return None if scheme is None else scheme.body.get("defaultLevel")


def level_bean(jira: Jira, level: JiraObject) -> Body:
    """A level, as issues show it."""
    return {
        "self": jira.url(f"/securitylevel/{level.id}"),
        "id": str(level.id),
        "description": level.body["description"],
        "name": level.name,
    }
