"""Reading a backup piece by piece, and lists of the destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.unit import UnitPlan

Json = dict[str, Any]


async def take(
    backup: BackupReader, kind: Kind, count: int, *, first: str = "", last: str | None = None
) -> tuple[list[Entry], str | None]:
    """At most ``count`` entries from ``first`` on, and the key of the one after them."""
    found: list[Entry] = []
    entries = backup.entries(kind, first=first, last=last)
    try:
        async for entry in entries:
            if len(found) == count:
                return found, entry.key
            found.append(entry)
    finally:
        close = getattr(entries, "aclose", None)
        if close is not None:
            await close()
    return found, None


async def read_json(backup: BackupReader, entry: Entry) -> Any:
    """The decoded payload of an entry."""
    return msgspec.json.decode(await backup.read(entry))


async def read_all(backup: BackupReader, kind: Kind) -> list[Json]:
    """Every record of a kind; only for kinds that a site has few of."""
    return [await read_json(backup, entry) async for entry in backup.entries(kind)]


async def batch_of(unit: ImportUnit, kind: Kind, count: int) -> list[Entry]:
    """The next entries of a chained unit; plans the unit of those that follow.

    The cursor is a place in the backup's pages, not a key: keys of kinds that are listed page
    by page do not rise from one page to the next.
    """
    page, offset = (
        int(unit.plan.arguments.get("page", 0)),
        int(unit.plan.arguments.get("offset", 0)),
    )
    pages = unit.backup.pages(kind)
    found: list[Entry] = []
    while page < len(pages) and len(found) < count:
        entries = await unit.backup.page_entries(pages[page])
        part = entries[offset : offset + count - len(found)]
        found.extend(part)
        offset += len(part)
        if offset >= len(entries):
            page, offset = page + 1, 0
    if page < len(pages):
        _plan_next(unit, page, offset)
    return found


def _plan_next(unit: ImportUnit, page: int, offset: int) -> None:
    stem = unit.plan.key.partition("@")[0]
    arguments = {**unit.plan.arguments, "page": page, "offset": offset}
    key = f"{stem}@{page:08d}.{offset:08d}"
    unit.spawn(UnitPlan(unit.plan.phase, key, unit.plan.kind, arguments))


def is_last_batch(unit: ImportUnit) -> bool:
    """Whether the chained unit that has just taken its batch was the last one of its chain."""
    return not any(plan.kind == unit.plan.kind for plan in unit.spawned)


async def all_values(
    site: SiteClient, template: str, query: Sequence[tuple[str, str]] = (), **path: str
) -> list[Json]:
    """Every item of a paged list of the destination (PageBean…: values, isLast, total)."""
    items: list[Json] = []
    while True:
        page_query = [*query, ("startAt", str(len(items))), ("maxResults", "100")]
        page: Json = await site.get_json(template, page_query, **path)
        values: list[Json] = page.get("values", [])
        items.extend(values)
        if not values or page.get("isLast", len(items) >= page.get("total", 0)):
            return items


def by_name(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Items by their name, letter case and outer blanks aside; the first of equal ones wins."""
    found: dict[str, Any] = {}
    for item in items:
        found.setdefault(fold(item.get("name")), item)
    return found


def fold(name: object) -> str:
    """A name as sites compare it: by its lower case, so that ``ß`` is another than ``ss``."""
    return str(name or "").strip().lower()


def project_of(item: Mapping[str, Any]) -> str:
    """The id of the one project that a thing belongs to; empty: it is for the whole site."""
    scope: Mapping[str, Any] = item.get("scope") or {}
    project: Mapping[str, Any] = scope.get("project") or {}
    return str(project.get("id", ""))
