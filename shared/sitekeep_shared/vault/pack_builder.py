"""Builds one pack, frame by frame. Not safe for concurrent use: one thread at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from backports import zstd
from blake3 import blake3
from cryptography.exceptions import InvalidTag

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
)
from sitekeep_shared.vault.sealing import KEY_BYTES, Sealer

_COMPARE_BYTES = 32 * 1024


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
        level = limits.record_level if kind is PackKind.RECORDS else limits.file_level
        # One for all frames: its working memory is much larger than a frame.
        self._compressor = zstd.ZstdCompressor(level=level)
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
            self._verify(number, encoding, stored, raw)
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
        self._compressor.set_pledged_input_size(len(raw))
        compressed = self._compressor.compress(raw, zstd.ZstdCompressor.FLUSH_FRAME)
        if len(compressed) > len(raw) * (1 - self._limits.smallest_saving):
            return Encoding.RAW, raw
        return Encoding.ZSTD, compressed

    def _verify(self, number: int, encoding: Encoding, stored: bytes, raw: bytes) -> None:
        try:
            data = self._cipher.decrypt(number, stored)
            is_good = data == raw if encoding is Encoding.RAW else _opens_to(data, raw)
        except (InvalidTag, zstd.ZstdError):
            is_good = False
        if not is_good:
            raise VaultError("A frame does not open to what went in; this machine is faulty.")

    def _note_blobs(self, number: int, frame: RawFrame) -> None:
        self._ids.extend(frame.ids)
        offset = 0
        for payload in frame.payloads:
            self._positions.append((number, offset, len(payload)))
            offset += len(payload)


def _opens_to(compressed: bytes, raw: bytes) -> bool:
    """Compares piece by piece: a second copy of the frame would cost more than its decoding."""
    decompressor = zstd.ZstdDecompressor()
    piece = decompressor.decompress(compressed, _COMPARE_BYTES)
    position = 0
    while raw.startswith(piece, position):
        position += len(piece)
        if decompressor.eof:
            return position == len(raw)
        if decompressor.needs_input:
            return False
        piece = decompressor.decompress(b"", _COMPARE_BYTES)
    return False
