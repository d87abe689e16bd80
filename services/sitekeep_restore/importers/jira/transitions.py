"""Statuses are reached by transitions; a restored workflow has a global one to each."""

from __future__ import annotations

import asyncio

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.known import Known
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

TRANSITIONS = "/rest/api/3/issue/{issue}/transitions"


class Transitions:
    """Moves the issues of one unit; every issue of a project has the same transitions."""

    def __init__(self, unit: ImportUnit, known: Known, losses: LossCounter, initial: str) -> None:
        self._unit = unit
        self._known = known
        self._losses = losses
        self._initial = initial
        self._by_status: dict[str, str] | None = None
        self._asking = asyncio.Lock()

    @classmethod
    async def of(
        cls, unit: ImportUnit, project: TargetProject, known: Known, losses: LossCounter
    ) -> Transitions:
        """For the issues of a project."""
        initial = await unit.identities.get(identity_kinds.INITIAL_STATUS, [project.source])
        return cls(unit, known, losses, initial.get(project.source, ""))

    async def move(self, source: Json, target: str) -> None:
        """Brings an issue into its original status."""
        status: Json = source["fields"].get("status") or {}
        wanted = self._known.of(identity_kinds.STATUS).get(str(status.get("id")), "")
        if not status or (wanted == self._initial and self._unit.first_attempt):
            return
        transition = await self._transition(target, wanted)
        if transition is None:
            if wanted != self._initial:
                self._losses.add(Kind.ISSUE, Loss.STATUS_NOT_REACHED, source["key"])
            return
        await self._post(source["key"], target, transition)

    async def _transition(self, target: str, wanted: str) -> str | None:
        async with self._asking:
            if self._by_status is None:
                answer: Json = await self._unit.site.get_json(TRANSITIONS, issue=target)
                found: list[Json] = answer.get("transitions", [])
                self._by_status = {str(each["to"]["id"]): str(each["id"]) for each in found}
        return self._by_status.get(wanted)

    async def _post(self, key: str, target: str, transition: str) -> None:
        body = {"transition": {"id": transition}}
        try:
            await self._unit.site.post_json(TRANSITIONS, body, issue=target)
        except (SiteRefused, SiteForbidden, SiteNotFound):
            self._losses.add(Kind.ISSUE, Loss.STATUS_NOT_REACHED, key)
