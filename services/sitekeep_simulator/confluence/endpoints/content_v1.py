"""What v1 alone does with pages: moves and the archive."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_object
from sitekeep_simulator.confluence import contents, page_tree, shapes_v1, spaces
from sitekeep_simulator.confluence.endpoints.requests import (
    V1,
    account_id,
    as_list,
    as_object,
)
from sitekeep_simulator.confluence.listing import content_id, path_id
from sitekeep_simulator.confluence.schema import PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

_MOST_ARCHIVED = 300


class ContentV1Endpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.put(f"{V1}/content/{{pageId}}/move/{{position}}/{{targetId}}", self.move),
            web.post(f"{V1}/content/archive", self.archive),
        ]

    async def move(self, request: web.Request) -> web.StreamResponse:
        """``movePage``."""
        own, position = account_id(request), request.match_info["position"]
        if position not in ("before", "after", "append"):
            raise Refused(400, f"The position is not supported: {position}")
        page = self._page(path_id(request, "pageId"), own)
        target = self._page(path_id(request, "targetId"), own)
        with self._site.store.transaction():
            if position == "append":
                page_tree.append(self._site, page, target)
            else:
                page_tree.put_beside(self._site, page, target, int(position == "after"))
        return json_answer(self._site, {"pageId": str(page["id"])})

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """``archivePages``: all of them or none."""
        own = account_id(request)
        wanted = _wanted(await read_object(request))
        with self._site.store.transaction():
            pages = [self._archivable(page_id, own) for page_id in wanted]
            for page in pages:
                contents.set_status(self._site, page, "archived", kept=wanted)
            task_id = spaces.note_task(self._site, "pages.archive")
        return json_answer(self._site, shapes_v1.task_pointer(task_id), 202)

    def _page(self, page_id: int, own: str) -> Row:
        return contents.find(self._site, PAGE, page_id, own, ("current",))

    def _archivable(self, page_id: int, own: str) -> Row:
        try:
            return self._page(page_id, own)
        except Refused as error:
            raise Refused(400, f"There is no current page with the id {page_id}") from error


def _wanted(body: dict[str, Any]) -> list[int]:
    pages = as_list(body.get("pages"), "The list of pages", _MOST_ARCHIVED)
    return [content_id(as_object(page, "A page").get("id")) for page in pages]
