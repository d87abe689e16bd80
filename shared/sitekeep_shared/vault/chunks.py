"""Content-defined chunking of large files, behind a protocol that pins what it must keep doing."""

from __future__ import annotations

from typing import Protocol

from pyfastcdc import FastCDC

from sitekeep_shared.vault.limits import Limits


class Chunker(Protocol):
    """Finds where the first chunk of a run of bytes ends."""

    max_bytes: int
    """No chunk is longer; with that many bytes at hand a cut is final."""

    def cut(self, data: memoryview) -> int:
        """The length of the first chunk; all of ``data`` when it holds no cut."""
        ...


class FastCdcChunker:
    """FastCDC (2020 variant) with normalized chunking level 1."""

    def __init__(self, limits: Limits) -> None:
        self.max_bytes = limits.chunk_max_bytes
        self._fastcdc = FastCDC(
            avg_size=limits.chunk_average_bytes,
            min_size=limits.chunk_min_bytes,
            max_size=limits.chunk_max_bytes,
            normalized_chunking=1,
        )

    def cut(self, data: memoryview) -> int:
        """The length of the first chunk."""
        return next(iter(self._fastcdc.cut_buf(data))).length
