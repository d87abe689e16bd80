"""Builds one pack, frame by frame. Not safe for concurrent use: one thread at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from backports import zstd
from blake3 import blake3

from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.pack import (
    BLOB_ROW,
    HEADER_BYTES,
    KEY_SECTION,
    Encoding,
    FrameCipher,
    FramePlace,
    PackHeader,
    PackKind,
    Rows,
    encode_footer,
    encode_header,
    key_binding,
    open_frame,
)
from sitekeep_shared.vault.sealing import KEY_BYTES, Sealer


@dataclass(frozen=True)
class RawFrame:
    """Blobs that are compressed and encrypted together."""

    ids: Sequence[bytes]
    payloads: Sequence[bytes]
    raw_bytes: int


@dataclass(frozen=True)
class BuiltPack:
    """A whole pack, not yet in the store."""

    pack_id: bytes
    parts: Sequence[bytes]
    size_bytes: int
    blobs: Rows
    """One BLOB_ROW per blob."""


class PackBuilder:
    """Collects the frames of one pack."""

    def __init__(self, kind: PackKind, sealer: Sealer, limits: Limits) -> None:
        self._sealer = sealer
        self._limits = limits
        self._level = limits.record_level if kind is PackKind.RECORDS else limits.file_level
        nonce, key = os.urandom(16), os.urandom(KEY_BYTES)
        sealed_key = sealer.seal_key(KEY_SECTION, key_binding(nonce, kind), key)
        self._header = PackHeader(nonce, kind, sealed_key)
        self._cipher = FrameCipher(sealer.repository_id, nonce, kind, key)
        self._parts = [encode_header(sealer, self._header)]
        self._places: list[FramePlace] = []
        self._ids: list[bytes] = []
        self._positions: list[tuple[int, int, int]] = []
        self.size_bytes = HEADER_BYTES

    def add(self, frame: RawFrame) -> None:
        """Compresses, encrypts and checks a frame, and appends it.

        Raises:
            VaultError: the frame does not open to what went in: the memory is faulty.
        """
        raw = frame.payloads[0] if len(frame.payloads) == 1 else b"".join(frame.payloads)
        number = len(self._places)
        encoding, data = self._compress(raw)
        stored = self._cipher.encrypt(number, data)
        place = FramePlace(self.size_bytes, len(stored), len(raw), encoding)
        if self._limits.verify_before_put:
            self._verify(number, place, stored, raw)
        self._parts.append(stored)
        self._places.append(place)
        self._note_blobs(number, frame)
        self.size_bytes += len(stored)

    def finish(self) -> BuiltPack:
        """Appends the footer and names the pack."""
        blobs = numpy.empty(len(self._ids), BLOB_ROW)
        blobs["id"] = numpy.frombuffer(b"".join(self._ids), "u1").reshape(-1, 32)
        positions = numpy.array(self._positions, "<u4").reshape(-1, 3)
        for column, field in enumerate(("frame", "offset", "length")):
            blobs[field] = positions[:, column]
        self._parts.append(encode_footer(self._sealer, self._header, self._places, blobs))
        size = sum(len(part) for part in self._parts)
        if size > self._limits.pack_max_bytes:
            raise VaultError(f"A pack of {size} bytes is larger than the format allows.")
        hasher = blake3()
        for part in self._parts:
            hasher.update(part)
        return BuiltPack(hasher.digest(), self._parts, size, blobs)

    def _compress(self, raw: bytes) -> tuple[Encoding, bytes]:
        compressed = zstd.compress(raw, level=self._level)
        if len(compressed) > len(raw) * (1 - self._limits.smallest_saving):
            return Encoding.RAW, raw
        return Encoding.ZSTD, compressed

    def _verify(self, number: int, place: FramePlace, stored: bytes, raw: bytes) -> None:
        if open_frame(self._cipher, number, place, stored, "about to be written") != raw:
            raise VaultError("A frame does not open to what went in; this machine is faulty.")

    def _note_blobs(self, number: int, frame: RawFrame) -> None:
        self._ids.extend(frame.ids)
        offset = 0
        for payload in frame.payloads:
            self._positions.append((number, offset, len(payload)))
            offset += len(payload)
