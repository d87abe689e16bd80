"""What a desk can be asked for: request types, their groups on the portal, fields, properties."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import (
    PROPERTY_KEY,
    json_answer,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.beans import request_type_bean
from sitekeep_simulator.service_management.desks import desk_in
from sitekeep_simulator.service_management.paging import SERVICE_DESK_API, page_answer
from sitekeep_simulator.service_management.properties import (
    keys_answer,
    set_property,
    value_answer,
)

HEADSET = "10543"
"""The icon that request types get which are made over REST."""


def add_request_type(
    jira: Jira, desk: JiraObject, name: str, issue_type: int, **more: object
) -> JiraObject:
    """Makes a request type, without any check; it shows the required fields only."""
    body: Body = {
        "description": "",
        "helpText": "",
        "issueTypeId": issue_type,
        "groups": [],
        "icon": HEADSET,
        "restriction": "OPEN",
        "fields": [field_bean("summary", "Summary", "string", required=True)],
        "properties": {},
    }
    return jira.objects.add(ObjectKind.REQUEST_TYPE, name, body | more, project_id=desk.id)


def field_bean(
    field_id: str, name: str, kind: str, *, required: bool = False, visible: bool = True
) -> Body:
    """A field of the form of a request type."""
    return {
        "fieldId": field_id,
        "name": name,
        "description": "",
        "required": required,
        "defaultValues": [],
        "validValues": [],
        "presetValues": [],
        "jiraSchema": {"type": kind, "system": field_id},
        "visible": visible,
    }


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of request types."""
    types = RequestTypes(jira)
    desk = f"{SERVICE_DESK_API}/servicedesk/{{serviceDeskId}}"
    one = f"{desk}/requesttype/{{requestTypeId}}"
    return [
        web.get(f"{desk}/requesttype", types.list),
        web.post(f"{desk}/requesttype", types.create),
        web.get(f"{desk}/requesttypegroup", types.groups),
        web.get(one, types.get),
        web.get(f"{one}/field", types.fields),
        web.get(f"{one}/property", types.properties),
        web.get(f"{one}/property/{PROPERTY_KEY}", types.property),
        web.put(f"{one}/property/{PROPERTY_KEY}", types.set_property),
    ]


class RequestTypes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttype: a search leaves out those that no portal shows."""
        desk = desk_in(self._jira, request)
        sought = request.query.get("searchQuery", "").casefold()
        hidden = query_flag(request, "includeHiddenRequestTypesInSearch") or not sought
        group = request.query.get("groupId", "")
        found = [
            each
            for each in self._jira.objects.all(ObjectKind.REQUEST_TYPE, desk.id)
            if sought in each.name.casefold()
            and (hidden or each.body["groups"])
            and (not group or group in map(str, each.body["groups"]))
        ]
        expanded = "field" in query_list(request, "expand")
        beans = [self._listed(each, expanded) for each in found]
        return page_answer(self._jira, request, beans)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttype/{id}."""
        found = self._type(request)
        return json_answer(self._jira.site, request_type_bean(self._jira, found))

    async def groups(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttypegroup."""
        desk = desk_in(self._jira, request)
        found = self._jira.objects.all(ObjectKind.REQUEST_TYPE_GROUP, desk.id)
        beans = [{"id": str(each.id), "name": each.name} for each in found]
        return page_answer(self._jira, request, beans)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST servicedesk/{id}/requesttype for an issue type of the project; names may repeat."""
        desk = desk_in(self._jira, request)
        body = await read_object(request)
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, "The name must have 1 to 255 characters.")
        project = Projects(self._jira).visible(str(desk.project_id))
        types = {str(each.id): each for each in Projects(self._jira).issue_types(project)}
        issue_type = types.get(str(body.get("issueTypeId") or ""))
        if issue_type is None or issue_type.body["hierarchyLevel"] < 0:
            raise Refused(400, "The issue type is not valid for the service desk.")
        texts = {key: str(body.get(key) or "") for key in ("description", "helpText")}
        created = add_request_type(self._jira, desk, name, issue_type.id, **texts)
        return json_answer(self._jira.site, request_type_bean(self._jira, created))

    async def fields(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttype/{id}/field; hidden ones on request."""
        hidden = "hiddenFields" in query_list(request, "expand")
        return json_answer(self._jira.site, _form(self._type(request), hidden=hidden))

    async def properties(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttype/{id}/property."""
        owner = self._type(request)
        path = f"/servicedesk/{owner.project_id}/requesttype/{owner.id}/property"
        return keys_answer(self._jira, owner, path)

    async def property(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/requesttype/{id}/property/{key}."""
        return value_answer(self._jira, self._type(request), request)

    async def set_property(self, request: web.Request) -> web.StreamResponse:
        """PUT servicedesk/{id}/requesttype/{id}/property/{key}."""
        return await set_property(self._jira, self._type(request), request)

    def _listed(self, kind: JiraObject, expanded: bool) -> Body:
        bean = request_type_bean(self._jira, kind)
        return bean | ({"fields": _form(kind, hidden=False)} if expanded else {})

    def _type(self, request: web.Request) -> JiraObject:
        desk, wanted = desk_in(self._jira, request), request.match_info["requestTypeId"]
        found = self._jira.objects.get(ObjectKind.REQUEST_TYPE, wanted)
        if found is None or found.project_id != desk.id:
            raise Refused(404, f"The request type {wanted} is not found.")
        return found


def _form(kind: JiraObject, *, hidden: bool) -> Body:
    listed: list[Body] = kind.body["fields"]
    return {
        "requestTypeFields": [each for each in listed if hidden or each["visible"]],
        "canRaiseOnBehalfOf": True,
        "canAddRequestParticipants": True,
    }
