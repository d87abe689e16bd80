"""Issues strictly in number order: every number of a project is used up, gaps by fillers."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.issue_bodies import BodyMaker
from sitekeep_restore.importers.jira.issue_creation import Creation
from sitekeep_restore.importers.jira.issue_plans import plan_following, plan_range
from sitekeep_restore.importers.jira.issue_resumption import resume
from sitekeep_restore.importers.jira.issue_security import secure_issues
from sitekeep_restore.importers.jira.losses import LossCounter
from sitekeep_restore.importers.jira.numbering import BATCH, Wanted, next_batch, slots
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import take
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.entry_keys import end_of, first_of_project, issue_entry, number_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry

RANGE = 500
"""Key numbers per unit."""


async def import_issues(unit: ImportUnit) -> None:
    """Creates the issues of one range of numbers; plans what follows from them."""
    project = TargetProject(**unit.plan.arguments["project"])
    first, following = int(unit.plan.arguments["first"]), int(unit.plan.arguments["next"])
    entries, has_more = await _entries(unit, project, first)
    if not entries and not has_more:
        return
    last = first + RANGE - 1 if has_more else number_of(entries[-1].key)
    losses = LossCounter(unit.tally)
    creation = Creation(unit, project, following, losses)
    unit.tally.expect(Kind.ISSUE, len(entries))
    waiting = await _waiting(unit)
    maker = await BodyMaker.of(unit, project, [*waiting, *entries], losses, creation.kept)
    await _create(creation, maker, await _wanted(unit, creation, maker, last), last)
    if not has_more:
        await creation.finish(maker)
    await secure_issues(unit, maker.heads.values(), creation.kept)
    losses.report()
    plan_range(unit, project, first, last, creation.fillers)
    if has_more:
        late = [issue.entry_key for issue in creation.late]
        plan_following(unit, project, last + 1, creation.following, late)


async def _waiting(unit: ImportUnit) -> list[Entry]:
    """Issues of earlier ranges that are created behind the last number."""
    keys: list[str] = unit.plan.arguments.get("late", [])
    found = [await unit.backup.entry(Kind.ISSUE, key) for key in keys]
    return [entry for entry in found if entry is not None]


async def _wanted(
    unit: ImportUnit, creation: Creation, maker: BodyMaker, last: int
) -> Sequence[Wanted]:
    """The issues that no earlier attempt has created."""
    return maker.wanted if unit.first_attempt else await resume(creation, maker.wanted, last)


async def _entries(
    unit: ImportUnit, project: TargetProject, first: int
) -> tuple[list[Entry], bool]:
    """The issues of the range in number order, and whether the project has any beyond it.

    What was read again while the backup ran is listed apart from the others.
    """
    start, behind = (issue_entry(project.source, number) for number in (first, first + RANGE))
    last = issue_entry(project.source, first + RANGE - 1)
    found = [entry async for entry in unit.backup.entries(Kind.ISSUE, first=start, last=last)]
    end = end_of(first_of_project(project.source))
    beyond, _ = await take(unit.backup, Kind.ISSUE, 1, first=behind, last=end)
    return sorted(found, key=lambda entry: entry.key), bool(beyond)


async def _create(
    creation: Creation, maker: BodyMaker, wanted: Sequence[Wanted], last: int
) -> None:
    """Plans anew after each request, because the site's answer decides what comes next.

    The first request creates one issue only: should its number be used up, one issue gets
    another key and not fifty.
    """
    left = _split(creation, wanted)
    size = 1
    while planned := list(slots(left, creation.following, last)):
        batch = next_batch(planned, size)
        size = BATCH
        await creation.run(batch, maker)
        tried = {slot.wanted.number for slot in batch if slot.wanted is not None}
        left = _split(creation, [issue for issue in left if issue.number not in tried])


def _split(creation: Creation, wanted: Sequence[Wanted]) -> list[Wanted]:
    """The issues whose number is still to come; the others wait, so that no more are shifted."""
    creation.late += [issue for issue in wanted if issue.number < creation.following]
    return [issue for issue in wanted if issue.number >= creation.following]
