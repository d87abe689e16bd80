"""Which projects have which scheme of a kind."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_list
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Project, Projects
from sitekeep_simulator.jira.state import Jira


def schemes_of_projects(
    jira: Jira, request: web.Request, key: str, name: str
) -> web.StreamResponse:
    """The page of ids that a request asks for, ordered by project.

    ``key`` names the scheme in the body of a project, ``name`` its id in query and items.
    """
    schemes, projects = query_list(request, name), query_list(request, "projectId")
    found = [
        {name: str(scheme), "projectId": str(each.id)}
        for each in sorted(_all_projects(jira), key=lambda each: each.id)
        if (scheme := each.body.get(key)) is not None
        and (not schemes or str(scheme) in schemes)
        and (not projects or str(each.id) in projects)
    ]
    return json_answer(jira.site, page_of(jira, request, found))


def is_used(jira: Jira, key: str, scheme_id: int) -> bool:
    """Whether any project, in whatever state, has a scheme."""
    return any(each.body.get(key) == scheme_id for each in _all_projects(jira))


def _all_projects(jira: Jira) -> list[Project]:
    return Projects(jira).all((LIVE, ARCHIVED, DELETED))
