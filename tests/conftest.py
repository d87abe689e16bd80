"""How every test runs."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from support.shown_losses import pytest_runtest_call

__all__ = ["pytest_runtest_call"]

# A slow machine fails no test: what is fast is shown by benches.
settings.register_profile(
    "sitekeep", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("sitekeep")
