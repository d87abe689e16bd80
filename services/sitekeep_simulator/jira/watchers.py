"""Watchers, votes and the properties of issues."""

from __future__ import annotations

import msgspec
from aiohttp import web

from sitekeep_simulator.answers import PROPERTY_KEY, caller, json_answer, no_content, read_json
from sitekeep_simulator.jira.comments import check_property
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of watchers, votes and properties."""
    handlers = Watchers(issues)
    issue = f"{API}/issue/{{issueIdOrKey}}"
    return [
        web.get(f"{issue}/watchers", handlers.watchers),
        web.post(f"{issue}/watchers", handlers.watch),
        web.delete(f"{issue}/watchers", handlers.unwatch),
        web.get(f"{issue}/votes", handlers.votes),
        web.post(f"{issue}/votes", handlers.vote),
        web.get(f"{issue}/properties", handlers.property_keys),
        web.get(f"{issue}/properties/{PROPERTY_KEY}", handlers.property),
        web.put(f"{issue}/properties/{PROPERTY_KEY}", handlers.set_property),
        web.delete(f"{issue}/properties/{PROPERTY_KEY}", handlers.delete_property),
    ]


def store_property(issues: Issues, issue_id: int, key: str, value: object) -> None:
    """Sets a property of an issue. Raises Refused (400)."""
    check_property(key, value)
    issues.jira.store.execute(
        "INSERT OR REPLACE INTO jira_property VALUES (?, ?, ?)",
        (issue_id, key, msgspec.json.encode(value).decode()),
    )


class Watchers:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    async def watchers(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/watchers."""
        issue = self._issue(request)
        ids = self._people("jira_watcher", issue["id"])
        bean: Body = {
            "self": self._issues.jira.url(f"/issue/{issue['key']}/watchers"),
            "isWatching": caller(request).account_id in ids,
            "watchCount": len(ids),
            "watchers": [self._issues.renderer.user(each) for each in ids],
        }
        return json_answer(self._site, bean)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """POST issue/{id}/watchers: the body is a bare JSON string, or nothing for the caller."""
        issue = self._issue(request)
        account_id = await read_json(request) if await request.read() else None
        if account_id is not None and not isinstance(account_id, str):
            raise Refused(400, "The body must be an account id as a JSON string.")
        wanted = account_id or caller(request).account_id
        account = self._issues.jira.accounts.get(wanted)
        if account is None or not account.active:
            raise Refused(404, f"The user {wanted} does not exist or cannot watch this issue.")
        self._change("INSERT OR IGNORE INTO jira_watcher VALUES (?, ?)", issue, wanted)
        return no_content()

    async def unwatch(self, request: web.Request) -> web.StreamResponse:
        """DELETE issue/{id}/watchers?accountId=."""
        wanted = request.query.get("accountId", "")
        if not wanted:
            raise Refused(400, "The accountId is required.")
        issue = self._issue(request)
        self._change(
            "DELETE FROM jira_watcher WHERE issue_id = ? AND account_id = ?", issue, wanted
        )
        return no_content()

    async def votes(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/votes."""
        issue = self._issue(request)
        ids = self._people("jira_vote", issue["id"])
        bean: Body = {
            "self": self._issues.jira.url(f"/issue/{issue['key']}/votes"),
            "votes": len(ids),
            "hasVoted": caller(request).account_id in ids,
            "voters": [self._issues.renderer.user(each) for each in ids],
        }
        return json_answer(self._site, bean)

    async def vote(self, request: web.Request) -> web.StreamResponse:
        """POST issue/{id}/votes: the caller's own vote, for an open issue of somebody else."""
        own, issue = caller(request).account_id, self._issue(request)
        fields: Body = msgspec.json.decode(issue["fields"])
        if own == fields.get("reporter") or fields.get("resolution") is not None:
            raise Refused(
                404, "You cannot vote for an issue that you reported or that is resolved."
            )
        self._change("INSERT OR IGNORE INTO jira_vote VALUES (?, ?)", issue, own)
        return no_content()

    async def property_keys(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/properties."""
        issue = self._issue(request)
        rows = self._store.rows(
            "SELECT key FROM jira_property WHERE issue_id = ? ORDER BY key", (issue["id"],)
        )
        url = self._issues.jira.url(f"/issue/{issue['key']}/properties/")
        keys = [{"self": url + row["key"], "key": row["key"]} for row in rows]
        return json_answer(self._site, {"keys": keys})

    async def property(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/properties/{key}."""
        issue, key = self._issue(request), request.match_info["propertyKey"]
        value = self._property(issue, key)
        if value is None:
            raise Refused(404, f"The property with key {key} does not exist.")
        return json_answer(self._site, {"key": key, "value": msgspec.Raw(value.encode())})

    async def set_property(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/{id}/properties/{key}: 201 for a new one, 200 for a changed one."""
        issue, key = self._issue(request), request.match_info["propertyKey"]
        value = await read_json(request)
        status = 201 if self._property(issue, key) is None else 200
        store_property(self._issues, issue["id"], key, value)
        return json_answer(self._site, {}, status)

    async def delete_property(self, request: web.Request) -> web.StreamResponse:
        """DELETE issue/{id}/properties/{key}."""
        issue, key = self._issue(request), request.match_info["propertyKey"]
        if self._property(issue, key) is None:
            raise Refused(404, f"The property with key {key} does not exist.")
        self._store.execute(
            "DELETE FROM jira_property WHERE issue_id = ? AND key = ?", (issue["id"], key)
        )
        return no_content()

    def _issue(self, request: web.Request) -> Row:
        return self._issues.require(request.match_info["issueIdOrKey"])

    def _property(self, issue: Row, key: str) -> str | None:
        value: str | None = self._store.value(
            "SELECT value FROM jira_property WHERE issue_id = ? AND key = ?", (issue["id"], key)
        )
        return value

    def _people(self, table: str, issue_id: int) -> list[str]:
        rows = self._store.rows(
            f"SELECT account_id FROM {table} WHERE issue_id = ? ORDER BY account_id", (issue_id,)
        )
        return [row["account_id"] for row in rows]

    def _change(self, statement: str, issue: Row, account_id: str) -> None:
        self._store.execute(statement, (issue["id"], account_id))
        self._issues.renderer.stale(issue["id"])
