"""Content as it is first made: empty but for a line that says what it is going to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence.origin import Origin, People
from sitekeep_shared.atlassian.client import Query, SiteClient
from sitekeep_shared.content.confluence_lists import V2, read_all
from sitekeep_shared.content.storage import paragraph
from sitekeep_shared.kinds import Kind

PLURALS = {Kind.PAGE: "pages", Kind.BLOG_POST: "blogposts"}
LONGEST_TITLE = 255


class Version(msgspec.Struct):
    """A version of content."""

    number: int = 1
    author: str = msgspec.field(name="authorId", default="")
    created: str = msgspec.field(name="createdAt", default="")


class Value(msgspec.Struct):
    """A body in one representation."""

    value: str = ""


class Body(msgspec.Struct):
    """The bodies of an item."""

    storage: Value | None = None


class Content(msgspec.Struct):
    """A page or blog post of the backup."""

    id: str
    title: str = ""
    status: str = "current"
    space: str = msgspec.field(name="spaceId", default="")
    author: str | None = msgspec.field(name="authorId", default=None)
    created: str | None = msgspec.field(name="createdAt", default=None)
    subtype: str | None = None
    version: Version = msgspec.field(default_factory=Version)
    body: Body = msgspec.field(default_factory=Body)

    @property
    def storage(self) -> str:
        """The body in storage format."""
        return self.body.storage.value if self.body.storage else ""


def storage_body(value: str) -> dict[str, str]:
    """A body as the contract takes it (``PageBodyWrite`` and its kin)."""
    return {"representation": "storage", "value": value}


def stub_body(source: str) -> str:
    """The body that an item has until its own comes; it names the source item."""
    return paragraph(_stub_text(source))


def _stub_text(source: str) -> str:
    return f"Sitekeep is restoring this content (source {source})."


def free_title(title: str, source: str) -> str:
    """Another title for an item whose own is taken."""
    suffix = f" ({source})"
    return title[: LONGEST_TITLE - len(suffix)] + suffix


async def origin_of(content: Content, people: People) -> Origin:
    """Where a page or blog post comes from."""
    author = content.author or ""
    name = await people.name(author)
    created = content.created or content.version.created
    return Origin(content.id, author, name, created, content.version.created)


async def find_stub(
    site: SiteClient, kind: Kind, space: str, title: str, source: str
) -> str | None:
    """The id of the item that an earlier attempt made for a source item. Raises SiteError."""
    query: Query = (("space-id", space), ("title", title), ("body-format", "storage"))
    if kind == Kind.PAGE:
        query = (*query, ("status", "current"))
    async for item in read_all(site, f"{V2}/{PLURALS[kind]}", query):
        found = msgspec.json.decode(item, type=Content)
        if _stub_text(source) in found.storage:
            return found.id
    return None


async def create(site: SiteClient, kind: Kind, body: Mapping[str, Any], query: Query = ()) -> str:
    """Makes a page or blog post and returns its id. Raises SiteError."""
    made = await site.post_json(f"{V2}/{PLURALS[kind]}", body, query)
    return str(made["id"])
