"""Keeps a server's memory flat and its garbage collector away from what never becomes garbage."""

from __future__ import annotations

import ctypes
import gc

# mallopt(3), malloc.h of the GNU C library.
_M_ARENA_MAX = -8

_NEW_OBJECTS = 20_000
"""After so many the collector looks: the issues of one answer are thousands, and no cycle."""


def share_one_heap() -> bool:
    """Lets all threads share one heap.

    Buffers of 1 MiB are made and dropped in many threads; heaps of their own would each keep
    their largest size. How much of its free end the heap keeps is left to the allocator: giving
    it back after every buffer costs a quarter of the CPU time of a backup. To be called before
    there are threads. False where the C library has no such knob.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))


def keep_what_is_loaded() -> None:
    """Takes everything that exists now out of the garbage collector's sight.

    Modules and tables stay until the process ends; looking through them again and again took a
    tenth of the CPU time of a backup. To be called once, when the server has started.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
