"""The bodies that issues are created with: only what cannot fail and cannot come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds, origin
from sitekeep_restore.importers.jira.issue_heads import Head, decode_head
from sitekeep_restore.importers.jira.issue_types import usable_types
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.numbering import Wanted
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.entry_keys import number_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry

SUMMARY_LIMIT = 255
NO_SUMMARY = "(no summary)"


def summary_of(text: str | None) -> str:
    """A summary as the site takes it: one line, not blank, at most 255 characters."""
    line = (text or "").replace("\r", "").replace("\n", " ")[:SUMMARY_LIMIT]
    return line if line.strip() else NO_SUMMARY


@dataclass
class BodyMaker:
    """Makes the bodies of one unit's issues."""

    project: TargetProject
    losses: LossCounter
    heads: Mapping[int, Head]
    types: Mapping[str, str]
    """Source → target id of issue types."""
    subtask_types: frozenset[str]
    """Target ids of issue types below a parent."""
    parents: dict[str, str]
    """Source → target id of the issues that exist already and may be parents."""
    wanted: list[Wanted]

    @classmethod
    async def of(
        cls,
        unit: ImportUnit,
        project: TargetProject,
        entries: Sequence[Entry],
        losses: LossCounter,
        parents: dict[str, str],
    ) -> BodyMaker:
        """Reads the issues of a unit as far as their creation needs them."""
        heads = {number_of(e.key): decode_head(await unit.backup.read(e)) for e in entries}
        sources = {head.fields.issuetype.id for head in heads.values()}
        types = await unit.identities.get(identity_kinds.ISSUE_TYPE, sources)
        types = await usable_types(unit, project, types)
        found: list[Json] = await unit.site.get_json("/rest/api/3/issuetype")
        subtasks = frozenset(str(each["id"]) for each in found if each.get("subtask"))
        wanted = [_wanted(entry, heads[number_of(entry.key)]) for entry in entries]
        named = {head.fields.parent.id for head in heads.values() if head.fields.parent}
        parents |= await unit.identities.get(identity_kinds.ISSUE, named)
        return cls(project, losses, heads, types, subtasks, parents, wanted)

    def filler(self) -> Json:
        """The body of a filler."""
        fields = {
            "project": {"id": self.project.target},
            "issuetype": {"id": self.project.standard},
            "summary": origin.FILLER_SUMMARY,
            "labels": [origin.FILLER_LABEL],
        }
        return {"fields": fields}

    def issue(self, wanted: Wanted, *, plain: bool = False) -> Json:
        """The body of an issue; ``plain`` leaves out all that the site may have refused."""
        head = self.heads[wanted.number]
        summary = summary_of(head.fields.summary)
        if not plain and summary != head.fields.summary:
            self.losses.add(Kind.ISSUE, Loss.SUMMARY_CHANGED, head.key)
        kind, parent = self._place(head, plain)
        fields: Json = {
            "project": {"id": self.project.target},
            "issuetype": {"id": kind},
            "summary": summary,
        }
        if parent:
            fields["parent"] = {"id": parent}
        return {"fields": fields, "properties": [self._marker(head)]}

    def _place(self, head: Head, plain: bool) -> tuple[str, str]:
        """Type and parent at the destination. A sub-task without one begins as standard."""
        kind = self.types.get(head.fields.issuetype.id)
        if kind is None:
            self.losses.add(Kind.ISSUE, Loss.ISSUE_TYPE_CHANGED, head.key)
            kind = self.project.standard
        parent = self.parents.get(head.fields.parent.id, "") if head.fields.parent else ""
        if plain and kind != self.project.standard:
            self.losses.add(Kind.ISSUE, Loss.ISSUE_TYPE_CHANGED, head.key)
        if plain or (kind in self.subtask_types and not parent):
            return self.project.standard, ""
        return kind, parent

    def _marker(self, head: Head) -> Json:
        item = {"id": head.id, "created": head.fields.created, "updated": head.fields.updated}
        marker: Json = origin.marker(item, head.fields.creator, head.key)
        return marker


def _wanted(entry: Entry, head: Head) -> Wanted:
    """Only a sub-task has to wait for its parent; others can be put below it later."""
    parent = head.fields.parent
    needs = parent.id if parent is not None and head.fields.issuetype.subtask else ""
    return Wanted(number_of(entry.key), entry.key, needs, head.id)
