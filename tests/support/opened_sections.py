"""What the writer part of a vault's keys opens: everything that is sealed with K_meta."""

from __future__ import annotations

import pytest

from sitekeep_shared.vault.sealing import Sealer

_OWN = "unlock-label"
"""Labels are the operator's own words, not the site's."""


@pytest.fixture
def opened_sections(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every plaintext that the test's processes seal or open with that key."""
    plaintexts: list[bytes] = []
    seal, unseal = Sealer.seal, Sealer.open

    def sealing(self: Sealer, section: str, name: bytes, plaintext: bytes) -> bytes:
        if section != _OWN:
            plaintexts.append(plaintext)
        return seal(self, section, name, plaintext)

    def opening(self: Sealer, section: str, name: bytes, sealed: bytes, object_name: str) -> bytes:
        plaintext = unseal(self, section, name, sealed, object_name)
        if section != _OWN:
            plaintexts.append(plaintext)
        return plaintext

    monkeypatch.setattr(Sealer, "seal", sealing)
    monkeypatch.setattr(Sealer, "open", opening)
    return plaintexts
