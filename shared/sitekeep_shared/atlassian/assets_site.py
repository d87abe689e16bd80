"""Requests to the Assets of a site, which only Atlassian's gateway answers.

Source: Atlassian, "Assets REST API" (developer.atlassian.com/cloud/assets/rest).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_shared.atlassian.client import Query, SiteClient

WORKSPACES = "/rest/servicedeskapi/assets/workspace"
PREFIX = "/jsm/assets/workspace/{workspace}/v1"

REFERENCE, USER, GROUP, STATUS = 1, 2, 4, 7
"""The types of attributes whose values are more than texts (``objecttypeattribute``)."""

URL = "Url"
"""The name of the default type of attributes whose values are addresses."""

FIELD_TYPE = "com.atlassian.jira.plugins.cmdb:cmdb-object-cftype"
"""The type of the fields of issues that name objects; Assets makes them, no request does."""


async def workspaces_of(site: SiteClient) -> list[str]:
    """The ids of the workspaces that a site names; one at most as a rule. Raises SiteError."""
    page: dict[str, Any] = await site.get_json(WORKSPACES)
    return [str(each["workspaceId"]) for each in page.get("values", ())]


def object_value(
    objects: Mapping[str, str], workspace: str, value: Mapping[str, Any]
) -> dict[str, str] | None:
    """One object of a field at the destination; None: it is not there."""
    target = objects.get(str(value.get("objectId", "")))
    if target is None or not workspace:
        return None
    return {"workspaceId": workspace, "id": f"{workspace}:{target}", "objectId": target}


@dataclass(frozen=True)
class AssetsSite:
    """The Assets of one workspace. Raises SiteError on each request as the client does."""

    client: SiteClient
    workspace: str

    @classmethod
    def of(cls, site: SiteClient, cloud: str, workspace: str) -> AssetsSite:
        """The workspace of the site with that id. Raises ValueError where it is no id."""
        return cls(site.behind_gateway(cloud), workspace)

    async def get(self, path: str, query: Query = (), **names: str) -> bytes:
        """The verbatim body of a GET below the workspace."""
        return await self.client.get(PREFIX + path, query, workspace=self.workspace, **names)

    async def get_json(self, path: str, query: Query = (), **names: str) -> Any:
        """The decoded body of a GET below the workspace."""
        return msgspec.json.decode(await self.get(path, query, **names))

    async def find(self, path: str, body: Any, query: Query = ()) -> bytes:
        """The verbatim body of a POST that only reads."""
        template = PREFIX + path
        return await self.client.post(template, body, query, read=True, workspace=self.workspace)

    async def post_json(self, path: str, body: Any, **names: str) -> Any:
        """Creates; the answer decoded."""
        template = PREFIX + path
        path_names = {"workspace": self.workspace, **names}
        return await self.client.post_json(template, body, (), read=False, **path_names)

    async def put_json(self, path: str, body: Any, **names: str) -> Any:
        """Changes; the answer decoded."""
        template = PREFIX + path
        path_names = {"workspace": self.workspace, **names}
        return await self.client.put_json(template, body, (), **path_names)
