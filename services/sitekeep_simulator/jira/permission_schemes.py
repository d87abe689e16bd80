"""The endpoints of permission schemes."""

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
from sitekeep_simulator.jira.holders import holder_bean, stored_parameter
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import PERMISSIONS, new_grant
from sitekeep_simulator.jira.project_schemes import is_used
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_SHOWN = {"all", "permissions", "user", "group", "projectRole", "field"}


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of permission schemes."""
    schemes = PermissionSchemes(jira)
    listed = f"{API}/permissionscheme"
    one = f"{listed}/{{schemeId}}"
    of_project = f"{API}/project/{{projectKeyOrId}}/permissionscheme"
    return [
        web.get(listed, schemes.all),
        web.post(listed, schemes.create),
        web.get(one, schemes.get),
        web.put(one, schemes.edit),
        web.delete(one, schemes.delete),
        web.get(f"{one}/permission", schemes.grants),
        web.post(f"{one}/permission", schemes.grant),
        web.delete(f"{one}/permission/{{permissionId}}", schemes.revoke),
        web.get(of_project, schemes.of_project),
        web.put(of_project, schemes.assign),
    ]


class PermissionSchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET permissionscheme: all in one answer; with their grants where that is asked for."""
        found = self._jira.objects.all(ObjectKind.PERMISSION_SCHEME)
        beans = [self._bean(each, request) for each in found]
        return json_answer(self._jira.site, {"permissionSchemes": beans})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET permissionscheme/{id}."""
        return json_answer(self._jira.site, self._bean(self._scheme(request), request))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST permissionscheme, with or without grants."""
        body = await read_object(request)
        kept: Body = {
            "description": str(body.get("description") or ""),
            "grants": self._grants(body),
        }
        kind = ObjectKind.PERMISSION_SCHEME
        created = self._jira.objects.add(kind, self._name(body, 0), kept)
        return json_answer(self._jira.site, self._bean(created, request), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT permissionscheme/{id}: a list of grants replaces all that there were."""
        scheme = self._scheme(request)
        body = await read_object(request)
        changed = dict(scheme.body)
        if "description" in body:
            changed["description"] = str(body["description"] or "")
        if "permissions" in body:
            changed["grants"] = self._grants(body)
        name = self._name(body, scheme.id)
        self._jira.objects.put(dataclasses.replace(scheme, name=name, body=changed))
        return json_answer(self._jira.site, self._bean(self._scheme(request), request))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE permissionscheme/{id}: refused for one in use."""
        scheme = self._scheme(request)
        if is_used(self._jira, "permissionScheme", scheme.id):
            raise Refused(403, "The permission scheme is in use.")
        self._jira.objects.remove(scheme)
        return no_content()

    async def grants(self, request: web.Request) -> web.StreamResponse:
        """GET permissionscheme/{id}/permission."""
        bean = {"permissions": self._grant_beans(self._scheme(request))}
        return json_answer(self._jira.site, bean)

    async def grant(self, request: web.Request) -> web.StreamResponse:
        """POST permissionscheme/{id}/permission: one more grant; one that is there is refused."""
        scheme = self._scheme(request)
        added = self._grant(await read_object(request))
        known: list[Body] = scheme.body["grants"]
        if _identity(added) in map(_identity, known):
            raise Refused(400, "The permission grant is already present.")
        self._put(scheme, [*known, added])
        return json_answer(self._jira.site, self._grant_bean(scheme, added), 201)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """DELETE permissionscheme/{id}/permission/{id}."""
        scheme, wanted = self._scheme(request), request.match_info["permissionId"]
        listed: list[Body] = scheme.body["grants"]
        kept = [each for each in listed if str(each["id"]) != wanted]
        if len(kept) == len(listed):
            raise Refused(400, f"The permission grant {wanted} is not found.")
        self._put(scheme, kept)
        return no_content()

    async def of_project(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/permissionscheme."""
        project = self._projects.visible(request.match_info["projectKeyOrId"])
        wanted = project.body.get("permissionScheme")
        return json_answer(self._jira.site, self._bean(self._known(wanted), request))

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT project/{id}/permissionscheme."""
        project = self._projects.visible(request.match_info["projectKeyOrId"])
        scheme = self._known((await read_object(request)).get("id"))
        self._projects.change(project, body=project.body | {"permissionScheme": scheme.id})
        return json_answer(self._jira.site, self._bean(scheme, request))

    def _put(self, scheme: JiraObject, grants: list[Body]) -> None:
        body = scheme.body | {"grants": grants}
        self._jira.objects.put(dataclasses.replace(scheme, body=body))

    def _name(self, body: Body, own_id: int) -> str:
        name = str(body.get("name") or "").strip()
        if not name:
            raise Refused(400, fields={"name": "The name of the permission scheme is required."})
        taken = self._jira.objects.named(ObjectKind.PERMISSION_SCHEME, name)
        if taken is not None and taken.id != own_id:
            raise Refused(400, fields={"name": f"A permission scheme named '{name}' exists."})
        return name

    def _grants(self, body: Body) -> list[Body]:
        found = [self._grant(each) for each in list_in(body, "permissions")]
        if len({_identity(each) for each in found}) < len(found):
            raise Refused(400, "A permission grant is given twice.")
        return found

    def _grant(self, body: Body) -> Body:
        permission, holder = str(body.get("permission") or ""), object_in(body, "holder")
        parameter = stored_parameter(self._jira, holder)
        if permission not in PERMISSIONS:
            raise Refused(400, f"The permission '{permission}' does not exist.")
        if parameter is None:
            raise Refused(400, f"The holder {holder.get('type')} of '{permission}' is not valid.")
        return new_grant(self._jira, permission, str(holder["type"]), parameter)

    def _scheme(self, request: web.Request) -> JiraObject:
        return self._known(request.match_info["schemeId"])

    def _known(self, wanted: str | int | None) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.PERMISSION_SCHEME, wanted)
        if found is None:
            raise Refused(404, "Permission scheme could not be found.")
        return found

    def _bean(self, scheme: JiraObject, request: web.Request) -> Body:
        bean: Body = {
            "expand": "permissions,user,group,projectRole,field,all",
            "id": scheme.id,
            "self": self._jira.url(f"/permissionscheme/{scheme.id}"),
            "name": scheme.name,
            "description": scheme.body["description"],
        }
        if _SHOWN & set(query_list(request, "expand")):
            bean["permissions"] = self._grant_beans(scheme)
        return bean

    def _grant_beans(self, scheme: JiraObject) -> list[Body]:
        return [self._grant_bean(scheme, each) for each in scheme.body["grants"]]

    def _grant_bean(self, scheme: JiraObject, grant: Body) -> Body:
        path = f"/permissionscheme/{scheme.id}/permission/{grant['id']}"
        return {
            "id": grant["id"],
            "self": self._jira.url(path),
            "holder": holder_bean(self._jira, grant["type"], grant["parameter"]),
            "permission": grant["permission"],
        }


def _identity(grant: Body) -> tuple[object, ...]:
    return grant["permission"], grant["type"], grant["parameter"]
