"""Vaults that earlier versions wrote: they are read, gone on with, collected and unlocked."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recovery import make_golden
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import BackupAbandoned, BackupNotFound
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.key_file import read_key_file
from sitekeep_shared.vault.key_sheet import read_sheet
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.recipient import load_recipient
from sitekeep_shared.vault.repository import read_repository
from sitekeep_shared.vault.unlocks import unlock_with_passphrase, unlock_with_recipient
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import SITE, START

GOLDEN = Path(__file__).with_name("golden")
READER = Path(__file__).with_name("read_vault.py")
NOW = START + datetime.timedelta(days=30)


@pytest.fixture(params=sorted(path.name for path in GOLDEN.iterdir()))
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a golden vault, with the times that its objects were written at."""
    copy = Path(shutil.copytree(GOLDEN / str(request.param), tmp_path / "golden"))
    for path in (copy / "vault").rglob("*"):
        os.utime(path, (START.timestamp(), START.timestamp()))
    return copy


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def _opened(golden: Path, clock: ManualClock) -> Vault:
    store = DurableLocalStore(golden / "vault", clock)
    keys = read_key_file(golden / "key.json").keys
    return await Vault.open(store, keys, clock, limits=make_golden.LIMITS)


def _expected(golden: Path) -> dict[str, dict[str, str]]:
    expected: dict[str, dict[str, str]] = json.loads((golden / "expected.json").read_text())
    return expected


async def _digests(vault: Vault, backup_id: str) -> dict[str, str]:
    reader = await vault.open_backup(SITE, backup_id)
    found: dict[str, str] = {}
    for kind in Kind:
        async for entry in reader.entries(kind):
            content = await reader.read(entry)
            found[f"{kind.value} {entry.key}"] = hashlib.sha256(content).hexdigest()
    await reader.close()
    return found


async def test_every_backup_gives_back_what_it_was_given(golden: Path, clock: ManualClock) -> None:
    vault = await _opened(golden, clock)
    expected = _expected(golden)
    assert [header.backup_id async for header in vault.backups()] == sorted(expected)
    for backup_id, digests in expected.items():
        assert await _digests(vault, backup_id) == digests
        for level in (Level.STRUCTURE, Level.STORAGE, Level.DATA):
            assert (await examine(vault, clock, SITE, backup_id, level))[1].sound


async def test_what_was_given_up_or_is_condemned_is_no_backup(
    golden: Path, clock: ManualClock
) -> None:
    vault = await _opened(golden, clock)
    with pytest.raises(BackupNotFound, match="is being removed"):
        await vault.open_backup(SITE, "gone")
    with pytest.raises(BackupAbandoned):
        await vault.open_backup(SITE, "failed")
    [record] = await vault.records("third")
    assert record.sound


async def test_a_new_backup_counts_on_what_is_there(golden: Path, clock: ManualClock) -> None:
    vault = await _opened(golden, clock)
    content = make_golden.contents()["third"]
    await make_golden.back_up(vault, "new", content)
    assert await _digests(vault, "new") == _expected(golden)["third"]
    header = await vault.find_backup(SITE, "new")
    assert header is not None
    assert header.new_bytes < header.referenced_bytes / 2


async def test_it_is_collected_and_what_is_kept_stays_whole(
    golden: Path, clock: ManualClock
) -> None:
    vault = await _opened(golden, clock)
    report = await vault.collect()
    assert report.swept_backups_count == 1
    assert not (golden / "vault" / "expired").exists() or not any(
        (golden / "vault" / "expired").iterdir()
    )
    for backup_id, digests in _expected(golden).items():
        assert await _digests(vault, backup_id) == digests


async def test_every_way_to_unlock_it_gives_its_key(golden: Path, clock: ManualClock) -> None:
    store = DurableLocalStore(golden / "vault", clock)
    repository = await read_repository(store)
    key = read_key_file(golden / "key.json").whole
    private_key = load_recipient(golden / "recipient.json")
    passphrase = Passphrase(make_golden.PASSPHRASE)
    assert read_sheet((golden / "sheet.txt").read_text().splitlines()) == key
    assert await unlock_with_passphrase(store, repository, passphrase) == key
    assert await unlock_with_recipient(store, repository, private_key) == key


def test_a_reader_that_knows_only_the_page_reads_it_too(golden: Path, tmp_path: Path) -> None:
    for backup_id, digests in _expected(golden).items():
        target = tmp_path / backup_id
        place = [str(golden / "vault"), str(golden / "key.json")]
        words = ["extract", f"{SITE}/{backup_id}", str(target)]
        subprocess.run([sys.executable, str(READER), *place, *words], check=True)
        entries = [json.loads(line) for line in (target / "entries.jsonl").read_text().splitlines()]
        found = {
            f"{entry['file'].split('/')[0]} {entry['key']}": hashlib.sha256(
                (target / entry["file"]).read_bytes()
            ).hexdigest()
            for entry in entries
        }
        assert found == digests
