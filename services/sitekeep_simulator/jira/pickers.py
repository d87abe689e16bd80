"""What is offered while somebody types: people and groups whose names match."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import json_answer, query_integer, query_list
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_MOST_USERS = 1000


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of the pickers."""
    pickers = Pickers(jira)
    return [
        web.get(f"{API}/user/search", pickers.users),
        web.get(f"{API}/groups/picker", pickers.groups),
    ]


class Pickers:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def users(self, request: web.Request) -> web.StreamResponse:
        """GET user/search: active people, by a part of name or address or by the account id."""
        text = request.query.get("query", "").casefold()
        account_id = request.query.get("accountId", "")
        if not text and not account_id and "query" not in request.query:
            raise Refused(400, "At least one of query, accountId and property is required.")
        start, size = page_bounds(request, 50, _MOST_USERS)
        found = [
            each
            for each in self._jira.accounts.page()
            if each.active and (each.account_id == account_id or _is_meant(each, text))
        ]
        shown = found[start : start + size]
        return json_answer(self._jira.site, [user_bean(self._jira, each) for each in shown])

    async def groups(self, request: web.Request) -> web.StreamResponse:
        """GET groups/picker: groups by a part of their name, some left out."""
        text = request.query.get("query", "")
        left_out = {*query_list(request, "exclude"), *query_list(request, "excludeId")}
        found = [
            each
            for each in self._jira.accounts.groups()
            if text.casefold() in each.name.casefold() and not {each.name, each.group_id} & left_out
        ]
        shown = found[: query_integer(request, "maxResults", 20)]
        groups: list[Body] = [
            {"name": each.name, "html": each.name, "labels": [], "groupId": each.group_id}
            for each in shown
        ]
        header = f"Showing {len(shown)} of {len(found)} matching groups"
        answer = {"header": header, "total": len(found), "groups": groups}
        return json_answer(self._jira.site, answer)


def _is_meant(account: Account, text: str) -> bool:
    address = "" if account.email_hidden else account.email
    names = (account.display_name, address, account.account_id)
    return bool(text) and any(text in each.casefold() for each in names)
