"""The endpoints of notification schemes."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.fields import custom_field, field_bean
from sitekeep_simulator.jira.notifications import (
    DEFAULT_NOTIFICATIONS,
    EVENTS,
    PLAIN,
    new_notification,
    stored_parameter,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.project_schemes import is_used, schemes_of_projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_MOST_NOTIFICATIONS = 1000


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of notification schemes."""
    schemes = NotificationSchemes(jira)
    listed = f"{API}/notificationscheme"
    one = f"{listed}/{{id}}"
    return [
        web.get(f"{API}/events", schemes.events),
        web.get(listed, schemes.all),
        web.post(listed, schemes.create),
        web.get(f"{listed}/project", schemes.of_projects),
        web.get(one, schemes.get),
        web.put(one, schemes.edit),
        web.delete(one, schemes.delete),
        web.put(f"{one}/notification", schemes.add),
        web.delete(f"{one}/notification/{{notificationId}}", schemes.remove),
    ]


class NotificationSchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def events(self, _: web.Request) -> web.StreamResponse:
        """GET events: a bare list."""
        beans = [{"id": number, "name": name} for number, name in EVENTS.items()]
        return json_answer(self._jira.site, beans)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET notificationscheme, by name."""
        wanted = query_list(request, "id")
        default = query_flag(request, "onlyDefault")
        found = [
            each
            for each in self._jira.objects.all(ObjectKind.NOTIFICATION_SCHEME)
            if (not wanted or str(each.id) in wanted)
            and (not default or each.name == DEFAULT_NOTIFICATIONS)
        ]
        expand = query_list(request, "expand")
        beans = [self._bean(each, expand) for each in sorted(found, key=lambda each: each.name)]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET notificationscheme/{id}."""
        bean = self._bean(self._scheme(request), query_list(request, "expand"))
        return json_answer(self._jira.site, bean)

    async def of_projects(self, request: web.Request) -> web.StreamResponse:
        """GET notificationscheme/project: which project has which scheme."""
        key, name = "notificationScheme", "notificationSchemeId"
        return schemes_of_projects(self._jira, request, key, name)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST notificationscheme with at most 1000 notifications."""
        body = await read_object(request)
        kept: Body = {
            "description": self._description(body),
            "notifications": self._notifications(body),
        }
        kind = ObjectKind.NOTIFICATION_SCHEME
        created = self._jira.objects.add(kind, self._name(body, 0), kept)
        return json_answer(self._jira.site, {"id": str(created.id)}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT notificationscheme/{id}: name and description."""
        scheme = self._scheme(request)
        body = await read_object(request)
        name = self._name(body, scheme.id) if "name" in body else scheme.name
        text = self._description(body) if "description" in body else scheme.body["description"]
        changed = scheme.body | {"description": text}
        self._jira.objects.put(dataclasses.replace(scheme, name=name, body=changed))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE notificationscheme/{id}: refused for the default one and one in use."""
        scheme = self._scheme(request)
        if scheme.name == DEFAULT_NOTIFICATIONS:
            raise Refused(400, "You can’t delete the default notification scheme.")
        if is_used(self._jira, "notificationScheme", scheme.id):
            raise Refused(400, "The notification scheme is in use.")
        self._jira.objects.remove(scheme)
        return no_content()

    async def add(self, request: web.Request) -> web.StreamResponse:
        """PUT notificationscheme/{id}/notification: more recipients."""
        scheme = self._scheme(request)
        known = {_identity(each) for each in scheme.body["notifications"]}
        added = self._notifications(await read_object(request))
        if any(_identity(each) in known for each in added):
            raise Refused(400, "The notification is already in the notification scheme.")
        self._put(scheme, [*scheme.body["notifications"], *added])
        return no_content()

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE notificationscheme/{id}/notification/{id}."""
        scheme, wanted = self._scheme(request), request.match_info["notificationId"]
        listed: list[Body] = scheme.body["notifications"]
        kept = [each for each in listed if str(each["id"]) != wanted]
        if len(kept) == len(listed):
            raise Refused(404, f"The notification {wanted} is not found.")
        self._put(scheme, kept)
        return no_content()

    def _put(self, scheme: JiraObject, notifications: list[Body]) -> None:
        body = scheme.body | {"notifications": notifications}
        self._jira.objects.put(dataclasses.replace(scheme, body=body))

    def _name(self, body: Body, own_id: int) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, "The name must have 1 to 255 characters.")
        taken = self._jira.objects.named(ObjectKind.NOTIFICATION_SCHEME, name)
        if taken is not None and taken.id != own_id:
            raise Refused(400, f"A notification scheme with the name '{name}' already exists.")
        return name

    def _description(self, body: Body) -> str:
        text = str(body.get("description") or "")
        if len(text) > 4000:
            raise Refused(400, "The description must have at most 4000 characters.")
        return text

    def _notifications(self, body: Body) -> list[Body]:
        listed: list[Body] = list_in(body, "notificationSchemeEvents")
        found = [
            self._notification(each, recipient)
            for each in listed
            for recipient in list_in(each, "notifications")
        ]
        if len(found) > _MOST_NOTIFICATIONS:
            raise Refused(400, "At most 1000 notifications can be given.")
        if len({_identity(each) for each in found}) < len(found):
            raise Refused(400, "A notification is given twice.")
        return found

    def _notification(self, event: Body, recipient: Body) -> Body:
        wanted: Body = event.get("event") or {}
        number = str(wanted.get("id") or "")
        if not number.isdigit() or int(number) not in EVENTS:
            raise Refused(400, f"The event {number} does not exist.")
        kind = str(recipient.get("notificationType") or "")
        parameter = stored_parameter(self._jira, kind, str(recipient.get("parameter") or ""))
        if parameter is None:
            text = f"The recipient {kind} {recipient.get('parameter')} is not valid."
            raise Refused(400, text)
        return new_notification(self._jira, int(number), kind, parameter)

    def _scheme(self, request: web.Request) -> JiraObject:
        wanted = request.match_info["id"]
        found = self._jira.objects.get(ObjectKind.NOTIFICATION_SCHEME, wanted)
        if found is None:
            raise Refused(404, f"Notification scheme with ID {wanted} not found.")
        return found

    def _bean(self, scheme: JiraObject, expand: list[str]) -> Body:
        bean: Body = {
            "expand": "notificationSchemeEvents,user,group,projectRole,field,all",
            "id": scheme.id,
            "self": self._jira.url(f"/notificationscheme/{scheme.id}"),
            "name": scheme.name,
            "description": scheme.body["description"],
        }
        if expand:
            events = {each["event"] for each in scheme.body["notifications"]}
            bean["notificationSchemeEvents"] = [
                self._event_bean(scheme, event) for event in sorted(events)
            ]
        return bean

    def _event_bean(self, scheme: JiraObject, event: int) -> Body:
        listed: list[Body] = scheme.body["notifications"]
        return {
            "event": {"id": event, "name": EVENTS[event], "description": ""},
            "notifications": [self._recipient(each) for each in listed if each["event"] == event],
        }

    def _recipient(self, notification: Body) -> Body:
        kind, parameter = notification["type"], notification["parameter"]
        bean: Body = {"id": notification["id"], "notificationType": kind}
        if kind in PLAIN:
            return bean
        bean |= {"parameter": parameter, "recipient": parameter}
        group = self._jira.accounts.group(group_id=parameter) if kind == "Group" else None
        if group is not None:
            bean["parameter"] = group.name
            bean["group"] = {"name": group.name, "groupId": group.group_id}
        field = custom_field(self._jira, parameter)
        if field is not None:
            bean["field"] = field_bean(field)
        return bean


def _identity(notification: Body) -> tuple[object, ...]:
    return notification["event"], notification["type"], notification["parameter"]
