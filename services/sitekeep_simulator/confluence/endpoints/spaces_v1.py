"""Spaces of v1: creation, change, deletion; the system information; long-running tasks."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_object
from sitekeep_simulator.confluence import contents, shapes_v1, spaces
from sitekeep_simulator.confluence.endpoints.requests import V1, account_id, object_of, text_of
from sitekeep_simulator.confluence.listing import content_id
from sitekeep_simulator.confluence.schema import PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite


class SpaceV1Endpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.get(f"{V1}/settings/systemInfo", self.system_info),
            web.post(f"{V1}/space", self.create),
            web.post(f"{V1}/space/_private", self.create_private),
            web.put(f"{V1}/space/{{spaceKey}}", self.update),
            web.delete(f"{V1}/space/{{spaceKey}}", self.delete),
            web.get(f"{V1}/longtask/{{id}}", self.task),
        ]

    async def system_info(self, _: web.Request) -> web.StreamResponse:
        """``getSystemInfo``."""
        return json_answer(
            self._site,
            {
                "cloudId": self._site.cloud_id,
                "commitHash": "simulated",
                "baseUrl": f"{self._site.placeholder}/wiki",
                "edition": "PREMIUM",
                "siteTitle": self._site.name,
                "defaultLocale": "en_US",
                "defaultTimeZone": "Etc/UTC",
            },
        )

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createSpace``."""
        return await self._create(request, private=False)

    async def create_private(self, request: web.Request) -> web.StreamResponse:
        """``createPrivateSpace``: only its maker sees it."""
        return await self._create(request, private=True)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """``updateSpace``."""
        own = account_id(request)
        row = spaces.by_key(self._site, request.match_info["spaceKey"], own)
        columns = self._columns(await read_object(request), row["id"], own)
        with self._site.store.transaction():
            spaces.update_space(self._site, row["id"], **columns)
        changed = spaces.by_id(self._site, row["id"], own)
        return json_answer(self._site, shapes_v1.space(changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``deleteSpace``: for good, as a long-running task."""
        row = spaces.by_key(self._site, request.match_info["spaceKey"], account_id(request))
        task_id = spaces.delete_space(self._site, row["id"])
        return json_answer(self._site, shapes_v1.task_pointer(task_id), 202)

    async def task(self, request: web.Request) -> web.StreamResponse:
        """``getTask``."""
        text = request.match_info["id"]
        row = self._site.store.row("SELECT * FROM confluence_task WHERE id = ?", (text,))
        if row is None:
            raise Refused(404, f"There is no task with the id {text}")
        return json_answer(self._site, shapes_v1.task(row))

    async def _create(self, request: web.Request, private: bool) -> web.Response:
        body = await read_object(request)
        row = spaces.create_space(
            self._site,
            account_id(request),
            key=text_of(body, "key") or text_of(body, "alias"),
            name=text_of(body, "name"),
            description=_description(body),
            private=private,
        )
        return json_answer(self._site, shapes_v1.space(row))

    def _columns(self, body: dict[str, Any], space_id: int, own: str) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if name := text_of(body, "name"):
            columns["name"] = name
        if body.get("description") is not None:
            columns["description"] = _description(body)
        if status := text_of(body, "status").lower():
            if status not in ("current", "archived"):
                raise Refused(400, f"The status is not supported: {status}")
            columns["status"] = status
        if homepage := object_of(body, "homepage"):
            columns["homepage_id"] = self._homepage(homepage, space_id, own)
        return columns

    def _homepage(self, homepage: dict[str, Any], space_id: int, own: str) -> int:
        page_id = content_id(homepage.get("id"), "homepage.id")
        page = contents.find(self._site, PAGE, page_id, own, ("current",))
        if page["space_id"] != space_id:
            raise Refused(400, "The home page is in another space.")
        return page_id


def _description(body: dict[str, Any]) -> str:
    return text_of(object_of(object_of(body, "description"), "plain"), "value")
