"""A backup is read by one short program that follows FORMAT.md and uses nothing of ours."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.limits import MIB
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import SITE, SMALL, Content, issues, make_backup

READER = Path(__file__).with_name("read_vault.py")
MOST_LINES = 300
PAGE = "# Ahoj\nstránka ".encode() * 90
LARGE = random.Random(5).randbytes(3 * MIB)
CONTENT = issues(1, 40)
CONTENT.records[(Kind.PAGE, "title with spaces / and slash")] = PAGE
CONTENT.records[(Kind.PAGE, "empty")] = b""
CONTENT.files[(Kind.ATTACHMENT, "large")] = LARGE
CONTENT.files[(Kind.ATTACHMENT, "small")] = b"\x00\x01"


@pytest.fixture
async def place(tmp_path: Path) -> Path:
    """A folder with ``vault`` and ``key``: two backups, the second one of little that is new."""
    keys = load_or_create_key_file(tmp_path / "key")
    store = DurableLocalStore(tmp_path / "vault")
    vault = await Vault.open(store, keys, SystemClock(), create=True, limits=SMALL)
    await make_backup(vault, "first", {"u1": CONTENT})
    changed = Content(CONTENT.records | issues(40, 3, text="new").records, CONTENT.files)
    await make_backup(vault, "second", {"u1": changed})
    return tmp_path


def _read(place: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(READER), str(place / "vault"), str(place / "key"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def test_the_reader_is_short_and_uses_nothing_of_ours() -> None:
    text = READER.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import)]
    froms = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    modules = [alias.name for node in imports for alias in node.names]
    modules += [node.module or "" for node in froms]
    assert not [module for module in modules if module.startswith("sitekeep")]


def test_it_lists_the_backups(place: Path) -> None:
    assert _read(place, "list").stdout.split() == [f"{SITE}/first", f"{SITE}/second"]


def test_it_lists_what_a_backup_holds(place: Path) -> None:
    lines = _read(place, "show", f"{SITE}/first").stdout.splitlines()
    assert f"attachment\t{len(LARGE)}\tlarge" in lines
    assert len(lines) == len(CONTENT.records) + len(CONTENT.files)


def test_it_extracts_records_and_attachments_byte_for_byte(place: Path, tmp_path: Path) -> None:
    target = tmp_path / "extracted"
    _read(place, "extract", f"{SITE}/first", str(target))
    expected = {
        (kind.value, key): hashlib.sha256(data).hexdigest()
        for (kind, key), data in (CONTENT.records | CONTENT.files).items()
    }
    found: dict[tuple[str, str], str] = {}
    for line in (target / "entries.jsonl").read_text().splitlines():
        entry = json.loads(line)
        data = (target / entry["file"]).read_bytes()
        found[(entry["file"].split("/")[0], entry["key"])] = hashlib.sha256(data).hexdigest()
    assert found == expected


def test_it_reads_a_backup_that_rests_on_an_earlier_one(place: Path, tmp_path: Path) -> None:
    target = tmp_path / "extracted"
    _read(place, "extract", f"{SITE}/second", str(target))
    texts = [path.read_text() for path in (target / "issue").iterdir()]
    assert sum('"summary":"new ' in text for text in texts) == 3


def test_it_hands_out_nothing_that_was_altered(place: Path, tmp_path: Path) -> None:
    for pack in (place / "vault" / "packs").rglob("*"):
        if pack.is_file():
            data = bytearray(pack.read_bytes())
            data[len(data) // 2] ^= 1
            pack.chmod(0o600)
            pack.write_bytes(data)
    refused = _read(place, "extract", f"{SITE}/first", str(tmp_path / "extracted"), check=False)
    assert refused.returncode != 0
    assert "Damaged" in refused.stderr
