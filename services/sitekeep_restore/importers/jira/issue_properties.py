"""Properties of issues: many in one request, then read back, as each of them may fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.bulk_tasks import wait_for_task
from sitekeep_restore.importers.jira.entity_properties import REFUSALS, miss_owner, put
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.entity_properties import Owner, property_entry
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry

MULTI = "/rest/api/3/issue/properties/multi"
BULKFETCH = "/rest/api/3/issue/bulkfetch"
MOST_ISSUES = 100
"""Issues that one issue/properties/multi takes, and one issue/bulkfetch (Jira REST v3)."""
MOST_PROPERTIES = 10
"""Properties of an issue that one issue/properties/multi takes (Jira REST v3)."""
MOST_BYTES = 1_000_000
"""JSON of one request, about."""
READ_AT_ONCE = 5
"""Properties that one issue/bulkfetch takes (Jira REST v3)."""


@dataclass
class _Batch:
    """What one request writes: values by key, by target issue."""

    values: dict[str, Json] = field(default_factory=dict[str, Json])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Target id → the key of the issue."""
    size: int = 0

    def takes(self, target: str, size: int) -> bool:
        """Whether there is room for more of an issue, which may be named once only."""
        full = len(self.values) >= MOST_ISSUES or self.size + size > MOST_BYTES
        return not self.values or not (full or target in self.values)

    @property
    def body(self) -> Json:
        """Of the request (Jira REST v3, MultiIssueEntityProperties)."""
        listed = [{"issueID": int(each), "properties": p} for each, p in self.values.items()]
        return {"issues": listed}


async def import_issue_properties(unit: ImportUnit) -> None:
    """The properties of the issues of a range."""
    project = TargetProject(**unit.plan.arguments["project"])
    first, last = (
        property_entry(Owner.ISSUE, issue_entry(project.source, int(unit.plan.arguments[name])))
        for name in ("first", "last")
    )
    entries = unit.backup.entries(Kind.ENTITY_PROPERTY, first=first, last=last)
    found = [entry async for entry in entries]
    ids = [entry.attributes["id"] for entry in found]
    targets = await unit.identities.get(identity_kinds.ISSUE, ids) if ids else {}
    batch = _Batch()
    for entry in found:
        async for target, values, size in _parts(unit, entry, targets):
            if not batch.takes(target, size):
                await _write(unit, batch)
                batch = _Batch()
            batch.values[target] = values
            batch.names[target] = entry.attributes["issue"]
            batch.size += size
    await _write(unit, batch)


async def _parts(
    unit: ImportUnit, entry: Entry, targets: Json
) -> AsyncIterator[tuple[str, Json, int]]:
    """The properties of an issue, as many at a time as a request takes, and their size."""
    payload = await unit.backup.read(entry)
    properties: Json = msgspec.json.decode(payload)
    unit.tally.expect(Kind.ENTITY_PROPERTY, len(properties))
    target = targets.get(entry.attributes["id"])
    if target is None:
        miss_owner(unit, entry.attributes["issue"], len(properties))
        return
    for part in _cut(properties):
        yield target, part, len(payload)


def _cut(properties: Json) -> Iterator[Json]:
    keys = list(properties)
    for start in range(0, len(keys), MOST_PROPERTIES):
        yield {key: properties[key] for key in keys[start : start + MOST_PROPERTIES]}


async def _write(unit: ImportUnit, batch: _Batch) -> None:
    """All of a batch at once; what is not there afterwards is put by itself."""
    if not batch.values:
        return
    try:
        task: Json = await unit.site.post_task(MULTI, batch.body)
        await wait_for_task(unit, str(task["id"]))
    except REFUSALS:
        present: dict[str, Json] = {}
    else:
        present = await _read(unit, batch)
    for target, values in batch.values.items():
        for key, value in values.items():
            if _same(present.get(target, {}), key, value):
                unit.tally.done(Kind.ENTITY_PROPERTY)
            else:
                name = f"{batch.names[target]}/{key}"
                await put(unit, Owner.ISSUE, target, key, value, name)


def _same(present: Json, key: str, value: Any) -> bool:
    return key in present and present[key] == value


async def _read(unit: ImportUnit, batch: _Batch) -> dict[str, Json]:
    """What the issues of a batch have under its keys."""
    keys = sorted({key for values in batch.values.values() for key in values})
    found: dict[str, Json] = {}
    for start in range(0, len(keys), READ_AT_ONCE):
        body = {
            "issueIdsOrKeys": list(batch.values),
            "fields": ["issuetype"],
            "properties": keys[start : start + READ_AT_ONCE],
        }
        answer: Json = await unit.site.post_json(BULKFETCH, body, read=True)
        for issue in answer.get("issues", ()):
            found.setdefault(str(issue["id"]), {}).update(issue.get("properties") or {})
    return found
