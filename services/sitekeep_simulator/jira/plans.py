"""Plans of Jira Premium: what is planned over several projects, boards and filters."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    query_flag,
    query_integer,
    read_object,
)
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.plan_bodies import PlanBodies
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

ACTIVE, ARCHIVED, TRASHED = "Active", "Archived", "Trashed"
PLANS = f"{API}/plans/plan"
_CAP = 50


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of plans."""
    plans = PlanRoutes(jira)
    one = f"{PLANS}/{{planId}}"
    return [
        web.get(PLANS, plans.all),
        web.post(PLANS, plans.create),
        web.get(one, plans.get),
        web.put(f"{one}/archive", plans.archive),
        web.put(f"{one}/trash", plans.trash),
    ]


def cursor_page(request: web.Request, values: list[Any]) -> Body:
    """The page of a list with a cursor, which is a place in the list."""
    start = query_integer(request, "cursor", 0)
    size = min(query_integer(request, "maxResults", _CAP), _CAP)
    part = values[start : start + size]
    end = start + len(part) >= len(values)
    page: Body = {"cursor": str(start) if start else "", "last": end, "size": len(part)}
    following = {} if end else {"nextPageCursor": str(start + len(part))}
    return page | following | {"total": len(values), "values": part}


class Plans:
    """Finds plans for those who may see them."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._access = FilterAccess(jira)

    def check(self, who: Account) -> None:
        """Raises Refused (403) on a site without plans and for who is no administrator."""
        if not self._jira.site.premium or not self._access.is_admin(who):
            raise Refused(403, "Plans need Jira Premium and an administrator of Jira.")

    def found(self, request: web.Request) -> JiraObject:
        """The plan of a request. Raises Refused (403, 404)."""
        self.check(caller(request))
        found = self._jira.objects.get(ObjectKind.PLAN, request.match_info["planId"])
        if found is None:
            raise Refused(404, "The plan is not found.")
        return found

    def active(self, request: web.Request) -> JiraObject:
        """The same for a write. Raises Refused (403, 404, 409)."""
        found = self.found(request)
        if found.body["status"] != ACTIVE:
            raise Refused(409, "The plan is not active.")
        return found

    def change(self, plan: JiraObject, **values: Any) -> None:
        """Keeps other values of a plan, saved now."""
        saved = {"lastSaved": self._jira.site.now()}
        changed = dataclasses.replace(plan, body=plan.body | values | saved)
        self._jira.objects.put(changed)


class PlanRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._plans = Plans(jira)
        self._bodies = PlanBodies(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET plans/plan: active ones unless others are asked for."""
        self._plans.check(caller(request))
        shown = {ACTIVE}
        shown |= {ARCHIVED} if query_flag(request, "includeArchived") else set()
        shown |= {TRASHED} if query_flag(request, "includeTrashed") else set()
        found = self._jira.objects.all(ObjectKind.PLAN)
        beans = [self._bodies.listed(each) for each in found if each.body["status"] in shown]
        return json_answer(self._jira.site, cursor_page(request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST plans/plan: everything that it names must be there."""
        self._plans.check(caller(request))
        by_id = query_flag(request, "useGroupId")
        name, kept = self._bodies.read(await read_object(request), caller(request), by_id=by_id)
        begun: Body = {"status": ACTIVE, "lastSaved": self._jira.site.now(), "teams": []}
        made = self._jira.objects.add(ObjectKind.PLAN, name, kept | begun)
        return json_answer(self._jira.site, made.id, 201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET plans/plan/{id}."""
        by_id = query_flag(request, "useGroupId")
        whole = self._bodies.whole(self._plans.found(request), by_id=by_id)
        return json_answer(self._jira.site, whole)

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """PUT plans/plan/{id}/archive."""
        self._plans.change(self._plans.active(request), status=ARCHIVED)
        return no_content()

    async def trash(self, request: web.Request) -> web.StreamResponse:
        """PUT plans/plan/{id}/trash."""
        self._plans.change(self._plans.active(request), status=TRASHED)
        return no_content()
