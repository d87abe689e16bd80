"""Field schemes, the followers of field configurations: which fields a project has, and how.

A site keeps one or the other: Atlassian moves sites from the older generation to the newer one
(``config/fieldschemes``, Jira REST v3, an experiment). A field that a scheme lacks is not there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sitekeep_simulator.jira.fields import SYSTEM_FIELDS, field_names
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Project, Projects
from sitekeep_simulator.jira.state import Jira

DEFAULT_FIELD_SCHEME = "Default Field Scheme"
KIND = ObjectKind.FIELD_SCHEME
CHOSEN = "fieldScheme"
"""What the body of a project calls its scheme."""
REMOVABLE = frozenset(
    {
        "assignee",
        "components",
        "description",
        "duedate",
        "environment",
        "fixVersions",
        "labels",
        "priority",
        "reporter",
        "resolution",
        "security",
        "timetracking",
        "versions",
    }
)
"""Those of Jira's own fields that a scheme can be without."""
ALWAYS_REQUIRED = frozenset({"summary", "issuetype"})


def use_field_schemes(jira: Jira) -> JiraObject:
    """Moves a site to the newer generation, its projects to the scheme of all fields."""
    found = default_scheme(jira)
    if found is not None:
        return found
    body: Body = {"description": "", "fields": {}, "removed": [], "isDefault": True}
    made = jira.objects.add(KIND, DEFAULT_FIELD_SCHEME, body)
    old = (ObjectKind.FIELD_CONFIGURATION_SCHEME, ObjectKind.FIELD_CONFIGURATION)
    for gone in (each for kind in old for each in jira.objects.all(kind)):
        jira.objects.remove(gone)
    return made


def default_scheme(jira: Jira) -> JiraObject | None:
    """The scheme of projects that were given no other; None: the site is of the older generation.

    A new field is in it from the start.
    """
    return next((each for each in jira.objects.all(KIND) if each.body.get("isDefault")), None)


def add_field_scheme(
    jira: Jira,
    name: str,
    fields: Mapping[str, Body],
    projects: Sequence[int] = (),
    description: str = "",
) -> JiraObject:
    """Creates a scheme with those fields beside the ones that each has, and gives it projects.

    What is said of a field has the form in which the list of a scheme's fields shows it.
    """
    use_field_schemes(jira)
    body: Body = {"description": description, "fields": dict(fields)}
    made = jira.objects.add(KIND, name, body)
    for each in projects:
        assign(jira, Projects(jira).visible(str(each)), made)
    return made


def assign(jira: Jira, project: Project, scheme: JiraObject) -> None:
    """Gives a project a scheme."""
    Projects(jira).change(project, body=project.body | {CHOSEN: scheme.id})


def scheme_of(jira: Jira, project: Project) -> JiraObject | None:
    """The scheme of a project; None: the site is of the older generation."""
    return jira.objects.get(KIND, project.body.get(CHOSEN)) or default_scheme(jira)


def projects_of(jira: Jira, scheme: JiraObject) -> list[Project]:
    """The projects, in whatever state, that have a scheme."""
    found = Projects(jira).all((LIVE, ARCHIVED, DELETED))
    classic = (each for each in found if each.body["style"] != "next-gen")
    return [each for each in classic if scheme_of(jira, each) == scheme]


def association(scheme: JiraObject, field_id: str) -> Body | None:
    """What a scheme says of a field; None: it is without it."""
    kept: Body | None = scheme.body["fields"].get(field_id)
    if kept is not None:
        return kept
    is_fixed = field_id in SYSTEM_FIELDS and field_id not in REMOVABLE
    is_open = bool(scheme.body.get("isDefault")) and field_id not in scheme.body["removed"]
    return {} if is_fixed or is_open else None


def associations(jira: Jira, scheme: JiraObject) -> dict[str, Body]:
    """What a scheme says of each field that it has."""
    found = {each: association(scheme, each) for each in field_names(jira)}
    return {field: said for field, said in found.items() if said is not None}


def put_association(jira: Jira, scheme: JiraObject, field_id: str, said: Body | None) -> JiraObject:
    """Changes what a scheme says of a field; None: it is without it from now on."""
    fields: dict[str, Body] = {
        field: each for field, each in scheme.body["fields"].items() if field != field_id
    }
    removed = [each for each in scheme.body.get("removed", []) if each != field_id]
    if said is None:
        removed.append(field_id)
    else:
        fields[field_id] = said
    body = scheme.body | {"fields": fields, "removed": removed}
    changed = dataclasses.replace(scheme, body=body)
    jira.objects.put(changed)
    return changed


def item_of(scheme: JiraObject, type_id: int, field_id: str) -> Body:
    """Whether issues of a type have a field, and whether they need a value of it."""
    said = association(scheme, field_id)
    types = [] if said is None else [str(each) for each in said.get("restrictedToWorkTypes", ())]
    if said is None or (types and str(type_id) not in types):
        return {"isHidden": True, "isRequired": False}
    own = [e for e in said.get("workTypeParameters", ()) if str(e["workTypeId"]) == str(type_id)]
    required = field_id in ALWAYS_REQUIRED
    for parameters in (said.get("parameters", {}), *own):
        required = bool(parameters.get("isRequired", required))
    return {"isHidden": False, "isRequired": required}
