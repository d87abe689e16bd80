"""What tests of the simulated site ask of it again and again."""

from __future__ import annotations

from typing import Any

from sitekeep_shared.atlassian.client import SiteClient

J = "/rest/api/3"
A = "/rest/agile/1.0"
V1 = "/wiki/rest/api"
V2 = "/wiki/api/v2"

Json = Any

NAMES = ["plain.txt", "日本語 & 100%.bin", '  odd "name".dat']


def adf(text: str) -> Json:
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
    return {"type": "doc", "version": 1, "content": [paragraph]}


async def project(client: SiteClient, key: str = "ABC") -> str:
    me = await client.get_json(f"{J}/myself")
    body = {
        "key": key,
        "name": f"Project {key}",
        "projectTypeKey": "software",
        "projectTemplateKey": "com.pyxis.greenhopper.jira:gh-simplified-kanban-classic",
        "leadAccountId": me["accountId"],
        "description": "d",
        "assigneeType": "UNASSIGNED",
    }
    return str((await client.post_json(f"{J}/project", body))["id"])


async def task_type(client: SiteClient, project_id: str) -> str:
    types = await client.get_json(f"{J}/issuetype/project", [("projectId", project_id)])
    return str(next(each["id"] for each in types if not each["subtask"]))


async def issue(client: SiteClient, project_id: str, **fields: Json) -> str:
    all_fields = {
        "project": {"id": project_id},
        "issuetype": {"id": await task_type(client, project_id)},
        "summary": "An issue",
        **fields,
    }
    properties = [{"key": "sitekeep.origin", "value": {"id": "1", "key": "OLD-1"}}]
    body = {"fields": all_fields, "properties": properties}
    return str((await client.post_json(f"{J}/issue", body))["key"])
