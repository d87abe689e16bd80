"""Links between issues and to the outside.

``inwardIssue`` A and ``outwardIssue`` B make "A <outward text> B": A shows B as its
outwardIssue, B shows A as its inwardIssue.
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, no_content, object_in, read_object
from sitekeep_simulator.jira.changes import item, record
from sitekeep_simulator.jira.comments import add_comment
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_REMOTE_KEYS = ("application", "relationship", "object")


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of links and remote links."""
    links = Links(issues)
    remote = f"{API}/issue/{{issueIdOrKey}}/remotelink"
    return [
        web.post(f"{API}/issueLink", links.create),
        web.get(f"{API}/issueLink/{{linkId}}", links.get),
        web.delete(f"{API}/issueLink/{{linkId}}", links.delete),
        web.get(remote, links.remote_links),
        web.post(remote, links.create_remote_link),
        web.get(f"{remote}/{{linkId}}", links.remote_link),
        web.delete(f"{remote}/{{linkId}}", links.delete_remote_link),
    ]


def add_link(issues: Issues, author: Account, kind: JiraObject, source: Row, target: Row) -> None:
    """Links two issues; a link that exists already stays the only one."""
    store = issues.jira.store
    known = store.value(
        "SELECT id FROM jira_link WHERE source_id = ? AND target_id = ? AND type_id = ?",
        (source["id"], target["id"], kind.id),
    )
    if known is not None:
        return
    store.execute(
        "INSERT INTO jira_link VALUES (?, ?, ?, ?)",
        (store.next_id("jira.link"), kind.id, source["id"], target["id"]),
    )
    ends = ((source, target, kind.body["outward"]), (target, source, kind.body["inward"]))
    for issue, other, text in ends:
        sentence = f"This issue {text} {other['key']}"
        changed = item("Link", (None, None), (other["key"], sentence))
        record(issues.jira, issue["id"], author.account_id, [changed])
        issues.touch(issue["id"])


def link_type(issues: Issues, listed: Body) -> JiraObject:
    """The link type that a body names by id or name. Raises Refused (404)."""
    objects = issues.jira.objects
    found = objects.get(ObjectKind.LINK_TYPE, listed.get("id"))
    found = found or objects.named(ObjectKind.LINK_TYPE, str(listed.get("name") or ""))
    if found is None:
        raise Refused(404, f"No issue link type with name '{listed.get('name')}' found.")
    return found


