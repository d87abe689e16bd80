"""The types of the fields of Jira Product Discovery, and what stands in for them elsewhere.

No request makes a field of these types (``POST field`` of Jira REST v3 names Jira's own ones), so
on another site a plain field keeps their values. Types as field lists of public sites show them:
``jira.polaris:rating``, ``jira.polaris:interval``, ``jira.polaris:formula`` and the like.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "jira.polaris:"
PROJECT_TYPE = "product_discovery"
"""The ``projectTypeKey`` of projects whose issues are ideas."""

DERIVED = frozenset(
    {
        "atlassian-project",
        "atlassian-project-status",
        "count-insights",
        "count-issue-comments",
        "count-linked-issues",
        "delivery-progress",
        "delivery-status",
    }
)
"""What the product makes of other things: to keep it would be to keep what is no longer true."""

FORMULA = "formula"
"""What the product computes of an idea's other fields; elsewhere a number keeps the result."""

_BY_VALUE: Mapping[str, str] = {"number": "float", "string": "textfield"}


def is_computed(kind: str) -> bool:
    """Whether nobody writes the values of a field of that type where such a field is there."""
    name = kind.removeprefix(PREFIX)
    return name != kind and (name in DERIVED or name == FORMULA)


def is_writable(kind: str) -> bool:
    """Whether the values of a field of that type can be written where such a field is there."""
    return kind.startswith(PREFIX) and not is_computed(kind)


def substitute_of(schema: Mapping[str, Any]) -> str:
    """The short name of Jira's own type that keeps the values of such a field.

    Empty: the field is none of Jira Product Discovery, is derived, or nothing keeps its values.
    """
    kind = str(schema.get("custom") or "")
    if not kind.startswith(PREFIX) or kind.removeprefix(PREFIX) in DERIVED:
        return ""
    return _BY_VALUE.get(str(schema.get("type")), "")
