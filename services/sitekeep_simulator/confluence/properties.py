"""Content and space properties: JSON values by key."""

from __future__ import annotations

import json
from typing import Any

from sitekeep_simulator.confluence.schema import PROPERTY_SEQUENCE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

CONTENT = "content"
COMMENT = "comment"
SPACE = "space"
_LARGEST_VALUE = 32_768
_LONGEST_KEY = 255


def add(
    site: SimulatedSite, account_id: str, owner_kind: str, owner_id: int, key: Any, value: Any
) -> Row:
    """Stores a new property. Raises Refused (400 for a bad one, 409 for a key that is taken)."""
    text = _checked(key, value)
    taken = site.store.value(
        "SELECT 1 FROM confluence_property WHERE owner_kind = ? AND owner_id = ? AND key = ?",
        (owner_kind, owner_id, key),
    )
    if taken:
        raise Refused(409, f"A property with that key exists already: {key}")
    now = site.now()
    with site.store.transaction():
        new_id = site.store.next_id(PROPERTY_SEQUENCE)
        site.store.execute(
            "INSERT INTO confluence_property VALUES (?,?,?,?,?,1,?,?,?,?,'')",
            (new_id, owner_kind, owner_id, key, text, now, account_id, now, account_id),
        )
    return find(site, owner_kind, owner_id, new_id)


def change(
    site: SimulatedSite, account_id: str, old: Row, key: Any, value: Any, version: dict[str, Any]
) -> None:
    """Stores a new version of a property. Raises Refused (400, 409)."""
    text = _checked(key, value)
    if key != old["key"]:
        raise Refused(400, "The key of a property cannot change.")
    if version.get("number") != old["version"] + 1:
        raise Refused(409, f"Version must be incremented. Current version: {old['version']}")
    site.store.execute(
        "UPDATE confluence_property SET value = ?, version = version + 1, modified_at = ?,"
        " modifier_id = ?, message = ? WHERE id = ?",
        (text, site.now(), account_id, str(version.get("message") or ""), old["id"]),
    )


def find(site: SimulatedSite, owner_kind: str, owner_id: int, property_id: int) -> Row:
    """The property with that id. Raises Refused (404)."""
    found = site.store.row(
        "SELECT * FROM confluence_property WHERE id = ? AND owner_kind = ? AND owner_id = ?",
        (property_id, owner_kind, owner_id),
    )
    if found is None:
        raise Refused(404, f"Could not find property with id: {property_id}")
    return found


def delete(site: SimulatedSite, property_id: int) -> None:
    """Deletes a property."""
    site.store.execute("DELETE FROM confluence_property WHERE id = ?", (property_id,))


def of(site: SimulatedSite, owner_kind: str, owner_id: int, most: int) -> list[Row]:
    """The first properties of a content or a space."""
    return site.store.rows(
        "SELECT * FROM confluence_property WHERE owner_kind = ? AND owner_id = ?"
        " ORDER BY id LIMIT ?",
        (owner_kind, owner_id, most),
    )


def _checked(key: Any, value: Any) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        raise Refused(400, f"A property has a key of at most {_LONGEST_KEY} characters.")
    if value is None:
        raise Refused(400, "A property has a value.")
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LARGEST_VALUE:
        raise Refused(400, f"The value of a property has at most {_LARGEST_VALUE} characters.")
    return text
