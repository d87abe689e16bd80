"""Screen schemes and issue type screen schemes, and which project has which."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Projects
from sitekeep_simulator.jira.screens import (
    OPERATIONS,
    add_screen_scheme,
    add_type_screen_scheme,
    type_screen_scheme_of,
)
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

LONGEST = 255
"""Characters of a name or a description (Jira REST v3)."""


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of both kinds of schemes."""
    screens, types = ScreenSchemes(jira), TypeScreenSchemes(jira)
    one = f"{API}/screenscheme/{{id:[0-9]+}}"
    listed = f"{API}/issuetypescreenscheme"
    typed = f"{listed}/{{id:[0-9]+}}"
    return [
        web.get(f"{API}/screenscheme", screens.all),
        web.post(f"{API}/screenscheme", screens.create),
        web.put(one, screens.edit),
        web.delete(one, screens.delete),
        web.get(listed, types.all),
        web.post(listed, types.create),
        web.get(f"{listed}/mapping", types.mappings),
        web.get(f"{listed}/project", types.projects),
        web.put(f"{listed}/project", types.assign),
        web.put(typed, types.edit),
        web.delete(typed, types.delete),
        web.put(f"{typed}/mapping", types.add_mappings),
        web.put(f"{typed}/mapping/default", types.set_default),
        web.post(f"{typed}/mapping/remove", types.remove_mappings),
    ]


class _Schemes:
    """What both kinds have in common."""

    def __init__(self, jira: Jira, kind: ObjectKind) -> None:
        self._jira = jira
        self._kind = kind

    def _scheme(self, wanted: object, kind: ObjectKind | None = None) -> JiraObject:
        found = self._jira.objects.get(kind or self._kind, str(wanted))
        if found is None:
            raise Refused(404, f"The {(kind or self._kind).value} {wanted} was not found.")
        return found

    def _listed(self, request: web.Request) -> list[JiraObject]:
        ids = query_list(request, "id")
        found = self._jira.objects.all(self._kind)
        return [each for each in found if not ids or str(each.id) in ids]

    def _texts(self, body: Body, own: JiraObject | None = None) -> tuple[str, str]:
        name, text = str(body.get("name") or ""), str(body.get("description") or "")
        if not name.strip() or max(len(name), len(text)) > LONGEST:
            raise Refused(400, "The name must have 1 to 255 characters, the description up to 255.")
        known = self._jira.objects.named(self._kind, name)
        if known is not None and (own is None or known.id != own.id):
            raise Refused(400, f"The name '{name}' is already in use.")
        return name, text

    def _renamed(self, scheme: JiraObject, body: Body) -> JiraObject:
        before = {"name": scheme.name, "description": scheme.body["description"]}
        given = {name: body[name] for name in before if name in body}
        name, text = self._texts(before | given, scheme)
        return dataclasses.replace(scheme, name=name, body=scheme.body | {"description": text})


