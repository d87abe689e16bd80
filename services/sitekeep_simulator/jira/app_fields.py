"""Select fields that Connect apps bring, with options of their own (field/{fieldKey}/option)."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer, no_content, object_in, read_object
from sitekeep_simulator.jira.fields import add_context, custom_fields
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.screens import add_to_default
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

CONNECT = "com.atlassian.plugins.atlassian-connect-plugin:"
KIND = ObjectKind.APP_OPTION
NOT_SELECTABLE = "notSelectable"


def add_app_field(jira: Jira, name: str, key: str, *, many: bool = False) -> JiraObject:
    """Brings a select field, as only an app does. ``key``: those of the app and of the field."""
    schema: Body = {"type": "array", "items": "option2"} if many else {"type": "option2"}
    body: Body = {"type": f"{CONNECT}{key}", "description": "", "schema": schema, "key": key}
    field = jira.objects.add(ObjectKind.FIELD, name, body)
    add_context(jira, field)
    add_to_default(jira, f"customfield_{field.id}")
    return field


def add_app_option(
    jira: Jira, field: JiraObject, value: str, more: Body | None = None
) -> JiraObject:
    """Creates an option; its number is one of the field's own."""
    own = jira.objects.all(KIND, field.id)
    number = max((each.body["number"] for each in own), default=0) + 1
    body: Body = {"number": number, "properties": {}, "config": {"scope": {"global": {}}}}
    return jira.objects.add(KIND, value, body | (more or {}), project_id=field.id)


def is_app_select(field: JiraObject) -> bool:
    """Whether a field is one of a Connect app."""
    return str(field.body["type"]).startswith(CONNECT)


def read_value(jira: Jira, project: Project, field: JiraObject, value: Any) -> Any:
    """A value of an edit as the store has it. Raises ValueError with Jira's words."""
    if "items" in field.body["schema"]:
        return [_chosen(jira, project, field, each) for each in value]
    return _chosen(jira, project, field, value)


def _chosen(jira: Jira, project: Project, field: JiraObject, value: Any) -> int:
    wanted = str(value.get("id")) if isinstance(value, dict) else ""  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    for option in jira.objects.all(KIND, field.id):
        if str(option.body["number"]) == wanted and _is_selectable(option, project):
            return option.id
    raise ValueError(f"The option '{wanted}' is not valid.")


def _is_selectable(option: JiraObject, project: Project) -> bool:
    """What is said for a project goes before what is said for all of them."""
    scope: Body = option.body["config"].get("scope", {"global": {}})
    listed = {int(each["id"]): each for each in scope.get("projects2", ())}
    said = listed.get(project.id, scope.get("global"))
    return said is not None and NOT_SELECTABLE not in said.get("attributes", ())


def shown_value(jira: Jira, value: Any) -> Any:
    """A stored value as an issue shows it."""
    if isinstance(value, list):
        return [shown_value(jira, each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    option = jira.objects.get(KIND, value)
    if option is None:
        return None
    number = str(option.body["number"])
    return {"self": jira.url(f"/customFieldOption/{option.id}"), "value": option.name, "id": number}


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of options of apps; the key of a field has two strokes in it."""
    options = AppOptions(jira)
    listed = f"{API}/field/{{fieldKey:[^/]+__[^/]+}}/option"
    one = f"{listed}/{{optionId:[0-9]+}}"
    return [
        web.get(listed, options.all),
        web.post(listed, options.create),
        web.get(one, options.get),
        web.put(one, options.edit),
        web.delete(one, options.delete),
    ]


class AppOptions:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._access = FilterAccess(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET field/{key}/option."""
        found = self._jira.objects.all(KIND, self._field(request, 400).id)
        beans = [_bean(each) for each in found]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST field/{key}/option."""
        field = self._field(request, 404)
        body = await read_object(request)
        made = add_app_option(self._jira, field, self._value(body), _kept(body))
        return json_answer(self._jira.site, _bean(made))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET field/{key}/option/{id}."""
        return json_answer(self._jira.site, _bean(self._option(request)))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT field/{key}/option/{id}: all of it anew."""
        option, body = self._option(request), await read_object(request)
        if str(body.get("id")) != request.match_info["optionId"]:
            raise Refused(400, "The id does not match the one of the path.")
        changed = dataclasses.replace(
            option, name=self._value(body), body=option.body | _kept(body)
        )
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, _bean(changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE field/{key}/option/{id}."""
        self._jira.objects.remove(self._option(request))
        return no_content()

    def _field(self, request: web.Request, status: int) -> JiraObject:
        if not self._access.is_admin(caller(request)):
            raise Refused(403, "Only administrators and the app may do that.")
        for field in custom_fields(self._jira):
            if field.body.get("key") == request.match_info["fieldKey"]:
                return field
        raise Refused(status, "The field is not found or does not support options.")

    def _option(self, request: web.Request) -> JiraObject:
        for option in self._jira.objects.all(KIND, self._field(request, 404).id):
            if str(option.body["number"]) == request.match_info["optionId"]:
                return option
        raise Refused(404, "The option is not found.")

    @staticmethod
    def _value(body: Body) -> str:
        value = str(body.get("value") or "")
        if not value:
            raise Refused(400, "The value of the option is missing.")
        return value


def _kept(body: Body) -> Body:
    config = object_in(body, "config") or {"scope": {"global": {}}}
    return {"properties": object_in(body, "properties"), "config": config}


def _bean(option: JiraObject) -> Body:
    kept = {name: option.body[name] for name in ("properties", "config")}
    return {"id": option.body["number"], "value": option.name, **kept}
