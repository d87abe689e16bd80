"""Where restored content came from: the visible line and the property that marks it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.content.storage import paragraph
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader

PROPERTY = "sitekeep.origin"
"""The key of the content property; its value is :attr:`Origin.value`."""

UNKNOWN_USER = "unknown user"

_OWNERS = {Kind.PAGE: "pages", Kind.BLOG_POST: "blogposts"}


class _User(msgspec.Struct):
    display_name: str = msgspec.field(name="displayName", default="")
    public_name: str = msgspec.field(name="publicName", default="")


class People:
    """Names of people, from the backup. Lives as long as a unit."""

    def __init__(self, backup: BackupReader) -> None:
        self._backup = backup
        self._names: dict[str, str] = {}

    async def name(self, account: str) -> str:
        """The display name of an account; ``unknown user`` where the backup has none."""
        if account not in self._names:
            self._names[account] = await self._read(account) or UNKNOWN_USER
        return self._names[account]

    async def _read(self, account: str) -> str:
        entry = await self._backup.entry(Kind.USER, account) if account else None
        if entry is None:
            return ""
        user = msgspec.json.decode(await self._backup.read(entry), type=_User)
        return user.display_name or user.public_name


@dataclass(frozen=True)
class Origin:
    """Who made something of the source site, and when."""

    id: str
    author: str
    """accountId."""
    author_name: str
    created: str
    """ISO 8601, as the source said it."""
    updated: str

    @property
    def value(self) -> dict[str, Any]:
        """The value of the property."""
        return {
            "id": self.id,
            "author": {"accountId": self.author, "displayName": self.author_name},
            "created": self.created,
            "updated": self.updated,
        }

    @property
    def last_line(self) -> str:
        """The last element of a page or blog post."""
        return paragraph(
            f"Originally created by {self.author_name} on {_minute(self.created)},"
            f" last updated {_minute(self.updated)}."
        )

    @property
    def first_line(self) -> str:
        """The first element of a comment."""
        return paragraph(f"{self.author_name} ({_minute(self.created)}):")


def _minute(text: str) -> str:
    """A time of the source as ``2024-05-01 10:00 UTC``."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return "unknown time"
    return f"{time.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


async def mark(site: SiteClient, kind: Kind, target: str, origin: Origin, *, look: bool) -> None:
    """Writes the property of a restored item; with ``look`` only where it is not there yet.

    v2 ``POST /pages/{id}/properties`` and its kin. Raises SiteError.
    """
    template = f"/wiki/api/v2/{_OWNERS.get(kind, 'comments')}/{{id}}/properties"
    if look:
        found = await site.get_json(template, (("key", PROPERTY),), id=target)
        if found["results"]:
            return
    await site.post_json(template, {"key": PROPERTY, "value": origin.value}, id=target)
