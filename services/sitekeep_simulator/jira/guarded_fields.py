"""Fields that only those write who have a permission for it: the reporter, the security level."""

from __future__ import annotations

from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.field_values import NOT_ON_SCREEN
from sitekeep_simulator.jira.holders import Subject
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import MODIFY_REPORTER, Permissions
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.security_levels import is_member, level_of_project
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

SECURITY = "security"


def check_guarded_fields(
    jira: Jira, author: Account, project: Project, stored: Body, fields: Body
) -> None:
    """Raises Refused (400) where a field is given that the author may not set."""
    permissions = Permissions(jira)
    for name, permission in (("reporter", MODIFY_REPORTER), (SECURITY, "SET_ISSUE_SECURITY")):
        if name in fields and not permissions.allowed(author, permission, project, stored):
            raise Refused(400, fields={name: NOT_ON_SCREEN.format(name)})
    if fields.get(SECURITY) is not None:
        _check_level(jira, author, project, stored, fields[SECURITY])


def _check_level(jira: Jira, author: Account, project: Project, stored: Body, value: Any) -> None:
    """A level can be chosen only by those who see its issues."""
    level = level_of_project(jira, project, value)
    if level is None or not is_member(jira, author, level, Subject(project, stored)):
        raise Refused(400, fields={SECURITY: "The security level selected is invalid."})
