"""The knobs of the allocator and of the garbage collector."""

from __future__ import annotations

import platform
import subprocess
import sys


def test_the_allocator_takes_the_knobs_where_it_is_the_gnu_c_library() -> None:
    # In a process of its own: the knobs stay turned.
    words = "from sitekeep_shared.memory import share_one_heap; print(share_one_heap())"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(platform.libc_ver()[0] == "glibc")


def test_what_is_loaded_is_not_looked_through_again() -> None:
    words = (
        "import gc; from sitekeep_shared.memory import keep_what_is_loaded; "
        "keep_what_is_loaded(); print(gc.get_freeze_count() > 1000, len(gc.get_objects()) < 100)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True True"