class Links:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST issueLink: 201 without a body; the id is only seen on the issues."""
        body = await read_object(request)
        kind = link_type(self._issues, object_in(body, "type"))
        source, target = (self._end(body, name) for name in ("inwardIssue", "outwardIssue"))
        if source["id"] == target["id"]:
            raise Refused(400, "You cannot link an issue to itself.")
        project = self._issues.projects.visible(str(source["project_id"]))
        if not Permissions(self._issues.jira).allowed(caller(request), "LINK_ISSUES", project):
            raise Refused(401, "No Link Issue Permission for issue.")
        with self._store.transaction():
            add_link(self._issues, caller(request), kind, source, target)
            if body.get("comment"):
                add_comment(self._issues, source["id"], caller(request), body["comment"])
        return web.Response(status=201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET issueLink/{id}."""
        row = self._row(request)
        kind = self._issues.jira.objects.get(ObjectKind.LINK_TYPE, row["type_id"])
        bean: Body = {
            "id": str(row["id"]),
            "self": self._issues.jira.url(f"/issueLink/{row['id']}"),
            "type": {} if kind is None else {"id": str(kind.id), "name": kind.name} | kind.body,
        }
        for side, column in (("inwardIssue", "source_id"), ("outwardIssue", "target_id")):
            issue = self._issues.require(str(row[column]))
            bean[side] = {"id": str(issue["id"]), "key": issue["key"]}
        return json_answer(self._site, bean)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE issueLink/{id}."""
        row = self._row(request)
        with self._store.transaction():
            for column in ("source_id", "target_id"):
                self._issues.touch(row[column])
            self._store.execute("DELETE FROM jira_link WHERE id = ?", (row["id"],))
        return no_content()

    async def remote_links(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/remotelink: a bare list, or one object for a globalId."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        wanted = request.query.get("globalId")
        rows = self._store.rows(
            "SELECT * FROM jira_remote_link WHERE issue_id = ?1 AND "
            "(?2 IS NULL OR global_id = ?2) ORDER BY id",
            (issue["id"], wanted),
        )
        beans = [self._remote_bean(row) for row in rows]
        if wanted is None:
            return json_answer(self._site, beans)
        if not beans:
            raise Refused(404, "No remote link could be found for that globalId.")
        return json_answer(self._site, beans[0])

    async def create_remote_link(self, request: web.Request) -> web.StreamResponse:
        """POST issue/{id}/remotelink: one with a known globalId is overwritten (200)."""
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        body = await read_object(request)
        target = object_in(body, "object")
        if not target.get("url") or not target.get("title"):
            raise Refused(400, fields={"title": "'title' and 'url' are required."})
        with self._store.transaction():
            link_id, status = self._store_remote(issue["id"], body)
            sentence = f'This issue links to "{target["title"]}"'
            changed = item("RemoteWorkItemLink", (None, None), (str(link_id), sentence))
            record(self._issues.jira, issue["id"], caller(request).account_id, [changed])
            self._issues.touch(issue["id"])
        url = self._issues.jira.url(f"/issue/{issue['key']}/remotelink/{link_id}")
        return json_answer(self._site, {"id": link_id, "self": url}, status)

    async def remote_link(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/remotelink/{id}."""
        return json_answer(self._site, self._remote_bean(self._remote_row(request)))

    async def delete_remote_link(self, request: web.Request) -> web.StreamResponse:
        """DELETE issue/{id}/remotelink/{id}."""
        row = self._remote_row(request)
        with self._store.transaction():
            self._store.execute("DELETE FROM jira_remote_link WHERE id = ?", (row["id"],))
            self._issues.touch(row["issue_id"])
        return no_content()

    def _remote_row(self, request: web.Request) -> Row:
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        row = self._store.row(
            "SELECT * FROM jira_remote_link WHERE issue_id = ? AND id = ?",
            (issue["id"], request.match_info["linkId"]),
        )
        if row is None:
            raise Refused(404, "The remote link does not exist.")
        return row

    def _store_remote(self, issue_id: int, body: Body) -> tuple[int, int]:
        kept = {key: body[key] for key in _REMOTE_KEYS if body.get(key) is not None}
        text = msgspec.json.encode(kept).decode()
        global_id = body.get("globalId")
        known = self._store.value(
            "SELECT id FROM jira_remote_link WHERE issue_id = ? AND global_id = ?",
            (issue_id, global_id),
        )
        if known is not None:
            self._store.execute("UPDATE jira_remote_link SET body = ? WHERE id = ?", (text, known))
            return int(known), 200
        link_id = self._store.next_id("jira.remote_link")
        self._store.execute(
            "INSERT INTO jira_remote_link VALUES (?, ?, ?, ?)", (link_id, issue_id, global_id, text)
        )
        return link_id, 201

    def _remote_bean(self, row: Row) -> Body:
        stored: Body = msgspec.json.decode(row["body"])
        url = self._issues.jira.url(f"/issue/{row['issue_id']}/remotelink/{row['id']}")
        bean: Body = {"id": row["id"], "self": url}
        if row["global_id"] is not None:
            bean["globalId"] = row["global_id"]
        bean["application"] = {}
        return bean | stored

    def _end(self, body: Body, side: str) -> Row:
        listed = object_in(body, side)
        return self._issues.require(str(listed.get("id") or listed.get("key") or ""))

    def _row(self, request: web.Request) -> Row:
        row = self._store.row(
            "SELECT * FROM jira_link WHERE id = ?", (request.match_info["linkId"],)
        )
        if row is None:
            raise Refused(404, "No issue link with that id exists.")
        return row
