"""A simulated site and a plain caller of its Confluence REST API, judged by the documents."""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import aiohttp

from contract.exchange import Exchange, judge
from contract.specification import load_specification, missing_documents
from sitekeep_shared.clock import ManualClock
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.site_answer import Answer

V1 = "/wiki/rest/api"
V2 = "/wiki/api/v2"
NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
Json = Any


@dataclass
class ConfluenceCaller:
    """Calls one running site. ``problems`` gathers where answers depart from the documents."""

    running: RunningSite
    session: aiohttp.ClientSession
    problems: list[str] = field(default_factory=list[str])

    @property
    def site(self) -> SimulatedSite:
        """The site that is called."""
        return self.running.site

    async def call(self, method: str, path: str, body: Json = None, **options: Any) -> Answer:
        """One call, without following redirects; ``path`` may have a query."""
        if body is not None:
            options["json"] = body
        url = path if path.startswith("http") else self.running.base_url + path
        async with self.session.request(method, url, allow_redirects=False, **options) as response:
            answer = Answer(response.status, response.headers, await response.read())
            if answer.status < 400 and url.startswith(self.running.base_url):
                self._judge(method, response, answer, body)
        return answer

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self.call("GET", path)

    async def post(self, path: str, body: Json) -> Answer:
        """POST of JSON."""
        return await self.call("POST", path, body)

    async def put(self, path: str, body: Json = None) -> Answer:
        """PUT of JSON."""
        return await self.call("PUT", path, body)

    async def listed(self, path: str) -> list[Json]:
        """All items of a v2 list, page after page."""
        answer = await self.get(path)
        found = answer.results
        while "next" in answer.json["_links"]:
            answer = await self.get(answer.json["_links"]["next"])
            found += answer.results
        return found

    async def upload(self, page_id: str, name: str, content: bytes, method: str = "PUT") -> Answer:
        """Attaches a file to a page."""
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", content, filename=name, content_type="text/plain")
        form.add_field("minorEdit", "true")
        path = f"{V1}/content/{page_id}/child/attachment"
        headers = {"X-Atlassian-Token": "nocheck"}
        return await self.call(method, path, data=form, headers=headers)

    async def new_space(self, key: str = "KEY") -> Json:
        """A new space, as v2 shows it."""
        await self.post(f"{V1}/space", {"key": key, "name": f"Space {key}"})
        return (await self.get(f"{V2}/spaces?keys={key}")).results[0]

    async def new_page(
        self, space_id: str, title: str, body: str = "<p>Text</p>", **more: Json
    ) -> Json:
        """A new page."""
        storage = {"representation": "storage", "value": body}
        given = {"spaceId": space_id, "status": "current", "title": title, "body": storage}
        return (await self.post(f"{V2}/pages", given | more)).json

    def _judge(
        self, method: str, response: aiohttp.ClientResponse, answer: Answer, body: Json
    ) -> None:
        if missing_documents() or not response.url.path.startswith(("/wiki/api", "/wiki/rest")):
            return
        exchange = Exchange(
            method=method,
            raw_path=response.url.raw_path,
            query=parse_qsl(response.url.raw_query_string, keep_blank_values=True),
            request_type="" if body is None else "application/json",
            request_body=None if body is None else json.dumps(body).encode(),
            status=answer.status,
            response_type=response.content_type if answer.body else "",
            response_body=answer.body or None,
        )
        found = judge(load_specification(), exchange)
        multipart = "child/attachment" in response.url.path
        self.problems += [
            problem for problem in found if not (multipart and "has no body" in problem)
        ]


@asynccontextmanager
async def confluence_caller(site: SimulatedSite | None = None) -> AsyncGenerator[ConfluenceCaller]:
    """Runs a site (a new one by default) and calls it as its administrator."""
    site = SimulatedSite("acme", clock=ManualClock(NOW)) if site is None else site
    running = await start_site(site)
    try:
        headers = {"Authorization": aiohttp.encode_basic_auth(ADMIN_EMAIL, ADMIN_TOKEN)}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield ConfluenceCaller(running, session)
    finally:
        await running.close()
        site.close()
