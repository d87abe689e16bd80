"""Filters: saved queries, each with an owner and with permissions."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.filter_queries import check_query
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.shares import Shares
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_EXPANDED = ("description", "jql", "favourite", "favouritedCount")
_OTHERS = frozenset({"owner", "sharePermissions", "editPermissions", "subscriptions"})
_MORE = frozenset({"searchUrl", "viewUrl", "isWritable", "approximateLastUsed", "sharedUsers"})
_ORDERS = ("id", "name")
_MOST_IDS = 200


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of filters."""
    filters = FilterRoutes(jira)
    one = f"{API}/filter/{{id}}"
    return [
        web.get(f"{API}/filter/search", filters.search),
        web.post(f"{API}/filter", filters.create),
        web.get(one, filters.get),
        web.put(one, filters.edit),
        web.delete(one, filters.delete),
        web.put(f"{one}/owner", filters.change_owner),
    ]


def add_filter(jira: Jira, name: str, owner: str, jql: str, body: Body) -> JiraObject:
    """Stores a filter without any check."""
    begun: Body = {"description": "", "shares": [], "edits": [], "subscriptions": []}
    own = {"owner": owner, "jql": jql}
    return jira.objects.add(ObjectKind.FILTER, name, begun | body | own)


class FilterRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._shares = Shares(jira)
        self._access = FilterAccess(jira)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET filter/search: what the caller sees; an administrator sees all shared ones."""
        expand = self._expand(request)
        found = [each for each in self._visible(request) if self._matches(request, each)]
        order = request.query.get("orderBy", "name")
        if order.lstrip("+-") not in _ORDERS:
            raise Refused(400, f"The orderBy '{order}' is not supported.")
        by_id = order.lstrip("+-") == "id"
        found.sort(key=lambda each: (each.id if by_id else 0, each.name.casefold()))
        page = page_of(self._jira, request, found)
        page["values"] = [self._listed(each, expand) for each in page["values"]]
        return json_answer(self._jira.site, page)

    def _matches(self, request: web.Request, found: JiraObject) -> bool:
        ids = query_list(request, "id")
        if len(ids) > _MOST_IDS:
            raise Refused(400, f"At most {_MOST_IDS} filter ids can be asked for.")
        name = request.query.get("filterName", "").casefold()
        owner = request.query.get("accountId", found.body["owner"])
        return (
            (not ids or str(found.id) in ids)
            and name in found.name.casefold()
            and owner == found.body["owner"]
        )

    @staticmethod
    def _expand(request: web.Request) -> set[str]:
        names = set(query_list(request, "expand"))
        if names - _OTHERS - _MORE - set(_EXPANDED):
            raise Refused(400, "The expand includes an invalid value.")
        return names

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST filter: owned by the caller; who may edit it can only be said later."""
        body, owner = await read_object(request), caller(request)
        values = self._values(body, owner)
        name = self._name(body, owner.account_id)
        check_query(self._jira, values["jql"])
        values.pop("edits", None)
        jql = values.pop("jql")
        created = add_filter(self._jira, name, owner.account_id, jql, values)
        return json_answer(self._jira.site, self._whole(created))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET filter/{id}."""
        return json_answer(self._jira.site, self._whole(self._filter(request)))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT filter/{id}: its owner only."""
        found, body = self._filter(request), await read_object(request)
        who = caller(request)
        if found.body["owner"] != who.account_id:
            raise Refused(400, "You are not the owner of this filter.")
        name = self._name(body, found.body["owner"], found.id)
        values = found.body | self._values(body, who, found.body["jql"])
        check_query(self._jira, values["jql"])
        changed = dataclasses.replace(found, name=name, body=values)
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, self._whole(changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE filter/{id}."""
        self._jira.objects.remove(self._filter(request))
        return no_content()

    async def change_owner(self, request: web.Request) -> web.StreamResponse:
        """PUT filter/{id}/owner: its owner or an administrator."""
        found, body = self._filter(request), await read_object(request)
        who = caller(request)
        if found.body["owner"] != who.account_id and not self._access.is_admin(who):
            raise Refused(403, "You do not have permission to change the owner.")
        owner = self._jira.accounts.get(str(body.get("accountId") or ""))
        if owner is None:
            raise Refused(404, "The new owner of the filter is not found.")
        if self._taken(found.name, owner.account_id, 0):
            raise Refused(400, "The new owner of the filter owns a filter with the same name.")
        changed = found.body | {"owner": owner.account_id}
        self._jira.objects.put(dataclasses.replace(found, body=changed))
        return no_content()

    def _values(self, body: Body, who: Account, jql: str = "") -> Body:
        return {
            "jql": str(body.get("jql", jql) or ""),
            "description": str(body.get("description") or ""),
            "shares": self._shares.read(body, "sharePermissions", who),
            "edits": self._shares.read(body, "editPermissions", who),
        }

    def _name(self, body: Body, owner: str, own_id: int = 0) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, fields={"filterName": "You must specify a name of the filter."})
        if self._taken(name, owner, own_id):
            raise Refused(400, fields={"filterName": "Filter with same name already exists."})
        return name

    def _taken(self, name: str, owner: str, own_id: int) -> bool:
        return any(
            each.name.casefold() == name.casefold()
            and each.body["owner"] == owner
            and each.id != own_id
            for each in self._jira.objects.all(ObjectKind.FILTER)
        )

    def _visible(self, request: web.Request) -> list[JiraObject]:
        who = caller(request)
        everything = query_flag(request, "overrideSharePermissions") and self._access.is_admin(who)
        return [
            each
            for each in self._jira.objects.all(ObjectKind.FILTER)
            if self._access.sees(who, each) or (everything and each.body["shares"])
        ]

    def _filter(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.FILTER, request.match_info["id"])
        who = caller(request)
        if found is None or not (self._access.sees(who, found) or self._access.is_admin(who)):
            raise Refused(400, "The selected filter is not available to you.")
        return found

    def _listed(self, found: JiraObject, expand: set[str]) -> Body:
        whole = self._whole(found)
        whole |= {"subscriptions": self._subscriptions(found)}
        kept = {
            name: whole[name] for name in (*_EXPANDED, *_OTHERS) if name in expand and name in whole
        }
        return {name: whole[name] for name in ("self", "id", "name")} | kept

    def _whole(self, found: JiraObject) -> Body:
        base = self._jira.site.placeholder
        bean: Body = {
            "self": self._jira.url(f"/filter/{found.id}"),
            "id": str(found.id),
            "name": found.name,
            "description": found.body["description"],
            "jql": found.body["jql"],
            "viewUrl": f"{base}/issues/?filter={found.id}",
            "favourite": False,
            "favouritedCount": 0,
            "sharePermissions": self._shares.beans(found.body["shares"]),
            "editPermissions": self._shares.beans(found.body["edits"]),
            "subscriptions": self._subscription_page(found),
        }
        owner = self._jira.accounts.get(found.body["owner"])
        return bean if owner is None else bean | {"owner": user_bean(self._jira, owner)}

    def _subscriptions(self, found: JiraObject) -> list[Body]:
        accounts = ((n, self._jira.accounts.get(a)) for n, a in found.body["subscriptions"])
        return [
            {"id": number, "user": user_bean(self._jira, account)}
            for number, account in accounts
            if account is not None
        ]

    def _subscription_page(self, found: JiraObject) -> Body:
        items = self._subscriptions(found)
        end = max(len(items) - 1, 0)
        return {
            "size": len(items),
            "items": items,
            "max-results": 1000,
            "start-index": 0,
            "end-index": end,
        }
