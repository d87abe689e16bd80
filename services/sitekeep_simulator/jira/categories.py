"""Categories of projects."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_object
from sitekeep_simulator.jira.beans import category_of_projects_bean
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_NAME_LIMIT = 255
_DESCRIPTION_LIMIT = 1000


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of categories."""
    categories = Categories(jira)
    return [
        web.get(f"{API}/projectCategory", categories.all),
        web.post(f"{API}/projectCategory", categories.create),
    ]


class Categories:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, _: web.Request) -> web.StreamResponse:
        """GET projectCategory: a bare list."""
        found = self._jira.objects.all(ObjectKind.CATEGORY)
        beans = [category_of_projects_bean(self._jira, each) for each in found]
        return json_answer(self._jira.site, beans)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST projectCategory: 409 where the name is in use."""
        body = await read_object(request)
        name = str(body.get("name") or "")
        text = str(body.get("description") or "")
        if not name.strip() or len(name) > _NAME_LIMIT or len(text) > _DESCRIPTION_LIMIT:
            raise Refused(400, "The name or the description is missing or too long.")
        if self._jira.objects.named(ObjectKind.CATEGORY, name) is not None:
            raise Refused(409, f"The project category name '{name}' is in use.")
        kept: Body = {"description": text}
        created = self._jira.objects.add(ObjectKind.CATEGORY, name, kept)
        return json_answer(self._jira.site, category_of_projects_bean(self._jira, created), 201)
