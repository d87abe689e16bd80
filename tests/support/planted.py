"""Looks for planted text in bytes: as it is, encoded, compressed, or both."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from backports import zstd

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_MOST_BYTES = 64 << 20


def forms(text: str) -> dict[str, bytes]:
    """How a text may stand in bytes, by the name of the form."""
    plain = text.encode()
    return {
        "raw": plain,
        "reversed": plain[::-1],
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "UTF-16-LE": text.encode("utf-16-le"),
        "UTF-16-BE": text.encode("utf-16-be"),
        **{f"base64 at {offset}": _base64_inside(plain, offset) for offset in range(3)},
    }


def found(texts: Iterable[str], data: bytes) -> list[str]:
    """Which texts stand in the data, in which form, also within what is compressed there."""
    shapes = [(text, name, form) for text in texts for name, form in forms(text).items()]
    return [
        f"{text!r} ({name}{where})"
        for where, layer in _layers(data)
        for text, name, form in shapes
        if form in layer
    ]


def _layers(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "", data
    start = data.find(_ZSTD_MAGIC)
    while start >= 0:
        yield f", compressed at {start}", _decompressed(data[start:])
        start = data.find(_ZSTD_MAGIC, start + 1)


def _decompressed(data: bytes) -> bytes:
    """As much as can be decompressed: a magic may stand there by chance."""
    decompressor = zstd.ZstdDecompressor()
    try:
        return decompressor.decompress(data, max_length=_MOST_BYTES)
    except zstd.ZstdError:
        return b""


def _base64_inside(plain: bytes, offset: int) -> bytes:
    """The letters that the bytes give whatever stands before and behind them."""
    encoded = base64.b64encode(bytes(offset) + plain)
    first = -(-offset * 4 // 3)
    last = (offset + len(plain)) * 8 // 6
    return encoded[first:last]
