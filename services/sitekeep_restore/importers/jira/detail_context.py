"""What the modules of an issue's details work on."""

from __future__ import annotations

from dataclasses import dataclass

from sitekeep_restore.importers.jira.field_values import FieldValues
from sitekeep_restore.importers.jira.known import Known
from sitekeep_restore.importers.jira.losses import LossCounter
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.said_properties import SaidProperties
from sitekeep_restore.importers.jira.texts import Texts
from sitekeep_restore.importers.jira.transitions import Transitions
from sitekeep_restore.importers.unit import ImportUnit


@dataclass
class DetailedIssue:
    """An issue of the backup with what hangs on it, and its id at the destination."""

    source: Json
    target: str
    comments: list[Json]
    worklogs: list[Json]
    watchers: Json
    votes: Json
    remote_links: list[Json]

    @property
    def key(self) -> str:
        """Its key, as people know it."""
        return str(self.source["key"])


@dataclass
class DetailContext:
    """What the details of one unit share."""

    unit: ImportUnit
    known: Known
    texts: Texts
    losses: LossCounter
    values: FieldValues
    transitions: Transitions
    said_properties: SaidProperties
    caller: str
    """The restoring account; empty where nobody has to know."""
