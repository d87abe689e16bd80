"""Fixtures of the contract tests."""

from __future__ import annotations

from support.checked_site import checked_site, recorder
from support.store_fixtures import azurite_url, localbucket_url, moto_url, stores

__all__ = ["azurite_url", "checked_site", "localbucket_url", "moto_url", "recorder", "stores"]
