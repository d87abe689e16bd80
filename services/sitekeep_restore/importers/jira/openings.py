"""The projects that get their own schemes when nothing else is written any more."""

from __future__ import annotations

from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import batch_of
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind

PROJECTS_PER_UNIT = 50


@dataclass(frozen=True)
class Opening:
    """A restored project and the scheme that it had."""

    project: str
    """Its id at the destination."""
    key: str
    scheme: str | None
    """The target id of the scheme; None: the backup knows none of the project."""


async def next_openings(unit: ImportUnit, schemes: str) -> list[Opening]:
    """The next projects of a chained unit. ``schemes``: the identities of the projects' schemes."""
    entries = await batch_of(unit, Kind.PROJECT, PROJECTS_PER_UNIT)
    sources = [entry.key for entry in entries]
    projects = await unit.identities.get(identity_kinds.PROJECT, sources)
    found = await unit.identities.get(schemes, sources)
    prepared = await unit.identities.get(identity_kinds.PREPARED_PROJECT, sources)
    return [
        Opening(projects[entry.key], entry.attributes.get("key", ""), found.get(entry.key))
        for entry in entries
        # One that somebody made by hand before has settings of its own.
        if entry.key in projects and entry.key not in prepared
    ]
