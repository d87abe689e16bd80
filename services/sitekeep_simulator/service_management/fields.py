"""The fields by which issues are requests: type, participants, organizations and what is measured.

Jira Service Management makes them itself. Three of them can be written, the others say what
the app found out: which goals were kept, who approved, how content the customer was.
"""

from __future__ import annotations

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.screens import add_to_default
from sitekeep_simulator.jira.state import Jira

_APP = "com.atlassian.servicedesk"
REQUEST_TYPE = f"{_APP}:vp-origin"
PARTICIPANTS = f"{_APP}:sd-request-participants"
ORGANIZATIONS = f"{_APP}:sd-customer-organizations"
APPROVALS = f"{_APP}.approvals-plugin:sd-approvals"
SATISFACTION = f"{_APP}:sd-request-feedback"
SATISFACTION_DATE = f"{_APP}:sd-request-feedback-date"
SLA = f"{_APP}:sd-sla-field"
TO_RESOLUTION, TO_RESPONSE = "Time to resolution", "Time to first response"

_FIELDS = (
    ("Request Type", REQUEST_TYPE, {"type": "sd-customerrequesttype"}),
    ("Request participants", PARTICIPANTS, {"type": "array", "items": "user"}),
    ("Organizations", ORGANIZATIONS, {"type": "array", "items": "sd-customerorganization"}),
    ("Approvals", APPROVALS, {"type": "sd-approvals"}),
    ("Satisfaction", SATISFACTION, {"type": "sd-feedback"}),
    ("Satisfaction date", SATISFACTION_DATE, {"type": "datetime"}),
    (TO_RESOLUTION, SLA, {"type": "sd-servicelevelagreement"}),
    (TO_RESPONSE, SLA, {"type": "sd-servicelevelagreement"}),
)
_WRITABLE = frozenset({REQUEST_TYPE, PARTICIPANTS, ORGANIZATIONS})


def add_service_fields(jira: Jira) -> None:
    """The fields that come with the app; no request makes such ones."""
    for name, full_type, schema in _FIELDS:
        body: Body = {"type": full_type, "description": "", "schema": schema}
        field = jira.objects.add(ObjectKind.FIELD, name, body)
        if full_type in _WRITABLE:
            context: Body = {"description": "", "projectIds": [], "issueTypeIds": []}
            jira.objects.add(ObjectKind.CONTEXT, f"{name} context", context, project_id=field.id)
            add_to_default(jira, f"customfield_{field.id}")


def is_service_type(full_type: str) -> bool:
    """Whether a field of that type belongs to Jira Service Management."""
    return full_type.startswith(_APP)


def service_field(jira: Jira, full_type: str, name: str = "") -> JiraObject | None:
    """The field of that type (and name), hidden ones included; None where there is none."""
    for field in jira.objects.all(ObjectKind.FIELD):
        if field.body["type"] == full_type and name in ("", field.name):
            return field
    return None


def hide_service_fields(jira: Jira) -> None:
    """Hides the fields from the REST API of issues, as a field configuration does."""
    for field in jira.objects.all(ObjectKind.FIELD):
        if is_service_type(field.body["type"]):
            body = field.body | {"hidden": True}
            jira.objects.put(JiraObject(field.kind, field.id, field.name, field.project_id, body))
    jira.store.execute("DELETE FROM jira_rendered")
