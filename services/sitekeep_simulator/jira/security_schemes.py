"""The endpoints of issue security schemes, their levels and the members of those."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.holders import holder_bean, stored_parameter
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.project_schemes import schemes_of_projects
from sitekeep_simulator.jira.security_levels import add_security_level, level_bean, new_member
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_MOST = 100


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of issue security schemes."""
    schemes = SecuritySchemes(jira)
    listed = f"{API}/issuesecurityschemes"
    one = f"{listed}/{{schemeId}}"
    level = f"{one}/level/{{levelId}}"
    return [
        web.post(listed, schemes.create),
        web.get(f"{listed}/search", schemes.search),
        web.get(f"{listed}/level", schemes.levels),
        web.put(f"{listed}/level/default", schemes.set_default),
        web.get(f"{listed}/level/member", schemes.members),
        web.get(f"{listed}/project", schemes.of_projects),
        web.get(one, schemes.get),
        web.put(one, schemes.edit),
        web.put(f"{one}/level", schemes.add_levels),
        web.put(level, schemes.edit_level),
        web.put(f"{level}/member", schemes.add_members),
        web.delete(f"{level}/member/{{memberId}}", schemes.remove_member),
    ]


class SecuritySchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET issuesecurityschemes/search."""
        wanted = query_list(request, "id")
        found = self._jira.objects.all(ObjectKind.SECURITY_SCHEME)
        beans = [self._item(each) for each in found if not wanted or str(each.id) in wanted]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET issuesecurityschemes/{id}, with its levels."""
        scheme = self._scheme(request.match_info["schemeId"])
        bean: Body = {
            "self": self._jira.url(f"/issuesecurityschemes/{scheme.id}"),
            "id": scheme.id,
            "name": scheme.name,
            "description": scheme.body["description"],
            "levels": [level_bean(self._jira, each) for each in self._levels_of(scheme)],
        }
        if scheme.body.get("defaultLevel"):
            bean["defaultSecurityLevelId"] = scheme.body["defaultLevel"]
        return json_answer(self._jira.site, bean)

    async def levels(self, request: web.Request) -> web.StreamResponse:
        """GET issuesecurityschemes/level."""
        ids, default = query_list(request, "id"), query_flag(request, "onlyDefault")
        beans = [
            self._level_item(scheme, level)
            for scheme in self._wanted(request)
            for level in self._levels_of(scheme)
            if (not ids or str(level.id) in ids)
            and (not default or scheme.body.get("defaultLevel") == level.id)
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def members(self, request: web.Request) -> web.StreamResponse:
        """GET issuesecurityschemes/level/member."""
        wanted = query_list(request, "levelId")
        beans = [
            self._member_item(scheme, level, member)
            for scheme in self._wanted(request)
            for level in self._levels_of(scheme)
            if not wanted or str(level.id) in wanted
            for member in level.body["members"]
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def of_projects(self, request: web.Request) -> web.StreamResponse:
        """GET issuesecurityschemes/project: which project has which scheme."""
        key, name = "issueSecurityScheme", "issueSecuritySchemeId"
        return schemes_of_projects(self._jira, request, key, name)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST issuesecurityschemes with at most 100 levels and members."""
        body = await read_object(request)
        kept: Body = {"description": self._text(body, "description", 255), "defaultLevel": None}
        name = self._name(body, 0)
        levels: list[Body] = list_in(body, "levels")
        self._check_count(levels)
        with self._jira.store.transaction():
            created = self._jira.objects.add(ObjectKind.SECURITY_SCHEME, name, kept)
            self._add_levels(created, levels)
        return json_answer(self._jira.site, {"id": str(created.id)}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT issuesecurityschemes/{id}: name and description."""
        scheme = self._scheme(request.match_info["schemeId"])
        body = await read_object(request)
        name = self._name(body, scheme.id) if "name" in body else scheme.name
        changed = dict(scheme.body)
        if "description" in body:
            changed["description"] = self._text(body, "description", 255)
        self._jira.objects.put(dataclasses.replace(scheme, name=name, body=changed))
        return no_content()

    async def add_levels(self, request: web.Request) -> web.StreamResponse:
        """PUT issuesecurityschemes/{id}/level: more levels, with their members."""
        scheme = self._scheme(request.match_info["schemeId"])
        levels: list[Body] = list_in(await read_object(request), "levels")
        self._check_count(levels)
        with self._jira.store.transaction():
            self._add_levels(scheme, levels)
        return no_content()

    async def edit_level(self, request: web.Request) -> web.StreamResponse:
        """PUT issuesecurityschemes/{id}/level/{id}: name and description."""
        level = self._level(request)
        body = await read_object(request)
        text = self._text(body, "description", 255)
        name = str(body.get("name") or level.name)
        changed = level.body | {"description": text}
        self._jira.objects.put(dataclasses.replace(level, name=name, body=changed))
        return no_content()

    async def set_default(self, request: web.Request) -> web.StreamResponse:
        """PUT issuesecurityschemes/level/default."""
        for each in list_in(await read_object(request), "defaultValues"):
            scheme = self._scheme(str(each.get("issueSecuritySchemeId") or ""))
            wanted = str(each.get("defaultLevelId") or "")
            ids = [level.id for level in self._levels_of(scheme)]
            if wanted != "-1" and wanted not in map(str, ids):
                raise Refused(400, f"The level {wanted} does not belong to the scheme.")
            level = None if wanted == "-1" else int(wanted)
            body = scheme.body | {"defaultLevel": level}
            self._jira.objects.put(dataclasses.replace(scheme, body=body))
        return no_content()

    async def add_members(self, request: web.Request) -> web.StreamResponse:
        """PUT issuesecurityschemes/{id}/level/{id}/member: at most 100 more members."""
        level = self._level(request)
        listed: list[Body] = list_in(await read_object(request), "members")
        if len(listed) > _MOST:
            raise Refused(400, "At most 100 members can be given.")
        added = [self._member(each) for each in listed]
        known = {(each["type"], each["parameter"]) for each in level.body["members"]}
        if any((each["type"], each["parameter"]) in known for each in added):
            raise Refused(400, "The member belongs to the issue security level already.")
        self._put_members(level, [*level.body["members"], *added])
        return no_content()

    async def remove_member(self, request: web.Request) -> web.StreamResponse:
        """DELETE issuesecurityschemes/{id}/level/{id}/member/{id}."""
        level, wanted = self._level(request), request.match_info["memberId"]
        listed: list[Body] = level.body["members"]
        kept = [each for each in listed if str(each["id"]) != wanted]
        if len(kept) == len(listed):
            raise Refused(404, f"The member {wanted} is not found.")
        self._put_members(level, kept)
        return no_content()

    def _put_members(self, level: JiraObject, members: list[Body]) -> None:
        body = level.body | {"members": members}
        self._jira.objects.put(dataclasses.replace(level, body=body))

    def _check_count(self, levels: list[Body]) -> None:
        if len(levels) + sum(len(list_in(each, "members")) for each in levels) > _MOST:
            raise Refused(400, "At most 100 levels and members can be given.")

    def _add_levels(self, scheme: JiraObject, levels: list[Body]) -> None:
        known = {each.name for each in self._levels_of(scheme)}
        for each in levels:
            name = self._text(each, "name", 255)
            if not name or name in known:
                raise Refused(400, f"The level name '{name}' is missing or in use.")
            known.add(name)
            members = [self._member(one) for one in list_in(each, "members")]
            listed = [(one["type"], one["parameter"]) for one in members]
            text = self._text(each, "description", 4000)
            level = add_security_level(self._jira, scheme.id, name, listed, text)
            if each.get("isDefault"):
                body = self._scheme(scheme.id).body | {"defaultLevel": level.id}
                self._jira.objects.put(dataclasses.replace(scheme, body=body))

    def _member(self, body: Body) -> Body:
        kind = str(body.get("type") or "")
        kind = "projectRole" if kind == "projectrole" else kind
        parameter = stored_parameter(self._jira, {**body, "type": kind})
        if parameter is None:
            raise Refused(400, f"The member {kind} {body.get('parameter')} is not valid.")
        return new_member(self._jira, kind, parameter)

    def _name(self, body: Body, own_id: int) -> str:
        name = self._text(body, "name", 60).strip()
        taken = self._jira.objects.named(ObjectKind.SECURITY_SCHEME, name)
        if not name or (taken is not None and taken.id != own_id):
            raise Refused(400, f"The name '{name}' is missing or in use.")
        return name

    def _text(self, body: Body, name: str, limit: int) -> str:
        text = str(body.get(name) or "")
        if len(text) > limit:
            raise Refused(400, f"The {name} must have at most {limit} characters.")
        return text

    def _wanted(self, request: web.Request) -> list[JiraObject]:
        wanted = query_list(request, "schemeId")
        found = self._jira.objects.all(ObjectKind.SECURITY_SCHEME)
        return [each for each in found if not wanted or str(each.id) in wanted]

    def _levels_of(self, scheme: JiraObject) -> list[JiraObject]:
        return self._jira.objects.all(ObjectKind.SECURITY_LEVEL, scheme.id)

    def _scheme(self, wanted: str | int) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.SECURITY_SCHEME, wanted)
        if found is None:
            raise Refused(404, f"The issue security scheme {wanted} is not found.")
        return found

    def _level(self, request: web.Request) -> JiraObject:
        scheme = self._scheme(request.match_info["schemeId"])
        wanted = request.match_info["levelId"]
        for level in self._levels_of(scheme):
            if str(level.id) == wanted:
                return level
        raise Refused(404, f"The issue security level {wanted} is not found.")

    def _item(self, scheme: JiraObject) -> Body:
        bean: Body = {
            "id": scheme.id,
            "self": self._jira.url(f"/issuesecurityscheme/{scheme.id}"),
            "name": scheme.name,
            "description": scheme.body["description"],
        }
        default = scheme.body.get("defaultLevel")
        return bean | ({"defaultLevel": default} if default else {})

    def _level_item(self, scheme: JiraObject, level: JiraObject) -> Body:
        return {
            "id": str(level.id),
            "name": level.name,
            "description": level.body["description"],
            "isDefault": scheme.body.get("defaultLevel") == level.id,
            "issueSecuritySchemeId": str(scheme.id),
            "self": self._jira.url(f"/issuesecurityscheme/level?id={level.id}"),
        }

    def _member_item(self, scheme: JiraObject, level: JiraObject, member: Body) -> Body:
        return {
            "id": str(member["id"]),
            "issueSecurityLevelId": str(level.id),
            "issueSecuritySchemeId": str(scheme.id),
            "holder": holder_bean(self._jira, member["type"], member["parameter"]),
        }
