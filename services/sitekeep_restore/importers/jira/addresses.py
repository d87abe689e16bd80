"""Addresses within the source site, which lead to the same place of the destination then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.unit import ImportUnit


def _same(path: str) -> str:
    return path


@dataclass(frozen=True)
class Addresses:
    """Where both sites are: ``https://example.atlassian.net``; empty: it is not known."""

    source: str
    target: str

    @classmethod
    async def of(cls, unit: ImportUnit) -> Addresses:
        """What the first unit of the restore has found out."""
        found = await unit.identities.get(identity_kinds.SITE, ["source", "target"])
        return cls(found.get("source", ""), found.get("target", ""))

    def link(self, url: str, rewritten: Callable[[str], str] = _same) -> str:
        """The address at the destination, its path ``rewritten``; others stay as they are."""
        if not self.source or not url.startswith(self.source + "/"):
            return url
        return self.target + rewritten(url.removeprefix(self.source))
