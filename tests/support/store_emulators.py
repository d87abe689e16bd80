"""Servers that behave as the clouds' stores do, each on a free port of this machine."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from email.utils import formatdate
from pathlib import Path

import pytest

from support.processes import free_port, listens, wait_until

S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEMULATED",
    "AWS_SECRET_ACCESS_KEY": "emulated-secret",
    "AWS_REGION": "us-east-1",
}
AZURE_ACCOUNT = "devstoreaccount1"
# Azurite's own, well known: it guards nothing.
AZURE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
GCS_ACCOUNT = '{"disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""}'
_OBJECT_LOCK = (
    '<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
    "<Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
)


@contextlib.contextmanager
def moto() -> Generator[str]:
    """S3 by moto; the address it listens on."""
    for name in ("moto", "flask", "flask_cors"):
        _need_module(name)
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextlib.contextmanager
def localbucket(folder: Path) -> Generator[str]:
    """S3 by LocalBucket, with the folder's folders as buckets."""
    port = free_port()
    command = [_need_script("localbucket"), str(folder), "--port", str(port)]
    with _running(command, port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def rclone(folder: Path) -> Generator[str]:
    """S3 by rclone, with the folder's folders as buckets."""
    port = free_port()
    key = f"{S3_ENVIRONMENT['AWS_ACCESS_KEY_ID']},{S3_ENVIRONMENT['AWS_SECRET_ACCESS_KEY']}"
    address = f"127.0.0.1:{port}"
    command = [_need_script("rclone"), "serve", "s3", str(folder), "--addr", address]
    with _running([*command, "--auth-key", key, "--config", os.devnull], port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def azurite(program: Path) -> Generator[str]:
    """Azure Blob Storage by Azurite; the address includes the account."""
    node, port = shutil.which("node"), free_port()
    assert node is not None
    command = [node, str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
    options = ["--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry"]
    with _running([*command, *options], port):
        yield f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"


def make_s3_bucket(endpoint: str, bucket: str, *, locked: bool = False) -> None:
    """Makes a bucket; a locked one keeps each object for a day."""
    lock = {"x-amz-bucket-object-lock-enabled": "true"} if locked else {}
    _put(f"{endpoint}/{bucket}", lock)
    if locked:
        _put(
            f"{endpoint}/{bucket}?object-lock", {"Content-Type": "text/xml"}, _OBJECT_LOCK.encode()
        )


def make_azure_container(endpoint: str, container: str) -> None:
    """Makes a container, in a request signed as Azure wants it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    covered = "".join(f"{name}:{value}\n" for name, value in headers.items())
    resource = f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{container}\nrestype:container"
    signed = f"PUT{12 * chr(10)}{covered}{resource}".encode()
    signature = hmac.new(base64.b64decode(AZURE_KEY), signed, hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {AZURE_ACCOUNT}:{base64.b64encode(signature).decode()}"
    _put(f"{endpoint}/{container}?restype=container", headers)


def _put(url: str, headers: Mapping[str, str], body: bytes | None = None) -> None:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def _need_module(name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: needs the extra 'develop'")


def _need_script(name: str) -> str:
    found = Path(sys.executable).parent / name
    if not found.exists():
        pytest.skip(f"{name} is not installed: needs the extra 'develop'")
    return str(found)


@contextlib.contextmanager
def _running(command: Sequence[str], port: int) -> Generator[None]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: listens(port), 60, f"{command[0]} on port {port}")
            yield
        finally:
            process.terminate()
            process.wait(20)
