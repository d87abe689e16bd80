"""Whether a Confluence destination is empty, and if not, what has to be deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V2, read_all, read_page
from sitekeep_shared.errors import Violation

ACTIVE_CONTENT = "ACTIVE_CONTENT"
DELETED_CONTENT = "DELETED_CONTENT"
ARCHIVED_CONTENT = "ARCHIVED_CONTENT"
DEFAULT_PERSONAL_SPACE = "DEFAULT_PERSONAL_SPACE"

_LIMIT = ("limit", str(LARGEST_PAGE))
_PRODUCT_MADE = frozenset({"system"})
_LISTS = (
    ("pages", "page", ("current", "archived", "trashed")),
    ("blogposts", "blog post", ("current", "trashed")),
    ("attachments", "attachment", ("trashed",)),
)
_TYPES = {
    "current": ACTIVE_CONTENT,
    "archived": ARCHIVED_CONTENT,
    "trashed": DELETED_CONTENT,
}
_ADVICE = {
    "current": "Delete them, then purge them from the trash of the space.",
    "archived": "Restore them from the archive, delete them, then purge them from the trash.",
    "trashed": "Purge them from the trash of the space.",
}


class _Space(msgspec.Struct):
    id: str
    key: str
    name: str = ""
    type: str = "global"


class _Item(msgspec.Struct):
    space: str = msgspec.field(name="spaceId", default="")


async def find_content(site: SiteClient) -> list[Violation]:
    """Everything that keeps a destination from being empty, one violation per space and state.

    Looks at the spaces that the account sees, and at pages, blog posts and attachments
    of the whole site, of which the first 250 of each state are counted. Raises SiteError.
    """
    violations: list[Violation] = []
    keys: dict[str, str] = {}
    for status in ("current", "archived"):
        for space in await _spaces(site, status):
            keys[space.id] = space.key
            violations += [_space_violation(space, status)]
    for plural, noun, statuses in _LISTS:
        for status in statuses:
            violations += await _content(site, keys, plural, noun, status)
    return violations


async def _spaces(site: SiteClient, status: str) -> list[_Space]:
    items = read_all(site, f"{V2}/spaces", (("status", status), _LIMIT))
    found = [msgspec.json.decode(item, type=_Space) async for item in items]
    return [space for space in found if space.type not in _PRODUCT_MADE]


def _space_violation(space: _Space, status: str) -> Violation:
    subject = f"spaces/{space.key}"
    if space.type == "personal":
        return Violation(
            DEFAULT_PERSONAL_SPACE,
            subject,
            f"There is the personal space {space.key} ({space.name}). Delete it in its space"
            " settings, also when it is the one that Confluence made by itself.",
        )
    if status == "archived":
        return Violation(
            ARCHIVED_CONTENT,
            subject,
            f"There is the archived space {space.key} ({space.name}). Delete it, then purge"
            " it from the trash of spaces.",
        )
    return Violation(
        ACTIVE_CONTENT,
        subject,
        f"There is the space {space.key} ({space.name}). Delete it, then purge it from the"
        " trash of spaces.",
    )


async def _content(
    site: SiteClient, keys: dict[str, str], plural: str, noun: str, status: str
) -> Iterable[Violation]:
    """What of one kind and state there is. Current content of a named space is named with it."""
    page = await read_page(site, f"{V2}/{plural}", (("status", status), _LIMIT))
    counts = Counter(msgspec.json.decode(item, type=_Item).space for item in page.items)
    more = "at least " if page.following is not None else ""
    return [
        _content_violation(keys.get(space, space), f"{more}{count}", noun, status)
        for space, count in sorted(counts.items())
        if status != "current" or space not in keys
    ]


def _content_violation(space: str, count: str, noun: str, status: str) -> Violation:
    where = f" in space {space}" if space else ""
    subject = f"spaces/{space}/{status}" if space else status
    description = f"{count} {status} {noun}(s){where}. {_ADVICE[status]}"
    return Violation(_TYPES[status], subject, description[0].upper() + description[1:])
