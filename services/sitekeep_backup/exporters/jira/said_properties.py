"""Properties of comments and worklogs: of some first, of all where any has one.

Their lists send the texts once more, so that reading all of them would double what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_properties import batches, sampled, store_on_issue
from sitekeep_backup.exporters.jira.raw import decode_array, decode_page
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.entity_properties import Owner, is_kept, property_entry
from sitekeep_shared.content.entry_keys import child_entry
from sitekeep_shared.kinds import Kind

PAGE_SIZE = 1000
"""Ids that comment/list and worklog/list take (Jira REST v3)."""
SAMPLE = 100
"""Comments and worklogs of a range that are asked for their properties in any case."""


class _Property(msgspec.Struct):
    key: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Said(msgspec.Struct):
    id: str | int
    created: str = ""
    started: str = ""
    properties: list[_Property] = []


@dataclass(frozen=True)
class _Saying:
    """What tells comments from worklogs."""

    owner: Owner
    kind: Kind
    template: str


_SAYINGS = (
    _Saying(Owner.COMMENT, Kind.COMMENT, "/rest/api/3/comment/list"),
    _Saying(Owner.WORKLOG, Kind.WORKLOG, "/rest/api/3/worklog/list"),
)


async def export_said_properties(
    unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]
) -> None:
    """The properties of the comments and of the worklogs of a range."""
    for saying in _SAYINGS:
        owners = _owners(sampled(seen), saying.kind)
        some = await _read(unit, saying, list(owners)[:SAMPLE])
        rest = list(owners)[SAMPLE:] if any(_kept(each) for each in some) else []
        found = [*some, *await _read(unit, saying, rest)]
        for each in sorted(found, key=lambda each: (owners[str(each.id)].number, int(each.id))):
            await _store(saying.owner, project_id, owners[str(each.id)], each)


def _owners(seen: Sequence[SeenIssue], kind: Kind) -> dict[str, SeenIssue]:
    """The issues by the ids of what was said on them: one of each issue, then another of each."""
    lists = [_ids(issue, kind) for issue in seen]
    longest = max((len(ids) for ids in lists), default=0)
    return {
        ids[place]: issue
        for place in range(longest)
        for issue, ids in zip(seen, lists, strict=True)
        if place < len(ids)
    }


def _ids(issue: SeenIssue, kind: Kind) -> list[str]:
    embedded = issue.comments.comments if kind is Kind.COMMENT else issue.worklogs.worklogs
    return sorted({*(str(each.id) for each in embedded), *issue.further.get(kind, ())}, key=int)


async def _read(unit: ExportUnit, saying: _Saying, ids: Sequence[str]) -> list[_Said]:
    found: list[_Said] = []
    for part in batches(ids, PAGE_SIZE):
        body = {"ids": [int(each) for each in part]}
        query = [("expand", "properties")]
        answer = await unit.site.post(saying.template, body, query, read=True)
        # A page of comments is an object, worklogs are a bare list.
        is_page = saying.owner is Owner.COMMENT
        items = decode_page(answer).values if is_page else decode_array(answer)
        found += [msgspec.json.decode(item, type=_Said) for item in items]
    asked = set(ids)
    return [each for each in found if str(each.id) in asked]


def _kept(said: _Said) -> dict[str, msgspec.Raw]:
    return {each.key: each.value for each in said.properties if is_kept(each.key)}


async def _store(owner: Owner, project_id: str, issue: SeenIssue, said: _Said) -> None:
    identifier = str(said.id)
    entry = property_entry(owner, child_entry(project_id, issue.number, identifier))
    attributes = {"id": identifier, "at": said.started or said.created}
    await store_on_issue(issue, entry, _kept(said), attributes)
