"""Holders of permissions and members of security levels: whom a type and a parameter name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.fields import custom_field
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.role_actors import RoleActors
from sitekeep_simulator.jira.state import Jira

APPLICATIONS = ("jira-core", "jira-software", "jira-servicedesk", "jira-product-discovery")
PLAIN = ("anyone", "assignee", "reporter", "projectLead", "sd.customer.portal.only")
"""Types that need no parameter."""
_FIELDS = ("userCustomField", "groupCustomField")


@dataclass(frozen=True)
class Subject:
    """About what somebody wants to know whether they may."""

    project: Project
    fields: Body
    """The stored values of the issue; empty where it is about the project as a whole."""


def stored_parameter(jira: Jira, holder: Body) -> str | None:
    """What is kept of a holder's parameter: an id; None where the holder is not valid."""
    kind = str(holder.get("type") or "")
    parameter = str(holder.get("value") or holder.get("parameter") or "")
    if kind in PLAIN:
        return ""
    if kind == "applicationRole":
        return parameter if parameter in ("", *APPLICATIONS) else None
    found: Any = None
    if kind == "user":
        found = getattr(jira.accounts.get(parameter), "account_id", None)
    elif kind == "group":
        found = getattr(jira.accounts.group(name=parameter, group_id=parameter), "group_id", None)
    elif kind == "projectRole":
        found = getattr(jira.objects.get(ObjectKind.ROLE, parameter), "id", None)
    elif kind in _FIELDS and custom_field(jira, parameter) is not None:
        found = parameter
    return None if found is None else str(found)


def holder_bean(jira: Jira, kind: str, parameter: str) -> Body:
    """A holder, as schemes show it: a group by name, with its id as the value."""
    if not parameter:
        return {"type": kind}
    group = jira.accounts.group(group_id=parameter) if kind == "group" else None
    shown = group.name if group else parameter
    expand = {"projectRole": "projectRole", "group": "group", "user": "user"}
    bean = {"type": kind, "parameter": shown, "value": parameter}
    return bean | ({"expand": expand[kind]} if kind in expand else {})


def holds(jira: Jira, account: Account, kind: str, parameter: str, subject: Subject) -> bool:
    """Whether a person is meant by a holder."""
    own, fields = account.account_id, subject.fields
    if kind in ("anyone", "applicationRole"):
        return account.active
    if kind == "user":
        return parameter == own
    if kind == "group":
        return jira.accounts.is_in_group(parameter, own)
    if kind == "projectRole":
        return RoleActors(jira).acts(account, subject.project.id, int(parameter))
    if kind == "projectLead":
        return bool(subject.project.body.get("leadAccountId") == own)
    if kind in ("assignee", "reporter"):
        return bool(fields.get(kind) == own)
    return bool(kind == "userCustomField" and fields.get(parameter) == own)
