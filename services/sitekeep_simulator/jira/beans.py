"""The JSON of people and configuration, as Jira shows them inside other answers and in lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira

CATEGORIES: dict[str, tuple[int, str, str, str]] = {
    "TODO": (2, "new", "blue-gray", "To Do"),
    "IN_PROGRESS": (4, "indeterminate", "yellow", "In Progress"),
    "DONE": (3, "done", "green", "Done"),
}
SIZES = (("48x48", "48"), ("24x24", "24"), ("16x16", "16"), ("32x32", "32"))


def user_bean(jira: Jira, account: Account) -> Body:
    """A person; the e-mail address is absent when it is hidden."""
    bean: Body = {
        "self": jira.url(f"/user?accountId={account.account_id}"),
        "accountId": account.account_id,
    }
    if not account.email_hidden:
        bean["emailAddress"] = account.email
    avatar = f"{jira.site.placeholder}/avatars/{account.account_id[-12:]}"
    return bean | {
        "avatarUrls": {name: f"{avatar}?size={size}" for name, size in SIZES},
        "displayName": account.display_name,
        "active": account.active,
        "timeZone": "Etc/UTC",
        "accountType": account.account_type,
    }


def former_user(account_id: str) -> Account:
    """Who a deleted account is shown as: of the person only the id is left."""
    return Account(account_id, "", "Former user", active=False, email_hidden=True)


def issue_type_bean(jira: Jira, issue_type: JiraObject) -> Body:
    """An issue type."""
    level: int = issue_type.body["hierarchyLevel"]
    icon = f"/rest/api/2/universal_avatar/view/type/issuetype/avatar/{10300 + level}?size=medium"
    scope = {"scope": scope_bean(issue_type.project_id)} if issue_type.project_id else {}
    return scope | {
        "self": jira.url(f"/issuetype/{issue_type.id}"),
        "id": str(issue_type.id),
        "description": issue_type.body["description"],
        "iconUrl": f"{jira.site.placeholder}{icon}",
        "name": issue_type.name,
        "subtask": level < 0,
        "avatarId": 10300 + level,
        "hierarchyLevel": level,
    }


def category_bean(jira: Jira, category: str) -> Body:
    """A status category by its name in the new status API."""
    number, key, colour, name = CATEGORIES[category]
    return {
        "self": jira.url(f"/statuscategory/{number}"),
        "id": number,
        "key": key,
        "colorName": colour,
        "name": name,
    }


def status_bean(jira: Jira, status: JiraObject) -> Body:
    """A status, as issues and transitions show it."""
    return {
        "self": jira.url(f"/status/{status.id}"),
        "description": status.body["description"],
        "iconUrl": f"{jira.site.placeholder}/images/icons/statuses/generic.png",
        "name": status.name,
        "id": str(status.id),
        "statusCategory": category_bean(jira, status.body["category"]),
    }


def status_item(status: JiraObject) -> Body:
    """A status, as ``/statuses`` shows it."""
    return {
        "id": str(status.id),
        "name": status.name,
        "statusCategory": status.body["category"],
        "scope": scope_bean(status.project_id),
        "description": status.body["description"],
    }


def scope_bean(project_id: int) -> Body:
    """The scope of a status or a workflow; 0 stands for the whole site."""
    if not project_id:
        return {"type": "GLOBAL"}
    return {"type": "PROJECT", "project": {"id": str(project_id)}}


def priority_bean(jira: Jira, priority: JiraObject) -> Body:
    """A priority, as issues show it."""
    icon = f"/images/icons/priorities/{priority.name.lower()}.svg"
    return {
        "self": jira.url(f"/priority/{priority.id}"),
        "iconUrl": f"{jira.site.placeholder}{priority.body.get('iconUrl', icon)}",
        "name": priority.name,
        "id": str(priority.id),
    }


def priority_item(jira: Jira, priority: JiraObject) -> Body:
    """A priority, as lists show it."""
    names = ("statusColor", "description", "isDefault")
    return priority_bean(jira, priority) | {name: priority.body[name] for name in names}


def resolution_bean(jira: Jira, resolution: JiraObject) -> Body:
    """A resolution."""
    return {
        "self": jira.url(f"/resolution/{resolution.id}"),
        "id": str(resolution.id),
        "description": resolution.body["description"],
        "name": resolution.name,
    }


def link_type_bean(jira: Jira, link_type: JiraObject) -> Body:
    """A link type with both of its texts."""
    return {
        "id": str(link_type.id),
        "name": link_type.name,
        "inward": link_type.body["inward"],
        "outward": link_type.body["outward"],
        "self": jira.url(f"/issueLinkType/{link_type.id}"),
    }


def category_of_projects_bean(jira: Jira, category: JiraObject) -> Body:
    """A category of projects."""
    return {
        "self": jira.url(f"/projectCategory/{category.id}"),
        "id": str(category.id),
        "name": category.name,
        "description": category.body["description"],
    }


def version_bean(jira: Jira, version: JiraObject, *, whole: bool = False) -> Body:
    """A version; issues show less of it than the project's list does."""
    bean: Body = {"self": jira.url(f"/version/{version.id}"), "id": str(version.id)}
    bean["name"] = version.name
    bean |= {key: value for key, value in version.body.items() if value is not None}
    if not whole:
        bean.pop("startDate", None)
        return bean
    return bean | {"projectId": version.project_id, "overdue": False}


def component_bean(jira: Jira, component: JiraObject, *, whole: bool = False) -> Body:
    """A component; issues show less of it than the project's list does."""
    bean: Body = {
        "self": jira.url(f"/component/{component.id}"),
        "id": str(component.id),
        "name": component.name,
        "description": component.body.get("description", ""),
    }
    lead = jira.accounts.get(component.body.get("leadAccountId") or "")
    if not whole:
        return bean
    if lead is not None:
        bean["lead"] = user_bean(jira, lead)
    return bean | {
        "assigneeType": component.body.get("assigneeType", "PROJECT_DEFAULT"),
        "realAssigneeType": "PROJECT_LEAD",
        "isAssigneeTypeValid": False,
        "project": component.body["project"],
        "projectId": component.project_id,
    }


def option_bean(jira: Jira, option: JiraObject) -> Body:
    """An option of a select field, as issues show it."""
    return {
        "self": jira.url(f"/customFieldOption/{option.id}"),
        "value": option.name,
        "id": str(option.id),
    }


def beans_of(jira: Jira, kind: ObjectKind) -> list[Body]:
    """Every object of one of the small lists."""
    makers: dict[ObjectKind, Any] = {
        ObjectKind.ISSUE_TYPE: issue_type_bean,
        ObjectKind.RESOLUTION: resolution_bean,
        ObjectKind.LINK_TYPE: link_type_bean,
        ObjectKind.STATUS: status_bean,
    }
    each: Iterable[JiraObject] = jira.objects.all(kind)
    return [makers[kind](jira, item) for item in each]
