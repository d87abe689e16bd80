"""What custom fields are for, and where fields are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sitekeep_cli.comparison.jira_access import (
    OWN,
    ROLE,
    SUFFIX,
    put_schemes,
    restored_name,
)
from sitekeep_cli.comparison.links import (
    FIELD,
    FIELD_SCHEMES,
    GROUP,
    LEARNT_OPTION,
    OPTION,
    PROJECT,
    SCREENS,
    VERSION,
)
from sitekeep_cli.comparison.model import Json, Mode, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import is_list, part
from sitekeep_shared.content import discovery_fields
from sitekeep_shared.content.field_configurations import CONFIGURATION, FIELD_SCHEME, SCHEME
from sitekeep_shared.content.learnt_options import APP_OPTIONS, CREATEMETA, LEARNT
from sitekeep_shared.kinds import Kind

PROJECTS = "projects"
TYPES = "issueTypes"
"""The paths of what something is for, each name a path of its own."""

Item = Mapping[str, Any]

STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"
"""What the types begin with that Jira itself has."""


def read(reading: Reading) -> None:
    """Puts the contexts of fields by the name of their field and their own, screens by name."""
    _Contexts.of(reading).put()
    _read_screens(reading)
    _read_field_configurations(reading)


def refer(reading: Reading) -> None:
    """Keeps which project has which screens, and options; projects are read after that."""
    for record, context in reading.objects(Kind.FIELD_CONTEXT):
        _refer_options(reading, record, context)
    for record, scheme in reading.objects(Kind.ISSUE_TYPE_SCREEN_SCHEME):
        for project in json.loads(record.attributes.get("projects") or "[]"):
            reading.refer(SCREENS, project, restored_name(reading, scheme))
    for record, scheme in reading.objects(Kind.FIELD_CONFIGURATION):
        for project in json.loads(record.attributes.get("projects") or "[]"):
            name = restored_name(reading, scheme)
            is_newer = record.attributes.get("form") == FIELD_SCHEME
            shown = f"{FIELD_SCHEME} {name}" if is_newer else name
            reading.refer(FIELD_SCHEMES, project, shown)


def _refer_options(reading: Reading, record: Record, context: Item) -> None:
    """Keeps what the options of a field stand for: rules of workflows name them by their ids."""
    listed: list[dict[str, Any]] = json.loads(record.attributes.get("options") or "[]")
    values = {str(option.get("id")): str(option.get("value")) for option in listed}
    for option in listed:
        number, above = str(option.get("id")), values.get(str(option.get("optionId")))
        shown = [restored_name(reading, context), *([above] if above else []), values[number]]
        place = f"{record.attributes['field']}/{number}"
        reading.refer(OPTION, place, "/".join(shown))


def _read_screens(reading: Reading) -> None:
    fields = field_names(reading)
    screens = _restored_names(reading, Kind.SCREEN)
    schemes = _restored_names(reading, Kind.SCREEN_SCHEME)
    types = {**names_of(reading, Kind.ISSUE_TYPE), "default": "default"}

    def screen(_: Reading, item: Item) -> Json:
        tabs = [
            {
                "name": tab.get("name"),
                "fields": [fields.get(str(e.get("id")), str(e.get("id"))) for e in tab["fields"]],
            }
            for tab in items_of(item, "tabs")
        ]
        project = part(part(item, "scope"), "project").get("id")
        value = {
            "description": item.get("description"),
            "tabs": tabs,
            "project": reading.name(PROJECT, project) if project else None,
        }
        return without_nothing(value)

    def screen_scheme(_: Reading, item: Item) -> Json:
        chosen = {name: screens.get(str(e)) for name, e in part(item, "screens").items()}
        return without_nothing({"description": item.get("description"), "screens": chosen})

    def type_screen_scheme(_: Reading, item: Item) -> Json:
        chosen = {
            str(types.get(kind, kind)): schemes.get(str(e))
            for kind, e in part(item, "mappings").items()
        }
        return without_nothing({"description": item.get("description"), "mappings": chosen})

    for kind, name, shape in (
        (Kind.SCREEN, "tabs", screen),
        (Kind.SCREEN_SCHEME, "", screen_scheme),
        (Kind.ISSUE_TYPE_SCREEN_SCHEME, "mappings", type_screen_scheme),
    ):
        listed = (
            _with(name, record, {**item, "name": _name_in_project(reading, item)})
            for record, item in reading.objects(kind)
        )
        put_schemes(reading, kind, listed, shape)


def _name_in_project(reading: Reading, item: Item) -> str:
    """The name; below its project where it is a single project's."""
    project = part(part(item, "scope"), "project").get("id")
    name = str(item.get("name"))
    return f"{reading.name(PROJECT, project)}/{name}" if project else name


