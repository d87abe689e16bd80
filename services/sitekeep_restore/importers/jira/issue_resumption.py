"""After an attempt that ended early: reading back which numbers exist already."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.issue_creation import Creation
from sitekeep_restore.importers.jira.numbering import Wanted
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.content.entry_keys import split_issue_key

BULKFETCH = "/rest/api/3/issue/bulkfetch"
BLOCK = 100


async def resume(creation: Creation, wanted: Sequence[Wanted], last: int) -> list[Wanted]:
    """Takes over what an earlier attempt created; the issues that are still to be created.

    Reads on past ``last`` as long as a block holds anything: drifted numbers may be there.
    """
    by_source = {issue.source: issue for issue in wanted}
    start = creation.following
    while True:
        found = await _block(creation, start)
        for issue in found:
            _take_over(creation, issue, by_source)
        await creation.flush()
        start += BLOCK
        if start > last and not found:
            return [issue for issue in wanted if issue.source in by_source]


async def _block(creation: Creation, start: int) -> list[Json]:
    keys = [f"{creation.project.key}-{number}" for number in range(start, start + BLOCK)]
    body = {"issueIdsOrKeys": keys, "fields": ["labels"], "properties": [origin.PROPERTY]}
    answer: Json = await creation.unit.site.post_json(BULKFETCH, body, read=True)
    asked = set(keys)
    issues: list[Json] = answer.get("issues") or []
    return [issue for issue in issues if issue["key"] in asked]


def _take_over(creation: Creation, issue: Json, by_source: dict[str, Wanted]) -> None:
    number = split_issue_key(str(issue["key"]))[1]
    creation.following = max(creation.following, number + 1)
    found = by_source.pop(origin.marked_id(issue.get("properties")), None)
    if found is not None:
        creation.keep(found, str(issue["id"]), number)
    elif origin.FILLER_LABEL in (issue["fields"].get("labels") or ()):
        creation.fillers.append(str(issue["id"]))
