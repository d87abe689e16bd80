"""People and groups: v1, and ``users-bulk`` of v2."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sitekeep_simulator.accounts import ADMIN_GROUP, Account, Group
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    query_integer,
    read_object,
)
from sitekeep_simulator.confluence import shapes, shapes_v1
from sitekeep_simulator.confluence.endpoints.requests import V1, V2, as_list, text_of
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

_MOST = 200
_MOST_USERS = 250
_USER_QUERY = re.compile(r"""\s*type\s*=\s*["']?user["']?\s*""", re.IGNORECASE)


class PeopleEndpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.get(f"{V1}/user/current", self.current),
            web.get(f"{V1}/user", self.user),
            web.get(f"{V1}/search/user", self.search),
            web.post(f"{V2}/users-bulk", self.bulk),
            web.get(f"{V1}/group", self.groups),
            web.post(f"{V1}/group", self.create_group),
            web.get(f"{V1}/group/by-id", self.group),
            web.get(f"{V1}/group/{{groupId}}/membersByGroupId", self.members),
            web.post(f"{V1}/group/userByGroupId", self.add_member),
        ]

    async def current(self, request: web.Request) -> web.StreamResponse:
        """``getCurrentUser``."""
        return json_answer(self._site, shapes_v1.user(self._site, caller(request)))

    async def user(self, request: web.Request) -> web.StreamResponse:
        """``getUser``."""
        account = self._site.accounts.get(request.query.get("accountId", ""))
        if account is None:
            raise Refused(404, "No user found with this account id.")
        return json_answer(self._site, shapes_v1.user(self._site, account))

    async def search(self, request: web.Request) -> web.StreamResponse:
        """``searchUser``: ``type=user`` finds the people who are active."""
        query = request.query.get("cql", "")
        if _USER_QUERY.fullmatch(query) is None:
            raise Refused(400, f"Could not parse cql : {query}")
        start, limit = _window(request, 25)
        rows = self._site.store.rows(
            "SELECT account_id FROM account WHERE active ORDER BY position LIMIT ? OFFSET ?",
            (limit, start),
        )
        total = self._site.store.value("SELECT count(*) FROM account WHERE active")
        found = [self._site.accounts.get(row["account_id"]) for row in rows]
        results = [shapes_v1.found_user(self._site, each) for each in found if each is not None]
        body = self._page(request, results, start, limit, total)
        return json_answer(self._site, body | {"cqlQuery": query, "searchDuration": 1})

    async def bulk(self, request: web.Request) -> web.StreamResponse:
        """``createBulkUserLookup``."""
        body = await read_object(request)
        wanted = [str(each) for each in as_list(body.get("accountIds"), "accountIds", _MOST_USERS)]
        results = [shapes.user(each) for each in self._site.accounts.many(wanted)]
        links = {"base": f"{self._site.placeholder}/wiki"}
        return json_answer(self._site, {"results": results, "_links": links})

    async def groups(self, request: web.Request) -> web.StreamResponse:
        """``getGroups``."""
        start, limit = _window(request, _MOST)
        found = self._site.accounts.groups(start, limit)
        results = [shapes_v1.group(self._site, each) for each in found]
        total = self._site.accounts.group_count()
        return json_answer(self._site, self._page(request, results, start, limit, total))

    async def group(self, request: web.Request) -> web.StreamResponse:
        """``getGroupByGroupId``."""
        found = self._group(request.query.get("id", ""))
        return json_answer(self._site, shapes_v1.group(self._site, found))

    async def members(self, request: web.Request) -> web.StreamResponse:
        """``getGroupMembersByGroupId``."""
        group = self._group(request.match_info["groupId"])
        start, limit = query_integer(request, "start", 0), query_integer(request, "limit", _MOST)
        if not 0 <= limit <= _MOST or start < 0:
            raise Refused(400, f"The limit must not be greater than {_MOST}.")
        found = self._site.accounts.members(group.group_id, start, limit)
        results = [shapes_v1.user(self._site, each) for each in found]
        total = self._site.accounts.member_count(group.group_id)
        return json_answer(self._site, self._page(request, results, start, limit, total))

    async def create_group(self, request: web.Request) -> web.StreamResponse:
        """``createGroup``."""
        self._check_admin(caller(request))
        name = text_of(await read_object(request), "name").strip()
        if not name or self._site.accounts.group(name=name) is not None:
            raise Refused(400, f"The group name is empty or taken: {name}")
        group = self._site.accounts.add_group(name)
        return json_answer(self._site, shapes_v1.group(self._site, group), 201)

    async def add_member(self, request: web.Request) -> web.StreamResponse:
        """``addUserToGroupByGroupId``."""
        self._check_admin(caller(request))
        group = self._group(request.query.get("groupId", ""))
        account = self._site.accounts.get(text_of(await read_object(request), "accountId"))
        if account is None:
            raise Refused(400, "There is no user with that account id.")
        self._site.accounts.join(group.group_id, [account.account_id])
        return no_content(201)

    def _group(self, group_id: str) -> Group:
        found = self._site.accounts.group(group_id=group_id) if group_id else None
        if found is None:
            raise Refused(404, f"There is no group with the id {group_id}")
        return found

    def _check_admin(self, account: Account) -> None:
        admins = self._site.accounts.group(name=ADMIN_GROUP)
        if admins is None or not self._site.accounts.is_in_group(
            admins.group_id, account.account_id
        ):
            raise Refused(403, "Only a site administrator may do that.")

    def _page(
        self, request: web.Request, results: list[Any], start: int, limit: int, total: int
    ) -> dict[str, Any]:
        links = {"base": f"{self._site.placeholder}/wiki", "context": "/wiki"}
        if start + len(results) < total and results:
            query = {**request.query, "start": start + len(results), "limit": limit}
            links["next"] = f"{request.path.removeprefix('/wiki')}?{urlencode(query)}"
        return {
            "results": results,
            "start": start,
            "limit": limit,
            "size": len(results),
            "totalSize": total,
            "_links": links,
        }


def _window(request: web.Request, default: int) -> tuple[int, int]:
    start, limit = query_integer(request, "start", 0), query_integer(request, "limit", default)
    if start < 0 or limit < 0:
        raise Refused(400, "start and limit must not be negative.")
    return start, min(limit, _MOST)
