"""Dashboards: their owners and permissions, and the gadgets on them."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    list_in,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.shares import Shares
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

STATES = ("active", "archived", "deleted")
_EXPANDED = ("description", "owner", "sharePermissions", "editPermissions")
_SYSTEM = "Default dashboard"
_MOST_EDITED = 100


def add_dashboard(jira: Jira, name: str, owner: str, body: Body) -> JiraObject:
    """Stores a dashboard without any check."""
    begun: Body = {"description": "", "shares": [], "edits": [], "state": "active", "gadgets": []}
    return jira.objects.add(ObjectKind.DASHBOARD, name, begun | body | {"owner": owner})


class Dashboards:
    """Finds dashboards for those who may see or change them."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self.access = FilterAccess(jira)

    def all(self) -> list[JiraObject]:
        """Every dashboard by id."""
        return self._jira.objects.all(ObjectKind.DASHBOARD)

    def seen(self, wanted: str, who: Account) -> JiraObject:
        """A dashboard that the account sees. Raises Refused (404)."""
        found = self._jira.objects.get(ObjectKind.DASHBOARD, wanted)
        if found is None or not self.access.sees(who, found):
            raise Refused(404, f"The dashboard with id '{wanted}' does not exist.")
        return found

    def owned(self, wanted: str, who: Account) -> JiraObject:
        """A dashboard of the account's own. Raises Refused (404, 400)."""
        found = self.seen(wanted, who)
        if found.body["owner"] != who.account_id:
            raise Refused(400, "You cannot edit this dashboard: it is not yours.")
        return found

    def taken(self, name: str, owner: str, own_id: int = 0) -> bool:
        """Whether an owner has another dashboard of that name."""
        return any(
            each.name.casefold() == name.casefold()
            and each.body["owner"] == owner
            and each.id != own_id
            for each in self.all()
        )


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of dashboards."""
    dashboards = DashboardRoutes(jira)
    one = f"{API}/dashboard/{{id}}"
    return [
        web.get(f"{API}/dashboard/search", dashboards.search),
        web.post(f"{API}/dashboard", dashboards.create),
        web.put(f"{API}/dashboard/bulk/edit", dashboards.edit_many),
        web.get(one, dashboards.get),
        web.put(one, dashboards.edit),
        web.delete(one, dashboards.delete),
    ]


class DashboardRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._dashboards = Dashboards(jira)
        self._shares = Shares(jira)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard/search: one state, what the caller sees, and the system's own one."""
        state = request.query.get("status", "active")
        expand = query_list(request, "expand")
        if state not in STATES:
            raise Refused(400, "The status is not one of active, archived, deleted.")
        found = [each for each in self._dashboards.all() if self._matches(request, each, state)]
        order = request.query.get("orderBy", "name").lstrip("+-")
        found.sort(key=lambda each: (each.id if order == "id" else 0, each.name.casefold()))
        beans = [self._bean(each, expand) for each in found]
        if state == "active" and "accountId" not in request.query:
            beans.insert(0, self._system())
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    def active(self, request: web.Request) -> list[Body]:
        """Those that the caller sees, the system's own one first."""
        found = [each for each in self._dashboards.all() if self._matches(request, each, "active")]
        return [self._system(), *(self._bean(each, ["owner"]) for each in found)]

    def _matches(self, request: web.Request, found: JiraObject, state: str) -> bool:
        name = request.query.get("dashboardName", "").casefold()
        owner = request.query.get("accountId", found.body["owner"])
        return (
            found.body["state"] == state
            and name in found.name.casefold()
            and owner == found.body["owner"]
            and self._dashboards.access.sees(caller(request), found)
        )

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST dashboard: owned by the caller."""
        body, who = await read_object(request), caller(request)
        values = self._values(body, who)
        name = self._name(body, who.account_id)
        created = add_dashboard(self._jira, name, who.account_id, values)
        return json_answer(self._jira.site, self._bean(created, list(_EXPANDED)))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard/{id}."""
        found = self._dashboards.seen(request.match_info["id"], caller(request))
        return json_answer(self._jira.site, self._bean(found, list(_EXPANDED)))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT dashboard/{id}: everything about it is replaced."""
        body, who = await read_object(request), caller(request)
        found = self._dashboards.owned(request.match_info["id"], who)
        values = found.body | self._values(body, who)
        name = self._name(body, found.body["owner"], found.id)
        changed = dataclasses.replace(found, name=name, body=values)
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, self._bean(changed, list(_EXPANDED)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE dashboard/{id}: into the trash."""
        found = self._dashboards.owned(request.match_info["id"], caller(request))
        body = found.body | {"state": "deleted"}
        self._jira.objects.put(dataclasses.replace(found, body=body))
        return no_content()

    async def edit_many(self, request: web.Request) -> web.StreamResponse:
        """PUT dashboard/bulk/edit: here only other owners."""
        body, who = await read_object(request), caller(request)
        ids = [str(each) for each in list_in(body, "entityIds")]
        if body.get("action") != "changeOwner" or not 1 <= len(ids) <= _MOST_EDITED:
            raise Refused(400, "The action or the number of dashboards is not supported.")
        details = object_in(body, "changeOwnerDetails")
        owner = self._jira.accounts.get(str(details.get("newOwner") or ""))
        if owner is None:
            raise Refused(400, "The new owner does not exist.")
        admin = body.get("extendAdminPermissions") and self._dashboards.access.is_admin(who)
        errors = {each: self._give(each, owner, who, admin=bool(admin)) for each in ids}
        wrong: Body = {
            each: {"errorMessages": [text], "errors": {}} for each, text in errors.items() if text
        }
        answer: Body = {"action": "changeOwner", "entityErrors": wrong}
        return json_answer(self._jira.site, answer)

    def _give(self, wanted: str, owner: Account, who: Account, *, admin: bool) -> str:
        found = self._jira.objects.get(ObjectKind.DASHBOARD, wanted)
        if found is None or (found.body["owner"] != who.account_id and not admin):
            return "The dashboard does not exist or is not yours."
        if self._dashboards.taken(found.name, owner.account_id, found.id):
            return "The new owner has a dashboard of that name."
        body = found.body | {"owner": owner.account_id}
        self._jira.objects.put(dataclasses.replace(found, body=body))
        return ""

    def _values(self, body: Body, who: Account) -> Body:
        for name in ("sharePermissions", "editPermissions"):
            if name not in body:
                raise Refused(400, fields={name: "The permissions are required."})
        return {
            "description": str(body.get("description") or ""),
            "shares": self._shares.read(body, "sharePermissions", who),
            "edits": self._shares.read(body, "editPermissions", who),
        }

    def _name(self, body: Body, owner: str, own_id: int = 0) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, fields={"name": "You must specify a name of the dashboard."})
        if self._dashboards.taken(name, owner, own_id):
            raise Refused(400, fields={"name": "You have a dashboard of that name already."})
        return name

    def _system(self) -> Body:
        return {
            "id": "10000",
            "self": self._jira.url("/dashboard/10000"),
            "name": _SYSTEM,
            "systemDashboard": True,
            "isFavourite": False,
            "popularity": 0,
            "sharePermissions": [{"id": 10_000, "type": "global"}],
            "view": f"{self._jira.site.placeholder}/jira/dashboards/10000",
        }

    def _bean(self, found: JiraObject, expand: list[str]) -> Body:
        bean: Body = {
            "id": str(found.id),
            "self": self._jira.url(f"/dashboard/{found.id}"),
            "name": found.name,
            "view": f"{self._jira.site.placeholder}/jira/dashboards/{found.id}",
            "isFavourite": False,
            "popularity": 0,
            "systemDashboard": False,
        }
        whole: Body = {
            "description": found.body["description"],
            "sharePermissions": self._shares.beans(found.body["shares"]),
            "editPermissions": self._shares.beans(found.body["edits"]),
        }
        owner = self._jira.accounts.get(found.body["owner"])
        if owner is not None:
            whole["owner"] = _person(self._jira, owner)
        return bean | {name: whole[name] for name in expand if name in whole}


def _person(jira: Jira, account: Account) -> Any:
    bean = user_bean(jira, account)
    return {key: bean[key] for key in ("self", "accountId", "active", "displayName")}
