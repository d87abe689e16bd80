"""Issue type schemes: which types the issues of a project can have, in which order."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.defaults import DEFAULT_TYPE_SCHEME, add_type_scheme
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Projects
from sitekeep_simulator.jira.scheme_names import known_scheme, scheme_name
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_LONGEST_DESCRIPTION = 4000
_EDITABLE = {"name", "description", "defaultIssueTypeId"}


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of issue type schemes."""
    schemes = TypeSchemes(jira)
    listed = f"{API}/issuetypescheme"
    one = f"{listed}/{{issueTypeSchemeId}}"
    return [
        web.get(listed, schemes.all),
        web.post(listed, schemes.create),
        web.get(f"{listed}/mapping", schemes.items),
        web.get(f"{listed}/project", schemes.by_project),
        web.put(f"{listed}/project", schemes.assign),
        web.put(one, schemes.edit),
        web.delete(one, schemes.delete),
        web.put(f"{one}/issuetype", schemes.add_types),
        web.put(f"{one}/issuetype/move", schemes.move_types),
        web.delete(f"{one}/issuetype/{{issueTypeId}}", schemes.remove_type),
    ]


class TypeSchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme."""
        found = [_bean(scheme) for scheme in self._jira.objects.all(ObjectKind.TYPE_SCHEME)]
        ids = query_list(request, "id")
        kept = [each for each in found if not ids or each["id"] in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, kept))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST issuetypescheme."""
        body = await read_object(request)
        name = self._new_name(body)
        types = self._types(body)
        if not any(each.body["hierarchyLevel"] >= 0 for each in types):
            raise Refused(400, "One of the issue types must be standard.")
        text = _description(body)
        default = body.get("defaultIssueTypeId")
        ids = [each.id for each in types]
        created = add_type_scheme(self._jira, name, ids, text, _default(default, ids))
        return json_answer(self._jira.site, {"issueTypeSchemeId": str(created.id)}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescheme/{id}: name, description, default type."""
        scheme, body = self._scheme(request), await read_object(request)
        if set(body) - _EDITABLE:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
        changed = dict(scheme.body)
        if "description" in body:
            changed["description"] = _description(body)
        if "defaultIssueTypeId" in body:
            changed["defaultIssueTypeId"] = _default(
                body["defaultIssueTypeId"], scheme.body["issueTypeIds"]
            )
        name = self._new_name(body, scheme.id) if "name" in body else scheme.name
        self._jira.objects.put(dataclasses.replace(scheme, name=name, body=changed))
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE issuetypescheme/{id}: refused as long as a project has it."""
        scheme = self._scheme(request)
        projects = self._projects.all((LIVE, ARCHIVED, DELETED))
        if _is_default(scheme) or any(each.type_scheme == scheme.id for each in projects):
            raise Refused(400, "The scheme is associated with one or more projects.")
        self._jira.objects.remove(scheme)
        return no_content()

    async def items(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme/mapping."""
        wanted = query_list(request, "issueTypeSchemeId")
        items = [
            {"issueTypeSchemeId": str(scheme.id), "issueTypeId": str(type_id)}
            for scheme in self._jira.objects.all(ObjectKind.TYPE_SCHEME)
            if not wanted or str(scheme.id) in wanted
            for type_id in scheme.body["issueTypeIds"]
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, items))

    async def by_project(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme/project: those of classic projects only."""
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        grouped: dict[int, list[str]] = {}
        for project in self._projects.all((LIVE, ARCHIVED)):
            if str(project.id) in wanted and project.body["style"] == "classic":
                grouped.setdefault(project.type_scheme, []).append(str(project.id))
        values = [
            {"projectIds": ids, "issueTypeScheme": _bean(self._known(scheme))}
            for scheme, ids in grouped.items()
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, values))

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescheme/project: refused when issues would lose their type."""
        body = await read_object(request)
        project = self._projects.visible(str(body.get("projectId") or ""))
        scheme = self._known(body.get("issueTypeSchemeId"))
        used = self._jira.store.rows(
            "SELECT DISTINCT type_id FROM jira_issue WHERE project_id = ?", (project.id,)
        )
        if {row["type_id"] for row in used} - set(scheme.body["issueTypeIds"]):
            raise Refused(400, "The project has issues of types that are not in the scheme.")
        self._projects.change(project, type_scheme=scheme.id)
        return no_content()

    async def add_types(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescheme/{id}/issuetype: appended; one that is there fails the whole."""
        scheme = self._scheme(request)
        added = [each.id for each in self._types(await read_object(request))]
        present: list[int] = scheme.body["issueTypeIds"]
        if set(added) & set(present):
            raise Refused(400, "An issue type is already associated with the scheme.")
        self._put_types(scheme, [*present, *added])
        return no_content()

    async def move_types(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescheme/{id}/issuetype/move: to the first or last place, or after one."""
        scheme, body = self._scheme(request), await read_object(request)
        moved = [each.id for each in self._types(body)]
        present: list[int] = scheme.body["issueTypeIds"]
        rest = [each for each in present if each not in moved]
        if not set(moved) <= set(present):
            raise Refused(400, "All of the issue types must belong to the scheme.")
        place = {"First": 0, "Last": len(rest)}.get(str(body.get("position")))
        if "after" in body:
            after = str(body["after"])
            place = next((n for n, each in enumerate(rest, 1) if str(each) == after), None)
        if place is None:
            raise Refused(400, "Either a position or an issue type of the scheme must be given.")
        self._put_types(scheme, [*rest[:place], *moved, *rest[place:]])
        return no_content()

    async def remove_type(self, request: web.Request) -> web.StreamResponse:
        """DELETE issuetypescheme/{id}/issuetype/{id}."""
        scheme, wanted = self._scheme(request), request.match_info["issueTypeId"]
        kept = [each for each in scheme.body["issueTypeIds"] if str(each) != wanted]
        if len(kept) == len(scheme.body["issueTypeIds"]):
            raise Refused(404, "The issue type is not in the scheme.")
        if _is_default(scheme):
            raise Refused(400, "Issue types cannot be removed from the default scheme.")
        if self._is_used(scheme, wanted):
            raise Refused(400, "The issue type is used by issues.")
        if not any(self._level(each) >= 0 for each in kept):
            raise Refused(400, "The last standard issue type cannot be removed.")
        self._put_types(scheme, kept)
        return no_content()

    def _is_used(self, scheme: JiraObject, issue_type: str) -> bool:
        row = self._jira.store.row(
            "SELECT 1 AS n FROM jira_issue i JOIN jira_project p ON p.id = i.project_id "
            "WHERE p.type_scheme = ? AND i.type_id = ? LIMIT 1",
            (scheme.id, int(issue_type)),
        )
        return row is not None

    def _level(self, issue_type: int) -> int:
        found = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue_type)
        level: int = -1 if found is None else found.body["hierarchyLevel"]
        return level

    def _put_types(self, scheme: JiraObject, ids: list[int]) -> None:
        body = scheme.body | {"issueTypeIds": ids}
        if body["defaultIssueTypeId"] not in ids:
            body["defaultIssueTypeId"] = None
        self._jira.objects.put(dataclasses.replace(scheme, body=body))

    def _types(self, body: Body) -> list[JiraObject]:
        ids = list(dict.fromkeys(str(each) for each in list_in(body, "issueTypeIds")))
        found = [self._jira.objects.get(ObjectKind.ISSUE_TYPE, each) for each in ids]
        types = [each for each in found if each is not None]
        if not types or len(types) < len(found):
            raise Refused(400, "The issue types must exist.")
        return types

    def _scheme(self, request: web.Request) -> JiraObject:
        return self._known(request.match_info["issueTypeSchemeId"])

    def _known(self, wanted: int | str | None) -> JiraObject:
        return known_scheme(self._jira, ObjectKind.TYPE_SCHEME, wanted)

    def _new_name(self, body: Body, own_id: int = 0) -> str:
        kind = ObjectKind.TYPE_SCHEME
        return scheme_name(self._jira, kind, body, own_id=own_id, status=409)


def _description(body: Body) -> str:
    text = str(body.get("description") or "")
    if len(text) > _LONGEST_DESCRIPTION:
        raise Refused(400, f"A description has at most {_LONGEST_DESCRIPTION} characters.")
    return text


def _default(wanted: object, ids: list[int]) -> int | None:
    if not wanted:
        return None
    if not str(wanted).isdigit() or int(str(wanted)) not in ids:
        raise Refused(400, "The default issue type must be one of the scheme's.")
    return int(str(wanted))


def _is_default(scheme: JiraObject) -> bool:
    return scheme.name == DEFAULT_TYPE_SCHEME


def _bean(scheme: JiraObject) -> Body:
    bean: Body = {"id": str(scheme.id), "name": scheme.name}
    if scheme.body["description"]:
        bean["description"] = scheme.body["description"]
    if scheme.body["defaultIssueTypeId"]:
        bean["defaultIssueTypeId"] = str(scheme.body["defaultIssueTypeId"])
    return bean | ({"isDefault": True} if _is_default(scheme) else {})
