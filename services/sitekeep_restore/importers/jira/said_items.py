"""What people said on an issue, comments and worklogs: both are brought back in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira.detail_context import DetailContext, DetailedIssue
from sitekeep_restore.importers.jira.entity_properties import miss_owner
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.marked_items import marked_items, place_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.said_properties import with_properties
from sitekeep_restore.importers.jira.texts import Place
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind


@dataclass(frozen=True)
class Saying:
    """What tells comments from worklogs."""

    kind: Kind
    template: str
    """Where they are listed and created."""
    field: str
    """The field of an issue that holds the first ones; with an s, their name in a list."""
    loss: Loss
    """What of each is lost."""
    query: Sequence[tuple[str, str]]
    """What a create says beside its body."""
    body: Callable[[DetailContext, DetailedIssue, Json, bool], Json]
    """The body of a create; True asks for a plain one, where the site refused the rich one."""

    @property
    def list_name(self) -> str:
        """What the site calls a list of them."""
        return f"{self.field}s"


async def import_sayings(
    context: DetailContext, issue: DetailedIssue, saying: Saying, further: Sequence[Json]
) -> list[tuple[Json, Json]]:
    """Those inside the issue's payload and the further ones beside it, oldest first.

    Returns each that was written now, with the body that the site took.
    """
    embedded: Json = issue.source["fields"].get(saying.field) or {}
    items: list[Json] = [*embedded.get(saying.list_name, ()), *further]
    if not items:
        return []
    context.unit.tally.expect(saying.kind, len(items))
    present = await _present(context, issue, saying)
    written: list[tuple[Json, Json]] = []
    for item in sorted(items, key=_age):
        properties = context.said_properties.get((saying.kind, str(item["id"])), ())
        if properties:
            context.unit.tally.expect(Kind.ENTITY_PROPERTY, len(properties))
        body = None
        if str(item["id"]) in present:
            _count(context, place_of(saying.kind, issue.key, item), properties, properties)
        else:
            body = await _post(context, issue, saying, item)
            if body is None:
                continue
            written.append((item, body))
        context.unit.tally.done(saying.kind, lossy=True)
        context.losses.add(saying.kind, saying.loss, issue.key)
    return written


async def _present(context: DetailContext, issue: DetailedIssue, saying: Saying) -> set[str]:
    if context.unit.first_attempt:
        return set()
    return await marked_items(context.unit, saying.template, saying.list_name, issue.target)


def _age(item: Json) -> tuple[str, str]:
    return (str(item.get("created") or ""), f"{item['id']!s:>020}")


async def _post(
    context: DetailContext, issue: DetailedIssue, saying: Saying, item: Json
) -> Json | None:
    """The body that the site took; None where it took none.

    One that not everyone may see is never posted for everyone.
    """
    properties = context.said_properties.get((saying.kind, str(item["id"])), ())
    tries = [(False, properties), (True, properties), *([(True, ())] if properties else [])]
    message = ""
    for plain, kept in tries:
        body = with_properties(saying.body(context, issue, item, plain), kept)
        try:
            await context.unit.site.post_json(
                saying.template, body, saying.query, issue=issue.target
            )
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            message = error.message
        else:
            _count(context, place_of(saying.kind, issue.key, item), properties, kept, message)
            return body
    place = place_of(saying.kind, issue.key, item)
    context.texts.forget(place)
    reason = f"{saying.kind.name}_REFUSED"
    context.unit.tally.missing(saying.kind, place.name, reason, message)
    if properties:
        miss_owner(context.unit, place.name, len(properties))
    return None


def _count(
    context: DetailContext,
    place: Place,
    properties: Sequence[Json],
    kept: Sequence[Json],
    message: str = "",
) -> None:
    """Counts the properties that came along, and names those without which it went."""
    tally, kind = context.unit.tally, Kind.ENTITY_PROPERTY
    if kept:
        tally.done(kind, count=len(kept))
    if lost := len(properties) - len(kept):
        tally.missing(kind, place.name, "PROPERTY_REFUSED", message, count=lost)
