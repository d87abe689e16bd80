"""Groups and their members."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.accounts import Group
from sitekeep_simulator.answers import json_answer, query_flag, query_list, read_object
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.paging import page_bean, page_bounds, page_of
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_MEMBERS_CAP = 50


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of groups."""
    groups = Groups(jira)
    return [
        web.get(f"{API}/group/bulk", groups.bulk),
        web.get(f"{API}/group/member", groups.members),
        web.post(f"{API}/group", groups.create),
        web.post(f"{API}/group/user", groups.add_member),
    ]


class Groups:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def bulk(self, request: web.Request) -> web.StreamResponse:
        """GET group/bulk: ids and names."""
        ids, names = query_list(request, "groupId"), query_list(request, "groupName")
        found = [
            {"name": group.name, "groupId": group.group_id}
            for group in self._jira.accounts.groups()
            if not (ids or names) or group.group_id in ids or group.name in names
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, found))

    async def members(self, request: web.Request) -> web.StreamResponse:
        """GET group/member: at most 50 a page, inactive people only when asked for."""
        group = self._group(request)
        inactive = query_flag(request, "includeInactiveUsers")
        start, size = page_bounds(request, _MEMBERS_CAP, _MEMBERS_CAP)
        accounts = self._jira.accounts
        page = accounts.members(group.group_id, start, size, inactive=inactive)
        total = accounts.member_count(group.group_id, inactive=inactive)
        values = [user_bean(self._jira, account) for account in page]
        bean = page_bean(self._jira, request, values, start, size, total)
        return json_answer(self._jira.site, bean)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST group. A taken name is refused."""
        name = str((await read_object(request)).get("name") or "")
        if not name:
            raise Refused(400, fields={"name": "You must specify a group name."})
        if self._jira.accounts.group(name=name) is not None:
            raise Refused(400, fields={"groupname": "A group or user with this name exists."})
        return json_answer(self._jira.site, self._bean(self._jira.accounts.add_group(name)), 201)

    async def add_member(self, request: web.Request) -> web.StreamResponse:
        """POST group/user. A member is refused."""
        group = self._group(request)
        account_id = str((await read_object(request)).get("accountId") or "")
        if self._jira.accounts.get(account_id) is None:
            raise Refused(404, "The user does not exist.")
        if self._jira.accounts.is_in_group(group.group_id, account_id):
            raise Refused(400, f"Cannot add user, user is already a member of '{group.name}'.")
        self._jira.accounts.join(group.group_id, [account_id])
        return json_answer(self._jira.site, self._bean(group), 201)

    def _group(self, request: web.Request) -> Group:
        group_id = request.query.get("groupId", "")
        name = request.query.get("groupname", "")
        if not group_id and not name:
            raise Refused(400, "'groupname' or 'groupId' query parameter needs to be provided.")
        found = self._jira.accounts.group(group_id=group_id, name=name)
        if found is None:
            raise Refused(404, "The group does not exist.")
        return found

    def _bean(self, group: Group) -> Body:
        return {
            "name": group.name,
            "groupId": group.group_id,
            "self": self._jira.url(f"/group?groupId={group.group_id}"),
            "users": {"size": 0, "items": [], "max-results": 50, "start-index": 0, "end-index": 0},
            "expand": "users",
        }
