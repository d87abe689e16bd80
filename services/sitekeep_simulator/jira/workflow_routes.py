"""The endpoints of statuses and workflows."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.beans import beans_of, status_item
from sitekeep_simulator.jira.defaults import DEFAULT_WORKFLOW, add_status, workflow_uuid
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.jira.workflow_checks import CATEGORIES, problems_of
from sitekeep_simulator.jira.workflows import statuses_of, workflow_bean
from sitekeep_simulator.refusals import Refused

_WORKFLOW_KEYS = ("startPointLayout", "loopedTransitionContainerLayout")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of statuses and workflows."""
    handlers = WorkflowRoutes(jira)
    return [
        web.get(f"{API}/status", handlers.old_statuses),
        web.get(f"{API}/statuses", handlers.statuses),
        web.post(f"{API}/statuses", handlers.create_statuses),
        web.get(f"{API}/statuses/search", handlers.search_statuses),
        web.get(f"{API}/workflows/search", handlers.search),
        web.post(f"{API}/workflows", handlers.read),
        web.post(f"{API}/workflows/create", handlers.create),
        web.post(f"{API}/workflows/create/validation", handlers.validate),
        web.delete(f"{API}/workflow/{{entityId}}", handlers.delete),
    ]


class WorkflowRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def old_statuses(self, _: web.Request) -> web.StreamResponse:
        """GET status: every status, unpaged."""
        return json_answer(self._jira.site, beans_of(self._jira, ObjectKind.STATUS))

    async def statuses(self, request: web.Request) -> web.StreamResponse:
        """GET statuses by their ids."""
        ids = query_list(request, "id")
        if not ids or len(ids) > 50:
            raise Refused(400, "Between 1 and 50 ids must be given.")
        found = [self._jira.objects.get(ObjectKind.STATUS, each) for each in ids]
        items = [status_item(each) for each in found if each is not None]
        return json_answer(self._jira.site, items)

    async def search_statuses(self, request: web.Request) -> web.StreamResponse:
        """GET statuses/search: at most 200 a page."""
        category = request.query.get("statusCategory", "")
        text = request.query.get("searchString", "").lower()
        project = request.query.get("projectId", "")
        found = [
            each
            for each in self._jira.objects.all(ObjectKind.STATUS)
            if (not category or each.body["category"] == category)
            and text in each.name.lower()
            and (not project or str(each.project_id) == project)
        ]
        page = page_of(self._jira, request, found, default=200, cap=200)
        page["values"] = [status_item(each) for each in page["values"]]
        return json_answer(self._jira.site, page)

    async def create_statuses(self, request: web.Request) -> web.StreamResponse:
        """POST statuses. A taken name is refused (409)."""
        body = await read_object(request)
        scope = object_in(body, "scope")
        project_id = int(object_in(scope, "project").get("id") or 0)
        created: list[JiraObject] = []
        with self._jira.store.transaction():
            for each in list_in(body, "statuses"):
                name, category = _status_parts(each)
                if self._jira.objects.named(ObjectKind.STATUS, name, project_id) is not None:
                    raise Refused(409, f"The status name '{name}' is already in use.")
                text = str(each.get("description") or "")
                created.append(add_status(self._jira, name, category, text, project_id))
        return json_answer(self._jira.site, [status_item(each) for each in created])

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET workflows/search."""
        text = request.query.get("queryString", "").lower()
        listed = self._jira.objects.all(ObjectKind.WORKFLOW)
        found = [each for each in listed if text in each.name.lower()]
        page = page_of(self._jira, request, found, default=50, cap=200)
        page["statuses"] = statuses_of(self._jira, page["values"])
        whole = "values.transitions" in query_list(request, "expand")
        page["values"] = [workflow_bean(each, whole=whole) for each in page["values"]]
        return json_answer(self._jira.site, page)

    async def read(self, request: web.Request) -> web.StreamResponse:
        """POST workflows: by ids or names."""
        body = await read_object(request)
        ids, names = list_in(body, "workflowIds"), list_in(body, "workflowNames")
        found = [
            each
            for each in self._jira.objects.all(ObjectKind.WORKFLOW)
            if each.body["id"] in ids or each.name in names
        ]
        return json_answer(self._jira.site, self._bulk(found))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST workflows/create: statuses and workflows together, all or nothing.

        A status that exists already is overwritten by what the body says of it, its
        description included.
        """
        body = await read_object(request)
        problems = problems_of(self._jira, body)
        if problems:
            raise Refused(400, *(each.message for each in problems))
        project_id = int(object_in(object_in(body, "scope"), "project").get("id") or 0)
        with self._jira.store.transaction():
            ids = self._statuses(list_in(body, "statuses"), project_id)
            created = [self._workflow(each, ids, project_id) for each in list_in(body, "workflows")]
        return json_answer(self._jira.site, self._bulk(created))

    async def validate(self, request: web.Request) -> web.StreamResponse:
        """POST workflows/create/validation: what is wrong with the body of a create."""
        problems = problems_of(self._jira, object_in(await read_object(request), "payload"))
        return json_answer(self._jira.site, {"errors": [each.bean for each in problems]})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE workflow/{id}: refused as long as a scheme or a draft of one has it."""
        wanted = request.match_info["entityId"]
        listed = self._jira.objects.all(ObjectKind.WORKFLOW)
        found = next((each for each in listed if each.body["id"] == wanted), None)
        if found is None:
            raise Refused(404, "The workflow was not found.")
        if found.name == DEFAULT_WORKFLOW or found.name in self._named_in_schemes():
            raise Refused(400, "Cannot delete an active workflow.")
        self._jira.objects.remove(found)
        return no_content()

    def _named_in_schemes(self) -> set[str]:
        names: set[str] = set()
        for scheme in self._jira.objects.all(ObjectKind.WORKFLOW_SCHEME):
            for body in (scheme.body, scheme.body.get("draft")):
                if body:
                    names |= {body["defaultWorkflow"], *body["issueTypeMappings"].values()}
        return names

    def _bulk(self, workflows: list[JiraObject]) -> Body:
        return {
            "statuses": statuses_of(self._jira, workflows),
            "workflows": [workflow_bean(each) for each in workflows],
        }

    def _statuses(self, listed: list[Body], project_id: int) -> dict[str, str]:
        return {
            str(each["statusReference"]): str(
                self._upsert(each, str(each["statusReference"]), project_id)
            )
            for each in listed
        }

    def _upsert(self, listed: Body, reference: str, project_id: int) -> int:
        name, category = _status_parts(listed)
        text = str(listed.get("description") or "")
        objects = self._jira.objects
        known = objects.get(ObjectKind.STATUS, listed.get("id") or reference)
        known = known or objects.named(ObjectKind.STATUS, name, project_id)
        if known is None:
            return add_status(self._jira, name, category, text, project_id).id
        body = known.body | {"description": text, "category": category}
        if body != known.body or name != known.name:
            objects.put(dataclasses.replace(known, name=name, body=body))
            self._jira.store.execute("DELETE FROM jira_rendered")
        return known.id

    def _workflow(self, listed: Body, ids: dict[str, str], project_id: int) -> JiraObject:
        name = str(listed["name"]).strip()
        transitions: list[Body] = list_in(listed, "transitions")
        body: Body = {key: listed[key] for key in _WORKFLOW_KEYS if key in listed}
        body |= {
            "id": workflow_uuid(self._jira, name),
            "description": str(listed.get("description") or ""),
            "statuses": [
                each | {"statusReference": ids[str(each["statusReference"])]}
                for each in list_in(listed, "statuses")
            ],
            "transitions": [_with_ids(each, ids) for each in transitions],
            "created": self._jira.now(),
        }
        return self._jira.objects.add(ObjectKind.WORKFLOW, name, body, project_id=project_id)


def _status_parts(listed: Body) -> tuple[str, str]:
    name, category = str(listed.get("name") or "").strip(), str(listed.get("statusCategory"))
    if not name or len(name) > 255:
        raise Refused(400, "A status name must have 1 to 255 characters.")
    if category not in CATEGORIES:
        raise Refused(400, f"The status category '{category}' is not one of {CATEGORIES}.")
    return name, category


def _with_ids(transition: Body, ids: dict[str, str]) -> Body:
    links: list[dict[str, Any]] = list_in(transition, "links")
    empty: Body = {"description": "", "actions": [], "validators": [], "triggers": []}
    target = transition.get("toStatusReference")
    to = {} if target is None else {"toStatusReference": ids[str(target)]}
    return {
        **empty,
        "properties": {},
        **transition,
        "id": str(transition.get("id")),
        **to,
        "links": [
            link | {"fromStatusReference": ids[str(link["fromStatusReference"])]} for link in links
        ],
    }
