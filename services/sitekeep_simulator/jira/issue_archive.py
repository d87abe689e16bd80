"""Archiving single issues: they leave the search and stay under their keys, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer, list_in, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.projects import ARCHIVED
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused

_CAP = 1000


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of the archive."""
    archive = IssueArchive(issues)
    return [
        web.put(f"{API}/issue/archive", archive.archive),
        web.put(f"{API}/issue/unarchive", archive.unarchive),
    ]


def put_into_archive(issues: Issues, issue_ids: Sequence[int], account_id: str) -> None:
    """Archives issues with their sub-tasks."""
    for issue_id in issue_ids:
        for each in (issue_id, *issues.children(issue_id)):
            issues.jira.store.execute(
                "INSERT OR IGNORE INTO jira_archived VALUES (?, ?, ?)",
                (each, account_id, issues.jira.now()),
            )
            issues.renderer.stale(each)


class IssueArchive:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/archive: at most 1,000; sub-tasks go with their parents only."""
        ids, answer = await self._asked(request)
        with self._jira.store.transaction():
            put_into_archive(self._issues, ids, caller(request).account_id)
        return json_answer(self._jira.site, answer)

    async def unarchive(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/unarchive."""
        ids, answer = await self._asked(request)
        with self._jira.store.transaction():
            for issue_id in ids:
                for each in (issue_id, *self._issues.children(issue_id)):
                    self._jira.store.execute(
                        "DELETE FROM jira_archived WHERE issue_id = ?", (each,)
                    )
                    self._issues.renderer.stale(each)
        return json_answer(self._jira.site, answer)

    async def _asked(self, request: web.Request) -> tuple[list[int], Body]:
        wanted: list[Any] = list_in(await read_object(request), "issueIdsOrKeys")
        if not self._jira.site.premium:
            text = "Archiving issues is only available for premium editions of Jira."
            raise Refused(403, text)
        if len(wanted) > _CAP:
            text = f"The number of issues to archive or unarchive exceeds the hard limit of {_CAP}."
            raise Refused(412, f"{text} Precondition failed.")
        errors: dict[str, list[str]] = {}
        valid: list[int] = []
        for each in wanted:
            problem, issue_id = self._problem(str(each))
            if problem:
                errors.setdefault(problem, []).append(str(each))
            else:
                valid.append(issue_id)
        if not valid:
            raise Refused(400, "No valid issue to archive or unarchive. Bad request.")
        return valid, {"errors": _errors(errors), "numberOfIssuesUpdated": len(valid)}

    def _problem(self, wanted: str) -> tuple[str, int]:
        issue = self._issues.find(wanted)
        if issue is None:
            return "issuesNotFound", 0
        project = self._issues.projects.find(str(issue["project_id"]))
        if project is None or project.state == ARCHIVED:
            return "issuesInArchivedProjects", 0
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        if kind is not None and kind.body["hierarchyLevel"] < 0:
            return "issueIsSubtask", 0
        return "", issue["id"]


def _errors(errors: dict[str, list[str]]) -> Body:
    return {
        name: {"count": len(keys), "issueIdsOrKeys": keys, "message": name}
        for name, keys in errors.items()
    }
