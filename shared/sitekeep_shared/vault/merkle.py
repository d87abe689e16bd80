"""The Merkle tree over a backup: proves single records, finds what two backups differ in."""

from __future__ import annotations

from collections.abc import Sequence

from blake3 import blake3

FAN_OUT = 256


def leaf_hash(kind: str, encoded_entry: bytes) -> bytes:
    """``BLAKE3(0x00 | kind | 0x00 | encoded entry)``."""
    return blake3(b"\x00" + kind.encode() + b"\x00" + encoded_entry).digest()


def node_hash(children: Sequence[bytes]) -> bytes:
    """``BLAKE3(0x01 | children)``, at most FAN_OUT children."""
    return blake3(b"\x01" + b"".join(children)).digest()


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes in their order. At least one level of nodes, also over none or one."""
    level = _parents(hashes)
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def _parents(hashes: Sequence[bytes]) -> list[bytes]:
    starts = range(0, max(len(hashes), 1), FAN_OUT)
    return [node_hash(hashes[start : start + FAN_OUT]) for start in starts]
