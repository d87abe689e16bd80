"""Creating issues one request after the other, with an eye on the numbers that the site gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.issue_bodies import BodyMaker
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.numbering import Slot, Wanted
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.adf import is_node
from sitekeep_shared.content.entry_keys import split_issue_key
from sitekeep_shared.kinds import Kind

BULK = "/rest/api/3/issue/bulk"
SINGLE = "/rest/api/3/issue"
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)


class Creation:
    """The one writer of a project's issues: nobody else creates any meanwhile."""

    def __init__(
        self, unit: ImportUnit, project: TargetProject, following: int, losses: LossCounter
    ) -> None:
        self.unit = unit
        self.project = project
        self.following = following
        """The number that the site gives next."""
        self.fillers: list[str] = []
        """Target ids of the fillers so far."""
        self.late: list[Wanted] = []
        """Issues that are created behind the last number: refused, or their number is gone."""
        self.kept: dict[str, str] = {}
        """Source → target id of the issues that may be parents."""
        self._new_issues: dict[str, str] = {}
        self._new_keys: dict[str, str] = {}
        self._losses = losses

    async def run(self, batch: Sequence[Slot], maker: BodyMaker) -> None:
        """Creates a batch in one request. What the site refuses of it has to wait.

        A refused create may have used up its number: trying it again at once could shift
        every later issue.
        """
        bodies = [_body(slot, maker) for slot in batch]
        created, refused = await self._bulk(bodies)
        left = [slot for index, slot in enumerate(batch) if index not in refused]
        for slot, issue in zip(left, created, strict=False):
            self._note(slot, issue)
        waiting = (batch[index].wanted for index in sorted(refused))
        self.late += [wanted for wanted in waiting if wanted is not None]
        if not created:
            await self._fill(maker)
        await self.flush()

    async def finish(self, maker: BodyMaker) -> None:
        """Creates what had to wait, each in a request of its own, behind the last number."""
        late, self.late = self.late, []
        for wanted in late:
            await self._alone(wanted, maker)
        await self.flush()

    async def _bulk(self, bodies: Sequence[Json]) -> tuple[list[Json], set[int]]:
        """What was created, in the order of the bodies, and the places of what was not."""
        try:
            answer: Json = await self.unit.site.post_json(BULK, {"issueUpdates": list(bodies)})
        except _REFUSALS as error:
            answer = _decoded(error.body)
            if not answer.get("errors"):
                return [], set(range(len(bodies)))
        created: list[Json] = answer.get("issues") or []
        failures: list[Mapping[str, Any]] = answer.get("errors") or []
        refused = {int(failure["failedElementNumber"]) for failure in failures}
        return created, refused

    async def _alone(self, wanted: Wanted, maker: BodyMaker) -> None:
        """One issue as it was, then without what the site may have refused."""
        message = ""
        for plain in (False, True):
            body = maker.issue(wanted, plain=plain)
            try:
                issue: Json = await self.unit.site.post_json(SINGLE, body)
            except _REFUSALS as error:
                message = error.message
            else:
                self._note(Slot(self.following, wanted), issue)
                return
        self._miss(wanted, message)

    async def _fill(self, maker: BodyMaker) -> None:
        """A filler that tells which number comes next; without one, other keys are said later."""
        try:
            issue: Json = await self.unit.site.post_json(SINGLE, maker.filler())
        except _REFUSALS:
            return
        self._note(Slot(self.following, None), issue)

    def _miss(self, wanted: Wanted, message: str) -> None:
        key = f"{self.project.key}-{wanted.number}"
        self.unit.tally.missing(Kind.ISSUE, key, "ISSUE_REFUSED", message)

    def _note(self, slot: Slot, issue: Json) -> None:
        """Keeps what became of a slot and which number comes next."""
        number = split_issue_key(str(issue["key"]))[1]
        self.following = max(self.following, number + 1)
        if slot.wanted is None:
            self.fillers.append(str(issue["id"]))
        else:
            self.keep(slot.wanted, str(issue["id"]), number)

    def keep(self, wanted: Wanted, target: str, number: int) -> None:
        """Keeps which issue became which; another number than the original one is said."""
        key = f"{self.project.key}-{wanted.number}"
        self.kept[wanted.source] = target
        self._new_issues[wanted.source] = target
        self._new_keys[key] = target
        if number != wanted.number:
            name = f"{key}, now {self.project.key}-{number}"
            self._losses.add(Kind.ISSUE, Loss.ISSUE_KEY_CHANGED, name)

    async def flush(self) -> None:
        """Writes down what became of the issues of the last request."""
        await self.unit.identities.put(identity_kinds.ISSUE, self._new_issues)
        await self.unit.identities.put(identity_kinds.ISSUE_KEY, self._new_keys)
        self._new_issues, self._new_keys = {}, {}


def _body(slot: Slot, maker: BodyMaker) -> Json:
    return maker.filler() if slot.wanted is None else maker.issue(slot.wanted)


def _decoded(body: bytes) -> Json:
    try:
        answer: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return answer if is_node(answer) else {}
