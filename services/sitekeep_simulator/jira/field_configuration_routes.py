"""The endpoints of field configurations and of their schemes (deprecated by Atlassian)."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.field_configurations import (
    ALWAYS_REQUIRED,
    DEFAULT_CONFIGURATION,
    TEXT,
    WIKI,
    add_field_configuration,
    change_items,
    is_default,
    item_of,
    items_of,
    scheme_of,
)
from sitekeep_simulator.jira.field_schemes import default_scheme
from sitekeep_simulator.jira.fields import field_names
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

LONGEST_NAME, LONGEST_TEXT = 255, 255
"""Characters of a name and of a description (Jira REST v3, FieldConfigurationDetails)."""
LONGEST_SCHEME_TEXT = 1024


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of both."""
    handlers, schemes = Configurations(jira), ConfigurationSchemes(jira)
    listed, one = f"{API}/fieldconfiguration", f"{API}/fieldconfiguration/{{id}}"
    schemed = f"{API}/fieldconfigurationscheme"
    scheme = f"{schemed}/{{id:[0-9]+}}"
    return [
        web.get(listed, handlers.all),
        web.post(listed, handlers.create),
        web.put(one, handlers.edit),
        web.delete(one, handlers.delete),
        web.get(f"{one}/fields", handlers.fields),
        web.put(f"{one}/fields", handlers.change),
        web.get(schemed, schemes.all),
        web.post(schemed, schemes.create),
        web.get(f"{schemed}/mapping", schemes.mappings),
        web.get(f"{schemed}/project", schemes.projects),
        web.put(f"{schemed}/project", schemes.assign),
        web.put(scheme, schemes.edit),
        web.delete(scheme, schemes.delete),
        web.put(f"{scheme}/mapping", schemes.map_types),
        web.post(f"{scheme}/mapping/delete", schemes.unmap_types),
    ]


class _Named:
    def __init__(self, jira: Jira, kind: ObjectKind, longest: int) -> None:
        self._jira = jira
        self._kind = kind
        self._longest = longest

    def _found(self, wanted: object, kind: ObjectKind | None = None) -> JiraObject:
        found = self._jira.objects.get(kind or self._kind, str(wanted))
        if found is None:
            raise Refused(404, f"The {(kind or self._kind).value} {wanted} was not found.")
        return found

    def _texts(self, body: Body, own: JiraObject | None = None) -> tuple[str, str]:
        name, text = str(body.get("name") or ""), str(body.get("description") or "")
        if not name.strip() or len(name) > LONGEST_NAME or len(text) > self._longest:
            raise Refused(400, "The name or the description is empty or too long.")
        known = self._jira.objects.named(self._kind, name)
        if known is not None and (own is None or known.id != own.id):
            raise Refused(400, f"The name '{name}' is already in use.")
        return name, text

    async def _edited(self, request: web.Request) -> web.StreamResponse:
        found = self._found(request.match_info["id"])
        name, text = self._texts(await read_object(request), found)
        body = found.body | {"description": text}
        self._jira.objects.put(dataclasses.replace(found, name=name, body=body))
        return no_content()


