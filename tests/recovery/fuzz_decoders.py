"""Throws coverage-guided bytes at every decoder of the vault.

``python tests/recovery/fuzz_decoders.py -max_total_time=300``, with atheris from PyPI installed
beside Sitekeep; every option is libFuzzer's. It ends with a traceback at the first error that
no decoder may raise.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

# By name, as it is no dependency: it builds for few platforms.
atheris: Any = importlib.import_module("atheris")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports():
    from support.decoders import DECODERS, read_or_refuse

_NAMES = sorted(DECODERS)


def one_input(data: bytes) -> None:
    """The first byte chooses the decoder, the rest is what it gets."""
    if data:
        read_or_refuse(_NAMES[data[0] % len(_NAMES)], data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
