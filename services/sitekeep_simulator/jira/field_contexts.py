"""For which projects and issue types a custom field is: its contexts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.fields import add_context, custom_field, is_locked
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

LONGEST = 255
"""Characters of a name or a description (Jira REST v3, CustomFieldContextUpdateDetails)."""


def contexts_of(jira: Jira, field: JiraObject) -> list[JiraObject]:
    """Every context of a field."""
    return jira.objects.all(ObjectKind.CONTEXT, field.id)


def context_for(jira: Jira, field: JiraObject, project_id: int, type_id: int) -> JiraObject | None:
    """The context of an issue: that of its project before that of all projects; None: none."""
    fitting = [
        each
        for each in contexts_of(jira, field)
        if not each.body["issueTypeIds"] or str(type_id) in each.body["issueTypeIds"]
    ]
    own = (each for each in fitting if str(project_id) in each.body["projectIds"])
    wide = (each for each in fitting if not each.body["projectIds"])
    return next(own, None) or next(wide, None)


def options_in(jira: Jira, context: JiraObject) -> list[JiraObject]:
    """The options of a context in their order, those below others after all of those."""
    found = jira.objects.all(ObjectKind.OPTION, context.id)
    return sorted(found, key=lambda each: (each.body["parent"] > 0, each.body["place"]))


def options_of(jira: Jira, field: JiraObject) -> list[JiraObject]:
    """The options of every context of a field."""
    return [each for context in contexts_of(jira, field) for each in options_in(jira, context)]


def required_field(jira: Jira, request: web.Request, *, writing: bool = False) -> JiraObject:
    """The field that a request names. Raises Refused (404; 400 for a change of a locked one)."""
    found = custom_field(jira, request.match_info["fieldId"])
    if found is None or found.project_id:
        # A field of one project has no contexts that could be read.
        raise Refused(404, "The custom field was not found.")
    if writing and is_locked(found):
        raise Refused(400, "The custom field is locked.")
    return found


def required_context(jira: Jira, request: web.Request, *, writing: bool = False) -> JiraObject:
    """The context that a request names. Raises Refused (404)."""
    field = required_field(jira, request, writing=writing)
    found = jira.objects.get(ObjectKind.CONTEXT, request.match_info["contextId"])
    if found is None or found.project_id != field.id:
        raise Refused(404, "The custom field context was not found.")
    return found


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of contexts."""
    contexts = Contexts(jira)
    listed = f"{API}/field/{{fieldId}}/context"
    one = f"{listed}/{{contextId:[0-9]+}}"
    return [
        web.get(listed, contexts.all),
        web.post(listed, contexts.create),
        web.get(f"{listed}/projectmapping", contexts.projects),
        web.get(f"{listed}/issuetypemapping", contexts.types),
        web.put(one, contexts.edit),
        web.delete(one, contexts.delete),
        web.put(f"{one}/project", contexts.add_projects),
        web.post(f"{one}/project/remove", contexts.remove_projects),
        web.put(f"{one}/issuetype", contexts.add_types),
        web.post(f"{one}/issuetype/remove", contexts.remove_types),
    ]


