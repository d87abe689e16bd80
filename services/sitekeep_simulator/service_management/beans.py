"""The JSON of Jira Service Management: people, desks, request types, organizations, times."""

from __future__ import annotations

import datetime

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira, jira_time
from sitekeep_simulator.service_management.paging import service_url

ICON_SIZES = ("48x48", "24x24", "16x16", "32x32")


def person_bean(jira: Jira, account: Account) -> Body:
    """A person; the e-mail address is absent when it is hidden."""
    bean: Body = {"accountId": account.account_id}
    if not account.email_hidden:
        bean["emailAddress"] = account.email
    return bean | {
        "displayName": account.display_name,
        "active": account.active,
        "timeZone": "Etc/UTC",
        "_links": {
            "jiraRest": jira.url(f"/user?accountId={account.account_id}"),
            "avatarUrls": {},
            "self": jira.url(f"/user?accountId={account.account_id}"),
        },
    }


def desk_bean(jira: Jira, desk: JiraObject, project: Project) -> Body:
    """A service desk."""
    return {
        "id": str(desk.id),
        "projectId": str(project.id),
        "projectName": project.name,
        "projectKey": project.key,
        "projectTypeKey": "service_desk",
        "_links": {"self": service_url(jira, f"/servicedesk/{desk.id}")},
    }


def request_type_bean(jira: Jira, kind: JiraObject) -> Body:
    """A request type; one in no group is on no portal."""
    practice = {"practice": kind.body["practice"]} if kind.body.get("practice") else {}
    icon = f"{jira.site.placeholder}/rest/servicedesk/1/customer/media/{kind.body['icon']}"
    return {
        "_expands": ["field"],
        "id": str(kind.id),
        "_links": {
            "self": service_url(jira, f"/servicedesk/{kind.project_id}/requesttype/{kind.id}")
        },
        "name": kind.name,
        "description": kind.body["description"],
        "helpText": kind.body["helpText"],
        "issueTypeId": str(kind.body["issueTypeId"]),
        "serviceDeskId": str(kind.project_id),
        "portalId": str(kind.project_id),
        "groupIds": [str(each) for each in kind.body["groups"]],
        "icon": {
            "id": kind.body["icon"],
            "_links": {"iconUrls": {size: f"{icon}?size={size}" for size in ICON_SIZES}},
        },
        "canCreateRequest": True,
        "restrictionStatus": kind.body["restriction"],
        **practice,
    }


def organization_bean(jira: Jira, organization: JiraObject) -> Body:
    """An organization of customers."""
    return {
        "id": str(organization.id),
        "uuid": organization.body["uuid"],
        "name": organization.name,
        "created": date_bean(organization.body["created"]),
        "scimManaged": False,
        "_links": {"self": service_url(jira, f"/organization/{organization.id}")},
    }


def date_bean(instant: str) -> Body:
    """A time, in all the ways in which the app writes one; given in ISO 8601."""
    moment = datetime.datetime.fromisoformat(instant)
    return {
        "iso8601": moment.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "jira": jira_time(moment),
        "friendly": moment.strftime("%d/%b/%y %I:%M %p"),
        "epochMillis": round(moment.timestamp() * 1000),
    }
