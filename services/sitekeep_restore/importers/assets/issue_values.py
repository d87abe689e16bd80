"""The objects that issues name: written as the destination has them, and read back.

A site answers 204 to a value that names no object, and keeps nothing.
"""

from __future__ import annotations

from typing import Any

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.assets_site import FIELD_TYPE
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.kinds import Kind

ONE = "/rest/api/3/issue/{issue}"


async def check_objects(context: DetailContext, issue: DetailedIssue) -> None:
    """Says what of the objects that were written the site has not kept."""
    written = _written(context, issue)
    if not written:
        return
    query = [("fields", ",".join(written))]
    try:
        found: Json = await context.unit.site.get_json(ONE, query, issue=issue.target)
    except (SiteForbidden, SiteNotFound):
        return
    lost = sum(count - len(found["fields"].get(name) or ()) for name, count in written.items())
    context.losses.add(Kind.ISSUE, Loss.ASSET_NOT_KEPT, issue.key, lost)


def _written(context: DetailContext, issue: DetailedIssue) -> dict[str, int]:
    """By the id of a field at the destination, how many objects were written."""
    known = context.known
    objects = known.of(identity_kinds.ASSET_OBJECT)
    written: dict[str, int] = {}
    for source, value in issue.source["fields"].items():
        kind = known.of(identity_kinds.FIELD_TYPE).get(source)
        target = known.of(identity_kinds.FIELD).get(source)
        if kind != FIELD_TYPE or target is None or not value:
            continue
        named: list[dict[str, Any]] = value
        count = sum(str(each.get("objectId")) in objects for each in named)
        written |= {target: count} if count else {}
    return written