class Contexts:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context."""
        found = self._wanted(request)
        beans = [
            {
                "id": str(each.id),
                "name": each.name,
                "description": each.body["description"],
                "isGlobalContext": not each.body["projectIds"],
                "isAnyIssueType": not each.body["issueTypeIds"],
            }
            for each in found
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context/projectmapping: one item per project of a context."""
        beans: list[Body] = []
        for each in self._wanted(request):
            own = {"contextId": str(each.id)}
            named = each.body["projectIds"]
            beans += [{**own, "projectId": project} for project in named]
            beans += [] if named else [{**own, "isGlobalContext": True}]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def types(self, request: web.Request) -> web.StreamResponse:
        """GET field/{id}/context/issuetypemapping: one item per issue type of a context."""
        beans: list[Body] = []
        for each in self._wanted(request):
            own = {"contextId": str(each.id)}
            named = each.body["issueTypeIds"]
            beans += [{**own, "issueTypeId": kind} for kind in named]
            beans += [] if named else [{**own, "isAnyIssueType": True}]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST field/{id}/context: a field has one context for all projects at most."""
        field = required_field(self._jira, request, writing=True)
        body = await read_object(request)
        name, text = self._texts(field, body)
        projects = self._projects(list_in(body, "projectIds"))
        types = self._types(list_in(body, "issueTypeIds"))
        if not projects and any(not e.body["projectIds"] for e in contexts_of(self._jira, field)):
            raise Refused(409, "The custom field already has a global context.")
        self._check_free(field, projects)
        with self._jira.store.transaction():
            made = add_context(self._jira, field, name, projects, types, text)
        answer: Body = {"id": str(made.id), "name": name, **made.body}
        return json_answer(self._jira.site, answer, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT field/{id}/context/{context}: name and description."""
        context = required_context(self._jira, request, writing=True)
        field = required_field(self._jira, request)
        body = {"name": context.name, "description": context.body["description"]}
        name, text = self._texts(field, body | await read_object(request), context)
        kept = context.body | {"description": text}
        self._jira.objects.put(dataclasses.replace(context, name=name, body=kept))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE field/{id}/context/{context}: its options go with it."""
        context = required_context(self._jira, request, writing=True)
        with self._jira.store.transaction():
            self._jira.objects.remove_scope(ObjectKind.OPTION, context.id)
            self._jira.objects.remove(context)
        return no_content()

    async def add_projects(self, request: web.Request) -> web.StreamResponse:
        """PUT …/project: one that has a context of the field fails the whole call."""
        context = required_context(self._jira, request, writing=True)
        added = self._projects(list_in(await read_object(request), "projectIds"))
        if not context.body["projectIds"]:
            raise Refused(400, "Projects cannot be added to the global context.")
        self._check_free(required_field(self._jira, request), added)
        self._change(context, "projectIds", [*context.body["projectIds"], *map(str, added)])
        return no_content()

    async def remove_projects(self, request: web.Request) -> web.StreamResponse:
        """POST …/project/remove: the last one cannot go, the context would become global."""
        context = required_context(self._jira, request, writing=True)
        gone = {str(each) for each in list_in(await read_object(request), "projectIds")}
        kept = [each for each in context.body["projectIds"] if each not in gone]
        if not kept or not gone <= set(context.body["projectIds"]):
            raise Refused(400, "The projects cannot be removed from the context.")
        self._change(context, "projectIds", kept)
        return no_content()

    async def add_types(self, request: web.Request) -> web.StreamResponse:
        """PUT …/issuetype: one that is there already fails the whole call."""
        context = required_context(self._jira, request, writing=True)
        added = [str(each) for each in self._types(list_in(await read_object(request), _TYPES))]
        if not context.body["projectIds"]:
            raise Refused(400, "Issue types cannot be added to the global context.")
        if set(added) & set(context.body["issueTypeIds"]):
            raise Refused(400, "The issue type is already in the context.")
        self._change(context, "issueTypeIds", [*context.body["issueTypeIds"], *added])
        return no_content()

    async def remove_types(self, request: web.Request) -> web.StreamResponse:
        """POST …/issuetype/remove: without any the context is for all issue types."""
        context = required_context(self._jira, request, writing=True)
        gone = {str(each) for each in list_in(await read_object(request), "issueTypeIds")}
        if not gone <= set(context.body["issueTypeIds"]):
            raise Refused(400, "The issue type is not in the context.")
        kept = [each for each in context.body["issueTypeIds"] if each not in gone]
        self._change(context, "issueTypeIds", kept)
        return no_content()

    def _wanted(self, request: web.Request) -> list[JiraObject]:
        ids = query_list(request, "contextId")
        found = contexts_of(self._jira, required_field(self._jira, request))
        return [each for each in found if not ids or str(each.id) in ids]

    def _change(self, context: JiraObject, name: str, ids: Sequence[str]) -> None:
        self._jira.objects.put(dataclasses.replace(context, body=context.body | {name: list(ids)}))

    def _texts(
        self, field: JiraObject, body: Body, own: JiraObject | None = None
    ) -> tuple[str, str]:
        name, text = str(body.get("name") or ""), str(body.get("description") or "")
        if not name or max(len(name), len(text)) > LONGEST:
            raise Refused(400, "The name must have 1 to 255 characters, the description up to 255.")
        known = self._jira.objects.named(ObjectKind.CONTEXT, name, field.id)
        if known is not None and (own is None or known.id != own.id):
            raise Refused(400, f"The context name '{name}' is already in use.")
        return name, text

    def _projects(self, ids: Sequence[object]) -> list[int]:
        found = [Projects(self._jira).find(str(each)) for each in ids]
        if None in found:
            raise Refused(404, "A project was not found.")
        return [each.id for each in found if each is not None]

    def _types(self, ids: Sequence[object]) -> list[int]:
        found = [self._jira.objects.get(ObjectKind.ISSUE_TYPE, str(each)) for each in ids]
        if None in found:
            raise Refused(404, "An issue type was not found.")
        return [each.id for each in found if each is not None]

    def _check_free(self, field: JiraObject, projects: Sequence[int]) -> None:
        taken = {p for each in contexts_of(self._jira, field) for p in each.body["projectIds"]}
        if taken & {str(each) for each in projects}:
            raise Refused(400, "A project has another context of the custom field.")


_TYPES = "issueTypeIds"
