"""Page trees: every page is made as a stub, parents first, siblings in their order."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence import spaces
from sitekeep_restore.importers.confluence.lookup import find_entry
from sitekeep_restore.importers.confluence.origin import People, mark
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
from sitekeep_restore.importers.confluence.tree import PageRow, forest_of
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.client import Query
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V2
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-pages"
PAGES = "pages"

FIRST = UnitPlan(ImportPhase.CONTENT, "plan-pages", PLAN)

TITLE = "page_title"
"""Identities: source page id → title at the destination, only where they differ."""
MOVED = "page_moved"
"""Identities: source page id → ``1`` for pages that stand under another parent."""

_PAGES_PER_UNIT = 100


@dataclass(frozen=True)
class _Place:
    """The space that pages go into."""

    source: str
    source_home: str
    target: str
    target_home: str


async def plan_pages(unit: ImportUnit) -> None:
    """Plans the first pages of each space."""
    forest = await forest_of(unit.backup)
    unit.spawn(*(_chunk(space, 0) for space in forest.spaces))


def _chunk(space: str, number: int) -> UnitPlan:
    arguments = {"space": space, "number": number}
    return UnitPlan(ImportPhase.CONTENT, f"pages/{space:>020}/{number:06d}", PAGES, arguments)


async def import_pages(unit: ImportUnit) -> None:
    """Makes some pages of one space and plans the next ones. Raises SiteError."""
    space, number = unit.plan.arguments["space"], unit.plan.arguments["number"]
    home = await spaces.home_of(unit.backup, space)
    order = (await forest_of(unit.backup)).order(space, home)
    start = number * _PAGES_PER_UNIT
    rows = order[start : start + _PAGES_PER_UNIT]
    unit.tally.expect(Kind.PAGE, len(rows))
    target = (await unit.identities.get(Kind.SPACE.value, [space])).get(space)
    if target is None:
        _without_space(unit, space, len(rows))
    else:
        homes = await unit.identities.get(spaces.HOME, [space])
        await _Pages(unit, _Place(space, home, target, homes.get(space, ""))).make(rows)
    if start + _PAGES_PER_UNIT < len(order):
        unit.spawn(_chunk(space, number + 1))


def _without_space(unit: ImportUnit, space: str, count: int) -> None:
    message = "The space of these pages was not restored."
    unit.tally.missing(Kind.PAGE, space, "SPACE_NOT_RESTORED", message, count=count)


class _Pages:
    """Makes pages of one space."""

    def __init__(self, unit: ImportUnit, place: _Place) -> None:
        self._unit = unit
        self._place = place
        self._people = People(unit.backup)
        self._known: dict[str, str] = {}

    async def make(self, rows: Sequence[PageRow]) -> None:
        """Level by level; children of one parent one after the other, to keep their order."""
        wanted = {row.id for row in rows} | {row.parent for row in rows if row.parent}
        self._known = await self._unit.identities.get(Kind.PAGE.value, wanted)
        for _, level in itertools.groupby(rows, key=lambda row: row.depth):
            families: dict[str, list[PageRow]] = defaultdict(list)
            for row in level:
                families[row.parent].append(row)
            await together(self._family(family) for family in families.values())

    async def _family(self, rows: Sequence[PageRow]) -> None:
        for row in rows:
            await self._page(row)

    async def _page(self, row: PageRow) -> None:
        entry = await find_entry(self._unit.backup, Kind.PAGE, row.id)
        assert entry is not None, "the tree is made of entries"
        page = msgspec.json.decode(await self._unit.backup.read(entry), type=Content)
        known = self._known.get(row.id)
        target = known or await self._made(row, page)
        if target is None:
            return
        if known is None:
            self._known[row.id] = target
            await self._unit.identities.put(Kind.PAGE.value, {row.id: target})
        origin = await origin_of(page, self._people)
        await mark(self._unit.site, Kind.PAGE, target, origin, look=not self._unit.first_attempt)

    async def _made(self, row: PageRow, page: Content) -> str | None:
        if row.id == self._place.source_home and self._place.target_home:
            return await self._take_home(page)
        title = free_title(page.title, row.id) if row.clashes else page.title
        try:
            return await self._under_title(row, page, title)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            if row.clashes or not isinstance(error, SiteRefused):
                self._refused(page, error.message)
                return None
        try:
            return await self._under_title(row, page, free_title(page.title, row.id))
        except SiteRefused as error:
            self._refused(page, error.message)
            return None

    async def _under_title(self, row: PageRow, page: Content, title: str) -> str:
        """Makes a page under a title, or finds the one that an earlier attempt made."""
        target = None
        if not self._unit.first_attempt:
            target = await find_stub(self._unit.site, Kind.PAGE, self._place.target, title, row.id)
        if target is None:
            body, query = self._request(row, page, title)
            target = await create(self._unit.site, Kind.PAGE, body, query)
        await self._note_losses(row, page, title)
        return target

    def _request(self, row: PageRow, page: Content, title: str) -> tuple[dict[str, Any], Query]:
        body: dict[str, Any] = {
            "spaceId": self._place.target,
            "status": "current",
            "title": title,
            "body": storage_body(stub_body(row.id)),
        }
        if page.subtype == "live":
            body["subtype"] = "live"
        parent = self._known.get(row.parent) if row.parent else None
        if parent is not None:
            return body | {"parentId": parent}, ()
        at_root = not row.moved and not row.parent
        return body, (("root-level", "true"),) if at_root else ()

    async def _take_home(self, page: Content) -> str:
        """The home page that the new space came with becomes the source's. Raises SiteError."""
        target = self._place.target_home
        present = await self._unit.site.get_json(f"{V2}/pages/{{id}}", id=target)
        if present["title"] != page.title:
            body = {
                "id": target,
                "status": "current",
                "title": page.title,
                "body": storage_body(stub_body(page.id)),
                "version": {"number": present["version"]["number"] + 1},
            }
            await self._unit.site.put_json(f"{V2}/pages/{{id}}", body, id=target)
        return target

    async def _note_losses(self, row: PageRow, page: Content, title: str) -> None:
        tally = self._unit.tally
        if title != page.title:
            await self._unit.identities.put(TITLE, {row.id: title})
            message = f"Another page of the space has the title: restored as {title!r}."
            tally.remark(Kind.PAGE, page.title, "TITLE_TAKEN", message)
        if row.moved or (row.parent and row.parent not in self._known):
            await self._unit.identities.put(MOVED, {row.id: "1"})
            message = "What stood above the page is no page or was not restored."
            tally.remark(Kind.PAGE, page.title, "PARENT_NOT_KEPT", message)

    def _refused(self, page: Content, message: str) -> None:
        self._unit.tally.missing(Kind.PAGE, page.title, "PAGE_REFUSED", message)
