"""Fixtures of the contract tests."""

from __future__ import annotations

from support.checked_site import checked_site, recorder

__all__ = ["checked_site", "recorder"]
