"""What the parts of Assets share: the workspace, ids, and the JSON of what there is."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from sitekeep_simulator.answers import json_answer
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

PREFIX = "/ex/jira/{cloudId}/jsm/assets/workspace/{workspaceId}/v1"
Handlers = Sequence[tuple[str, str, Handler]]

TYPE_REFERENCE, TYPE_USER, TYPE_GROUP, TYPE_STATUS = 1, 2, 4, 7
DEFAULT_TYPES = (
    *("Text", "Integer", "Boolean", "Double", "Date", "Time"),
    *("DateTime", "Url", "Email", "Textarea", "Select", "IP Address"),
)
ICONS = ("Box", "Computer", "Server", "Person", "Building")
_REFERENCES = ("Depends on", "Installed on", "Belongs to")


class Assets:
    """The Assets of one site."""

    def __init__(self, jira: Jira) -> None:
        self.jira = jira
        self.site = jira.site
        self.workspace = str(uuid.uuid5(uuid.UUID(jira.site.cloud_id), "assets"))
        if not jira.objects.all(ObjectKind.ASSET_WORKSPACE):
            jira.objects.add(ObjectKind.ASSET_WORKSPACE, self.workspace, {"open": True})
            for name in _REFERENCES:
                body = {"description": "", "color": "#00875A"}
                jira.objects.add(ObjectKind.ASSET_REFERENCE_TYPE, name, body)

    def take_away(self) -> None:
        """Makes the site one that has no Assets."""
        found = jira_workspace(self.jira)
        self.jira.objects.put(dataclasses.replace(found, body={"open": False}))

    async def workspaces(self, _: web.Request) -> web.StreamResponse:
        """GET assets/workspace: empty where the site has no Assets."""
        is_open = jira_workspace(self.jira).body["open"]
        values = [{"workspaceId": self.workspace}] if is_open else []
        page: Body = {"size": len(values), "start": 0, "limit": 50, "isLastPage": True}
        return json_answer(self.site, page | {"values": values})

    def check(self, request: web.Request) -> None:
        """Raises Refused (404) where the address is that of another workspace."""
        asked = (request.match_info["cloudId"], request.match_info["workspaceId"])
        if (
            asked != (self.site.cloud_id, self.workspace)
            or not jira_workspace(self.jira).body["open"]
        ):
            raise Refused(404, "The workspace was not found.")

    def all(self, kind: ObjectKind, scope: int | None = None) -> list[JiraObject]:
        """Every thing of a kind (of one owner), oldest first."""
        return self.jira.objects.all(kind, scope)

    def one(self, kind: ObjectKind, wanted: object) -> JiraObject:
        """The thing with that id. Raises Refused (404)."""
        found = self.jira.objects.get(kind, str(wanted))
        if found is None:
            raise Refused(404, f"There is no such thing: {kind.value} {wanted}")
        return found

    def identity(self, found: JiraObject) -> Body:
        """The ids that everything of Assets has."""
        return {
            "workspaceId": self.workspace,
            "globalId": f"{self.workspace}:{found.id}",
            "id": str(found.id),
            "name": found.name,
        }

    def address(self, path: str) -> str:
        """An absolute address behind the gateway."""
        names = {"cloudId": self.site.cloud_id, "workspaceId": self.workspace}
        return f"{self.site.placeholder}{PREFIX.format(**names)}{path}"

    def answer(self, body: Any, status: int = 200) -> web.Response:
        """A JSON answer."""
        return json_answer(self.site, body, status)


def jira_workspace(jira: Jira) -> JiraObject:
    """The one workspace of the site."""
    return jira.objects.all(ObjectKind.ASSET_WORKSPACE)[0]


def icon_bean(assets: Assets, number: int) -> Body:
    """An icon by its place among the global ones."""
    address = assets.address(f"/icon/{number}/icon.png")
    sizes = {f"url{size}": f"{address}?size={size}" for size in (16, 48)}
    return {"id": str(number), "name": ICONS[number - 1], **sizes}


def required(body: Body, name: str) -> str:
    """A text that has to be there. Raises Refused (400)."""
    text = str(body.get(name) or "").strip()
    if not text:
        raise Refused(400, fields={name: f"The {name} is required."})
    return text
