"""The organizations of a site's customers: who belongs to them, and their properties."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from aiohttp import web

from sitekeep_simulator.answers import PROPERTY_KEY, json_answer, list_in, no_content, read_object
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.beans import organization_bean, person_bean
from sitekeep_simulator.service_management.paging import SERVICE_DESK_API, page_answer
from sitekeep_simulator.service_management.properties import (
    keys_answer,
    set_property,
    value_answer,
)

_LONGEST_NAME = 200
_MOST_PEOPLE = 50


def add_organization(
    jira: Jira, name: str, members: Sequence[str] = (), properties: Body | None = None
) -> JiraObject:
    """Makes an organization now, without any check."""
    body: Body = {
        "uuid": str(uuid.uuid5(uuid.UUID(jira.site.cloud_id), f"organization/{name}")),
        "created": jira.site.clock.now().isoformat(),
        "members": list(members),
        "properties": properties or {},
    }
    return jira.objects.add(ObjectKind.ORGANIZATION, name, body)


def known_accounts(jira: Jira, body: Body) -> list[str]:
    """The accounts that a body names, at most 50. Raises Refused (400, 404)."""
    listed = [str(each) for each in list_in(body, "accountIds")]
    if not listed or len(listed) > _MOST_PEOPLE:
        raise Refused(400, f"Between 1 and {_MOST_PEOPLE} account ids must be given.")
    for each in listed:
        if jira.accounts.get(each) is None:
            raise Refused(404, f"The user {each} does not exist on this site.")
    return listed


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of organizations."""
    organizations = Organizations(jira)
    listed = f"{SERVICE_DESK_API}/organization"
    one = f"{listed}/{{organizationId}}"
    return [
        web.get(listed, organizations.list),
        web.post(listed, organizations.create),
        web.get(one, organizations.get),
        web.get(f"{one}/user", organizations.users),
        web.post(f"{one}/user", organizations.add_users),
        web.get(f"{one}/property", organizations.properties),
        web.get(f"{one}/property/{PROPERTY_KEY}", organizations.property),
        web.put(f"{one}/property/{PROPERTY_KEY}", organizations.set_property),
    ]


class Organizations:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET organization."""
        found = self._jira.objects.all(ObjectKind.ORGANIZATION)
        beans = [organization_bean(self._jira, each) for each in found]
        return page_answer(self._jira, request, beans)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET organization/{id}."""
        found = self._organization(request)
        return json_answer(self._jira.site, organization_bean(self._jira, found))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST organization: names may be there twice."""
        name = str((await read_object(request)).get("name") or "").strip()
        if not name or len(name) > _LONGEST_NAME:
            raise Refused(400, f"The name must have 1 to {_LONGEST_NAME} characters.")
        created = add_organization(self._jira, name)
        return json_answer(self._jira.site, organization_bean(self._jira, created), 201)

    async def users(self, request: web.Request) -> web.StreamResponse:
        """GET organization/{id}/user."""
        found = self._jira.accounts.many(self._organization(request).body["members"])
        beans = [person_bean(self._jira, each) for each in found]
        return page_answer(self._jira, request, beans)

    async def add_users(self, request: web.Request) -> web.StreamResponse:
        """POST organization/{id}/user; who belongs to it already stays."""
        organization = self._organization(request)
        added = known_accounts(self._jira, await read_object(request))
        members = list(dict.fromkeys([*organization.body["members"], *added]))
        body = organization.body | {"members": members}
        self._jira.objects.put(dataclasses.replace(organization, body=body))
        return no_content()

    async def properties(self, request: web.Request) -> web.StreamResponse:
        """GET organization/{id}/property."""
        owner = self._organization(request)
        return keys_answer(self._jira, owner, f"/organization/{owner.id}/property")

    async def property(self, request: web.Request) -> web.StreamResponse:
        """GET organization/{id}/property/{key}."""
        return value_answer(self._jira, self._organization(request), request)

    async def set_property(self, request: web.Request) -> web.StreamResponse:
        """PUT organization/{id}/property/{key}."""
        return await set_property(self._jira, self._organization(request), request)

    def _organization(self, request: web.Request) -> JiraObject:
        wanted = request.match_info["organizationId"]
        found = self._jira.objects.get(ObjectKind.ORGANIZATION, wanted)
        if found is None:
            raise Refused(404, f"The organization {wanted} is not found.")
        return found
