"""Whatever the bytes are, a decoder answers or says what is damaged; it never fails otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.decoders import DECODERS, read_or_refuse

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_DECODER_EXAMPLES", "60"))
FUZZ_SECONDS = int(os.environ.get("SITEKEEP_TEST_FUZZ_SECONDS", "0"))
FUZZER = Path(__file__).with_name("fuzz_decoders.py")


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.binary(min_size=1, max_size=12)))
@example(data=b"")
@example(data=b"\xff" * 64)
@example(data=b"{}")
@example(data=b"\x95\x01")
def test_a_decoder_reads_or_refuses(name: str, data: bytes) -> None:
    read_or_refuse(name, data)


@pytest.mark.skipif(not FUZZ_SECONDS, reason="SITEKEEP_TEST_FUZZ_SECONDS is not set")
def test_no_bytes_that_a_fuzzer_finds_make_a_decoder_fail() -> None:
    pytest.importorskip("atheris", reason="atheris is not installed")
    command = [sys.executable, str(FUZZER), f"-max_total_time={FUZZ_SECONDS}", "-max_len=4096"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
