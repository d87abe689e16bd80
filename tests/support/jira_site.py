"""A simulated site and a plain caller of its Jira REST API, judged by the documents."""

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

API = "/rest/api/3"
NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
_LARGEST_JUDGED = 200_000
Json = Any


@dataclass
class JiraCaller:
    """Calls one running site. ``problems`` gathers where answers depart from the documents."""

    running: RunningSite
    session: aiohttp.ClientSession
    clock: ManualClock
    problems: list[str] = field(default_factory=list[str])

    @property
    def site(self) -> SimulatedSite:
        """The site that is called."""
        return self.running.site

    async def call(self, method: str, path: str, body: Json = None, **options: Any) -> Answer:
        """One call below the API, or of a whole URL; redirects are not followed."""
        if body is not None:
            options["json"] = body
        url = path if path.startswith("http") else f"{self.running.base_url}{API}{path}"
        async with self.session.request(method, url, allow_redirects=False, **options) as response:
            answer = Answer(response.status, response.headers, await response.read())
            if answer.status < 400 and f"{self.running.base_url}{API}" in url:
                self._judge(method, response, answer, body)
        return answer

    async def get(self, path: str) -> Answer:
        """GET."""
        return await self.call("GET", path)

    async def post(self, path: str, body: Json) -> Answer:
        """POST of JSON."""
        return await self.call("POST", path, body)

    async def put(self, path: str, body: Json) -> Answer:
        """PUT of JSON."""
        return await self.call("PUT", path, body)

    async def upload(self, key: str, *files: tuple[str, bytes]) -> Answer:
        """Attaches files to an issue."""
        form = aiohttp.FormData(quote_fields=False)
        for name, content in files:
            form.add_field("file", content, filename=name, content_type="text/plain")
        headers = {"X-Atlassian-Token": "no-check"}
        return await self.call("POST", f"/issue/{key}/attachments", data=form, headers=headers)

    async def new_project(self, key: str = "AB", **more: Json) -> str:
        """Makes a project and returns its id."""
        lead = (await self.get("/myself")).json["accountId"]
        body = {"key": key, "name": f"Project {key}", "leadAccountId": lead}
        answer = await self.post("/project", body | {"projectTypeKey": "software"} | more)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    async def type_id(self, name: str) -> str:
        """The id of an issue type."""
        types = (await self.get("/issuetype")).json
        return str(next(each["id"] for each in types if each["name"] == name))

    async def fields(self, key: str = "AB", kind: str = "Task", **more: Json) -> Json:
        """The fields of a create."""
        project, issue_type = {"key": key}, {"id": await self.type_id(kind)}
        return {"project": project, "issuetype": issue_type, "summary": "An issue"} | more

    async def new_issue(self, key: str = "AB", kind: str = "Task", **more: Json) -> str:
        """Makes an issue and returns its key."""
        answer = await self.post("/issue", {"fields": await self.fields(key, kind, **more)})
        assert answer.status == 201, answer.body
        return str(answer.json["key"])

    async def issue(self, key: str) -> Json:
        """The fields of an issue."""
        return (await self.get(f"/issue/{key}")).json["fields"]

    def _judge(
        self, method: str, response: aiohttp.ClientResponse, answer: Answer, body: Json
    ) -> None:
        if missing_documents() or len(answer.body) > _LARGEST_JUDGED:
            return
        is_json = response.content_type == "application/json"
        exchange = Exchange(
            method=method,
            raw_path=response.url.raw_path,
            query=parse_qsl(response.url.raw_query_string, keep_blank_values=True),
            request_type="" if body is None else "application/json",
            request_body=None if body is None else json.dumps(body).encode(),
            status=answer.status,
            response_type=response.content_type if answer.body and is_json else "",
            response_body=answer.body if is_json and answer.body else None,
        )
        multipart = "/attachments" in response.url.path
        found = judge(load_specification(), exchange)
        self.problems += [each for each in found if not (multipart and "has no body" in each)]


@asynccontextmanager
async def jira_caller(site: SimulatedSite | None = None) -> AsyncGenerator[JiraCaller]:
    """Runs a site (a new one by default) and calls it as its administrator."""
    clock = ManualClock(NOW)
    site = SimulatedSite("acme", clock=clock) if site is None else site
    running = await start_site(site)
    try:
        headers = {"Authorization": aiohttp.encode_basic_auth(ADMIN_EMAIL, ADMIN_TOKEN)}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield JiraCaller(running, session, clock)
    finally:
        await running.close()
        site.close()


def document(text: str) -> Json:
    """A document of one paragraph."""
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}