def _read_field_configurations(reading: Reading) -> None:
    kind = Kind.FIELD_CONFIGURATION
    listed_fields = (item for _, item in reading.objects(Kind.FIELD))
    fields = {str(e.get("id")): restored_field_name(reading, e) for e in listed_fields}
    types = {**names_of(reading, Kind.ISSUE_TYPE), "default": "default"}
    names = {record.key: restored_name(reading, item) for record, item in reading.objects(kind)}

    def configuration(_: Reading, item: Item) -> Json:
        said = {
            fields.get(str(each.get("id")), str(each.get("id"))): _said(each)
            for each in items_of(item, "items")
        }
        about = without_nothing(said)
        return without_nothing({"description": item.get("description"), "fields": about})

    def scheme(_: Reading, item: Item) -> Json:
        chosen = {
            str(types.get(kind, kind)): names.get(str(each))
            for kind, each in part(item, "mappings").items()
        }
        return without_nothing({"description": item.get("description"), "mappings": chosen})

    def field_scheme(_: Reading, item: Item) -> Json:
        said = {
            fields.get(str(each.get("fieldId")), str(each.get("fieldId"))): _had(each, types)
            for each in items_of(item, "fields")
        }
        return without_nothing({"description": item.get("description"), "fields": said})

    for form, name, shape in (
        (CONFIGURATION, "items", configuration),
        (SCHEME, "mappings", scheme),
        (FIELD_SCHEME, "fields", field_scheme),
    ):
        listed = (
            _with(name, record, {**item, "name": f"{form} {item.get('name')}"})
            for record, item in reading.objects(kind)
            if record.attributes.get("form") == form
        )
        put_schemes(reading, kind, listed, shape)


def _said(item: Item) -> Json:
    """What a field configuration says about a field, without what it says about most."""
    if item.get("isHidden"):
        return {"hidden": True}
    renderer = item.get("renderer")
    return without_nothing(
        {
            "required": item.get("isRequired") or None,
            "description": item.get("description"),
            "renderer": None if renderer == "wiki-renderer" else renderer,
        }
    )


def _had(item: Item, types: Mapping[str, str]) -> Json:
    """What a field scheme says about a field that it has."""
    own = {
        types.get(str(each.get("workTypeId")), str(each.get("workTypeId"))): without_nothing(
            {name: each.get(name) for name in ("isRequired", "description")}
        )
        for each in items_of(item, "workTypeParameters")
    }
    only = (types.get(str(each), str(each)) for each in items_of(item, "restrictedToWorkTypes"))
    parameters = part(item, "parameters")
    said = {
        "required": parameters.get("isRequired") or None,
        "description": parameters.get("description"),
        "only": dict.fromkeys(only, True),
        "types": without_nothing(own),
    }
    return {"there": True, **without_nothing(said)}


def _with(name: str, record: Record, item: dict[str, Any]) -> dict[str, Any]:
    """A screen or a scheme together with what is kept beside it."""
    return {**item, name: json.loads(record.attributes[name])} if name else item


def _restored_names(reading: Reading, kind: Kind) -> dict[str, str]:
    """The names of schemes by id; that of a restored one without the suffix that it may have."""
    found = (item for _, item in reading.objects(kind))
    return {str(item.get("id")): restored_name(reading, item) for item in found}


def field_names(reading: Reading) -> dict[str, str]:
    """Fields by id, as items are named after them."""
    return {str(e.get("id")): field_name(e) for _, e in reading.objects(Kind.FIELD)}


def field_name(item: Item) -> str:
    """A field as items are named after it: Jira's own ones by id, custom ones by name and type."""
    custom = part(item, "schema").get("custom")
    return f"{item.get('name')} ({custom})" if custom else str(item.get("id"))


def restored_field_name(reading: Reading, item: Item) -> str:
    """A field with the type that it has; that which it gets, where it is restored as another."""
    substitute = discovery_fields.substitute_of(part(item, "schema"))
    if reading.mode is Mode.RESTORED and substitute:
        return f"{item.get('name')} ({STOCK}{substitute})"
    return field_name(item)


def names_of(reading: Reading, kind: Kind) -> dict[str, str]:
    """The names of the items of a kind by their ids."""
    found = (item for _, item in reading.objects(kind))
    return {str(item.get("id")): str(item.get("name")) for item in found}


