"""Titles: a page or blog post has one that no other current one of its space has."""

from __future__ import annotations

from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

_LONGEST_TITLE = 255


def title_key(title: str) -> str:
    """What two titles must not have in common within a space: case does not count."""
    return title.strip().casefold()


def check_title(
    site: SimulatedSite, kind: str, space_id: int, title: str, own_id: int | None = None
) -> None:
    """Raises Refused (400) when a title is empty, too long or taken in its space."""
    if not title.strip():
        raise Refused(400, "Title must not be empty for published content.")
    if len(title) > _LONGEST_TITLE:
        raise Refused(400, f"Title is too long: at most {_LONGEST_TITLE} characters.")
    taken = site.store.value(
        "SELECT id FROM confluence_content WHERE space_id = ? AND kind = ? AND title_key = ?"
        " AND status = 'current'",
        (space_id, kind, title_key(title)),
    )
    if taken is not None and taken != own_id:
        raise Refused(400, f"A {kind} with this title already exists: {title}")
