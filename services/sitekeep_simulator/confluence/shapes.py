"""Confluence v2 answers, as ``confluence-v2.json`` describes them.

A field that has no value and is not nullable there is left out.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.confluence.attachments import PREFIX
from sitekeep_simulator.confluence.schema import INLINE, PAGE
from sitekeep_simulator.store import Row

Shape = dict[str, Any]
CONTENT_SOURCE = (
    "(SELECT c.*, s.key AS space_key, s.private_to AS space_private_to FROM confluence_content c"
    " JOIN confluence_space s ON s.id = c.space_id)"
)
COMMENT_SOURCE = (
    "(SELECT m.*, c.kind AS container_kind, c.title AS container_title,"
    " c.status AS container_status, c.private_to, s.key AS space_key,"
    " s.private_to AS space_private_to FROM confluence_comment m"
    " JOIN confluence_content c ON c.id = m.container_id"
    " JOIN confluence_space s ON s.id = c.space_id)"
)


def space(row: Row, *, description: str = "", icon: bool = False) -> Shape:
    """A space: ``SpaceBulk``."""
    shape: Shape = {
        "id": str(row["id"]),
        "key": row["key"],
        "name": row["name"],
        "type": row["type"],
        "status": row["status"],
        "authorId": row["author_id"],
        "currentActiveAlias": row["key"],
        "createdAt": row["created_at"],
        "_links": {"webui": f"/spaces/{row['key']}"},
    }
    if row["homepage_id"] is not None:
        shape["homepageId"] = str(row["homepage_id"])
    if description:
        shape["description"] = {description: _body(row["description"], description)}
    if icon:
        path = "/images/logo/default-space-logo.svg"
        shape["icon"] = {"path": path, "apiDownloadLink": f"/wiki{path}"}
    return shape


def content(row: Row | Shape, with_body: bool) -> Shape:
    """A page or a blog post: ``PageBulk``, ``BlogPostBulk``."""
    shape: Shape = {
        "id": str(row["id"]),
        "status": row["status"],
        "title": row["title"],
        "spaceId": str(row["space_id"]),
        "authorId": row["author_id"],
        "createdAt": row["created_at"],
        "version": version(row),
        "body": {"storage": _body(row["body"], "storage")} if with_body else {},
        "_links": _content_links(row),
    }
    if row["kind"] == PAGE:
        shape |= _place(row)
    return shape


def _place(row: Row | Shape) -> Shape:
    shape: Shape = {
        "position": row["position"],
        "ownerId": row["owner_id"],
        "lastOwnerId": row["last_owner_id"],
    }
    if row["parent_id"] is not None:
        shape |= {"parentId": str(row["parent_id"]), "parentType": "page"}
    return shape


def _content_links(row: Row | Shape) -> Shape:
    number = base64.urlsafe_b64encode(int(row["id"]).to_bytes(8, "little").rstrip(b"\0"))
    return {
        "webui": _web_path(row["space_key"], row["kind"], row["id"], row["title"]),
        "editui": f"/pages/resumedraft.action?draftId={row['id']}",
        "tinyui": f"/x/{number.decode().rstrip('=')}",
    }


def _web_path(space_key: str, kind: str, content_id: int, title: str) -> str:
    folder = "pages" if kind == PAGE else "blog"
    return f"/spaces/{space_key}/{folder}/{content_id}/{quote_plus(title)}"


def _body(value: str, representation: str) -> Shape:
    return {"representation": representation, "value": value}


def version(row: Row | Shape) -> Shape:
    """The current version of a page, blog post, comment or attachment: ``Version``."""
    names = row.keys()
    return {
        "number": row["version"],
        "message": row["message"] if "message" in names else "",
        "minorEdit": bool(row["minor_edit"]) if "minor_edit" in names else False,
        "authorId": row["modifier_id"],
        "createdAt": row["modified_at"],
    }


def comment(row: Row, with_body: bool, container: bool = True) -> Shape:
    """A comment: ``FooterCommentModel``, ``InlineCommentModel`` and their kin."""
    shape: Shape = {
        "id": str(row["id"]),
        "status": "current",
        "title": f"Re: {row['container_title']}",
        "version": version(row),
        "body": {"storage": _body(row["body"], "storage")} if with_body else {},
        "_links": {"webui": _comment_path(row)},
    }
    if container and row["parent_id"] is None:
        name = "pageId" if row["container_kind"] == PAGE else "blogPostId"
        shape[name] = str(row["container_id"])
    if row["parent_id"] is not None:
        shape["parentCommentId"] = str(row["parent_id"])
    if row["kind"] == INLINE:
        shape |= _resolution(row)
    return shape


def _comment_path(row: Row) -> str:
    kind = row["container_kind"]
    path = _web_path(row["space_key"], kind, row["container_id"], row["container_title"])
    focus = f"focusedCommentId={row['id']}"
    return f"{path}?{focus}"


def _resolution(row: Row) -> Shape:
    shape: Shape = {
        "resolutionStatus": row["resolution"],
        "properties": {
            "inlineMarkerRef": row["marker_ref"],
            "inlineOriginalSelection": row["selection"],
        },
    }
    if row["resolver_id"]:
        shape["resolutionLastModifierId"] = row["resolver_id"]
        shape["resolutionLastModifiedAt"] = row["resolved_at"]
    return shape


def attachment(row: Row) -> Shape:
    """An attachment: ``AttachmentBulk``."""
    name = quote_plus(row["title"])
    is_page = row["container_kind"] == PAGE
    download = (
        f"/download/attachments/{row['container_id']}/{name}?version={row['version']}"
        "&cacheVersion=1&api=v2"
    )
    webui = f"/pages/viewpageattachments.action?pageId={row['container_id']}&preview={name}"
    return {
        "id": f"{PREFIX}{row['id']}",
        "status": row["status"],
        "title": row["title"],
        "createdAt": row["created_at"],
        "pageId" if is_page else "blogPostId": str(row["container_id"]),
        "mediaType": row["media_type"],
        "mediaTypeDescription": "File",
        "comment": row["comment"],
        "fileId": row["media_id"],
        "fileSize": row["size"],
        "webuiLink": webui,
        "downloadLink": download,
        "version": version(row),
        "_links": {"webui": webui, "download": download},
    }


def label(row: Row) -> Shape:
    """A label: ``Label``."""
    return {"id": str(row["id"]), "name": row["name"], "prefix": row["prefix"]}


def content_property(row: Row) -> Shape:
    """A property of a page, blog post or comment: ``ContentProperty``."""
    return {
        "id": str(row["id"]),
        "key": row["key"],
        "value": msgspec.Raw(row["value"].encode()),
        "version": version(row),
    }


def space_property(row: Row) -> Shape:
    """A property of a space: ``SpaceProperty``."""
    return {
        "id": str(row["id"]),
        "key": row["key"],
        "value": msgspec.Raw(row["value"].encode()),
        "createdAt": row["created_at"],
        "createdBy": row["author_id"],
        "version": {
            "createdAt": row["modified_at"],
            "createdBy": row["modifier_id"],
            "message": row["message"],
            "number": row["version"],
        },
    }


def kept_version(row: Row, kind: str, with_body: bool) -> Shape:
    """One version in the list of versions: ``PageVersion`` and its kin."""
    body = {"storage": _body(row["body"], "storage")} if with_body else {}
    return {
        **version(row),
        kind: {"id": str(row["content_id"]), "title": row["title"], "body": body},
    }


def user(account: Account) -> Shape:
    """A person or an app: ``User``."""
    return {
        "displayName": account.display_name,
        "timeZone": "Etc/UTC",
        "isExternalCollaborator": False,
        "accountStatus": "active" if account.active else "inactive",
        "accountId": account.account_id,
        "email": "" if account.email_hidden else account.email,
        "accountType": account.account_type,
        "publicName": account.display_name,
        "profilePicture": {"path": f"/wiki/aa-avatar/{account.account_id}", "isDefault": True},
    }
