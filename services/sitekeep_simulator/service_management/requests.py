"""Requests: issues as the customers of a desk see them."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, query_list
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.beans import date_bean, person_bean, request_type_bean
from sitekeep_simulator.service_management.fields import (
    APPROVALS,
    PARTICIPANTS,
    REQUEST_TYPE,
    SATISFACTION,
    SLA,
    TO_RESOLUTION,
    TO_RESPONSE,
    service_field,
)
from sitekeep_simulator.service_management.paging import LARGEST_PAGE, SERVICE_DESK_API, page_answer
from sitekeep_simulator.store import Row


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of requests."""
    requests = Requests(issues)
    one = f"{SERVICE_DESK_API}/request/{{issueIdOrKey}}"
    return [
        web.get(one, requests.get),
        web.get(f"{one}/participant", requests.participants),
        web.get(f"{one}/sla", requests.agreements),
        web.get(f"{one}/approval", requests.approvals),
        web.get(f"{one}/feedback", requests.feedback),
    ]


class Requests:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._permissions = Permissions(issues.jira)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET request/{id}: an issue without a request type is none (404)."""
        row, stored, kind = self._found(request)
        expand = query_list(request, "expand")
        bean: Body = {
            "_expands": ["participant", "sla", "requestType"],
            "issueId": str(row["id"]),
            "issueKey": row["key"],
            "summary": stored["summary"],
            "requestTypeId": str(kind.id),
            "serviceDeskId": str(kind.project_id),
            "createdDate": date_bean(row["created"]),
        }
        if "requestType" in expand:
            bean["requestType"] = request_type_bean(self._jira, kind)
        if "participant" in expand:
            bean["participants"] = _page(self._people(self._stored(stored, PARTICIPANTS) or []))
        if "sla" in expand:
            bean["sla"] = _page(self._agreements(stored))
        return json_answer(self._jira.site, bean)

    async def participants(self, request: web.Request) -> web.StreamResponse:
        """GET request/{id}/participant."""
        _, stored, _ = self._found(request)
        people = self._people(self._stored(stored, PARTICIPANTS) or [])
        return page_answer(self._jira, request, people)

    async def agreements(self, request: web.Request) -> web.StreamResponse:
        """GET request/{id}/sla."""
        _, stored, _ = self._found(request)
        return page_answer(self._jira, request, self._agreements(stored))

    async def approvals(self, request: web.Request) -> web.StreamResponse:
        """GET request/{id}/approval."""
        _, stored, _ = self._found(request)
        return page_answer(self._jira, request, self._stored(stored, APPROVALS) or [])

    async def feedback(self, request: web.Request) -> web.StreamResponse:
        """GET request/{id}/feedback: 404 where the customer gave none."""
        _, stored, _ = self._found(request)
        given = self._stored(stored, SATISFACTION)
        if not given:
            raise Refused(404, "The request has no feedback.")
        return json_answer(self._jira.site, {"type": "csat", "rating": given["rating"]})

    def _found(self, request: web.Request) -> tuple[Row, Body, JiraObject]:
        """The issue, its fields and its request type. Raises Refused (404)."""
        row = self._issues.find(request.match_info["issueIdOrKey"])
        if row is not None and not self._permissions.may_see(caller(request), row):
            row = None
        stored: Body = msgspec.json.decode(row["fields"]) if row is not None else {}
        kind = self._jira.objects.get(ObjectKind.REQUEST_TYPE, self._stored(stored, REQUEST_TYPE))
        if row is None or kind is None:
            raise Refused(404, "The request does not exist, or you may not see it.")
        return row, stored, kind

    def _stored(self, stored: Body, full_type: str, name: str = "") -> Any:
        field = service_field(self._jira, full_type, name)
        return None if field is None else stored.get(f"customfield_{field.id}")

    def _people(self, ids: list[str]) -> list[Body]:
        found: list[Account] = self._jira.accounts.many(ids)
        return [person_bean(self._jira, each) for each in found]

    def _agreements(self, stored: Body) -> list[Body]:
        found = (self._stored(stored, SLA, name) for name in (TO_RESOLUTION, TO_RESPONSE))
        return [each for each in found if each]


def _page(values: list[Body]) -> Body:
    """The first page of a list inside of a request."""
    shown = values[:LARGEST_PAGE]
    is_last = len(shown) == len(values)
    page: Body = {"size": len(shown), "start": 0, "limit": LARGEST_PAGE, "isLastPage": is_last}
    return page | {"values": shown}