@dataclass(frozen=True)
class _Contexts:
    reading: Reading
    fields: Mapping[str, str]
    types: Mapping[str, str]

    @classmethod
    def of(cls, reading: Reading) -> _Contexts:
        fields = field_names(reading)
        types = names_of(reading, Kind.ISSUE_TYPE)
        return cls(reading, fields, types)

    def put(self) -> None:
        listed = list(self.reading.objects(Kind.FIELD_CONTEXT))
        names = {(record.attributes["field"], str(each.get("name"))) for record, each in listed}
        for record, context in listed:
            self._refer_options(record)
            field, name = record.attributes["field"], str(context.get("name"))
            stays = self.reading.restored and (field, f"{name}{SUFFIX}") in names
            shown = f"{name}{OWN}" if stays else restored_name(self.reading, context)
            owner = f"{self.fields.get(field, field)}/{shown}"
            self.reading.put(Kind.FIELD_CONTEXT, owner, self._shape(record, context))

    def _refer_options(self, record: Record) -> None:
        """Keeps which options a field has, and whether only those that can be chosen are known."""
        field = self.reading.name(FIELD, record.attributes["field"])
        if record.attributes.get(LEARNT) == CREATEMETA:
            self.reading.refer(LEARNT_OPTION, field, CREATEMETA)
        for option in json.loads(record.attributes.get("options") or "[]"):
            self.reading.refer(LEARNT_OPTION, f"{field}/{option.get('value')}", "there")

    def _shape(self, record: Record, context: Item) -> Json:
        projects: list[str] = json.loads(record.attributes.get("projects") or "[]")
        types: list[str] = json.loads(record.attributes.get("issue_types") or "[]")
        options = json.loads(record.attributes.get("options") or "[]")
        value = {
            "description": context.get("description"),
            PROJECTS: {self.reading.name(PROJECT, each): True for each in projects},
            TYPES: {self.types.get(each, each): True for each in types},
            "options": _option_tree(options),
            "ofApp": self._of_app(json.loads(record.attributes.get(APP_OPTIONS) or "[]")),
        }
        default = json.loads(record.attributes.get("default") or "{}")
        return {**without_nothing(value), "default": self._default(default, options)}

    def _of_app(self, options: list[Any]) -> dict[str, Json]:
        """The options that an app keeps, by their names."""
        found: dict[str, Json] = {}
        for option in options:
            scope = part(part(option, "config"), "scope") or {"global": {}}
            projects = {
                self.reading.name(PROJECT, each.get("id")): _attributes(each)
                for each in items_of(scope, "projects2")
            }
            everywhere = scope.get("global")
            value = {
                "properties": part(option, "properties"),
                "everywhere": None if everywhere is None else _attributes(everywhere),
                "projects": projects,
            }
            found[str(option.get("value"))] = {"there": True, **without_nothing(value)}
        return found

    def _default(self, default: Item, options: list[Any]) -> Json:
        """A default value by names instead of ids."""
        named = {str(one.get("id")): one.get("value") for one in options}
        found: dict[str, Json] = {}
        for name, value in default.items():
            if name in ("type", "contextId", "userFilter"):
                continue
            for one in value if is_list(value) else [value]:
                found |= self._part(name.removesuffix("s"), one, named)
        return found | self._among(default)

    def _among(self, default: Item) -> dict[str, Json]:
        """Among whom somebody can be chosen; no request sets that without the one by default."""
        filtered = part(default, "userFilter")
        names = [f"group/{each}" for each in items_of(filtered, "groups")]
        roles = (self.reading.name(ROLE, each) for each in items_of(filtered, "roleIds"))
        names += [f"role/{each}" for each in roles]
        return {f"among {each} for user/{default.get('accountId')}": True for each in names}

    def _part(self, name: str, value: Json, options: Mapping[str, Json]) -> dict[str, Json]:
        """One part of a default value: a name of what it names, else the value itself."""
        if name == "accountId":
            return {f"user/{value}": True}
        if name == "groupId":
            return {f"group/{self.reading.name(GROUP, value)}": True}
        if name in ("optionId", "cascadingOptionId"):
            return {f"{name}/{options.get(str(value))}": True}
        if name == "projectId":
            return {f"project/{self.reading.name(PROJECT, value)}": True}
        if name == "versionId":
            return {f"version/{self.reading.name(VERSION, value)}": True}
        return {f"label/{value}": True} if name == "label" else {name: value}


def _attributes(item: Item) -> Json:
    return {"there": True, **dict.fromkeys(map(str, items_of(item, "attributes")), True)}


def items_of(item: Item, name: str) -> list[Any]:
    """The list below a name, of whatever it has; empty without one."""
    found = item.get(name)
    return list(found) if is_list(found) else []


def _option_tree(options: list[Any]) -> Json:
    by_id = {str(option.get("id")): option.get("value") for option in options}
    return [
        without_nothing(
            {
                "value": option.get("value"),
                "below": by_id.get(str(option.get("optionId"))),
                "disabled": option.get("disabled") or None,
            }
        )
        for option in options
    ]
