"""The short forms of resource names that people see and type."""

from __future__ import annotations


def short(name: str) -> str:
    """The last id of a resource name."""
    return name.rpartition("/")[2]


def in_use(name: str) -> str:
    """The id, or ``-`` where there is no resource."""
    return short(name) or "-"
