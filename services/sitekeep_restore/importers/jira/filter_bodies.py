"""Filters, as requests to the destination have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.queries import NOTHING, Rewritten
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.shares import requested

REFUSED_QUERY = "Sitekeep: the site refused the original query: "
"""Begins the last line of the description of a filter whose query did not come back."""

_NAME_LENGTH = 230


@dataclass(frozen=True)
class TargetFilter:
    """A filter of the backup, as the destination is to have it."""

    source: Json
    query: Rewritten
    shares: Sequence[Json]
    edits: Sequence[Json]
    owner: str
    """The target account; empty: it is not at the destination."""
    doubled: bool
    """Whether another filter of the backup has its name."""
    stays: bool
    """Whether the restoring account remains its owner."""

    @property
    def id(self) -> str:
        """Its source id."""
        return str(self.source["id"])

    @property
    def name(self) -> str:
        """Its name at the source."""
        return str(self.source["name"])

    @property
    def waits(self) -> bool:
        """Whether its query names something that is restored later."""
        return self.query.waits and not self.query.lost

    @property
    def is_completed_later(self) -> bool:
        """Whether its query waits, or its name: for others of that name to be given away."""
        return self.waits or (self.doubled and self.stays)

    def names(self) -> Iterator[str]:
        """Its name, unless others need it before, then one that is surely free."""
        if not (self.doubled and self.is_completed_later):
            yield self.name
        yield f"{self.name[:_NAME_LENGTH]} ({self.id})"

    def bodies(self) -> Iterator[Json]:
        """Bodies of a create, each with less that the site may refuse than the one before."""
        if not self.query.lost:
            yield from self._bodies(self._described(self.query.text))
        yield from self._bodies(self.refused)

    def _bodies(self, described: Json) -> Iterator[Json]:
        yield {**described, "sharePermissions": list(self.shares)}
        if self.shares:
            yield {**described, "sharePermissions": []}

    def _described(self, query: str) -> Json:
        description = str(self.source.get("description") or "")
        return {"description": description, "jql": NOTHING if self.waits else query}

    @property
    def refused(self) -> Json:
        """Description and query of a filter whose query does not come back."""
        description = str(self.source.get("description") or "")
        line = REFUSED_QUERY + str(self.source.get("jql") or "")
        return {"description": f"{description}\n{line}".lstrip("\n"), "jql": NOTHING}

    def edited(self, current: Json, **values: object) -> Json:
        """The body of an edit: what the filter is now, who may edit it, and other values."""
        named = {name: current.get(name) or "" for name in ("name", "description", "jql")}
        shares = requested(current.get("sharePermissions") or ())
        permissions = {"sharePermissions": shares, "editPermissions": list(self.edits)}
        return {**named, **permissions, **values}

    def completions(self, current: Json) -> Iterator[Json]:
        """Bodies of the edit that completes a filter, each with less than the one before."""
        names = [{"name": self.name}, {}]
        found = not (self.query.waits or self.query.lost)
        queries = [{"jql": self.query.text}] if found else []
        for query in (*queries, self.refused):
            for name in names:
                yield self.edited(current, **name, **query)

    def losses(self, current: Json) -> Iterator[Loss]:
        """What of the filter the destination did not take, once it is complete."""
        if current["name"] != self.name.strip():
            yield Loss.FILTER_RENAMED
        if REFUSED_QUERY in str(current.get("description") or ""):
            yield Loss.FILTER_QUERY_REFUSED
        for name, wanted in (("sharePermissions", self.shares), ("editPermissions", self.edits)):
            if len(current.get(name) or ()) < len(wanted):
                yield Loss.SHARE_DROPPED
