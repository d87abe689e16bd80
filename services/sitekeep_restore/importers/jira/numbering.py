"""Which issue is created when: pure planning of key numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BATCH = 50
"""Issues per issue/bulk, its largest number (Jira REST v3)."""


@dataclass(frozen=True)
class Wanted:
    """An issue of the backup and what its creation has to know."""

    number: int
    entry_key: str
    needs: str = ""
    """The source id of the issue that has to exist before; empty: none."""
    source: str = ""
    """Its own source id."""


@dataclass(frozen=True)
class Slot:
    """A number that the site is about to give, and the issue for it; None: a filler."""

    number: int
    wanted: Wanted | None


def slots(wanted: Sequence[Wanted], following: int, last: int) -> Iterator[Slot]:
    """What is created, in order, when the site gives ``following`` next.

    A gap before an issue and behind the last one, up to ``last``, is filled. An issue
    whose number is used up already takes the next one.
    """
    number = following
    for issue in wanted:
        while number < issue.number:
            yield Slot(number, None)
            number += 1
        yield Slot(number, issue)
        number += 1
    while number <= last:
        yield Slot(number, None)
        number += 1


def next_batch(planned: Sequence[Slot], size: int = BATCH) -> Sequence[Slot]:
    """The first slots that one request may create: no issue needs another one of them."""
    inside: set[str] = set()
    for count, slot in enumerate(planned[:size]):
        if slot.wanted is not None:
            if slot.wanted.needs and slot.wanted.needs in inside:
                return planned[:count]
            inside.add(slot.wanted.source)
    return planned[:size]
