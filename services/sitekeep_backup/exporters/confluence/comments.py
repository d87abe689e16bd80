"""Footer and inline comments with all their replies.

The lists of the whole site may hold the replies or the roots only: the contract does not
say. When a whole list went by without one reply, every comment is asked for its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from sitekeep_backup.exporters.confluence import people
from sitekeep_backup.exporters.confluence.chains import Listing, first_key, walk
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V2, ListPage, read_all
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

COMMENTS = "comments"
REPLIES = "replies"

_PLURALS = {Kind.FOOTER_COMMENT: "footer-comments", Kind.INLINE_COMMENT: "inline-comments"}
_PATH = re.compile(r"/(pages|blog)/(?:\d{4}/\d{2}/\d{2}/)?(\d+)")
_PATH_KINDS = {"pages": Kind.PAGE.value, "blog": Kind.BLOG_POST.value}
_BODY = ("body-format", "storage")
_LIMIT = ("limit", str(LARGEST_PAGE))

FIRST = tuple(
    UnitPlan(ExportPhase.CONTENT, first_key(plural), COMMENTS, {"kind": kind.value})
    for kind, plural in _PLURALS.items()
)


class _Links(msgspec.Struct):
    webui: str = ""


class _Version(msgspec.Struct):
    author: str = msgspec.field(name="authorId", default="")


class _Comment(msgspec.Struct):
    id: str
    page: str | None = msgspec.field(name="pageId", default=None)
    blog_post: str | None = msgspec.field(name="blogPostId", default=None)
    attachment: str | None = msgspec.field(name="attachmentId", default=None)
    custom_content: str | None = msgspec.field(name="customContentId", default=None)
    parent: str | None = msgspec.field(name="parentCommentId", default=None)
    version: _Version = msgspec.field(default_factory=_Version)
    links: _Links = msgspec.field(name="_links", default_factory=_Links)


@dataclass(frozen=True)
class _Container:
    """What a comment is about."""

    kind: str
    id: str


async def export_comments(unit: ExportUnit) -> None:
    """Keeps some pages of the comments of the site. Raises SiteError."""
    kind = Kind(unit.plan.arguments["kind"])

    async def keep(page: ListPage) -> None:
        for item in page.items:
            comment = msgspec.json.decode(item, type=_Comment)
            await _keep(unit, kind, comment, _container(comment), item)
            if comment.parent:
                unit.plan.arguments["replies"] = True
        await _look_up_people(unit, page.items)

    unit.tally.of(kind)
    listing = Listing(f"{V2}/{_PLURALS[kind]}", (_BODY, _LIMIT))
    if await walk(unit, listing, keep) and not unit.plan.arguments.get("replies"):
        unit.spawn(_replies(kind))


def _replies(kind: Kind) -> UnitPlan:
    key = first_key(f"{_PLURALS[kind]}-replies")
    return UnitPlan(ExportPhase.CONTENT, key, REPLIES, {"kind": kind.value})


async def export_replies(unit: ExportUnit) -> None:
    """Asks the comments of one page of the list for their replies. Raises SiteError."""
    kind = Kind(unit.plan.arguments["kind"])

    async def keep(page: ListPage) -> None:
        roots = [msgspec.json.decode(item, type=_Comment) for item in page.items]
        found = await asyncio.gather(*(_thread(unit, kind, root) for root in roots))
        for root, items in zip(roots, found, strict=True):
            for item in items:
                comment = msgspec.json.decode(item, type=_Comment)
                await _keep(unit, kind, comment, _container(root), item)
        await _look_up_people(unit, [item for items in found for item in items])

    await walk(unit, Listing(f"{V2}/{_PLURALS[kind]}", (_LIMIT,)), keep, pages=1)


async def _thread(unit: ExportUnit, kind: Kind, root: _Comment) -> list[bytes]:
    """Every reply below a comment."""
    template = f"{V2}/{_PLURALS[kind]}/{{comment}}/children"
    replies: list[bytes] = []
    waiting = [root.id]
    while waiting:
        parent = waiting.pop()
        async for item in read_all(unit.site, template, (_BODY, _LIMIT), comment=parent):
            replies.append(item)
            waiting.append(msgspec.json.decode(item, type=_Comment).id)
    return replies


async def _look_up_people(unit: ExportUnit, items: Iterable[bytes]) -> None:
    accounts: set[str] = set()
    for item in items:
        accounts.add(msgspec.json.decode(item, type=_Comment).version.author)
        accounts |= people.mentioned_in(item)
    await people.look_up_hidden(unit, accounts)


def _container(comment: _Comment) -> _Container:
    """What a comment is about: named by its own field, for a reply by its link."""
    named = {
        Kind.PAGE.value: comment.page,
        Kind.BLOG_POST.value: comment.blog_post,
        Kind.ATTACHMENT.value: comment.attachment,
        "custom_content": comment.custom_content,
    }
    for kind, identifier in named.items():
        if identifier:
            return _Container(kind, identifier)
    path = _PATH.search(comment.links.webui)
    return _Container(_PATH_KINDS[path[1]], path[2]) if path else _Container("", "")


async def _keep(
    unit: ExportUnit, kind: Kind, comment: _Comment, container: _Container, item: bytes
) -> None:
    attributes = {
        "container": container.id,
        "container_kind": container.kind,
        "parent": comment.parent or "",
    }
    unit.tally.expect(kind)
    await unit.records.put_record(kind, f"{comment.id:>020}", item, attributes=attributes)
    unit.tally.done(kind, len(item))
