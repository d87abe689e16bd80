"""Etags (AIP-154): a resource is only changed as it was read."""

from __future__ import annotations

import uuid

from sitekeep_shared.errors import Conflict


def new_etag() -> str:
    """An etag that no earlier state of the resource had."""
    return f'"{uuid.uuid4().hex[:16]}"'


def check(name: str, given: str, current: str) -> None:
    """Compares; an empty etag matches.

    Raises:
        Conflict: the resource changed since it was read.
    """
    if given and given != current:
        raise Conflict(
            "ETAG_MISMATCH",
            f"{name} changed since it was read. Read it again and repeat the change.",
            {"name": name, "etag": current},
        )
