"""Confluence v1 answers, as ``confluence-v1.json`` describes them."""

from __future__ import annotations

from typing import Any

from sitekeep_simulator.accounts import Account, Group
from sitekeep_simulator.confluence.attachments import PREFIX
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

Shape = dict[str, Any]
API = "/wiki/rest/api"


def user(site: SimulatedSite, account: Account) -> Shape:
    """A person or an app: ``User``."""
    path = f"/wiki/aa-avatar/{account.account_id}"
    return {
        "type": "known",
        "accountId": account.account_id,
        "accountType": account.account_type,
        "email": "" if account.email_hidden else account.email,
        "publicName": account.display_name,
        "displayName": account.display_name,
        "timeZone": "Etc/UTC",
        "profilePicture": {"path": path, "width": 48, "height": 48, "isDefault": True},
        "externalCollaborator": False,
        "isExternalCollaborator": False,
        "isGuest": False,
        "_expandable": {"operations": "", "personalSpace": ""},
        "_links": {"self": f"{site.placeholder}{API}/user?accountId={account.account_id}"},
    }


def found_user(site: SimulatedSite, account: Account) -> Shape:
    """A hit of a search for people: ``SearchResult``."""
    return {
        "user": user(site, account),
        "title": account.display_name,
        "excerpt": "",
        "url": f"/people/{account.account_id}",
        "breadcrumbs": [],
        "entityType": "user",
        "iconCssClass": "aui-icon content-type-profile",
        "lastModified": site.now(),
        "score": 0.0,
    }


def group(site: SimulatedSite, found: Group) -> Shape:
    """A group: ``Group``."""
    return {
        "type": "group",
        "name": found.name,
        "id": found.group_id,
        "usageType": "USERBASE_GROUP",
        "managedBy": "ADMINS",
        "_links": {"self": f"{site.placeholder}{API}/group/by-id?id={found.group_id}"},
    }


def space(row: Row) -> Shape:
    """A space: ``Space``."""
    home = row["homepage_id"]
    description: Shape = {
        "value": row["description"],
        "representation": "plain",
        "embeddedContent": [],
    }
    return {
        "id": row["id"],
        "key": row["key"],
        "alias": row["key"],
        "name": row["name"],
        "type": row["type"],
        "status": row["status"],
        "description": {"plain": description, "_expandable": {"view": ""}},
        "_expandable": {"homepage": "" if home is None else f"/rest/api/content/{home}"},
        "_links": {"webui": f"/spaces/{row['key']}", "self": f"{API}/space/{row['key']}"},
    }


def attachment(site: SimulatedSite, row: Row) -> Shape:
    """An attachment: ``Content``."""
    account = site.accounts.get(row["modifier_id"])
    by = {} if account is None else {"by": user(site, account)}
    return {
        "id": f"{PREFIX}{row['id']}",
        "type": "attachment",
        "status": row["status"],
        "title": row["title"],
        "version": {
            **by,
            "when": row["modified_at"],
            "number": row["version"],
            "minorEdit": bool(row["minor_edit"]),
            "message": row["comment"],
        },
        "extensions": {
            "mediaType": row["media_type"],
            "fileSize": row["size"],
            "comment": row["comment"],
            "fileId": row["media_id"],
        },
        "_links": {"webui": f"/pages/viewpageattachments.action?pageId={row['container_id']}"},
    }


def label(row: Row) -> Shape:
    """A label: ``Label``."""
    return {
        "id": str(row["id"]),
        "prefix": row["prefix"],
        "name": row["name"],
        "label": row["name"],
    }


def task(row: Row) -> Shape:
    """A long-running task that is over: ``LongTaskStatusWithLinks``."""
    return {
        "id": str(row["id"]),
        "name": {"key": row["name"], "args": []},
        "elapsedTime": 1,
        "percentageComplete": 100,
        "successful": True,
        "finished": True,
        "messages": [],
        "status": "SUCCESS",
        "errors": [],
        "_links": {"self": f"{API}/longtask/{row['id']}"},
    }


def task_pointer(task_id: int) -> Shape:
    """Where to ask for a long-running task: ``LongTask``."""
    return {"id": str(task_id), "links": {"status": f"/rest/api/longtask/{task_id}"}}
