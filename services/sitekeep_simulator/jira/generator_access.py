"""Who may do what in a generated Jira, and who hears of it: roles, their actors, schemes."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.defaults import ADMINISTRATORS
from sitekeep_simulator.jira.notifications import add_notification_scheme
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import (
    FOR_ADMINISTRATORS,
    FOR_EVERYBODY,
    add_permission_scheme,
)
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.role_actors import DEFAULT, GROUP, USER, RoleActors
from sitekeep_simulator.jira.security_levels import add_security_level
from sitekeep_simulator.jira.state import Jira

_ROLES = (
    ("Entwickler", "Who writes „Code“, & who reads it."),
    ("レビュー <QA>", ""),
    ("Stakeholders", "Those who ask."),
)
_MOST_ACTORS = 5
_SHARED = ("BROWSE_PROJECTS", "ADD_COMMENTS", "ASSIGNABLE_USER")
_OF_AN_APP = "com.example.app__approve"
Recipients = list[tuple[str, str]]


def make_roles(jira: Jira, people: Sequence[Account]) -> list[JiraObject]:
    """Roles of the site's own, two of them with default actors."""
    roles = [
        jira.objects.add(ObjectKind.ROLE, name, {"description": text}) for name, text in _ROLES
    ]
    actors = RoleActors(jira)
    actors.add(DEFAULT, roles[0].id, GROUP, _group(jira, "developers"))
    actors.add(DEFAULT, roles[0].id, USER, people[0].account_id)
    actors.add(DEFAULT, roles[1].id, GROUP, _group(jira, "qa Prüfer"))
    return roles


def make_actors(
    jira: Jira, project: Project, people: Sequence[Account], roles: Sequence[JiraObject]
) -> None:
    """Lets some people and groups act in the roles of a project; one role loses its default."""
    chance = random.Random(project.key)
    actors = RoleActors(jira)
    able = [each for each in people if each.active]
    for role in roles:
        for account in chance.sample(able, chance.randrange(_MOST_ACTORS)):
            actors.add(project.id, role.id, USER, account.account_id)
    actors.clear(project.id, roles[1].id)
    actors.add(project.id, roles[2].id, GROUP, _group(jira, "jira-users"))


def make_notification_schemes(
    jira: Jira, people: Sequence[Account], roles: Sequence[JiraObject], fields: Sequence[JiraObject]
) -> list[int]:
    """Schemes with recipients of every type, one of them empty; their ids."""
    reviewer = next(each for each in fields if each.name == "Reviewer")
    named: Recipients = [
        ("User", people[1].account_id),
        ("EmailAddress", "liste@example.com"),
        ("Group", _group(jira, "qa Prüfer")),
        ("ProjectRole", str(roles[2].id)),
        ("UserCustomField", f"customfield_{reviewer.id}"),
    ]
    concerned: Recipients = [("CurrentAssignee", ""), ("ProjectLead", ""), ("AllWatchers", "")]
    return [
        add_notification_scheme(jira, "Team „Laut“ & mehr", {1: named, 2: concerned, 6: named}),
        add_notification_scheme(jira, "通知 <leise>", {6: concerned}, "Only what is said."),
        add_notification_scheme(jira, "Nobody", {}),
    ]


def make_permission_schemes(
    jira: Jira, people: Sequence[Account], roles: Sequence[JiraObject], fields: Sequence[JiraObject]
) -> list[int]:
    """Schemes with holders of every type and a permission of an app; their ids."""
    reviewer = next(each for each in fields if each.name == "Reviewer")
    holders = [
        ("user", people[2].account_id),
        ("group", _group(jira, "qa Prüfer")),
        ("projectRole", str(roles[0].id)),
        ("userCustomField", f"customfield_{reviewer.id}"),
        ("applicationRole", "jira-software"),
        ("projectLead", ""),
        ("reporter", ""),
        ("assignee", ""),
    ]
    everybody = [(each, "applicationRole", "") for each in (*FOR_EVERYBODY, *FOR_ADMINISTRATORS)]
    closed = [
        *_for_administrators(jira),
        *((permission, *holder) for permission in _SHARED for holder in holders),
    ]
    app = [(_OF_AN_APP, "group", _group(jira, "developers"))]
    schemes = (
        add_permission_scheme(jira, "Geschlossen & „intern“", closed, "Only for those named."),
        add_permission_scheme(jira, "公開 <open>", everybody),
        add_permission_scheme(jira, "With an app", [*everybody, *app]),
    )
    return [scheme.id for scheme in schemes]


