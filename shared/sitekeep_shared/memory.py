"""Keeps a server's memory flat: the C library's allocator would keep a heap for each thread."""

from __future__ import annotations

import ctypes

# mallopt(3), malloc.h of the GNU C library.
_M_TRIM_THRESHOLD = -1
_M_ARENA_MAX = -8
_TRIM_BYTES = 128 * 1024


def share_one_heap() -> bool:
    """Lets all threads share one heap, whose free end goes back to the system.

    Buffers of 1 MiB are made and dropped in many threads; heaps of their own would each keep
    their largest size. To be called before there are threads. False where the C library has no
    such knobs.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(_M_ARENA_MAX, 1)) and bool(mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES))
