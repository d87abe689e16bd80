"""How deep a verification looks."""

from __future__ import annotations

import enum


class Level(enum.IntEnum):
    """The numbers are those of ``sitekeep.type.v1.Verification.Level``; deeper ones are greater.

    What a level found is taken back only by a later sound verification that is as deep.
    """

    STRUCTURE = 1
    """The manifest, the lists, the indexes, and that every pack is there with its size."""
    STORAGE = 2
    """And the bytes of every needed pack; needs no private key."""
    DATA = 3
    """Every entity, decrypted and compared with its digests."""
    DRILL = 4
    """Restored into a simulated site and compared item by item."""

    @property
    def reads_all(self) -> bool:
        """Whether it reads everything that the backup holds."""
        return self >= Level.DATA
