"""Features of Jira projects: which of them anybody can switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMING_SOON = "COMING_SOON"


def is_fixed(feature: Mapping[str, Any]) -> bool:
    """Whether the product alone decides on its state (Jira REST v3, ProjectFeature)."""
    return bool(feature.get("toggleLocked")) or feature.get("state") == COMING_SOON
