"""Plans comments: a unit holds whole threads, each comment after the one that it answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-comments"
COMMENTS = "comments"

FIRST = (
    UnitPlan(
        ImportPhase.DETAILS, "plan-footer-comments", PLAN, {"kind": Kind.FOOTER_COMMENT.value}
    ),
    UnitPlan(
        ImportPhase.RELATIONS, "plan-inline-comments", PLAN, {"kind": Kind.INLINE_COMMENT.value}
    ),
)
"""Inline comments need the bodies; those that become footer comments come after the others."""

_COMMENTS_PER_UNIT = 40


async def plan_comments(unit: ImportUnit) -> None:
    """Plans all comments of a kind. Needs a few numbers per comment in memory."""
    kind = Kind(unit.plan.arguments["kind"])
    parents: dict[int, int] = {}
    containers: dict[int, int] = {}
    async for entry in unit.backup.entries(kind):
        parents[int(entry.key)] = int(entry.attributes.get("parent") or 0)
        containers[int(entry.key)] = _number(entry.attributes.get("container", ""))
    by_container: dict[int, list[list[int]]] = defaultdict(list)
    for thread in threads_of(parents):
        by_container[containers[thread[0]]].append(thread)
    for number, group in enumerate(_groups(by_container)):
        key = f"comments/{kind.value}/{number:06d}/000000"
        arguments = {"kind": kind.value, "containers": group}
        unit.spawn(UnitPlan(unit.plan.phase, key, COMMENTS, arguments))


def _number(identifier: str) -> int:
    """The number in a content id; attachments have theirs behind letters."""
    digits = "".join(character for character in identifier if character.isdigit())
    return int(digits or 0)


def unit_after(plan: UnitPlan, containers: Sequence[Sequence[Sequence[int]]]) -> UnitPlan:
    """The unit for what another one left."""
    before, _, number = plan.key.rpartition("/")
    arguments = {**plan.arguments, "containers": containers}
    return UnitPlan(plan.phase, f"{before}/{int(number) + 1:06d}", plan.kind, arguments)


def split(
    containers: Sequence[Sequence[Sequence[int]]],
) -> tuple[list[Sequence[Sequence[int]]], list[Sequence[Sequence[int]]]]:
    """What a unit does now, and what it leaves to the next: the rest of a crowded container.

    Comments of one container are made one after the other, because their order is the
    order in which they are shown.
    """
    if len(containers) > 1:
        return list(containers), []
    now: list[Sequence[int]] = []
    threads = list(containers[0])
    while threads and sum(map(len, now)) < _COMMENTS_PER_UNIT:
        now.append(threads.pop(0))
    return [now], [threads] if threads else []


def threads_of(parents: Mapping[int, int]) -> Iterator[list[int]]:
    """The ids of each thread, every comment after its parent.

    ``parents`` gives the parent of each comment, 0 for none. A comment whose parent is
    not there starts a thread; comments that answer each other in a circle do too.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for comment in sorted(parents):
        parent = parents[comment]
        children[parent if parent in parents else 0].append(comment)
    seen: set[int] = set()
    for start in [*children[0], *sorted(parents)]:
        if start not in seen:
            yield _thread(start, children, seen)


def _thread(start: int, children: Mapping[int, Sequence[int]], seen: set[int]) -> list[int]:
    thread = [start]
    seen.add(start)
    for comment in thread:
        for child in children.get(comment, ()):
            if child not in seen:
                seen.add(child)
                thread.append(child)
    return thread


def _groups(by_container: Mapping[int, list[list[int]]]) -> Iterator[list[list[list[int]]]]:
    """Containers put together until they make a unit; a crowded one is alone."""
    group: list[list[list[int]]] = []
    size = 0
    for threads in by_container.values():
        count = sum(map(len, threads))
        if group and size + count > _COMMENTS_PER_UNIT:
            yield group
            group, size = [], 0
        group.append(threads)
        size += count
    if group:
        yield group
