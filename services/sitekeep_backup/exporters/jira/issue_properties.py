"""Properties of issues: Jira lists their keys issue by issue only, values by key of many at once.

So the keys are looked for on some issues of a range; then all of its issues are asked for them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import (
    Properties,
    keys_of,
)
from sitekeep_backup.exporters.jira.issue_heads import FetchedIssues, SeenIssue
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.entity_properties import Owner, property_entry
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

BULKFETCH = "/rest/api/3/issue/bulkfetch"
BLOCK = 100
"""Issues per issue/bulkfetch (Jira REST v3)."""
KEYS_PER_REQUEST = 5
"""Properties that one issue/bulkfetch takes (Jira REST v3)."""
SAMPLE = 20
"""Issues of a range that are asked which properties they have."""
CONCURRENT_REQUESTS = 5
_SMALLEST_FIELD = "issuetype"
Item = TypeVar("Item")


class _Propertied(msgspec.Struct):
    properties: dict[str, msgspec.Raw] = {}


async def export_issue_properties(
    unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]
) -> None:
    """The properties of the issues of a range, in number order."""
    keys = await _keys(unit, sampled(seen)[:SAMPLE])
    if not keys:
        return
    for block in batches(seen, BLOCK):
        found = await _values(unit, block, keys)
        for issue in block:
            entry = property_entry(Owner.ISSUE, issue_entry(project_id, issue.number))
            attributes = {"id": issue.id}
            await store_on_issue(issue, entry, found.get(issue.id, {}), attributes)
    if len(seen) > SAMPLE:
        _say_how(unit, seen, keys)


async def store_on_issue(
    issue: SeenIssue, entry: str, properties: Properties, attributes: Mapping[str, str]
) -> None:
    """Keeps all properties of an issue or of what was said on it as one record."""
    if not properties:
        return
    kind, count = Kind.ENTITY_PROPERTY, len(properties)
    issue.reading.expect(kind, count)
    payload = msgspec.json.encode(properties)
    named = {**attributes, "issue": issue.key}
    await issue.reading.put(kind, entry, payload, attributes=named, count=count)


def sampled(seen: Sequence[SeenIssue]) -> list[SeenIssue]:
    """The issues mixed, but always in the same way, whatever other issues there are."""
    return sorted(seen, key=lambda issue: (zlib.crc32(issue.key.encode()), issue.key))


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """The items, some at a time."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


async def _keys(unit: ExportUnit, sample: Sequence[SeenIssue]) -> list[str]:
    """Every key that an issue of the sample has a value under."""

    async def read(issue: SeenIssue) -> list[str]:
        try:
            return await keys_of(unit, Owner.ISSUE, issue.id)
        except (SiteForbidden, SiteNotFound):
            return []

    found: set[str] = set()
    calls = [partial(read, issue) for issue in sample]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        async for keys in answers:
            found.update(keys)
    return sorted(found)


async def _values(
    unit: ExportUnit, issues: Sequence[SeenIssue], keys: Sequence[str]
) -> dict[str, Properties]:
    """The values of some issues by the issue's id."""
    found: dict[str, dict[str, msgspec.Raw]] = {}
    body: dict[str, Any] = {"issueIdsOrKeys": [issue.id for issue in issues]}
    for part in batches(keys, KEYS_PER_REQUEST):
        body |= {"fields": [_SMALLEST_FIELD], "properties": part}
        for raw in (await unit.site.post_for(BULKFETCH, body, FetchedIssues)).issues:
            properties = msgspec.json.decode(raw, type=_Propertied).properties
            found.setdefault(identity_of(raw), {}).update(properties)
    return {issue: dict(sorted(values.items())) for issue, values in found.items()}


def _say_how(unit: ExportUnit, seen: Sequence[SeenIssue], keys: Sequence[str]) -> None:
    message = (
        f"Keys of properties were looked for on {SAMPLE} of {len(seen)} issues, and {len(keys)} "
        "found: one that other issues alone have is not in the backup."
    )
    name = f"{seen[0].key}…{seen[-1].key}"
    unit.tally.remark(Kind.ENTITY_PROPERTY, name, "ISSUE_PROPERTIES_SAMPLED", message)
