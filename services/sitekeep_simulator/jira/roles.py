"""Roles of projects and who acts in them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, no_content, object_in, read_object
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.role_actors import (
    DEFAULT,
    GROUP,
    USER,
    Actor,
    RoleActors,
    role_links,
)
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_GROUP_BY_ID = "atlassian-group-role-actor-id"


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of roles."""
    roles = Roles(jira)
    one, actors = f"{API}/role/{{id}}", f"{API}/role/{{id}}/actors"
    listed = f"{API}/project/{{projectIdOrKey}}/role"
    return [
        web.get(f"{API}/role", roles.all),
        web.post(f"{API}/role", roles.create),
        web.get(one, roles.get),
        web.get(actors, roles.get),
        web.post(actors, roles.add_default_actors),
        web.get(listed, roles.of_project),
        web.get(f"{listed}/{{id}}", roles.get_in_project),
        web.post(f"{listed}/{{id}}", roles.add_actors),
        web.put(f"{listed}/{{id}}", roles.set_actors),
        web.delete(f"{listed}/{{id}}", roles.remove_actors),
    ]


class Roles:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)
        self._actors = RoleActors(jira)

    async def all(self, _: web.Request) -> web.StreamResponse:
        """GET role: a bare list with the default actors."""
        found = self._jira.objects.all(ObjectKind.ROLE)
        return json_answer(self._jira.site, [self._bean(each, DEFAULT) for each in found])

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET role/{id}, with its default actors."""
        return json_answer(self._jira.site, self._bean(self._role(request), DEFAULT))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST role: 409 where the name is in use. Nobody acts in it by default."""
        body = await read_object(request)
        name = str(body.get("name") or "")
        if not name or name != name.strip() or len(name) > 255:
            raise Refused(400, "The name must not be empty or begin or end with blanks.")
        if self._jira.objects.named(ObjectKind.ROLE, name) is not None:
            raise Refused(409, f"A project role with name '{name}' already exists.")
        kept: Body = {"description": str(body.get("description") or "")}
        created = self._jira.objects.add(ObjectKind.ROLE, name, kept)
        return json_answer(self._jira.site, self._bean(created, DEFAULT))

    async def add_default_actors(self, request: web.Request) -> web.StreamResponse:
        """POST role/{id}/actors: people or groups, never both in one request."""
        role = self._role(request)
        listed = self._listed(await read_object(request))
        if len({kind for kind, _ in listed}) != 1:
            raise Refused(400, "Either users or groups must be given, but not both.")
        for kind, parameter in listed:
            self._actors.add(DEFAULT, role.id, kind, parameter)
        return json_answer(self._jira.site, self._bean(role, DEFAULT))

    async def of_project(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/role: addresses by name."""
        return json_answer(self._jira.site, role_links(self._jira, self._project(request).id))

    async def get_in_project(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/role/{id}, with the actors in that project."""
        project = self._project(request)
        return json_answer(self._jira.site, self._bean(self._role(request), project.id))

    async def add_actors(self, request: web.Request) -> web.StreamResponse:
        """POST project/{id}/role/{id}. Who acts already, or is not active, is refused."""
        project, role = self._project(request), self._role(request)
        listed = self._listed(await read_object(request))
        if not listed:
            raise Refused(400, "Either users or groups must be given.")
        known = {(each.type, each.parameter) for each in self._actors.of(project.id, role.id)}
        for kind, parameter in listed:
            if (kind, parameter) in known:
                raise Refused(400, f"{parameter} is already a member of the project role.")
        for kind, parameter in listed:
            self._actors.add(project.id, role.id, kind, parameter)
        return json_answer(self._jira.site, self._bean(role, project.id))

    async def set_actors(self, request: web.Request) -> web.StreamResponse:
        """PUT project/{id}/role/{id}: in place of all who acted."""
        project, role = self._project(request), self._role(request)
        given = object_in(await read_object(request), "categorisedActors")
        if set(given) - {USER, GROUP, _GROUP_BY_ID}:
            raise Refused(400, "The type of an actor is not known.")
        names = {"user": USER, "group": GROUP, "groupId": _GROUP_BY_ID}
        listed = self._listed({name: given.get(kind) for name, kind in names.items()})
        with self._jira.store.transaction():
            self._actors.clear(project.id, role.id)
            for kind, parameter in listed:
                self._actors.add(project.id, role.id, kind, parameter)
        return json_answer(self._jira.site, self._bean(role, project.id))

    async def remove_actors(self, request: web.Request) -> web.StreamResponse:
        """DELETE project/{id}/role/{id}: one person or one group."""
        project, role = self._project(request), self._role(request)
        kind = USER if "user" in request.query else GROUP
        parameter = request.query.get("user") or request.query.get("groupId", "")
        if not self._actors.remove(project.id, role.id, kind, parameter):
            raise Refused(404, "The actor does not act in the role.")
        return no_content()

    def _listed(self, body: Body) -> list[tuple[str, str]]:
        """The actors of a body, all of them known and active. Raises Refused (404)."""
        people = [str(each) for each in list_in(body, "user")]
        for account_id in people:
            account = self._jira.accounts.get(account_id)
            if account is None or not account.active:
                raise Refused(404, f"The user {account_id} is not found or not active.")
        groups = [self._group(group_id=str(each)) for each in list_in(body, "groupId")]
        groups += [self._group(name=str(each)) for each in list_in(body, "group")]
        return [(USER, each) for each in people] + [(GROUP, each) for each in groups]

    def _group(self, **wanted: str) -> str:
        found = self._jira.accounts.group(**wanted)
        if found is None:
            raise Refused(404, f"The group {next(iter(wanted.values()))} is not found.")
        return found.group_id

    def _role(self, request: web.Request) -> JiraObject:
        wanted = request.match_info["id"]
        found = self._jira.objects.get(ObjectKind.ROLE, wanted)
        if found is None:
            raise Refused(404, f"Can not retrieve a role actor for the role {wanted}.")
        return found

    def _project(self, request: web.Request) -> Project:
        return self._projects.visible(request.match_info["projectIdOrKey"])

    def _bean(self, role: JiraObject, project_id: int) -> Body:
        path = f"/project/{project_id}/role/{role.id}" if project_id else f"/role/{role.id}"
        found = [self._actor_bean(each) for each in self._actors.of(project_id, role.id)]
        return {
            "self": self._jira.url(path),
            "name": role.name,
            "id": role.id,
            "description": role.body["description"],
            "actors": sorted(found, key=lambda each: str(each["displayName"])),
        }

    def _actor_bean(self, actor: Actor) -> Body:
        bean: dict[str, Any] = {"id": actor.id, "type": actor.type}
        if actor.type == GROUP:
            group = self._jira.accounts.group(group_id=actor.parameter)
            name = group.name if group else actor.parameter
            described = {"displayName": name, "name": name, "groupId": actor.parameter}
            return bean | {"displayName": name, "name": name, "actorGroup": described}
        account = self._jira.accounts.get(actor.parameter)
        name = account.display_name if account else actor.parameter
        return bean | {"displayName": name, "actorUser": {"accountId": actor.parameter}}
