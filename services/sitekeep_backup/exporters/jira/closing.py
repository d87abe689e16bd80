"""The closing pass: what changed, came and went since a project's issues were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace

import msgspec

from sitekeep_backup.exporters.jira.issue_fetching import (
    BULKFETCH,
    CONCURRENT_BLOCKS,
    FetchedIssue,
    fetch,
)
from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import BLOCK, RANGE, IssueSource
from sitekeep_backup.exporters.jira.issue_reading import IssueReading, note_of
from sitekeep_backup.exporters.jira.issue_storing import store_further, store_issues
from sitekeep_backup.exporters.jira.projects import known_projects
from sitekeep_backup.exporters.jira.raw import Identified
from sitekeep_backup.exporters.jira.read_again import closings_of, stage_of
from sitekeep_backup.exporters.jira.suspects import KnownIssue, Suspects, find_suspects
from sitekeep_backup.exporters.unit import CLOSING_KEYS, ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import split_issue_key
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.tally import Withdrawn
from sitekeep_shared.work.unit import UnitPlan

LAST_STAGE = 3
"""How often a project is read again at most: what moves more than that is found missing."""


def plan_closing(source: IssueSource, changed: Mapping[str, str], stage: int = 1) -> UnitPlan:
    """The unit that reads again what changed in a project. ``changed``: id and time of issues."""
    phase = ExportPhase.CLOSING if stage == 1 else ExportPhase.CLOSING_AGAIN
    arguments = {"source": asdict(source), "changed": dict(changed)}
    return UnitPlan(phase, f"{closings_of(source.project_id)}{stage}", "closing", arguments)


async def export_closing(unit: ExportUnit) -> None:
    """One project. What the search does not list is asked for before it counts as gone."""
    source = IssueSource(**unit.plan.arguments["source"])
    changed = {**unit.plan.arguments["changed"], **await _neighbours(unit, source.project_key)}
    try:
        found = await find_suspects(unit, source, changed)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        # The account does not see the project by now: what was read of it stays.
        return
    closing = _Closing(unit, source)
    await closing.ask_for(found.unlisted)
    await closing.read([*closing.changed, *found.changed], found.unread)
    closing.end(found)
    await closing.plan_further()


async def _neighbours(unit: ExportUnit, project_key: str) -> Mapping[str, str]:
    """The ids of the issues that showed one which the pass before found gone."""
    found: dict[str, str] = {}
    before = stage_of(unit.plan.key) - 1
    if not before:
        return found
    async for key, note in unit.earlier.notes(CLOSING_KEYS):
        if stage_of(key) == before:
            found |= dict.fromkeys(note["neighbours"].get(project_key, ()), "")
    return found


class _Where(msgspec.Struct):
    updated: str = ""
    project: Identified | None = None


class _Place(msgspec.Struct):
    id: str
    key: str
    fields: _Where


class _Places(msgspec.Struct):
    issues: list[_Place] = []


@dataclass
class _Closing:
    """One project while it is read again."""

    unit: ExportUnit
    source: IssueSource
    changed: list[KnownIssue] = field(default_factory=list[KnownIssue])
    gone: list[KnownIssue] = field(default_factory=list[KnownIssue])
    readings: list[IssueReading] = field(default_factory=list[IssueReading])
    numbers: set[int] = field(default_factory=set[int])
    """Of what was read again or is gone."""
    targets: dict[str, str] = field(default_factory=dict[str, str])
    """Key by id of the projects into which issues went."""
    neighbours: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """By the key of their project: the ids of issues that show one which is gone."""

    async def ask_for(self, unlisted: Sequence[KnownIssue]) -> None:
        """Finds out what became of issues that are not listed, a hundred with one request."""
        for start in range(0, len(unlisted), BLOCK):
            block = unlisted[start : start + BLOCK]
            asked = [each.issue.id for each in block]
            body = {"issueIdsOrKeys": asked, "fields": ["updated", "project"]}
            places = await self.unit.site.post_for(BULKFETCH, body, _Places)
            found = {each.id: each for each in places.issues}
            for each in block:
                self._judge(each, found.get(each.issue.id))

    def _judge(self, known: KnownIssue, place: _Place | None) -> None:
        if place is None or not self._is_here(place.fields.project):
            self._lose(known)
            if place is not None:
                self._follow(place.key, place.fields.project)
        elif known.is_suspect(place.fields.updated):
            self.changed.append(known)

    def _is_here(self, project: Identified | None) -> bool:
        return project is None or str(project.id) == self.source.project_id

    def _lose(self, known: KnownIssue) -> None:
        self._supersede(known)
        self.gone.append(known)
        for issue_id, key in known.issue.neighbours:
            self.neighbours.setdefault(split_issue_key(key)[0], set()).add(issue_id)

    def _follow(self, key: str, project: Identified | None) -> None:
        """An issue went into a project that may have been read again before."""
        if project is not None:
            self.targets[str(project.id)] = split_issue_key(key)[0]

    def _supersede(self, known: KnownIssue) -> None:
        """Takes back all that an earlier unit stored, counted and said of an issue."""
        self.numbers.add(known.issue.number)
        for kind, key, size_bytes in known.issue.entries:
            self.unit.superseded.add(known.unit_key, kind, key, size_bytes)
        for kind, count in known.issue.tally.counts.items():
            total = self.unit.tally.of(kind)
            total.expected -= count.expected
            total.done -= count.done
            total.missing -= count.missing
            total.size_bytes -= count.size_bytes
        self.unit.superseded.findings += [
            Withdrawn(known.unit_key, finding) for finding in known.issue.tally.findings
        ]

    async def read(self, changed: Sequence[KnownIssue], unread: Sequence[str]) -> None:
        """Reads issues anew, with everything that hangs on them."""
        known = {each.issue.id: each for each in changed}
        ids = [*known, *unread]
        for start in range(0, len(ids), RANGE):
            seen = await self._read(ids[start : start + RANGE], known)
            await store_further(self.unit, self.source, seen)

    async def _read(self, ids: Sequence[str], known: Mapping[str, KnownIssue]) -> list[SeenIssue]:
        blocks = [ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK)]
        calls = [lambda block=block: fetch(self.unit, self.source, block) for block in blocks]
        seen: list[SeenIssue] = []
        lost = {each: known[each] for each in ids if each in known}
        async with aclosing(in_order(calls, limit=CONCURRENT_BLOCKS)) as answers:
            async for answer in answers:
                here = [pair for pair in answer.issues if self._stays(pair, lost)]
                seen += await store_issues(self.unit, self.source, here)
                for reading in answer.failed:
                    self._replace(reading, lost)
        for each in lost.values():
            self._lose(each)
        return seen

    def _stays(self, pair: FetchedIssue, lost: dict[str, KnownIssue]) -> bool:
        issue, _ = pair
        if not self._is_here(issue.fields.project):
            self._follow(issue.key, issue.fields.project)
            return False
        self._replace(issue.reading, lost)
        return True

    def _replace(self, reading: IssueReading, lost: dict[str, KnownIssue]) -> None:
        self.readings.append(reading)
        self.numbers.add(reading.number)
        earlier = lost.pop(reading.id, None)
        if earlier is not None:
            self._supersede(earlier)

    def end(self, found: Suspects) -> None:
        """Leaves a note of what is in the backup now, and says what went."""
        read_before = {each.issue.id for each in found.changed + self.changed}
        added = sum(reading.id not in read_before for reading in self.readings)
        self.unit.note = note_of(
            self.readings,
            numbers=sorted(self.numbers),
            gone=[each.issue.id for each in self.gone],
            neighbours={key: sorted(ids) for key, ids in self.neighbours.items()},
            count=found.known + added - len(self.gone),
        )
        if self.gone:
            key, count = self.source.project_key, len(self.gone)
            message = f"{count} issues of {key} went while the backup ran: they are not in it."
            reason = "ISSUES_GONE_MEANWHILE"
            self.unit.tally.remark(Kind.ISSUE, key, reason, message, count=count)

    async def plan_further(self) -> None:
        """Another pass over the projects into which issues went, and whose issues showed them."""
        stage = stage_of(self.unit.plan.key) + 1
        if stage > LAST_STAGE or not (self.targets or self.neighbours):
            return
        known, _ = await known_projects(self.unit)
        ids = {key: project_id for project_id, (key, _) in known.items()}
        showing = {ids[key]: key for key in self.neighbours if key in ids}
        for project_id, key in (showing | self.targets).items():
            target = replace(self.source, project_id=project_id, project_key=key)
            self.unit.spawn(plan_closing(target, {}, stage))
