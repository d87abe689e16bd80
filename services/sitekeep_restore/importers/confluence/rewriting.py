"""Rewrites the bodies of one unit: asks once for all the ids that they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from sitekeep_restore.importers.confluence import spaces
from sitekeep_restore.importers.confluence.origin import People
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.storage import (
    LINK_TARGET_UNKNOWN,
    MENTION_AS_TEXT,
    TINY_LINK,
    USER_REFERENCE_UNKNOWN,
    Rewritten,
    Targets,
    references,
    rewrite,
)
from sitekeep_shared.kinds import Kind

_MESSAGES = {
    LINK_TARGET_UNKNOWN: "A link leads to content that was not restored; it was left as it is.",
    TINY_LINK: "A short link (/wiki/x/…) hides what it leads to; it was left as it is.",
    MENTION_AS_TEXT: "Somebody who is mentioned has no account at the destination: now a name.",
    USER_REFERENCE_UNKNOWN: "A macro names somebody without an account at the destination.",
}


class Rewriter:
    """Knows what became of everything that some bodies name."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets

    @classmethod
    async def of(cls, unit: ImportUnit, bodies: Iterable[str], people: People) -> Rewriter:
        """Asks for all ids in the bodies."""
        bases = await unit.identities.get(spaces.BASE, ["source", "target"])
        known = {bases["source"]: bases["target"]} if len(bases) == 2 else {}
        found = [references(body, known) for body in bodies]
        contents = {name for each in found for name in each.contents}
        accounts = {name for each in found for name in each.accounts}
        keys = {name for each in found for name in each.space_keys}
        mapped = await _get(unit, Kind.USER.value, accounts)
        targets = Targets(
            contents=await _contents(unit, contents),
            accounts=mapped,
            names={account: await people.name(account) for account in accounts - mapped.keys()},
            space_keys=await _get(unit, spaces.CHANGED_KEY, keys),
            bases=known,
        )
        return cls(targets)

    def rewrite(self, body: str) -> Rewritten:
        """A body for the destination, inline markers still in it."""
        return rewrite(body, self._targets)


async def _contents(unit: ImportUnit, contents: set[str]) -> dict[str, str]:
    pages = await _get(unit, Kind.PAGE.value, contents)
    return pages | await _get(unit, Kind.BLOG_POST.value, contents - pages.keys())


async def _get(unit: ImportUnit, kind: str, sources: set[str]) -> dict[str, str]:
    return await unit.identities.get(kind, sources) if sources else {}


def remark_losses(unit: ImportUnit, kind: Kind, key: str, losses: Mapping[str, int]) -> bool:
    """Says what a body lost; whether it lost anything."""
    for reason, count in Counter(losses).items():
        unit.tally.remark(kind, key, reason, _MESSAGES[reason], count=count)
    return bool(losses)