class ScreenSchemes(_Schemes):
    """Handlers of screen schemes."""

    def __init__(self, jira: Jira) -> None:
        super().__init__(jira, ObjectKind.SCREEN_SCHEME)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET screenscheme."""
        beans: list[Body] = [
            {"id": each.id, "name": each.name, **each.body} for each in self._listed(request)
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans, default=25))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST screenscheme: it has a default screen."""
        body = await read_object(request)
        name, text = self._texts(body)
        screens = self._screens(object_in(body, "screens"))
        if "default" not in screens:
            raise Refused(400, "The default screen must be given.")
        made = add_screen_scheme(self._jira, name, screens, text)
        return json_answer(self._jira.site, {"id": made.id}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT screenscheme/{id}: null takes a screen away."""
        scheme, body = self._scheme(request.match_info["id"]), await read_object(request)
        changed = self._renamed(scheme, body)
        given = object_in(body, "screens")
        gone = {name for name, screen in given.items() if screen is None}
        if "default" in gone:
            raise Refused(400, "The default screen must be given.")
        chosen = self._screens({name: each for name, each in given.items() if name not in gone})
        kept = {name: each for name, each in scheme.body["screens"].items() if name not in gone}
        screens = changed.body | {"screens": kept | chosen}
        self._jira.objects.put(dataclasses.replace(changed, body=screens))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE screenscheme/{id}: not one that is in use."""
        scheme = self._scheme(request.match_info["id"])
        users = self._jira.objects.all(ObjectKind.TYPE_SCREEN_SCHEME)
        if any(scheme.id in each.body["mappings"].values() for each in users):
            raise Refused(400, "The screen scheme is used in an issue type screen scheme.")
        self._jira.objects.remove(scheme)
        return no_content()

    def _screens(self, listed: Body) -> dict[str, int]:
        if set(listed) - set(OPERATIONS):
            raise Refused(400, "An unknown type of screen was given.")
        return {name: self._scheme(each, ObjectKind.SCREEN).id for name, each in listed.items()}


class TypeScreenSchemes(_Schemes):
    """Handlers of issue type screen schemes."""

    def __init__(self, jira: Jira) -> None:
        super().__init__(jira, ObjectKind.TYPE_SCREEN_SCHEME)
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescreenscheme."""
        beans = [_bean(each) for each in self._listed(request)]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST issuetypescreenscheme: with a mapping of the default."""
        body = await read_object(request)
        name, text = self._texts(body)
        mappings = self._mapped(list_in(body, "issueTypeMappings"))
        if "default" not in mappings:
            raise Refused(400, "A mapping of the default must be given.")
        made = add_type_screen_scheme(self._jira, name, mappings, text)
        return json_answer(self._jira.site, {"id": str(made.id)}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescreenscheme/{id}: name and description."""
        scheme = self._scheme(request.match_info["id"])
        self._jira.objects.put(self._renamed(scheme, await read_object(request)))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE issuetypescreenscheme/{id}: not one that a project has."""
        scheme = self._scheme(request.match_info["id"])
        projects = self._projects.all((LIVE, ARCHIVED, DELETED))
        if any(type_screen_scheme_of(self._jira, each).id == scheme.id for each in projects):
            raise Refused(400, "The issue type screen scheme is used by a project.")
        self._jira.objects.remove(scheme)
        return no_content()

    async def mappings(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescreenscheme/mapping."""
        ids = query_list(request, "issueTypeScreenSchemeId")
        beans = [
            {
                "issueTypeScreenSchemeId": str(scheme.id),
                "issueTypeId": issue_type,
                "screenSchemeId": str(chosen),
            }
            for scheme in self._jira.objects.all(self._kind)
            if not ids or str(scheme.id) in ids
            for issue_type, chosen in scheme.body["mappings"].items()
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def add_mappings(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescreenscheme/{id}/mapping: not of types that have one, nor the default."""
        scheme = self._scheme(request.match_info["id"])
        added = self._mapped(list_in(await read_object(request), "issueTypeMappings"))
        if "default" in added or set(added) & set(scheme.body["mappings"]):
            raise Refused(400, "An issue type already has a mapping.")
        self._put(scheme, scheme.body["mappings"] | added)
        return no_content()

    async def set_default(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescreenscheme/{id}/mapping/default."""
        scheme, body = self._scheme(request.match_info["id"]), await read_object(request)
        chosen = self._scheme(body.get("screenSchemeId"), ObjectKind.SCREEN_SCHEME)
        self._put(scheme, scheme.body["mappings"] | {"default": chosen.id})
        return no_content()

    async def remove_mappings(self, request: web.Request) -> web.StreamResponse:
        """POST issuetypescreenscheme/{id}/mapping/remove."""
        scheme = self._scheme(request.match_info["id"])
        gone = {str(each) for each in list_in(await read_object(request), "issueTypeIds")}
        if "default" in gone or not gone <= set(scheme.body["mappings"]):
            raise Refused(400, "An issue type has no mapping.")
        kept = {name: e for name, e in scheme.body["mappings"].items() if name not in gone}
        self._put(scheme, kept)
        return no_content()

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescreenscheme/project: of company-managed projects."""
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        grouped: dict[int, list[str]] = {}
        for project in self._projects.all((LIVE, ARCHIVED)):
            if str(project.id) in wanted and project.body["style"] != "next-gen":
                scheme = type_screen_scheme_of(self._jira, project)
                grouped.setdefault(scheme.id, []).append(str(project.id))
        values = [
            {"issueTypeScreenScheme": _bean(self._scheme(scheme)), "projectIds": projects}
            for scheme, projects in grouped.items()
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, values))

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescreenscheme/project."""
        body = await read_object(request)
        project = self._projects.visible(str(body.get("projectId") or ""))
        scheme = self._scheme(body.get("issueTypeScreenSchemeId"))
        if project.body["style"] == "next-gen":
            raise Refused(400, "The project is not a classic project.")
        chosen = project.body | {"issueTypeScreenScheme": scheme.id}
        self._projects.change(project, body=chosen)
        return no_content()

    def _put(self, scheme: JiraObject, mappings: dict[str, int]) -> None:
        body = scheme.body | {"mappings": mappings}
        self._jira.objects.put(dataclasses.replace(scheme, body=body))

    def _mapped(self, listed: list[Body]) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in listed:
            issue_type = str(each.get("issueTypeId"))
            if issue_type != "default":
                self._scheme(issue_type, ObjectKind.ISSUE_TYPE)
            if issue_type in found:
                raise Refused(400, "An issue type is given twice.")
            chosen = self._scheme(each.get("screenSchemeId"), ObjectKind.SCREEN_SCHEME)
            found[issue_type] = chosen.id
        return found


def _bean(scheme: JiraObject) -> Body:
    return {
        "id": str(scheme.id),
        "name": scheme.name,
        "description": scheme.body["description"],
    }
