"""The customers of a desk: who may ask it for something."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import no_content, read_object
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.beans import person_bean
from sitekeep_simulator.service_management.desks import desk_in
from sitekeep_simulator.service_management.gate import CUSTOMER
from sitekeep_simulator.service_management.organizations import known_accounts
from sitekeep_simulator.service_management.paging import page_answer


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of customers."""
    customers = Customers(jira)
    return [web.get(CUSTOMER, customers.list), web.post(CUSTOMER, customers.add)]


class Customers:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET servicedesk/{id}/customer."""
        found = self._jira.accounts.many(desk_in(self._jira, request).body["customers"])
        beans = [person_bean(self._jira, each) for each in found]
        return page_answer(self._jira, request, beans)

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST servicedesk/{id}/customer; who is one already stays."""
        desk = desk_in(self._jira, request)
        added = known_accounts(self._jira, await read_object(request))
        customers = list(dict.fromkeys([*desk.body["customers"], *added]))
        self._jira.objects.put(dataclasses.replace(desk, body=desk.body | {"customers": customers}))
        return no_content()
