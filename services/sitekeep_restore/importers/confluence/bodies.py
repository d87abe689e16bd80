"""Bodies of pages and blog posts, once everything that they name is there."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.confluence import blog_posts, pages
from sitekeep_restore.importers.confluence.origin import People
from sitekeep_restore.importers.confluence.ranges import entries_of, plan_ranges
from sitekeep_restore.importers.confluence.rewriting import Rewriter, remark_losses
from sitekeep_restore.importers.confluence.stubs import PLURALS, Content, origin_of, storage_body
from sitekeep_restore.importers.confluence.together import together
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V2
from sitekeep_shared.content.storage import strip_inline_markers
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-bodies"
BODIES = "bodies"

FIRST = UnitPlan(ImportPhase.DETAILS, "plan-bodies", PLAN)

_BODIES_PER_UNIT = 50
_CONFLICT = 409
_TITLES = {Kind.PAGE: pages.TITLE, Kind.BLOG_POST: blog_posts.TITLE}


async def plan_bodies(unit: ImportUnit) -> None:
    """Plans the bodies of all pages and blog posts."""
    for kind in PLURALS:
        await plan_ranges(unit, kind, BODIES, _BODIES_PER_UNIT)


@dataclass(frozen=True)
class _Batch:
    """What is known about the contents of a unit."""

    kind: Kind
    targets: dict[str, str]
    titles: dict[str, str]
    moved: dict[str, str]
    rewriter: Rewriter
    people: People


async def import_bodies(unit: ImportUnit) -> None:
    """Writes the bodies of some pages or blog posts. Raises SiteError."""
    kind = Kind(unit.plan.arguments["kind"])
    contents = [
        msgspec.json.decode(await unit.backup.read(entry), type=Content)
        async for entry in entries_of(unit)
    ]
    sources = {content.id for content in contents}
    people = People(unit.backup)
    batch = _Batch(
        kind,
        await unit.identities.get(kind.value, sources),
        await unit.identities.get(_TITLES[kind], sources),
        await unit.identities.get(pages.MOVED, sources) if kind == Kind.PAGE else {},
        await Rewriter.of(unit, (content.storage for content in contents), people),
        people,
    )
    restored = (content for content in contents if content.id in batch.targets)
    await together(_body(unit, batch, content) for content in restored)


async def _body(unit: ImportUnit, batch: _Batch, content: Content) -> None:
    rewritten = batch.rewriter.rewrite(content.storage)
    origin = await origin_of(content, batch.people)
    value = strip_inline_markers(rewritten.body) + origin.last_line
    try:
        await _write(unit, batch, content, value, origin.last_line)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(batch.kind, content.title, "BODY_REFUSED", error.message)
        return
    lossy = remark_losses(unit, batch.kind, content.title, rewritten.losses)
    changed = content.id in batch.titles or content.id in batch.moved
    unit.tally.done(batch.kind, len(value), lossy=lossy or changed)


async def _write(
    unit: ImportUnit, batch: _Batch, content: Content, value: str, last_line: str
) -> None:
    """Writes the second version; a later one where the stub had more than one."""
    target = batch.targets[content.id]
    title = batch.titles.get(content.id, content.title)
    if unit.first_attempt:
        try:
            await _put(unit, batch.kind, target, title, value, 2)
        except SiteRefused as error:
            if error.status != _CONFLICT:
                raise
        else:
            return
    present = await _present(unit, batch.kind, target)
    if last_line not in present.storage:
        await _put(unit, batch.kind, target, title, value, present.version.number + 1)


async def _put(
    unit: ImportUnit, kind: Kind, target: str, title: str, value: str, version: int
) -> None:
    body = {
        "id": target,
        "status": "current",
        "title": title,
        "body": storage_body(value),
        "version": {"number": version},
    }
    await unit.site.put_json(f"{V2}/{PLURALS[kind]}/{{id}}", body, id=target)


async def _present(unit: ImportUnit, kind: Kind, target: str) -> Content:
    """The content as it is at the destination now."""
    query = (("body-format", "storage"),)
    answer = await unit.site.get(f"{V2}/{PLURALS[kind]}/{{id}}", query, id=target)
    return msgspec.json.decode(answer, type=Content)
