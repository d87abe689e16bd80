"""How deep a verification looks, as people type it."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class Level(enum.StrEnum):
    """The levels that can be asked for."""

    STRUCTURE = "structure"
    """The manifest, the lists, the indexes, and that every pack is there with its size."""
    STORAGE = "storage"
    """And the bytes of every pack."""
    DATA = "data"
    """Everything, decrypted and compared with its digests."""


LevelOption = Annotated[Level, typer.Option("--level", help="How deep to look.")]
