"""Field configurations: which fields are required or hidden, and how each is described."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from sitekeep_simulator.jira.fields import field_names
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira

DEFAULT_CONFIGURATION = "Default Field Configuration"
ALWAYS_REQUIRED = frozenset({"summary", "issuetype"})
WIKI, TEXT = "wiki-renderer", "text-renderer"
_WITH_A_RENDERER = frozenset({"description", "environment", "comment"})
_PARTS = ("isHidden", "isRequired", "description", "renderer")


def install_field_configurations(jira: Jira) -> None:
    """The configuration that every site begins with."""
    add_field_configuration(jira, DEFAULT_CONFIGURATION, {}, "The default field configuration")


def add_field_configuration(
    jira: Jira, name: str, items: Mapping[str, Body], description: str = ""
) -> JiraObject:
    """Creates a configuration; fields that ``items`` lacks are as every field begins."""
    body: Body = {"description": description, "items": dict(items)}
    return jira.objects.add(ObjectKind.FIELD_CONFIGURATION, name, body)


def is_default(configuration: JiraObject) -> bool:
    """Whether it is the one of projects that have no scheme."""
    return configuration.name == DEFAULT_CONFIGURATION


def item_of(configuration: JiraObject, field_id: str) -> Body:
    """What a configuration says about a field."""
    kept: Body = configuration.body["items"].get(field_id, {})
    item: Body = {
        "id": field_id,
        "isHidden": kept.get("isHidden", False),
        "isRequired": kept.get("isRequired", field_id in ALWAYS_REQUIRED),
    }
    if kept.get("description"):
        item["description"] = kept["description"]
    if field_id in _WITH_A_RENDERER:
        item["renderer"] = kept.get("renderer", WIKI)
    return item


def items_of(jira: Jira, configuration: JiraObject) -> list[Body]:
    """What a configuration says about every field of the site."""
    return [item_of(configuration, each) for each in field_names(jira)]


def change_items(jira: Jira, configuration: JiraObject, changes: Iterable[Body]) -> JiraObject:
    """Changes what a configuration says; a field that is hidden forgets all else."""
    items: dict[str, Body] = dict(configuration.body["items"])
    for change in changes:
        field_id = str(change["id"])
        given = {part: change[part] for part in _PARTS if part in change}
        kept = items.get(field_id, {}) | given
        items[field_id] = {"isHidden": True} if kept.get("isHidden") else kept
    changed = dataclasses.replace(configuration, body=configuration.body | {"items": items})
    jira.objects.put(changed)
    return changed


def configuration_of(jira: Jira, project: Project, type_id: int) -> JiraObject:
    """The configuration of the issues of a type in a project."""
    kind = ObjectKind.FIELD_CONFIGURATION
    scheme = scheme_of(jira, project)
    mappings: Mapping[str, int] = {} if scheme is None else scheme.body["mappings"]
    chosen = mappings.get(str(type_id), mappings.get("default"))
    found = jira.objects.get(kind, chosen) or jira.objects.named(kind, DEFAULT_CONFIGURATION)
    if found is None:
        raise LookupError("The site has no default field configuration.")
    return found


def scheme_of(jira: Jira, project: Project) -> JiraObject | None:
    """The field configuration scheme of a project; None: the default one."""
    kind = ObjectKind.FIELD_CONFIGURATION_SCHEME
    return jira.objects.get(kind, project.body.get("fieldConfigurationScheme"))
