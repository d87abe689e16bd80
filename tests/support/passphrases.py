"""Passphrases whose keys cost no time: what a test is about is rarely their strength."""

from __future__ import annotations

import pytest

from sitekeep_shared.vault import passphrase


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sealed in the test takes 64 KiB and one round, and is opened with the same."""
    cheap = passphrase.Argon2Parameters(bytes(16), memory_kib=64, iterations=1, lanes=1)
    monkeypatch.setattr(passphrase, "new_parameters", lambda: cheap)
