"""Whatever the bytes are, a decoder answers or says what is damaged; it never fails otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sitekeep_shared.vault import index_object, known_files_object, pack
from sitekeep_shared.vault.errors import DamagedObject
from support.decoders import DECODERS, NAME, read_or_refuse

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_DECODER_EXAMPLES", "60"))
FUZZ_SECONDS = int(os.environ.get("SITEKEEP_TEST_FUZZ_SECONDS", "0"))
TABLES = ("pack footer", "sealed index", "sealed known files", "sealed condemned")
FUZZER = Path(__file__).with_name("fuzz_decoders.py")


def _counted(counts: list[int], rest: bytes) -> bytes:
    return b"".join(count.to_bytes(4, "little") for count in counts) + rest


COUNTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1)), max_size=4)
DATA = st.one_of(
    st.binary(max_size=12),
    st.binary(max_size=300),
    st.builds(_counted, COUNTS, st.binary(max_size=400)),
)
"""Also numbers of rows, some of which fit what follows."""


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=DATA)
@example(data=b"")
@example(data=b"\xff" * 64)
@example(data=b"{}")
@example(data=b"\x95\x01")
def test_a_decoder_reads_or_refuses(name: str, data: bytes) -> None:
    read_or_refuse(name, data)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("length", [0, 1, 7, 9, 25])
def test_a_table_that_is_too_short_is_damaged(name: str, length: int) -> None:
    with pytest.raises(DamagedObject, match=NAME):
        DECODERS[name](b"\x01" * length)


def test_a_row_that_counts_beyond_its_table_is_damage() -> None:
    blob = numpy.zeros(1, pack.BLOB_ROW)
    DECODERS["pack footer"](pack.FOOTER_COUNTS.pack(0, 0))
    with pytest.raises(DamagedObject, match="footer"):
        DECODERS["pack footer"](pack.FOOTER_COUNTS.pack(0, 1) + blob.tobytes())
    row = numpy.zeros(1, index_object.INDEX_ROW)
    counts = index_object.COUNTS.pack(1, 0, 0, bytes(16))
    with pytest.raises(DamagedObject, match="index"):
        DECODERS["sealed index"](counts + row.tobytes() + b"{}")


def test_a_known_file_with_more_blobs_than_there_are_is_damage() -> None:
    file = numpy.zeros(1, known_files_object.FILE_ROW)
    file["blobs"] = 1
    counts = known_files_object.COUNTS.pack(1, 0)
    with pytest.raises(DamagedObject, match="known files"):
        DECODERS["sealed known files"](counts + file.tobytes())


@pytest.mark.skipif(not FUZZ_SECONDS, reason="SITEKEEP_TEST_FUZZ_SECONDS is not set")
def test_no_bytes_that_a_fuzzer_finds_make_a_decoder_fail() -> None:
    pytest.importorskip("atheris", reason="atheris is not installed")
    command = [sys.executable, str(FUZZER), f"-max_total_time={FUZZ_SECONDS}", "-max_len=4096"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