def make_security_schemes(
    jira: Jira, people: Sequence[Account], roles: Sequence[JiraObject], fields: Sequence[JiraObject]
) -> list[int | None]:
    """Schemes with levels and members of every type, and none for the last; their ids."""
    reviewer = next(each for each in fields if each.name == "Reviewer")
    admins = jira.objects.named(ObjectKind.ROLE, ADMINISTRATORS)
    own = [("projectRole", str(admins.id) if admins else "")]
    wide = [
        *own,
        ("group", _group(jira, "developers")),
        ("projectRole", str(roles[0].id)),
        ("userCustomField", f"customfield_{reviewer.id}"),
        ("reporter", ""),
        ("projectLead", ""),
    ]
    narrow = [*own, ("user", people[2].account_id), ("assignee", "")]
    schemes: list[int | None] = []
    for name, default in (("Vertraulich & „geheim“", "Intern"), ("機密 <2>", ""), ("Leer", "")):
        body: Body = {"description": f"{name}.", "defaultLevel": None}
        scheme = jira.objects.add(ObjectKind.SECURITY_SCHEME, name, body)
        add_security_level(jira, scheme.id, "Intern", wide, "Only „us“.")
        level = add_security_level(jira, scheme.id, "Sehr geheim", narrow)
        if default:
            changed = {**body, "defaultLevel": level.id}
            jira.objects.put(dataclasses.replace(scheme, body=changed))
        schemes.append(scheme.id)
    return [*schemes[:2], None]


def make_priority_schemes(jira: Jira) -> list[int | None]:
    """Schemes with all priorities and other defaults, and one with two of them; the last is none.

    The ids are those for the projects: no project has the scheme with two.
    """
    ids = [each.id for each in jira.objects.all(ObjectKind.PRIORITY)]
    schemes: list[int | None] = []
    for name, listed, default in (
        ("Dringlichkeit & „Eile“", ids, ids[0]),
        ("優先 <1>", ids[::-1], ids[-1]),
        ("Kurz", ids[1:3], ids[1]),
    ):
        body: Body = {
            "description": f"{name}!",
            "priorityIds": listed,
            "defaultPriorityId": default,
        }
        schemes.append(jira.objects.add(ObjectKind.PRIORITY_SCHEME, name, body).id)
    return [*schemes[:2], None]


def secure_issues(jira: Jira) -> None:
    """Gives every seventh issue a level of its project's scheme; sub-tasks follow."""
    for project in Projects(jira).all():
        scheme = project.body.get("issueSecurityScheme")
        levels = jira.objects.all(ObjectKind.SECURITY_LEVEL, scheme) if scheme else []
        for number, level in enumerate(levels):
            jira.store.execute(
                "UPDATE jira_issue SET fields = json_set(fields, '$.security', ?) "
                "WHERE project_id = ? AND number % 7 = ?",
                (level.id, project.id, number + 1),
            )
    jira.store.execute(
        "UPDATE jira_issue AS i SET fields = json_set(i.fields, '$.security', ("
        "SELECT json_extract(p.fields, '$.security') FROM jira_issue p WHERE p.id = i.parent_id)) "
        "WHERE i.parent_id NOT NULL AND i.type_id IN (SELECT id FROM jira_object WHERE "
        "kind = 'issue_type' AND json_extract(body, '$.hierarchyLevel') < 0)"
    )


def _for_administrators(jira: Jira) -> list[tuple[str, str, str]]:
    role = jira.objects.named(ObjectKind.ROLE, ADMINISTRATORS)
    parameter = str(role.id) if role else ""
    return [
        (permission, "projectRole", parameter)
        for permission in (*FOR_EVERYBODY, *FOR_ADMINISTRATORS)
    ]


def _group(jira: Jira, name: str) -> str:
    return jira.accounts.add_group(name).group_id
