"""Lives of a process that backs up into a folder: started in turn, each to be killed at any time.

``vault_lives.py FOLDER`` reads a backup's id per line and runs its backup in a forked process whose
number it prints; told to wait by a line of any content, it prints the status. The pages of finished
units are kept in a journal, as the database does, so that the next life goes on where the last one
ended.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.limits import KIB, Limits
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.session import BackupSession
from sitekeep_shared.vault.vault import Vault

SITE = "site-1"
KEYS = VaultKeys.derive(bytes(range(32)), bytes(range(32, 64)))
LIMITS = replace(
    Limits(),
    frame_bytes=8 * KIB,
    own_frame_bytes=4 * KIB,
    pack_target_bytes=32 * KIB,
    checkpoint_linger_seconds=0.0,
)
UNITS, RECORDS = 6, 40

Content = Mapping[tuple[Kind, str], bytes]


def content_of(backup_id: str, unit: int) -> Content:
    """Every second unit is the same in each backup."""
    seed = f"unit {unit}" if unit % 2 else f"unit {unit} of {backup_id}"
    chance = random.Random(seed)
    content = {
        (Kind.ISSUE, f"{unit:04d}/{number:04d}"): f'{{"text":"{chance.random()}'.encode() * 20
        for number in range(RECORDS)
    }
    content[(Kind.ATTACHMENT, f"{unit:04d}/a")] = chance.randbytes(50_000)
    return content


async def open_vault(folder: Path) -> Vault:
    """The vault below the folder."""
    store = DurableLocalStore(folder / "vault")
    return await Vault.open(store, KEYS, SystemClock(), create=True, limits=LIMITS)


async def live(folder: Path, backup_id: str) -> None:
    """Goes on with a backup, to its commit."""
    vault = await open_vault(folder)
    if await vault.find_backup(SITE, backup_id) is not None:
        return
    session = await vault.begin_backup(backup_id, site=SITE, fence=1)
    try:
        journal = folder / f"{backup_id}.journal"
        pages = [page for one in read_journal(journal).values() for page in one]
        for unit in range(UNITS):
            if str(unit) not in read_journal(journal):
                pages += await _run_unit(session, journal, backup_id, unit)
        now = datetime.datetime.now(datetime.UTC)
        await session.commit(pages, ManifestFacts(now, now, now, COMPLETE))
    finally:
        await session.close()


async def _run_unit(
    session: BackupSession, journal: Path, backup_id: str, unit: int
) -> list[PageReference]:
    writer = session.unit(f"unit {unit}")
    for (kind, key), payload in content_of(backup_id, unit).items():
        if kind is Kind.ATTACHMENT:
            await writer.put_file(kind, key, _pieces(payload))
        else:
            await writer.put_record(kind, key, payload)
    pages = list(await writer.finish())
    line = json.dumps([str(unit), [page.to_json() for page in pages]])
    await asyncio.to_thread(_append, journal, line)
    return pages


async def _pieces(payload: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(payload), 10_000):
        yield payload[start : start + 10_000]


def _append(journal: Path, line: str) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_journal(journal: Path) -> dict[str, list[PageReference]]:
    """The units that are done. A line that was cut off by the end of its writer does not count."""
    done: dict[str, list[PageReference]] = {}
    if not journal.exists():
        return done
    for line in journal.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("]]\n"):
            unit, pages = json.loads(line)
            done[unit] = [PageReference.from_json(page) for page in pages]
    return done


def main() -> None:
    """Serves lives until the input ends."""
    folder = Path(sys.argv[1])
    while backup_id := sys.stdin.readline().strip():
        process = os.fork()
        if not process:
            asyncio.run(live(folder, backup_id))
            os._exit(0)
        print(process, flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
