"""Lists as Confluence answers them, v1 and v2: split into items, never decoded and encoded again.

v2 links to the next page with an opaque cursor, v1 with ``start``; both keep the whole
query in ``_links.next`` (Confluence v2 ``MultiEntityLinks``, v1 ``GenericLinks``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sitekeep_shared.atlassian.client import Query, SiteClient

LARGEST_PAGE = 250
"""The most items that a v2 list gives at once."""

V2 = "/wiki/api/v2"
V1 = "/wiki/rest/api"


@dataclass(frozen=True)
class ListPage:
    """One page of a list."""

    items: Sequence[bytes]
    """The items as the site sent them."""
    following: Query | None
    """The query of the next page; None at the end."""
    base: str
    """The site's own URL with ``/wiki``; empty where it does not say."""
    total: int | None
    """How many items there are on all pages, where the list says so (v1 searches)."""


class _Links(msgspec.Struct):
    following: str | None = msgspec.field(name="next", default=None)
    base: str = ""


class _Answer(msgspec.Struct):
    results: list[msgspec.Raw]
    links: _Links | None = msgspec.field(name="_links", default=None)
    total: int | None = msgspec.field(name="totalSize", default=None)
    start: int | None = None
    limit: int | None = None


async def read_page(site: SiteClient, template: str, query: Query = (), **path: str) -> ListPage:
    """Reads one page. Raises SiteError; msgspec.DecodeError when it is no list."""
    answer = msgspec.json.decode(await site.get(template, query, **path), type=_Answer)
    links = answer.links or _Links()
    items = [bytes(item) for item in answer.results]
    return ListPage(items, _following(answer, query), links.base, answer.total)


async def read_all(
    site: SiteClient, template: str, query: Query = (), **path: str
) -> AsyncIterator[bytes]:
    """Reads every item of every page."""
    asked: Query | None = query
    while asked is not None:
        page = await read_page(site, template, asked, **path)
        for item in page.items:
            yield item
        asked = page.following


def _following(answer: _Answer, query: Query) -> Query | None:
    if answer.links is not None and answer.links.following:
        return parse_qsl(urlsplit(answer.links.following).query, keep_blank_values=True)
    if answer.start is None or answer.limit is None or not answer.results:
        return None
    if len(answer.results) < answer.limit:
        return None
    # Some v1 lists have no links: a full page then has to be taken for not the last one.
    start = str(answer.start + len(answer.results))
    return [*((name, value) for name, value in query if name != "start"), ("start", start)]
