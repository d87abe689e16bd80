"""The bytes of a pack: header, frames, sealed footer. FORMAT.md section 4.

``magic | repository id | pack nonce | kind | suite | sealed key length | sealed pack key``,
then the frames, then ``footer | u32 footer length | magic``.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import numpy.typing
from backports import zstd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.sealing import SEALED_KEY_BYTES, SUITE_X25519, Sealer

MAGIC = b"SKPACK01"
HEADER = struct.Struct("<8s16s16sBBH")
HEADER_BYTES = HEADER.size + SEALED_KEY_BYTES
TAIL = struct.Struct("<I8s")
FOOTER_COUNTS = struct.Struct("<II")
FRAME_NUMBER = struct.Struct(">Q")
KEY_SECTION = "pack-key"
FOOTER_SECTION = "pack-footer"

Rows = numpy.typing.NDArray[Any]
FRAME_ROW = numpy.dtype([("start", "<u4"), ("stored", "<u4"), ("raw", "<u4"), ("encoding", "<u4")])
BLOB_ROW = numpy.dtype(
    [("id", "u1", (32,)), ("frame", "<u4"), ("offset", "<u4"), ("length", "<u4")]
)


class PackKind(enum.IntEnum):
    """Records and files never share a pack."""

    RECORDS = 1
    FILES = 2


class Encoding(enum.IntEnum):
    """How a frame's blobs are stored."""

    RAW = 0
    ZSTD = 1


@dataclass(frozen=True)
class FramePlace:
    """Where a frame lies in its pack, and what it is once opened."""

    start: int
    stored_bytes: int
    raw_bytes: int
    encoding: int


@dataclass(frozen=True)
class PackHeader:
    """The start of a pack, its key still sealed."""

    nonce: bytes
    kind: PackKind
    sealed_key: bytes


def encode_header(sealer: Sealer, header: PackHeader) -> bytes:
    """The first HEADER_BYTES of a pack."""
    fixed = HEADER.pack(
        MAGIC,
        sealer.repository_id,
        header.nonce,
        header.kind,
        SUITE_X25519,
        len(header.sealed_key),
    )
    return fixed + header.sealed_key


def decode_header(sealer: Sealer, name: str, data: bytes) -> PackHeader:
    """The reverse of encode_header.

    Raises:
        DamagedObject: it is not the start of a pack of this vault.
    """
    if len(data) < HEADER_BYTES:
        raise DamagedObject(name, "its header is cut short")
    magic, repository, nonce, kind, suite, key_bytes = HEADER.unpack_from(data)
    known = magic == MAGIC and kind in tuple(PackKind) and suite == SUITE_X25519
    if not known or key_bytes != SEALED_KEY_BYTES:
        raise DamagedObject(name, "it does not start as a pack")
    if repository != sealer.repository_id:
        raise DamagedObject(name, "it belongs to another vault")
    return PackHeader(nonce, PackKind(kind), data[HEADER.size : HEADER_BYTES])


def key_binding(nonce: bytes, kind: PackKind) -> bytes:
    """What the sealed pack key and the footer are bound to."""
    return nonce + bytes([kind])


class FrameCipher:
    """Encrypts and decrypts the frames of one pack."""

    def __init__(self, repository_id: bytes, nonce: bytes, kind: PackKind, key: bytes) -> None:
        self._prefix = repository_id + nonce
        self._kind = bytes([kind])
        self._cipher = AESGCM(key)

    def encrypt(self, number: int, data: bytes) -> bytes:
        """The frame's ciphertext and tag."""
        return self._cipher.encrypt(_frame_nonce(number), data, self._associated(number))

    def decrypt(self, number: int, data: bytes) -> bytes:
        """The reverse of encrypt; raises InvalidTag."""
        return self._cipher.decrypt(_frame_nonce(number), data, self._associated(number))

    def _associated(self, number: int) -> bytes:
        return self._prefix + FRAME_NUMBER.pack(number) + self._kind


def _frame_nonce(number: int) -> bytes:
    return b"\x00\x00\x00\x00" + FRAME_NUMBER.pack(number)


def open_frame(
    cipher: FrameCipher, number: int, place: FramePlace, stored: bytes, name: str
) -> bytes:
    """The concatenated blobs of a frame.

    Raises:
        DamagedObject: the frame is not what was written.
    """
    try:
        data = cipher.decrypt(number, stored)
        if place.encoding == Encoding.ZSTD:
            data = zstd.decompress(data)
    except (InvalidTag, zstd.ZstdError) as error:
        raise DamagedObject(name, f"its frame {number} cannot be opened") from error
    if len(data) != place.raw_bytes:
        raise DamagedObject(name, f"its frame {number} has another length")
    return data


def encode_footer(
    sealer: Sealer, header: PackHeader, places: Sequence[FramePlace], blobs: Rows
) -> bytes:
    """Sealed tables of frames and blobs, their length, the magic."""
    frames = numpy.array(
        [(place.start, place.stored_bytes, place.raw_bytes, place.encoding) for place in places],
        dtype=FRAME_ROW,
    )
    counts = FOOTER_COUNTS.pack(len(frames), len(blobs))
    plain = counts + frames.tobytes() + blobs.tobytes()
    sealed = sealer.seal(FOOTER_SECTION, key_binding(header.nonce, header.kind), plain)
    return sealed + TAIL.pack(len(sealed), MAGIC)


def footer_start(name: str, size_bytes: int, tail: bytes) -> int:
    """Where the sealed footer of a pack of that size starts; ``tail`` are its last bytes.

    Raises:
        DamagedObject: the pack does not end as one.
    """
    if len(tail) < TAIL.size:
        raise DamagedObject(name, "it is cut short")
    length, magic = TAIL.unpack(tail[-TAIL.size :])
    start = size_bytes - TAIL.size - length
    if magic != MAGIC or start < HEADER_BYTES:
        raise DamagedObject(name, "it does not end as a pack")
    return int(start)


def decode_footer(
    sealer: Sealer, header: PackHeader, name: str, sealed: bytes
) -> tuple[list[FramePlace], Rows]:
    """The reverse of encode_footer, without the tail.

    Raises:
        DamagedObject: the footer is not what was written.
    """
    binding = key_binding(header.nonce, header.kind)
    plain = sealer.open(FOOTER_SECTION, binding, sealed, name)
    try:
        frames, blobs = _decode_tables(plain)
    except (struct.error, ValueError) as error:
        raise DamagedObject(name, "its footer does not read as one") from error
    return [FramePlace(*row) for row in frames.tolist()], blobs


def _decode_tables(plain: bytes) -> tuple[Rows, Rows]:
    """The rows of frames and of blobs; raises struct.error, ValueError."""
    frame_count, blob_count = FOOTER_COUNTS.unpack_from(plain)
    start = FOOTER_COUNTS.size
    frames = numpy.frombuffer(plain, FRAME_ROW, frame_count, start)
    blobs = numpy.frombuffer(plain, BLOB_ROW, blob_count, start + frames.nbytes)
    require_below(blobs["frame"], frame_count)
    return frames, blobs


def require_below(numbers: Rows, end: int) -> None:
    """Makes sure that rows count into a table of that length; raises ValueError."""
    if len(numbers) and numbers.max() >= end:
        raise ValueError("a row counts beyond the end of its table")
