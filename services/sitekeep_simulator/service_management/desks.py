"""Service desks: each belongs to a project of type ``service_desk`` and comes with it."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, read_object
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import LIVE, Project, Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.beans import desk_bean, organization_bean
from sitekeep_simulator.service_management.paging import SERVICE_DESK_API, page_answer

PROJECT_TYPE = "service_desk"
_PARTS = (
    ObjectKind.REQUEST_TYPE,
    ObjectKind.REQUEST_TYPE_GROUP,
    ObjectKind.QUEUE,
    ObjectKind.ARTICLE,
)
"""What a desk has: the scope of each is the desk's id."""
_VERSION = {"version": "5.18.0", "platformVersion": "1001.0.0-SNAPSHOT", "isLicensedForUse": True}


def add_desk(jira: Jira, project_id: int) -> JiraObject:
    """The desk of a new project."""
    body: Body = {"customers": [], "organizations": []}
    return jira.objects.add(ObjectKind.SERVICE_DESK, "", body, project_id=project_id)


def remove_desk(jira: Jira, project_id: int) -> None:
    """Removes the desk of a project, if it has one, with everything in it."""
    for desk in jira.objects.all(ObjectKind.SERVICE_DESK, project_id):
        for kind in _PARTS:
            jira.objects.remove_scope(kind, desk.id)
        jira.objects.remove(desk)


def desk_of(jira: Jira, project_id: int) -> JiraObject | None:
    """The desk of a project; None where it is no service project."""
    return next(iter(jira.objects.all(ObjectKind.SERVICE_DESK, project_id)), None)


def desk_in(jira: Jira, request: web.Request) -> JiraObject:
    """The desk that a path names by its id or its project's. Raises Refused (404)."""
    wanted = request.match_info["serviceDeskId"]
    found = jira.objects.get(ObjectKind.SERVICE_DESK, wanted)
    if found is None:
        project = Projects(jira).find(wanted)
        found = desk_of(jira, project.id) if project else None
    if found is None or project_of(jira, found) is None:
        raise Refused(404, f"The service desk {wanted} is not found.")
    return found


def project_of(jira: Jira, desk: JiraObject) -> Project | None:
    """The live project of a desk."""
    project = Projects(jira).find(str(desk.project_id))
    return project if project is not None and project.state == LIVE else None


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of desks."""
    desks = Desks(jira)
    listed = f"{SERVICE_DESK_API}/servicedesk"
    one = f"{listed}/{{serviceDeskId}}"
    return [
        web.get(f"{SERVICE_DESK_API}/info", desks.info),
        web.get(listed, desks.list),
        web.get(one, desks.get),
        web.get(f"{one}/organization", desks.organizations),
        web.post(f"{one}/organization", desks.add_organization),
    ]


class Desks:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def info(self, _: web.Request) -> web.StreamResponse:
        """GET info."""
        return json_answer(self._jira.site, _VERSION)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk."""
        found = self._jira.objects.all(ObjectKind.SERVICE_DESK)
        pairs = [(desk, project_of(self._jira, desk)) for desk in found]
        beans = [desk_bean(self._jira, desk, project) for desk, project in pairs if project]
        return page_answer(self._jira, request, beans)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}."""
        desk = desk_in(self._jira, request)
        project = Projects(self._jira).visible(str(desk.project_id))
        return json_answer(self._jira.site, desk_bean(self._jira, desk, project))

    async def organizations(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/organization."""
        ids: list[int] = desk_in(self._jira, request).body["organizations"]
        found = (self._jira.objects.get(ObjectKind.ORGANIZATION, each) for each in ids)
        beans = [organization_bean(self._jira, each) for each in found if each is not None]
        return page_answer(self._jira, request, beans)

    async def add_organization(self, request: web.Request) -> web.StreamResponse:
        """POST servicedesk/{id}/organization; one that is there already stays."""
        desk = desk_in(self._jira, request)
        wanted = (await read_object(request)).get("organizationId")
        found = self._jira.objects.get(ObjectKind.ORGANIZATION, wanted)
        if not isinstance(wanted, int) or found is None:
            raise Refused(404, f"The organization {wanted} is not found.")
        ids = list(dict.fromkeys([*desk.body["organizations"], found.id]))
        body = desk.body | {"organizations": ids}
        self._jira.objects.put(dataclasses.replace(desk, body=body))
        return no_content()
