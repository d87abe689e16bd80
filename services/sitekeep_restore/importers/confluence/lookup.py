"""Finds single entries by id.

The units of an export overlap in their ids, so that a search by key would have to look
into the pages of many units. This knows the page of each entry: 12 bytes per entry.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from operator import attrgetter

from sitekeep_restore.importers.confluence.derived import Derived
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.reader import BackupReader


class _Index:
    """The page of each entry of one kind whose keys are numbers."""

    def __init__(self, ids: array[int], pages: array[int]) -> None:
        order = sorted(range(len(ids)), key=ids.__getitem__)
        self._ids = array("Q", (ids[place] for place in order))
        self._pages = array("I", (pages[place] for place in order))

    def page_of(self, identifier: int) -> int | None:
        """The number of the page that has the entry."""
        place = bisect_left(self._ids, identifier)
        if place == len(self._ids) or self._ids[place] != identifier:
            return None
        return self._pages[place]


def _reader_of(kind: Kind) -> Derived[_Index]:
    async def read(backup: BackupReader) -> _Index:
        ids, pages = array("Q"), array("I")
        for number, page in enumerate(backup.pages(kind)):
            for entry in await backup.page_entries(page):
                ids.append(int(entry.key))
                pages.append(number)
        return _Index(ids, pages)

    return Derived(read)


_INDEXES = {
    kind: _reader_of(kind)
    for kind in (Kind.PAGE, Kind.BLOG_POST, Kind.FOOTER_COMMENT, Kind.INLINE_COMMENT)
}


async def find_entry(backup: BackupReader, kind: Kind, identifier: str) -> Entry | None:
    """The entry of a page, blog post or comment; None where the backup has none of that id."""
    number = (await _INDEXES[kind].of(backup)).page_of(int(identifier))
    if number is None:
        return None
    entries = await backup.page_entries(backup.pages(kind)[number])
    key = f"{identifier:>020}"
    return entries[bisect_left(entries, key, key=attrgetter("key"))]
