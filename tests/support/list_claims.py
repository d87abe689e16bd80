"""A plugin of pytest that prints what the collected tests claim to show, one JSON line each."""

from __future__ import annotations

import dataclasses
import json

import pytest

from support.shown_losses import claims_of

PREFIX = "claims: "


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prints the tests that claim something."""
    for item in session.items:
        claims = [dataclasses.asdict(claim) for claim in claims_of(item)]
        if claims:
            print(f"\n{PREFIX}{json.dumps([item.nodeid, claims])}")
