"""The endpoints of screens, their tabs and the fields on these."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    no_content,
    query_integer,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.beans import scope_bean
from sitekeep_simulator.jira.fields import custom_field, field_names
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.screens import (
    DEFAULT_SCREEN,
    DEFAULT_TAB,
    SCREENABLE,
    add_screen,
    add_to_default,
    fields_of,
    new_tab,
    put_tabs,
)
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

LONGEST = 255
"""Characters of a name or a description (Jira REST v3, ScreenDetails)."""
TABS_PER_PAGE = 100


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of screens."""
    screens = ScreenRoutes(jira)
    one = f"{API}/screens/{{screenId:[0-9]+}}"
    tab = f"{one}/tabs/{{tabId}}"
    return [
        web.get(f"{API}/screens", screens.all),
        web.post(f"{API}/screens", screens.create),
        web.post(f"{API}/screens/addToDefault/{{fieldId}}", screens.add_to_default),
        web.get(f"{API}/screens/tabs", screens.tabs_of_many),
        web.put(one, screens.edit),
        web.delete(one, screens.delete),
        web.get(f"{one}/availableFields", screens.available),
        web.get(f"{one}/tabs", screens.tabs),
        web.post(f"{one}/tabs", screens.add_tab),
        web.put(tab, screens.rename_tab),
        web.delete(tab, screens.delete_tab),
        web.post(f"{tab}/move/{{pos}}", screens.move_tab),
        web.get(f"{tab}/fields", screens.fields),
        web.post(f"{tab}/fields", screens.add_field),
        web.delete(f"{tab}/fields/{{id}}", screens.remove_field),
        web.post(f"{tab}/fields/{{id}}/move", screens.move_field),
    ]


class ScreenRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET screens: those for the whole site unless other scopes are asked for."""
        ids, scopes = query_list(request, "id"), query_list(request, "scope") or ["GLOBAL"]
        if set(scopes) - {"GLOBAL", "TEMPLATE", "PROJECT"}:
            raise Refused(400, "The scope is unknown.")
        found = self._jira.objects.all(ObjectKind.SCREEN)
        beans = [
            _bean(each)
            for each in found
            if ("PROJECT" if each.project_id else "GLOBAL") in scopes
            and (not ids or str(each.id) in ids)
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans, default=100))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST screens: it has one tab."""
        name, text = self._texts(await read_object(request))
        with self._jira.store.transaction():
            made = add_screen(self._jira, name, {DEFAULT_TAB: ()}, text)
        return json_answer(self._jira.site, _bean(made), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT screens/{id}: name and description."""
        screen = self._screen(request)
        body = {"name": screen.name, "description": screen.body["description"]}
        name, text = self._texts(body | await read_object(request), screen)
        kept = screen.body | {"description": text}
        changed = dataclasses.replace(screen, name=name, body=kept)
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, _bean(changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE screens/{id}: not one that a screen scheme has."""
        screen = self._screen(request)
        schemes = self._jira.objects.all(ObjectKind.SCREEN_SCHEME)
        if any(screen.id in each.body["screens"].values() for each in schemes):
            raise Refused(400, "The screen is used in a screen scheme.")
        self._jira.objects.remove(screen)
        return no_content()

    async def add_to_default(self, request: web.Request) -> web.StreamResponse:
        """POST screens/addToDefault/{field}."""
        field = custom_field(self._jira, request.match_info["fieldId"])
        if field is None or not add_to_default(self._jira, f"customfield_{field.id}"):
            raise Refused(404, "The field was not found or is already present.")
        return json_answer(self._jira.site, {})

    async def tabs_of_many(self, request: web.Request) -> web.StreamResponse:
        """GET screens/tabs: the tabs of several screens, in their order."""
        ids = query_list(request, "screenId")
        if not ids:
            raise Refused(400, "The screen ID is empty.")
        found = [each for each in self._jira.objects.all(ObjectKind.SCREEN) if str(each.id) in ids]
        beans: list[Body] = [
            {"screenId": screen.id, "tabId": tab["id"], "tabName": tab["name"]}
            for screen in found
            for tab in screen.body["tabs"]
        ]
        start = query_integer(request, "startAt", 0)
        size = min(query_integer(request, "maxResult", TABS_PER_PAGE), TABS_PER_PAGE)
        page: Body = {
            "startAt": start,
            "maxResults": size,
            "total": len(beans),
            "isLast": start + size >= len(beans),
            "values": beans[start : start + size],
        }
        return json_answer(self._jira.site, page)

    async def available(self, request: web.Request) -> web.StreamResponse:
        """GET screens/{id}/availableFields: those that are not on it."""
        present = set(fields_of(self._screen(request)))
        names = self._names()
        beans = [{"id": each, "name": name} for each, name in names.items() if each not in present]
        return json_answer(self._jira.site, beans)

    async def tabs(self, request: web.Request) -> web.StreamResponse:
        """GET screens/{id}/tabs."""
        return json_answer(
            self._jira.site, [_tab_bean(each) for each in self._screen(request).body["tabs"]]
        )

    async def add_tab(self, request: web.Request) -> web.StreamResponse:
        """POST screens/{id}/tabs: behind the others."""
        screen = self._screen(request)
        made = new_tab(self._jira, self._tab_name(screen, await read_object(request)))
        put_tabs(self._jira, screen, [*screen.body["tabs"], made])
        return json_answer(self._jira.site, _tab_bean(made))

    async def rename_tab(self, request: web.Request) -> web.StreamResponse:
        """PUT screens/{id}/tabs/{tab}."""
        screen = self._screen(request)
        tab = self._tab(request, screen)
        name = self._tab_name(screen, await read_object(request), tab["id"])
        self._change(screen, tab, lambda each: {**each, "name": name})
        return json_answer(self._jira.site, _tab_bean({**tab, "name": name}))

    async def delete_tab(self, request: web.Request) -> web.StreamResponse:
        """DELETE screens/{id}/tabs/{tab}: its fields go with it."""
        screen = self._screen(request)
        tab = self._tab(request, screen)
        put_tabs(
            self._jira, screen, [each for each in screen.body["tabs"] if each["id"] != tab["id"]]
        )
        return no_content()

    async def move_tab(self, request: web.Request) -> web.StreamResponse:
        """POST screens/{id}/tabs/{tab}/move/{pos}: positions count from 0."""
        screen = self._screen(request)
        tab = self._tab(request, screen)
        rest = [each for each in screen.body["tabs"] if each["id"] != tab["id"]]
        place = request.match_info["pos"]
        if not place.isdigit() or int(place) > len(rest):
            raise Refused(404, "The position is invalid.")
        put_tabs(self._jira, screen, [*rest[: int(place)], tab, *rest[int(place) :]])
        return no_content()

    async def fields(self, request: web.Request) -> web.StreamResponse:
        """GET screens/{id}/tabs/{tab}/fields."""
        names = self._names()
        listed = self._tab(request, self._screen(request))["fields"]
        beans = [{"id": each, "name": names[each]} for each in listed if each in names]
        return json_answer(self._jira.site, beans)

    async def add_field(self, request: web.Request) -> web.StreamResponse:
        """POST screens/{id}/tabs/{tab}/fields: a field is on a screen once."""
        screen = self._screen(request)
        tab = self._tab(request, screen)
        field, names = str((await read_object(request)).get("fieldId") or ""), self._names()
        if field not in names:
            raise Refused(400, f"The field with id {field} does not exist.")
        if field in fields_of(screen):
            raise Refused(400, f"The field with id {field} already exists on the screen.")
        self._change(screen, tab, lambda each: {**each, "fields": [*each["fields"], field]})
        return json_answer(self._jira.site, {"id": field, "name": names[field]})

    async def remove_field(self, request: web.Request) -> web.StreamResponse:
        """DELETE screens/{id}/tabs/{tab}/fields/{field}."""
        screen = self._screen(request)
        tab, field = self._field(request, screen)
        kept = [each for each in tab["fields"] if each != field]
        self._change(screen, tab, lambda each: {**each, "fields": kept})
        return no_content()

    async def move_field(self, request: web.Request) -> web.StreamResponse:
        """POST screens/{id}/tabs/{tab}/fields/{field}/move: by a named position."""
        screen = self._screen(request)
        tab, field = self._field(request, screen)
        rest = [each for each in tab["fields"] if each != field]
        place = tab["fields"].index(field)
        places = {"First": 0, "Last": len(rest), "Earlier": max(place - 1, 0), "Later": place + 1}
        position = str((await read_object(request)).get("position") or "")
        if position not in places:
            raise Refused(400, "The position must be Earlier, Later, First or Last.")
        rest.insert(places[position], field)
        self._change(screen, tab, lambda each: {**each, "fields": rest})
        return no_content()

    def _change(self, screen: JiraObject, tab: Body, change: Callable[[Body], Body]) -> None:
        tabs = screen.body["tabs"]
        put_tabs(self._jira, screen, [change(e) if e["id"] == tab["id"] else e for e in tabs])

    def _names(self) -> dict[str, str]:
        """The names of the fields that can be on a screen, by id."""
        names = field_names(self._jira)
        return {e: n for e, n in names.items() if e in SCREENABLE or e.startswith("customfield_")}

    def _screen(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.SCREEN, request.match_info["screenId"])
        if found is None:
            raise Refused(404, "The screen was not found.")
        return found

    def _tab(self, request: web.Request, screen: JiraObject) -> Body:
        for tab in screen.body["tabs"]:
            if str(tab["id"]) == request.match_info["tabId"]:
                found: Body = tab
                return found
        raise Refused(404, "The screen tab was not found.")

    def _field(self, request: web.Request, screen: JiraObject) -> tuple[Body, str]:
        tab, field = self._tab(request, screen), request.match_info["id"]
        if field not in tab["fields"]:
            raise Refused(404, "The field is not on the screen tab.")
        return tab, field

    def _tab_name(self, screen: JiraObject, body: Body, own: int = 0) -> str:
        name = str(body.get("name") or "").strip()
        others = {tab["name"] for tab in screen.body["tabs"] if tab["id"] != own}
        if not name or len(name) > LONGEST or name in others:
            raise Refused(400, "The tab name is empty, too long or in use on the screen.")
        return name

    def _texts(self, body: Body, own: JiraObject | None = None) -> tuple[str, str]:
        name, text = str(body.get("name") or ""), str(body.get("description") or "")
        if not name.strip() or max(len(name), len(text)) > LONGEST:
            raise Refused(400, "The name must have 1 to 255 characters, the description up to 255.")
        known = self._jira.objects.named(ObjectKind.SCREEN, name)
        if known is not None and (own is None or known.id != own.id):
            raise Refused(400, f"A screen with the name '{name}' already exists.")
        if own is not None and own.name == DEFAULT_SCREEN and name != DEFAULT_SCREEN:
            raise Refused(400, "The default screen keeps its name.")
        return name, text


def _bean(screen: JiraObject) -> Body:
    scope = {"scope": scope_bean(screen.project_id)} if screen.project_id else {}
    named = {"id": screen.id, "name": screen.name, "description": screen.body["description"]}
    return named | scope


def _tab_bean(tab: Body) -> Body:
    return {"id": tab["id"], "name": tab["name"]}
