"""Screens: which fields are shown where, and so which fields a create or an edit can set."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira

DEFAULT_SCREEN = "Default Screen"
DEFAULT_SCREEN_SCHEME = "Default Screen Scheme"
DEFAULT_TYPE_SCREEN_SCHEME = "Default Issue Type Screen Scheme"
DEFAULT_TAB = "Field Tab"

CREATE, EDIT, VIEW = "create", "edit", "view"
OPERATIONS = ("default", CREATE, EDIT, VIEW)

SCREENABLE = (
    "summary",
    "issuetype",
    "parent",
    "security",
    "priority",
    "resolution",
    "duedate",
    "components",
    "versions",
    "fixVersions",
    "assignee",
    "reporter",
    "environment",
    "description",
    "timetracking",
    "attachment",
    "labels",
    "issuelinks",
    "comment",
    "worklog",
)
"""Jira's own fields that can be on a screen."""

_ALWAYS = frozenset({"project", "issuetype", "parent", "resolution"})
"""Fields that can be set wherever they are shown, or not."""

_NOT_BY_DEFAULT = frozenset({"parent", "resolution", "comment", "worklog"})
_RESOLVE = ("resolution", "fixVersions", "assignee")
_WORKFLOW = ("resolution", "assignee")


def install_screens(jira: Jira) -> None:
    """The screens and schemes that every site begins with."""
    usual = [each for each in SCREENABLE if each not in _NOT_BY_DEFAULT]
    default = add_screen(jira, DEFAULT_SCREEN, {DEFAULT_TAB: usual}, "Allows to update all fields.")
    add_screen(jira, "Resolve Issue Screen", {DEFAULT_TAB: _RESOLVE})
    add_screen(jira, "Workflow Screen", {DEFAULT_TAB: _WORKFLOW})
    scheme = add_screen_scheme(jira, DEFAULT_SCREEN_SCHEME, {"default": default.id})
    add_type_screen_scheme(jira, DEFAULT_TYPE_SCREEN_SCHEME, {"default": scheme.id})


def add_screen(
    jira: Jira,
    name: str,
    tabs: dict[str, Sequence[str]],
    description: str = "",
    project_id: int = 0,
) -> JiraObject:
    """Creates a screen with tabs, each with the ids of its fields.

    ``project_id``: the team-managed project that has it alone, as only the product makes them.
    """
    listed = [new_tab(jira, tab, fields) for tab, fields in tabs.items()]
    body: Body = {"description": description, "tabs": listed}
    return jira.objects.add(ObjectKind.SCREEN, name, body, project_id=project_id)


def new_tab(jira: Jira, name: str, fields: Iterable[str] = ()) -> Body:
    """A tab of a screen."""
    return {"id": jira.store.next_id("jira.screen_tab"), "name": name, "fields": list(fields)}


def add_screen_scheme(
    jira: Jira, name: str, screens: dict[str, int], description: str = ""
) -> JiraObject:
    """Creates a screen scheme: a screen for each operation, or the default one."""
    body: Body = {"description": description, "screens": screens}
    return jira.objects.add(ObjectKind.SCREEN_SCHEME, name, body)


def add_type_screen_scheme(
    jira: Jira, name: str, mappings: dict[str, int], description: str = ""
) -> JiraObject:
    """Creates an issue type screen scheme: a screen scheme for each issue type, or the default."""
    body: Body = {"description": description, "mappings": mappings}
    return jira.objects.add(ObjectKind.TYPE_SCREEN_SCHEME, name, body)


def add_to_default(jira: Jira, field_id: str) -> bool:
    """Puts a field on the default screen; whether it was not there yet."""
    screen = jira.objects.named(ObjectKind.SCREEN, DEFAULT_SCREEN)
    if screen is None or field_id in fields_of(screen):
        return False
    first, *rest = screen.body["tabs"]
    put_tabs(jira, screen, [{**first, "fields": [*first["fields"], field_id]}, *rest])
    return True


def put_tabs(jira: Jira, screen: JiraObject, tabs: Sequence[Body]) -> None:
    """Stores a screen with other tabs."""
    body = screen.body | {"tabs": list(tabs)}
    jira.objects.put(dataclasses.replace(screen, body=body))


def fields_of(screen: JiraObject) -> list[str]:
    """The ids of all fields on a screen."""
    return [field for tab in screen.body["tabs"] for field in tab["fields"]]


def can_be_set(jira: Jira, project: Project, type_id: int, operation: str, field_id: str) -> bool:
    """Whether a field is on the screen of an operation for the issues of a type in a project.

    A team-managed project has no screens.
    """
    if field_id in _ALWAYS or project.body["style"] == "next-gen":
        return True
    return field_id in fields_of(screen_of(jira, project, type_id, operation))


def screen_of(jira: Jira, project: Project, type_id: int, operation: str) -> JiraObject:
    """The screen of an operation for the issues of a type in a project."""
    schemes = type_screen_scheme_of(jira, project).body["mappings"]
    chosen = schemes.get(str(type_id), schemes["default"])
    scheme = _required(jira, ObjectKind.SCREEN_SCHEME, chosen)
    screens = scheme.body["screens"]
    return _required(jira, ObjectKind.SCREEN, screens.get(operation, screens["default"]))


def type_screen_scheme_of(jira: Jira, project: Project) -> JiraObject:
    """The issue type screen scheme of a project."""
    kind = ObjectKind.TYPE_SCREEN_SCHEME
    chosen = jira.objects.get(kind, project.body.get("issueTypeScreenScheme"))
    found = chosen or jira.objects.named(kind, DEFAULT_TYPE_SCREEN_SCHEME)
    if found is None:
        raise LookupError("The site has no default issue type screen scheme.")
    return found


def _required(jira: Jira, kind: ObjectKind, wanted: int) -> JiraObject:
    found = jira.objects.get(kind, wanted)
    if found is None:
        raise LookupError(f"There is no {kind.value} {wanted}.")
    return found
