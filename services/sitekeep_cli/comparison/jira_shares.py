"""With whom filters and dashboards are shared, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import items, part

Item = Mapping[str, Any]

_NUMBERED = re.compile(r" \(\d+\)\Z")
_KEPT = 230
"""Characters that are left of a long name where a number has to stand behind it."""


def unnumbered(name: str) -> str:
    """A name without what a restore puts behind one that its owner has used already."""
    return _NUMBERED.sub("", name)[:_KEPT]


def shares(item: Item, name: str) -> list[Json]:
    """Who may see or edit it, each in a word or by an account id."""
    return sorted(_share(permission) for permission in items(item, name))


def _share(permission: Item) -> str:
    kind = permission.get("type")
    if kind in ("loggedin", "authenticated"):
        return "everyone who is logged in"
    named = {
        "user": part(permission, "user").get("accountId"),
        "group": f"group {part(permission, 'group').get('name')}",
        "global": "everyone",
    }
    if kind in named:
        return str(named[kind])
    project = f"project {part(permission, 'project').get('key')}"
    role = part(permission, "role").get("name")
    return f"{project}/{role}" if role else project
