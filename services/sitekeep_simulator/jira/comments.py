"""Comments: always by the caller and of now, whatever the body says."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, list_in, no_content, read_object
from sitekeep_simulator.jira.documents import check_document
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.said_items import SaidItems
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row, marks

_LIST_CAP = 1000
_PROPERTY_LIMIT = 32_768


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of comments."""
    comments = Comments(issues)
    of_issue = f"{API}/issue/{{issueIdOrKey}}/comment"
    return [
        web.get(of_issue, comments.page),
        web.post(of_issue, comments.create),
        web.get(f"{of_issue}/{{id}}", comments.get),
        web.put(f"{of_issue}/{{id}}", comments.edit),
        web.delete(f"{of_issue}/{{id}}", comments.delete),
        web.post(f"{API}/comment/list", comments.by_ids),
    ]


def property_list(listed: Any) -> list[Body]:
    """Checked entity properties of a create body. Raises Refused (400)."""
    kept: list[Body] = []
    elements: list[Body] = listed or []
    for each in elements:
        key, value = str(each.get("key") or ""), each.get("value")
        check_property(key, value)
        kept.append({"key": key, "value": value})
    return kept


def check_property(key: str, value: Any) -> None:
    """Raises Refused (400) for a key or a value that is too long."""
    if not key or len(key) > 255:
        raise Refused(400, "The property key must have 1 to 255 characters.")
    if len(msgspec.json.encode(value).decode()) > _PROPERTY_LIMIT:
        raise Refused(400, f"The property value is longer than {_PROPERTY_LIMIT} characters.")


def checked_body(issues: Issues, document: Any) -> str:
    """A checked document as JSON text. Raises Refused (400)."""
    try:
        check_document(issues.jira, document)
    except ValueError as error:
        raise Refused(400, str(error)) from error
    return msgspec.json.encode(document).decode()


def visibility_text(listed: Any) -> str | None:
    """The visibility of a comment or a worklog as JSON text. Raises Refused (400)."""
    if not listed:
        return None
    if listed.get("type") not in ("role", "group"):
        raise Refused(400, fields={"visibility": "The visibility type must be role or group."})
    value = listed.get("value") or listed.get("identifier")
    identifier = listed.get("identifier") or listed.get("value")
    if not value:
        raise Refused(400, fields={"commentLevel": "The visibility value is missing."})
    kept = {"type": listed["type"], "value": value, "identifier": identifier}
    return msgspec.json.encode(kept).decode()


def add_comment(issues: Issues, issue_id: int, author: Account, body: Body) -> Row:
    """Adds a comment now. Raises Refused (400)."""
    store, now = issues.jira.store, issues.jira.now()
    text = checked_body(issues, body.get("body"))
    comment_id = store.next_id("jira.comment")
    properties = msgspec.json.encode(property_list(body.get("properties"))).decode()
    store.execute(
        "INSERT INTO jira_comment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            comment_id,
            issue_id,
            author.account_id,
            author.account_id,
            now,
            now,
            text,
            visibility_text(body.get("visibility")),
            properties,
        ),
    )
    issues.watch(issue_id, author)
    issues.touch(issue_id)
    return store.rows("SELECT * FROM jira_comment WHERE id = ?", (comment_id,))[0]


class Comments(SaidItems):
    """Handlers; a page is oldest first unless asked otherwise."""

    table = "jira_comment"
    list_name = "comments"
    page_cap = 100
    unknown = "Can not find a comment for the id."

    def add(self, issue_id: int, author: Account, body: Body) -> Row:
        """Adds a comment now. Raises Refused (400)."""
        return add_comment(self._issues, issue_id, author, body)

    def bean(self, row: Row, *, properties: bool) -> Body:
        """A comment as the API shows it."""
        return self._issues.renderer.comment(row, properties=properties)

    def order(self, request: web.Request) -> str:
        """By the time of writing. Raises Refused (400)."""
        order = request.query.get("orderBy", "created")
        if order.lstrip("+-") != "created":
            raise Refused(400, f"The orderBy '{order}' is not valid.")
        way = "DESC" if order.startswith("-") else "ASC"
        return f"created {way}, id {way}"

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/{id}/comment/{id}: by the caller and of now; a body is always given."""
        row, body = self.row(request), await read_object(request)
        text = checked_body(self._issues, body.get("body"))
        visibility = row["visibility"]
        if "visibility" in body:
            visibility = visibility_text(body["visibility"])
        with self._store.transaction():
            self._store.execute(
                "UPDATE jira_comment SET body = ?, visibility = ?, update_author = ?, updated = ? "
                "WHERE id = ?",
                (text, visibility, caller(request).account_id, self._issues.jira.now(), row["id"]),
            )
            self._issues.touch(row["issue_id"])
        return json_answer(self._site, self.beans(request, [self.row(request)])[0])

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE issue/{id}/comment/{id}."""
        row = self.row(request)
        with self._store.transaction():
            self._store.execute("DELETE FROM jira_comment WHERE id = ?", (row["id"],))
            self._issues.touch(row["issue_id"])
        return no_content()

    async def by_ids(self, request: web.Request) -> web.StreamResponse:
        """POST comment/list: at most 1000 ids; unknown ones are silently absent."""
        ids = list_in(await read_object(request), "ids")
        if not ids or len(ids) > _LIST_CAP:
            raise Refused(400, f"Between 1 and {_LIST_CAP} comment ids must be given.")
        rows = self._store.rows(
            f"SELECT * FROM jira_comment WHERE id IN ({marks(len(ids))}) ORDER BY id", ids
        )
        beans = self.beans(request, rows)
        page = {"isLast": True, "maxResults": 1 << 20, "startAt": 0, "total": len(beans)}
        return json_answer(self._site, page | {"values": beans})