class Configurations(_Named):
    """Handlers of configurations."""

    def __init__(self, jira: Jira) -> None:
        super().__init__(jira, ObjectKind.FIELD_CONFIGURATION, LONGEST_TEXT)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET fieldconfiguration."""
        ids = query_list(request, "id")
        found = self._jira.objects.all(self._kind)
        beans = [_configuration(each) for each in found if not ids or str(each.id) in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST fieldconfiguration: like the default one, with all fields optional."""
        _check_generation(self._jira)
        name, text = self._texts(await read_object(request))
        default = self._jira.objects.named(self._kind, DEFAULT_CONFIGURATION)
        items: dict[str, Body] = {} if default is None else default.body["items"]
        optional = {field: {**item, "isRequired": False} for field, item in items.items()}
        made = add_field_configuration(self._jira, name, optional, text)
        return json_answer(self._jira.site, _configuration(made))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT fieldconfiguration/{id}: name and description, not of the default one."""
        self._check_not_default(request)
        return await self._edited(request)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE fieldconfiguration/{id}: neither the default one nor one that is in use."""
        found = self._check_not_default(request)
        schemes = self._jira.objects.all(ObjectKind.FIELD_CONFIGURATION_SCHEME)
        if any(found.id in each.body["mappings"].values() for each in schemes):
            raise Refused(400, "The field configuration is used in a scheme.")
        self._jira.objects.remove(found)
        return no_content()

    async def fields(self, request: web.Request) -> web.StreamResponse:
        """GET fieldconfiguration/{id}/fields."""
        beans = items_of(self._jira, self._found(request.match_info["id"]))
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PUT fieldconfiguration/{id}/fields: all or none."""
        found = self._found(request.match_info["id"])
        changes = list_in(await read_object(request), "fieldConfigurationItems")
        names = field_names(self._jira)
        for each in changes:
            self._check(found, names, each)
        change_items(self._jira, found, changes)
        return no_content()

    def _check(self, found: JiraObject, names: dict[str, str], change: Body) -> None:
        field_id = str(change.get("id"))
        if field_id not in names:
            raise Refused(400, f"The field {field_id} does not exist.")
        if field_id in ALWAYS_REQUIRED and (change.get("isHidden") or not change.get("isRequired")):
            raise Refused(400, f"The field {field_id} is always shown and required.")
        present = item_of(found, field_id)
        if "renderer" in change and "renderer" not in present:
            raise Refused(400, f"The renderer of the field {field_id} cannot be changed.")
        if change.get("renderer", WIKI) not in (WIKI, TEXT):
            raise Refused(400, "The renderer is unknown.")
        hidden = change.get("isHidden", present["isHidden"])
        if hidden and change.get("isRequired"):
            raise Refused(400, f"The field {field_id} cannot be hidden and required.")

    def _check_not_default(self, request: web.Request) -> JiraObject:
        found = self._found(request.match_info["id"])
        if is_default(found):
            raise Refused(400, "The default field configuration cannot be changed or deleted.")
        return found


class ConfigurationSchemes(_Named):
    """Handlers of schemes."""

    def __init__(self, jira: Jira) -> None:
        super().__init__(jira, ObjectKind.FIELD_CONFIGURATION_SCHEME, LONGEST_SCHEME_TEXT)
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET fieldconfigurationscheme."""
        ids = query_list(request, "id")
        found = self._jira.objects.all(self._kind)
        beans = [_scheme(each) for each in found if not ids or str(each.id) in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST fieldconfigurationscheme: it maps nothing yet."""
        _check_generation(self._jira)
        name, text = self._texts(await read_object(request))
        body: Body = {"description": text, "mappings": {}}
        made = self._jira.objects.add(self._kind, name, body)
        return json_answer(self._jira.site, _scheme(made), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT fieldconfigurationscheme/{id}: name and description."""
        return await self._edited(request)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE fieldconfigurationscheme/{id}: not one that a project has."""
        found = self._found(request.match_info["id"])
        for project in self._projects.all((LIVE, ARCHIVED, DELETED)):
            if scheme_of(self._jira, project) == found:
                raise Refused(400, "The field configuration scheme is used by a project.")
        self._jira.objects.remove(found)
        return no_content()

    async def mappings(self, request: web.Request) -> web.StreamResponse:
        """GET fieldconfigurationscheme/mapping."""
        ids = query_list(request, "fieldConfigurationSchemeId")
        beans = [
            {
                "fieldConfigurationSchemeId": str(scheme.id),
                "issueTypeId": issue_type,
                "fieldConfigurationId": str(chosen),
            }
            for scheme in self._jira.objects.all(self._kind)
            if not ids or str(scheme.id) in ids
            for issue_type, chosen in scheme.body["mappings"].items()
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def map_types(self, request: web.Request) -> web.StreamResponse:
        """PUT fieldconfigurationscheme/{id}/mapping: a type that has one gets the new one."""
        found = self._found(request.match_info["id"])
        mappings: dict[str, int] = dict(found.body["mappings"])
        for each in list_in(await read_object(request), "mappings"):
            issue_type = str(each.get("issueTypeId"))
            if issue_type != "default":
                self._found(issue_type, ObjectKind.ISSUE_TYPE)
            wanted = each.get("fieldConfigurationId")
            mappings[issue_type] = self._found(wanted, ObjectKind.FIELD_CONFIGURATION).id
        self._put(found, mappings)
        return no_content()

    async def unmap_types(self, request: web.Request) -> web.StreamResponse:
        """POST fieldconfigurationscheme/{id}/mapping/delete."""
        found = self._found(request.match_info["id"])
        gone = {str(each) for each in list_in(await read_object(request), "issueTypeIds")}
        kept = {name: each for name, each in found.body["mappings"].items() if name not in gone}
        self._put(found, kept)
        return no_content()

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET fieldconfigurationscheme/project: first those of the default scheme."""
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        grouped: dict[int, list[str]] = {0: []}
        is_older = default_scheme(self._jira) is None
        for project in self._projects.all((LIVE, ARCHIVED)) if is_older else ():
            if str(project.id) in wanted and project.body["style"] != "next-gen":
                scheme = scheme_of(self._jira, project)
                grouped.setdefault(scheme.id if scheme else 0, []).append(str(project.id))
        values: list[Body] = []
        for number in sorted(grouped):
            named = {"fieldConfigurationScheme": _scheme(self._found(number))} if number else {}
            values.append({**named, "projectIds": grouped[number]})
        return json_answer(self._jira.site, page_of(self._jira, request, values))

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT fieldconfigurationscheme/project: null stands for the default one."""
        _check_generation(self._jira)
        body = await read_object(request)
        project = self._projects.visible(str(body.get("projectId") or ""))
        if project.body["style"] == "next-gen":
            raise Refused(400, "The project is not a classic project.")
        wanted = body.get("fieldConfigurationSchemeId")
        chosen = None if wanted is None else self._found(wanted).id
        self._projects.change(project, body=project.body | {"fieldConfigurationScheme": chosen})
        return no_content()

    def _put(self, scheme: JiraObject, mappings: dict[str, int]) -> None:
        body = scheme.body | {"mappings": mappings}
        self._jira.objects.put(dataclasses.replace(scheme, body=body))


def _check_generation(jira: Jira) -> None:
    """A site that has been moved to field schemes has no field configurations any more."""
    if default_scheme(jira) is not None:
        raise Refused(400, "Field configurations have been replaced by field schemes.")


def _configuration(found: JiraObject) -> Body:
    bean: Body = {
        "id": found.id,
        "name": found.name,
        "description": found.body["description"],
    }
    return bean | {"isDefault": True} if is_default(found) else bean


def _scheme(found: JiraObject) -> Body:
    return {"id": str(found.id), "name": found.name, "description": found.body["description"]}
