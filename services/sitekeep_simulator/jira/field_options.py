"""The options of select fields, context by context."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, no_content, read_object
from sitekeep_simulator.jira.field_contexts import (
    options_in,
    required_context,
    required_field,
)
from sitekeep_simulator.jira.fields import SELECT_TYPES, add_option, field_type
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

MOST = 1000
"""Options of one request (Jira REST v3)."""


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of options."""
    options = Options(jira)
    listed = f"{API}/field/{{fieldId}}/context/{{contextId}}/option"
    return [
        web.get(listed, options.all),
        web.post(listed, options.create),
        web.put(listed, options.edit),
        web.put(f"{listed}/move", options.move),
        web.delete(f"{listed}/{{optionId}}", options.delete),
    ]


class Options:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context/{context}/option."""
        context = required_context(self._jira, request)
        beans = [_bean(each) for each in options_in(self._jira, context)]
        page = page_of(self._jira, request, beans, default=100, cap=MOST)
        return json_answer(self._jira.site, page)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST …/option: at most 1000, each value once below its parent."""
        context = required_context(self._jira, request, writing=True)
        listed: list[Body] = list_in(await read_object(request), "options")
        if len(listed) > MOST:
            raise Refused(400, "At most 1000 options can be created at once.")
        if field_type(required_field(self._jira, request)) not in SELECT_TYPES:
            raise Refused(400, "The custom field does not support options.")
        others = options_in(self._jira, context)
        known = {(each.body["parent"], each.name) for each in others}
        with self._jira.store.transaction():
            made = [self._add(request, context, each, known) for each in listed]
        return json_answer(self._jira.site, {"options": [_bean(each) for each in made]})

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT …/option: only what changes is in the answer."""
        context = required_context(self._jira, request, writing=True)
        listed: list[Body] = list_in(await read_object(request), "options")
        found = [(self._option(context, each.get("id")), each) for each in listed]
        changed: list[JiraObject] = []
        for option, each in found:
            name = str(each.get("value", option.name))
            body = option.body | {"disabled": bool(each.get("disabled", option.body["disabled"]))}
            if (name, body) != (option.name, option.body):
                changed.append(dataclasses.replace(option, name=name, body=body))
        for option in changed:
            self._jira.objects.put(option)
        self._jira.store.execute("DELETE FROM jira_rendered")
        beans = [{"id": str(e.id), "value": e.name, **_state(e)} for e in changed]
        return json_answer(self._jira.site, {"options": beans})

    async def move(self, request: web.Request) -> web.StreamResponse:
        """PUT …/option/move: all of one parent, to a position or behind another one."""
        context = required_context(self._jira, request, writing=True)
        body = await read_object(request)
        moved = [self._option(context, each) for each in list_in(body, "customFieldOptionIds")]
        if not moved or len({each.body["parent"] for each in moved}) != 1:
            raise Refused(400, "The options must be below the same parent.")
        ids = {each.id for each in moved}
        rest = [
            each
            for each in options_in(self._jira, context)
            if each.body["parent"] == moved[0].body["parent"] and each.id not in ids
        ]
        place = self._place(context, body, rest)
        for number, each in enumerate([*rest[:place], *moved, *rest[place:]]):
            self._jira.objects.put(dataclasses.replace(each, body=each.body | {"place": number}))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE …/option/{option}."""
        context = required_context(self._jira, request, writing=True)
        self._jira.objects.remove(self._option(context, request.match_info["optionId"]))
        return no_content()

    def _place(self, context: JiraObject, body: Body, rest: list[JiraObject]) -> int:
        places = {"First": 0, "Last": len(rest)}
        if body.get("position") in places:
            return places[body["position"]]
        other = self._option(context, body.get("after"))
        return [each.id for each in rest].index(other.id) + 1

    def _add(
        self, request: web.Request, context: JiraObject, listed: Body, known: set[tuple[int, str]]
    ) -> JiraObject:
        value, parent = str(listed.get("value") or ""), 0
        if listed.get("optionId"):
            parent = self._option(context, listed["optionId"]).id
            if field_type(required_field(self._jira, request)) != "cascadingselect":
                raise Refused(400, "The custom field does not support cascading options.")
        if not value.strip() or len(value) > 255 or (parent, value) in known:
            raise Refused(400, f"The option value '{value}' is empty, too long or there already.")
        known.add((parent, value))
        disabled = bool(listed.get("disabled"))
        return add_option(self._jira, context, value, parent=parent, disabled=disabled)

    def _option(self, context: JiraObject, wanted: object) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.OPTION, str(wanted))
        if found is None or found.project_id != context.id:
            raise Refused(404, "The option was not found.")
        return found


def _bean(option: JiraObject) -> Body:
    bean: Body = {"id": str(option.id), "value": option.name, **_state(option)}
    parent: int = option.body["parent"]
    return bean | {"optionId": str(parent)} if parent else bean


def _state(option: JiraObject) -> Body:
    return {"disabled": option.body["disabled"]}
