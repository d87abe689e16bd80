"""What pages and blog posts have in common: their v2 lists with bodies, per space."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from sitekeep_backup.exporters.confluence import labels, people
from sitekeep_backup.exporters.confluence.chains import Listing, walk
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V2, ListPage
from sitekeep_shared.kinds import Kind


class Version(msgspec.Struct):
    """The version of an item."""

    number: int = 1
    author: str = msgspec.field(name="authorId", default="")


class Content(msgspec.Struct):
    """The part of a page or blog post that the exporter looks at."""

    id: str
    title: str = ""
    status: str = "current"
    space: str = msgspec.field(name="spaceId", default="")
    parent: str | None = msgspec.field(name="parentId", default=None)
    parent_type: str | None = msgspec.field(name="parentType", default=None)
    position: int | None = None
    author: str = msgspec.field(name="authorId", default="")
    owner: str = msgspec.field(name="ownerId", default="")
    version: Version = msgspec.field(default_factory=Version)


async def export_contents(
    unit: ExportUnit,
    kind: Kind,
    plural: str,
    statuses: Iterable[str],
    notice: Callable[[ExportUnit, Content], Awaitable[None]],
) -> None:
    """Keeps some pages of the contents of one space. Raises SiteError.

    One list with all statuses: a request per space and type is the least there can be.
    ``notice`` is called for each item that was kept.
    """
    seen: list[Content] = []

    async def keep(page: ListPage) -> None:
        accounts: set[str] = set()
        for item in page.items:
            content = msgspec.json.decode(item, type=Content)
            await _keep_content(unit, kind, content, item)
            await notice(unit, content)
            seen.append(content)
            accounts |= {content.author, content.owner, content.version.author}
            accounts |= people.mentioned_in(item)
        await people.look_up_hidden(unit, accounts)

    query = (
        *(("status", status) for status in statuses),
        ("body-format", "storage"),
        ("limit", str(LARGEST_PAGE)),
    )
    path = {"space": unit.plan.arguments["space"]}
    try:
        await walk(unit, Listing(f"{V2}/spaces/{{space}}/{plural}", query, path), keep)
    except (SiteNotFound, SiteForbidden) as error:
        _space_unreadable(unit, kind, plural, error)
    _remark_versions(unit, kind, seen)
    _remark_trashed(unit, kind, seen)
    labels.plan_apart(unit, kind, [content.id for content in seen if content.status != "current"])


async def _keep_content(unit: ExportUnit, kind: Kind, content: Content, item: bytes) -> None:
    unit.tally.expect(kind)
    await unit.records.put_record(
        kind, f"{content.id:>020}", item, attributes=_attributes(unit, content)
    )
    unit.tally.done(kind, len(item))


def _attributes(unit: ExportUnit, content: Content) -> dict[str, str]:
    return {
        "space": content.space or unit.plan.arguments["space"],
        "title": content.title,
        "parent": content.parent or "",
        "status": content.status,
        "position": "" if content.position is None else str(content.position),
    }


def _space_unreadable(unit: ExportUnit, kind: Kind, plural: str, error: Exception) -> None:
    unit.tally.expect(kind)
    unit.tally.missing(
        kind,
        f"{unit.plan.arguments['key']}/{plural}",
        "SPACE_NOT_READABLE",
        f"The site lists the space and does not let this account read it: {error}",
    )


def _remark_versions(unit: ExportUnit, kind: Kind, seen: Iterable[Content]) -> None:
    older = sum(1 for content in seen if content.version.number > 1)
    if older:
        unit.tally.remark(
            kind,
            unit.plan.arguments["key"],
            "OLD_VERSIONS_NOT_KEPT",
            "Only the newest version is kept; these have older ones.",
            count=older,
        )


def _remark_trashed(unit: ExportUnit, kind: Kind, seen: Iterable[Content]) -> None:
    trashed = sum(1 for content in seen if content.status == "trashed")
    if trashed:
        unit.tally.remark(
            kind,
            unit.plan.arguments["key"],
            "COMMENTS_OF_TRASHED_CONTENT",
            "Comments on trashed content are kept where the site's lists still show them.",
            count=trashed,
        )
