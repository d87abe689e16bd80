"""The fields by which Jira Service Management makes an issue a request.

The app keeps them itself; sites number them each in their own way. Type, participants and
organizations can be written; the others say what the app measured or people decided.
"""

from __future__ import annotations

from typing import Any

from sitekeep_shared.content.adf import is_node

_APP = "com.atlassian.servicedesk"
REQUEST_TYPE_FIELD = f"{_APP}:vp-origin"
PARTICIPANTS_FIELD = f"{_APP}:sd-request-participants"
ORGANIZATIONS_FIELD = f"{_APP}:sd-customer-organizations"
WRITABLE_FIELDS = (REQUEST_TYPE_FIELD, PARTICIPANTS_FIELD, ORGANIZATIONS_FIELD)

SERVICE_PROJECT = "service_desk"
"""The type of a project that has a service desk."""


def is_service_field(field_type: str) -> bool:
    """Whether a field of that type belongs to Jira Service Management."""
    return field_type.startswith(_APP)


def request_type_of(value: Any) -> str:
    """The id of the request type in the value of that field; empty where there is none."""
    kind: Any = value.get("requestType") if is_node(value) else None
    return str(kind.get("id") or "") if is_node(kind) else ""
