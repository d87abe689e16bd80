"""Labels of pages and blog posts."""

from __future__ import annotations

from collections.abc import Iterable

from sitekeep_simulator.confluence.schema import LABEL_SEQUENCE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

PREFIXES = ("my", "team", "global", "system")
SOURCE = (
    "(SELECT l.*, m.content_id FROM confluence_label l"
    " JOIN confluence_content_label m ON m.label_id = l.id)"
)
_FORBIDDEN = frozenset(" !#&()*,.:;<>?@[]^")
_LONGEST = 255


def label_id(site: SimulatedSite, prefix: str, name: str) -> int:
    """The id of a label, which is made when it is new. Raises Refused (400)."""
    name = name.lower()
    if not name or len(name) > _LONGEST or _FORBIDDEN & set(name) or prefix not in PREFIXES:
        raise Refused(400, f"The label is invalid: {prefix}:{name}")
    found = site.store.value(
        "SELECT id FROM confluence_label WHERE prefix = ? AND name = ?", (prefix, name)
    )
    if found is not None:
        return int(found)
    new_id = site.store.next_id(LABEL_SEQUENCE)
    site.store.execute("INSERT INTO confluence_label VALUES (?, ?, ?)", (new_id, prefix, name))
    return new_id


def add(site: SimulatedSite, content_id: int, labels: Iterable[tuple[str, str]]) -> None:
    """Adds labels, given as prefix and name, to a page or blog post. Raises Refused (400)."""
    with site.store.transaction():
        site.store.executemany(
            "INSERT OR IGNORE INTO confluence_content_label VALUES (?, ?)",
            [(content_id, label_id(site, prefix, name)) for prefix, name in labels],
        )


def remove(site: SimulatedSite, content_id: int, name: str) -> None:
    """Takes a label away from a page or blog post."""
    site.store.execute(
        "DELETE FROM confluence_content_label WHERE content_id = ? AND label_id IN"
        " (SELECT id FROM confluence_label WHERE name = ?)",
        (content_id, name),
    )


def of(site: SimulatedSite, content_id: int) -> list[Row]:
    """The labels of a page or blog post."""
    return site.store.rows(
        f"SELECT * FROM {SOURCE} WHERE content_id = ? ORDER BY id", (content_id,)
    )


def find(site: SimulatedSite, wanted: int) -> Row:
    """The label with that id. Raises Refused (404)."""
    found = site.store.row("SELECT * FROM confluence_label WHERE id = ?", (wanted,))
    if found is None:
        raise Refused(404, f"Could not find label with id: {wanted}")
    return found
