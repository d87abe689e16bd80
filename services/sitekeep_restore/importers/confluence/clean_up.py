"""Puts things where they belong at the end: pages archived and trashed, spaces archived.

One chain of units: only one archival job may run on a site, and what is below a page
has to go before the page does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence import spaces
from sitekeep_restore.importers.confluence.derived import Derived
from sitekeep_restore.importers.confluence.tree import forest_of
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V1, V2, read_all
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.unit import UnitPlan

ARCHIVE_PAGES = "archive-pages"
TRASH_PAGES = "trash-pages"
TRASH_BLOG_POSTS = "trash-blog-posts"
ARCHIVE_SPACES = "archive-spaces"

_CHUNK = 100
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)


@dataclass(frozen=True)
class _Leaving:
    """The source ids of what does not stay where it was made, those below before those above."""

    archived_pages: Sequence[str]
    trashed_pages: Sequence[str]
    trashed_blog_posts: Sequence[str]


async def _read_leaving(backup: BackupReader) -> _Leaving:
    found: dict[str, list[str]] = {"archived": [], "trashed": []}
    forest = await forest_of(backup)
    for space in forest.spaces:
        for row in reversed(forest.order(space, await spaces.home_of(backup, space))):
            if row.status in found:
                found[row.status].append(row.id)
    blog_posts = [
        entry.key.lstrip("0")
        async for entry in backup.entries(Kind.BLOG_POST)
        if entry.attributes.get("status") == "trashed"
    ]
    return _Leaving(found["archived"], found["trashed"], blog_posts)


_LEAVING = Derived(_read_leaving)


def _step(kind: str, number: int = 0) -> UnitPlan:
    order = (ARCHIVE_PAGES, TRASH_PAGES, TRASH_BLOG_POSTS, ARCHIVE_SPACES).index(kind)
    key = f"clean-up/{order}-{kind}/{number:06d}"
    return UnitPlan(ImportPhase.CLEAN_UP, key, kind, {"number": number})


FIRST = _step(ARCHIVE_PAGES)


async def archive_pages(unit: ImportUnit) -> None:
    """Archives some pages (v1 ``POST /content/archive``) and plans the next. Raises SiteError."""
    chunk = await _chunk(unit, (await _LEAVING.of(unit.backup)).archived_pages, TRASH_PAGES)
    targets = await unit.identities.get(Kind.PAGE.value, chunk)
    pages = [targets[source] for source in chunk if source in targets]
    if not unit.first_attempt:
        pages = await _current(unit, pages)
    if not pages:
        return
    try:
        await _archive(unit, pages)
    except SiteRefused:
        # Sites below Premium take one page at a time, Free ones none.
        for page in await _current(unit, pages):
            await _archive_one(unit, page)


async def _chunk(unit: ImportUnit, sources: Sequence[str], following: str) -> Sequence[str]:
    """The unit's part of a list; plans the part after it, or the first of the next step."""
    number: int = unit.plan.arguments["number"]
    end = (number + 1) * _CHUNK
    more = end < len(sources)
    unit.spawn(_step(unit.plan.kind, number + 1) if more else _step(following))
    return sources[number * _CHUNK : end]


async def _current(unit: ImportUnit, pages: Sequence[str]) -> list[str]:
    """Those pages that are neither archived nor trashed."""
    if not pages:
        return []
    query = (*(("id", page) for page in pages), ("status", "current"), ("limit", "250"))
    found = {msgspec.json.decode(i)["id"] async for i in read_all(unit.site, f"{V2}/pages", query)}
    return [page for page in pages if page in found]


async def _archive(unit: ImportUnit, pages: Sequence[str]) -> None:
    body = {"pages": [{"id": int(page)} for page in pages]}
    task = await unit.site.post_json(f"{V1}/content/archive", body)
    await _wait(unit, str(task["id"]))


async def _wait(unit: ImportUnit, task: str) -> None:
    """Waits for a long-running task (v1 ``GET /longtask/{id}``)."""
    delay = _FIRST_WAIT_SECONDS
    while True:
        state: dict[str, Any] = await unit.site.get_json(f"{V1}/longtask/{{task}}", task=task)
        if state.get("finished"):
            break
        await asyncio.sleep(delay)
        delay = min(2 * delay, _LONGEST_WAIT_SECONDS)
    if not state.get("successful"):
        _remark_page(unit, task, "ARCHIVE_REFUSED", "The site's archival task did not succeed.")


async def _archive_one(unit: ImportUnit, page: str) -> None:
    try:
        await _archive(unit, [page])
    except _REFUSALS as error:
        _remark_page(unit, page, "ARCHIVE_REFUSED", error.message)


def _remark_page(unit: ImportUnit, key: str, reason: str, message: str) -> None:
    unit.tally.remark(Kind.PAGE, key, reason, message)


async def trash_pages(unit: ImportUnit) -> None:
    """Trashes some pages (v2 ``DELETE /pages/{id}``) and plans the next. Raises SiteError."""
    chunk = await _chunk(unit, (await _LEAVING.of(unit.backup)).trashed_pages, TRASH_BLOG_POSTS)
    await _trash(unit, Kind.PAGE, "pages", chunk)


async def trash_blog_posts(unit: ImportUnit) -> None:
    """Trashes some blog posts and plans the next. Raises SiteError."""
    trashed = (await _LEAVING.of(unit.backup)).trashed_blog_posts
    chunk = await _chunk(unit, trashed, ARCHIVE_SPACES)
    await _trash(unit, Kind.BLOG_POST, "blogposts", chunk)


async def _trash(unit: ImportUnit, kind: Kind, plural: str, sources: Sequence[str]) -> None:
    targets = await unit.identities.get(kind.value, sources)
    for source in sources:
        if source not in targets:
            continue
        try:
            await unit.site.delete(f"{V2}/{plural}/{{id}}", id=targets[source])
        except _REFUSALS as error:
            if unit.first_attempt or not isinstance(error, SiteNotFound):
                unit.tally.remark(kind, source, "TRASH_REFUSED", error.message)


async def archive_spaces(unit: ImportUnit) -> None:
    """Archives the spaces that were (v1 ``PUT /space/{key}``). Raises SiteError."""
    async for entry in unit.backup.entries(Kind.SPACE):
        if entry.attributes.get("status") != "archived":
            continue
        source = entry.attributes["key"]
        space = entry.key.lstrip("0")
        if await unit.identities.get(Kind.SPACE.value, [space]):
            changed = await unit.identities.get(spaces.CHANGED_KEY, [source])
            name = msgspec.json.decode(await unit.backup.read(entry)).get("name", source)
            await _archive_space(unit, changed.get(source, source), name)


async def _archive_space(unit: ImportUnit, key: str, name: str) -> None:
    try:
        body = {"name": name, "status": "archived"}
        await unit.site.put_json(f"{V1}/space/{{key}}", body, key=key)
    except _REFUSALS as error:
        unit.tally.remark(Kind.SPACE, key, "SPACE_NOT_ARCHIVED", error.message)
