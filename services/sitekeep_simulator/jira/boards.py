"""Boards: what is seen of a filter's issues, by columns of statuses."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    object_in,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.beans import user_bean
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.jira.permissions import BROWSE, Permissions
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import AGILE, Jira
from sitekeep_simulator.refusals import Refused

TYPES = ("scrum", "kanban", "simple")
_CREATED_TYPES = ("scrum", "kanban")
_CAP = 50


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of boards."""
    boards = BoardRoutes(jira)
    one = f"{AGILE}/board/{{boardId}}"
    return [
        web.get(f"{AGILE}/board", boards.all),
        web.post(f"{AGILE}/board", boards.create),
        web.get(f"{AGILE}/board/filter/{{filterId}}", boards.of_filter),
        web.get(one, boards.get),
        web.delete(one, boards.delete),
        web.get(f"{one}/configuration", boards.configuration),
        web.get(f"{one}/quickfilter", boards.quick_filters),
        web.get(f"{one}/features", boards.features),
    ]


def add_board(jira: Jira, name: str, kind: str, filter_id: int, body: Body) -> JiraObject:
    """Stores a board without any check; its columns are those that a site begins with."""
    begun = {
        "type": kind,
        "filter": filter_id,
        "project": None,
        "user": None,
        "admins": [],
        "columns": _columns(jira),
        "quick_filters": [],
        "sub_query": "fixVersion in unreleasedVersions() OR fixVersion is EMPTY",
    }
    return jira.objects.add(ObjectKind.BOARD, name, begun | body)


def _columns(jira: Jira) -> list[Body]:
    found = jira.objects.all(ObjectKind.STATUS)
    return [
        {"name": each.name, "statuses": [each.id]}
        for each in found
        if each.name in ("To Do", "In Progress", "Done")
    ]


def page(request: web.Request, values: list[Any], cap: int = _CAP) -> Body:
    """The page of a list of the Agile API that the request asks for."""
    start, size = page_bounds(request, _CAP, cap)
    part = values[start : start + size]
    end = start + len(part) >= len(values)
    return {
        "maxResults": size,
        "startAt": start,
        "total": len(values),
        "isLast": end,
        "values": part,
    }


class BoardRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._access = FilterAccess(jira)
        self._projects = Projects(jira)
        self._permissions = Permissions(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET board: those that the caller sees; of private ones that they are there."""
        expand = query_list(request, "expand")
        found = [each for each in self._boards() if self._matches(request, each)]
        beans = [self._bean(each, expand) for each in found if self._sees(caller(request), each)]
        if query_flag(request, "includePrivate") and self._access.is_admin(caller(request)):
            beans += [
                self._private(each) for each in found if not self._sees(caller(request), each)
            ]
        return json_answer(self._jira.site, page(request, beans))

    def _matches(self, request: web.Request, board: JiraObject) -> bool:
        kinds = query_list(request, "type")
        wanted = request.query.get("filterId", str(board.body["filter"]))
        name = request.query.get("name", "").casefold()
        return (
            (not kinds or board.body["type"] in kinds)
            and wanted == str(board.body["filter"])
            and name in board.name.casefold()
        )

    async def of_filter(self, request: web.Request) -> web.StreamResponse:
        """GET board/filter/{id}: the boards that show what a filter finds."""
        wanted = request.match_info["filterId"]
        found = [each for each in self._boards() if str(each.body["filter"]) == wanted]
        keys = ("id", "self", "name")
        beans = [{key: self._bean(each, [])[key] for key in keys} for each in found]
        return json_answer(self._jira.site, page(request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST board: for a filter that the caller sees, in a project or of the caller."""
        body, who = await read_object(request), caller(request)
        name, kind = str(body.get("name") or "").strip(), body.get("type")
        if not name or len(name) >= 255:
            raise Refused(400, fields={"name": "The board name must have 1 to 254 characters."})
        if kind not in _CREATED_TYPES:
            raise Refused(400, fields={"type": "The board type is invalid."})
        found = self._jira.objects.get(ObjectKind.FILTER, str(body.get("filterId") or ""))
        if found is None or not self._access.sees(who, found):
            raise Refused(400, fields={"filterId": "The filter does not exist or is not shown."})
        place = self._place(object_in(body, "location"), who)
        admins: Body = {"admins": [who.account_id]}
        created = add_board(self._jira, name, str(kind), found.id, place | admins)
        return json_answer(self._jira.site, self._bean(created, []), 201)

    def _place(self, location: Body, who: Account) -> Body:
        if not location:
            return {}
        if location.get("type") == "user":
            return {"user": who.account_id}
        project = self._projects.find(str(location.get("projectKeyOrId") or ""))
        is_shown = project is not None and self._permissions.allowed(who, BROWSE, project)
        if location.get("type") != "project" or project is None or not is_shown:
            raise Refused(400, fields={"location": "The location is not valid."})
        return {"project": project.id}

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET board/{id}."""
        return json_answer(self._jira.site, self._bean(self._board(request), []))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE board/{id}."""
        self._jira.objects.remove(self._board(request))
        return no_content()

    async def configuration(self, request: web.Request) -> web.StreamResponse:
        """GET board/{id}/configuration."""
        board = self._board(request)
        whole: Body = {
            "id": board.id,
            "name": board.name,
            "type": board.body["type"],
            "self": self._url(board, "/configuration"),
            "filter": {
                "id": str(board.body["filter"]),
                "self": self._jira.url(f"/filter/{board.body['filter']}"),
            },
            "columnConfig": self._column_bean(board),
        }
        if board.body["type"] == "kanban":
            whole["subQuery"] = {"query": board.body["sub_query"]}
        else:
            whole["estimation"] = {"type": "issueCount"}
        return json_answer(self._jira.site, whole)

    def _column_bean(self, board: JiraObject) -> Body:
        columns = [
            {key: value for key, value in column.items() if key != "statuses"}
            | {
                "statuses": [
                    {"id": str(each), "self": self._jira.url(f"/status/{each}")}
                    for each in column["statuses"]
                ]
            }
            for column in board.body["columns"]
        ]
        limited = any("max" in column for column in columns)
        return {"columns": columns, "constraintType": "issueCount" if limited else "none"}

    async def quick_filters(self, request: web.Request) -> web.StreamResponse:
        """GET board/{id}/quickfilter."""
        board = self._board(request)
        beans = [
            {"id": board.id * 10 + number, "boardId": board.id, "position": number, **each}
            for number, each in enumerate(board.body["quick_filters"])
        ]
        return json_answer(self._jira.site, page(request, beans))

    async def features(self, request: web.Request) -> web.StreamResponse:
        """GET board/{id}/features: of team-managed projects only."""
        board = self._board(request)
        if board.body["type"] != "simple":
            raise Refused(400, "The board does not support features.")
        sprints = "ENABLED" if board.body.get("sprints") else "DISABLED"
        feature = {"boardFeature": "SPRINTS", "boardId": board.id, "state": sprints}
        return json_answer(self._jira.site, {"features": [feature]})

    def _boards(self) -> list[JiraObject]:
        return self._jira.objects.all(ObjectKind.BOARD)

    def _board(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.BOARD, request.match_info["boardId"])
        if found is None or not self._sees(caller(request), found):
            raise Refused(404, "Requested board cannot be viewed because it does not exist.")
        return found

    def _sees(self, who: Account, board: JiraObject) -> bool:
        found = self._jira.objects.get(ObjectKind.FILTER, board.body["filter"])
        return found is not None and self._access.sees(who, found)

    def _url(self, board: JiraObject, path: str = "") -> str:
        return f"{self._jira.site.placeholder}{AGILE}/board/{board.id}{path}"

    def _private(self, board: JiraObject) -> Body:
        bean: Body = {"id": board.id, "self": self._url(board), "isPrivate": True}
        return bean | self._location(board)

    def _bean(self, board: JiraObject, expand: list[str]) -> Body:
        bean = self._private(board) | {
            "isPrivate": False,
            "name": board.name,
            "type": board.body["type"],
        }
        if "admins" in expand:
            people = (self._jira.accounts.get(each) for each in board.body["admins"])
            bean["admins"] = {"users": [self._person(each) for each in people if each]}
        return bean | ({"canEdit": True} if "permissions" in expand else {})

    def _person(self, account: Account) -> Body:
        whole = user_bean(self._jira, account)
        return {key: whole[key] for key in ("self", "accountId", "displayName", "active")}

    def _location(self, board: JiraObject) -> Body:
        project = self._projects.find(str(board.body["project"] or ""))
        if project is not None:
            place = {
                "projectId": project.id,
                "projectKey": project.key,
                "projectName": project.name,
                "projectTypeKey": project.body["projectTypeKey"],
                "displayName": f"{project.name} ({project.key})",
                "name": f"{project.name} ({project.key})",
            }
            return {"location": place}
        account = self._jira.accounts.get(board.body["user"] or "")
        if account is None:
            return {}
        name = account.display_name
        return {
            "location": {"userAccountId": account.account_id, "displayName": name, "name": name}
        }
