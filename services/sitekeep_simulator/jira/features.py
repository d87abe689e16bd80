"""Features of projects: what the product offers for their style, switched on and off.

Source of the keys: the example of Jira REST v3 (``jsw.classic.…``), Jira's own pages for
team-managed projects (``jsw.agility.…``).
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_object
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

ENABLED, DISABLED, COMING_SOON = "ENABLED", "DISABLED", "COMING_SOON"


@dataclass(frozen=True)
class _Feature:
    """A feature, as the product offers it before anybody changes it."""

    key: str
    name: str
    state: str
    locked: bool = False
    needs: tuple[str, ...] = ()


_CLASSIC = (
    _Feature("jsw.classic.roadmap", "Timeline", ENABLED),
    _Feature("jsw.classic.releases", "Releases", ENABLED, locked=True),
    _Feature("jsw.classic.pages", "Project pages", DISABLED, needs=("jsw.classic.deployments",)),
    _Feature("jsw.classic.deployments", "Deployments", DISABLED),
    _Feature("jsw.classic.security", "Security", COMING_SOON),
)
_TEAM_MANAGED = (
    _Feature("jsw.agility.board", "Board", ENABLED, locked=True),
    _Feature("jsw.agility.backlog", "Backlog", DISABLED),
    _Feature("jsw.agility.sprints", "Sprints", DISABLED, needs=("jsw.agility.backlog",)),
    _Feature("jsw.agility.estimation", "Estimation", DISABLED),
)


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of features."""
    features = Features(jira)
    listed = f"{API}/project/{{projectIdOrKey}}/features"
    return [web.get(listed, features.all), web.put(f"{listed}/{{featureKey}}", features.switch)]


def states_of(project: Project) -> dict[str, str]:
    """What was changed of the features of a project: state by key."""
    found: dict[str, str] = project.body.get("features") or {}
    return found


class Features:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/features."""
        return self._answer(self._projects.visible(request.match_info["projectIdOrKey"]))

    async def switch(self, request: web.Request) -> web.StreamResponse:
        """PUT project/{id}/features/{key}: not a locked one, nor one without what it needs."""
        project = self._projects.visible(request.match_info["projectIdOrKey"])
        key, body = request.match_info["featureKey"], await read_object(request)
        found = next((each for each in _offered(project) if each.key == key), None)
        if found is None:
            raise Refused(404, f"The project has no feature {key}.")
        state = body.get("state")
        if state not in (ENABLED, DISABLED) or found.locked or found.state == COMING_SOON:
            raise Refused(400, f"The state of the feature {key} cannot be {state}.")
        lacking = [each for each in found.needs if _state(project, each) != ENABLED]
        if state == ENABLED and lacking:
            raise Refused(400, f"The feature {key} needs {', '.join(lacking)}.")
        changed = project.body | {"features": states_of(project) | {key: str(state)}}
        self._projects.change(project, body=changed)
        return self._answer(self._projects.visible(str(project.id)))

    def _answer(self, project: Project) -> web.StreamResponse:
        beans = [self._bean(project, each) for each in _offered(project)]
        return json_answer(self._jira.site, {"features": beans})

    def _bean(self, project: Project, feature: _Feature) -> Body:
        return {
            "projectId": project.id,
            "state": _state(project, feature.key),
            "toggleLocked": feature.locked,
            "feature": feature.key,
            "prerequisites": list(feature.needs),
            "localisedName": feature.name,
            "localisedDescription": f"About {feature.name}.",
            "imageUri": f"{self._jira.site.placeholder}/secure/feature/{feature.key}.svg",
        }


def _offered(project: Project) -> tuple[_Feature, ...]:
    if project.body["projectTypeKey"] != "software":
        return ()
    return _TEAM_MANAGED if project.body["style"] == "next-gen" else _CLASSIC


def _state(project: Project, key: str) -> str:
    begun = {each.key: each.state for each in _offered(project)}
    return states_of(project).get(key, begun.get(key, DISABLED))
