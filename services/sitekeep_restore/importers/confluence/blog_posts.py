"""Blog posts: made as stubs, with the date that they were written (the one that REST takes)."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence.origin import People, mark
from sitekeep_restore.importers.confluence.ranges import entries_of, plan_ranges
from sitekeep_restore.importers.confluence.stubs import (
    Content,
    create,
    find_stub,
    free_title,
    origin_of,
    storage_body,
    stub_body,
)
from sitekeep_restore.importers.confluence.together import together
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-blog-posts"
BLOG_POSTS = "blog-posts"

FIRST = UnitPlan(ImportPhase.CONTENT, "plan-blog-posts", PLAN)

TITLE = "blog_post_title"
"""Identities: source id → title at the destination, only where they differ."""

_POSTS_PER_UNIT = 100


async def plan_blog_posts(unit: ImportUnit) -> None:
    """Plans the blog posts."""
    await plan_ranges(unit, Kind.BLOG_POST, BLOG_POSTS, _POSTS_PER_UNIT)


async def import_blog_posts(unit: ImportUnit) -> None:
    """Makes some blog posts. Raises SiteError."""
    posts = [
        msgspec.json.decode(await unit.backup.read(entry), type=Content)
        async for entry in entries_of(unit)
    ]
    unit.tally.expect(Kind.BLOG_POST, len(posts))
    spaces = await unit.identities.get(Kind.SPACE.value, {post.space for post in posts})
    known = await unit.identities.get(Kind.BLOG_POST.value, {post.id for post in posts})
    people = People(unit.backup)
    await together(_post(unit, post, spaces.get(post.space), known, people) for post in posts)


async def _post(
    unit: ImportUnit, post: Content, space: str | None, known: dict[str, str], people: People
) -> None:
    if space is None:
        message = "The space of the blog post was not restored."
        unit.tally.missing(Kind.BLOG_POST, post.title, "SPACE_NOT_RESTORED", message)
        return
    target = known.get(post.id)
    if target is None:
        target = await _made(unit, post, space)
        if target is None:
            return
        await unit.identities.put(Kind.BLOG_POST.value, {post.id: target})
    origin = await origin_of(post, people)
    await mark(unit.site, Kind.BLOG_POST, target, origin, look=not unit.first_attempt)


async def _made(unit: ImportUnit, post: Content, space: str) -> str | None:
    """Makes a blog post, under another title where the site refuses its own."""
    refusal = ""
    for title in (post.title, free_title(post.title, post.id)):
        try:
            target = await _under_title(unit, post, space, title)
        except SiteRefused as error:
            refusal = error.message
        else:
            await _note_title(unit, post, title)
            return target
    unit.tally.missing(Kind.BLOG_POST, post.title, "BLOG_POST_REFUSED", refusal)
    return None


async def _under_title(unit: ImportUnit, post: Content, space: str, title: str) -> str:
    if not unit.first_attempt:
        found = await find_stub(unit.site, Kind.BLOG_POST, space, title, post.id)
        if found is not None:
            return found
    return await create(unit.site, Kind.BLOG_POST, _request(post, space, title))


def _request(post: Content, space: str, title: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "spaceId": space,
        "status": "current",
        "title": title,
        "body": storage_body(stub_body(post.id)),
    }
    created = _milliseconds(post.created or "")
    return body | {"createdAt": created} if created else body


def _milliseconds(text: str) -> str:
    """A time as v2 ``POST /blogposts`` takes it: ``yyyy-MM-ddTHH:mm:ss.SSSZ``."""
    try:
        time = datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except ValueError:
        return ""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


async def _note_title(unit: ImportUnit, post: Content, title: str) -> None:
    if title != post.title:
        await unit.identities.put(TITLE, {post.id: title})
        message = f"Another blog post has the title: restored as {title!r}."
        unit.tally.remark(Kind.BLOG_POST, post.title, "TITLE_TAKEN", message)
