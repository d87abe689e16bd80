"""Speed of the vault alone: records of issue-like JSON, put for the first time and unchanged.

``python tests/bench/bench_vault.py --megabytes 200``. CPU time is that of the whole process,
threads included: hashing, compression, verification, encryption, syncing, index and manifest.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.manifest_types import ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.vault import Vault

ISSUES_PER_UNIT, UNITS_AT_ONCE = 1000, 8
EMPTY_FIELDS = 60
_PARAGRAPHS = 8


def issues(megabytes: int, seed: int = 7) -> Sequence[bytes]:
    """Issues of about 10 kB: a few people and states, unlike texts, many empty fields."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdefghiklmnoprstuvw", k=length % 9 + 2)) for length in
             range(4000)]  # fmt: skip
    made: list[bytes] = []
    size = 0
    while size < megabytes * 1_000_000:
        made.append(json.dumps(_issue(chance, words, len(made) + 1)).encode())
        size += len(made[-1])
    return made


def _issue(chance: random.Random, words: Sequence[str], number: int) -> dict[str, Any]:
    person = {"accountId": f"{chance.randrange(200):024x}", "active": True, "timeZone": "UTC"}
    moment = f"2024-03-{chance.randrange(28) + 1:02d}T10:00:00.{chance.randrange(1000):03d}+0000"
    fields: dict[str, Any] = {
        f"customfield_{field + 10_000}": None for field in range(EMPTY_FIELDS)
    }
    fields |= {
        "summary": " ".join(chance.choices(words, k=8)),
        "description": _document(chance, words),
        "reporter": person,
        "created": moment,
        "comment": {
            "comments": [
                {"id": str(number * 10 + at), "author": person, "body": _document(chance, words)}
                for at in range(chance.randrange(8))
            ]
        },
    }
    return {"id": str(10_000 + number), "key": f"BENCH-{number}", "fields": fields}


def _document(chance: random.Random, words: Sequence[str]) -> dict[str, Any]:
    texts = [" ".join(chance.choices(words, k=20)) for _ in range(_PARAGRAPHS)]
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in texts
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


async def put_all(
    vault: Vault, backup: str, records: Sequence[bytes], finished: datetime.datetime | None = None
) -> None:
    """One backup of these records."""
    session = await vault.begin_backup(backup, site="bench", fence=1)
    gate = asyncio.Semaphore(UNITS_AT_ONCE)
    pages: list[PageReference] = []

    async def put(first: int) -> None:
        async with gate:
            unit = session.unit(f"issues/{first:010d}")
            for number in range(first, min(first + ISSUES_PER_UNIT, len(records))):
                key = issue_entry("1", number)
                attributes = {"key": f"BENCH-{number}", "id": str(number)}
                await unit.put_record(Kind.ISSUE, key, records[number], attributes=attributes)
            pages.extend(await unit.finish())

    try:
        await asyncio.gather(*(put(at) for at in range(0, len(records), ISSUES_PER_UNIT)))
        now = finished or datetime.datetime.now(datetime.UTC)
        counts = {Kind.ISSUE: len(records)}
        await session.commit(pages, ManifestFacts(now, now, now, "COMPLETE", counts, b"{}"))
    finally:
        await session.close()


async def run(megabytes: int, rounds: int) -> None:
    """Prints a row for the first backup and one for each unchanged one."""
    records = issues(megabytes)
    size = sum(len(record) for record in records) / 1e6
    print(f"{len(records)} records, {size:.1f} MB", flush=True)
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench") as name:
        folder = Path(name)
        store = DurableLocalStore(folder / "vault")
        keys = load_or_create_key_file(folder / "key")
        vault = await Vault.open(store, keys, SystemClock(), create=True)
        for number in range(rounds):
            before, start = _cpu_seconds(), time.monotonic()
            await put_all(vault, f"backup{number}", records)
            cpu, wall = _cpu_seconds() - before, time.monotonic() - start
            label = "unchanged" if number else "first"
            print(f"{label:10} {size / cpu:7.1f} MB/CPU-s {size / wall:7.1f} MB/s", flush=True)
        await vault.close()
        stored = await asyncio.to_thread(_stored_megabytes, folder)
        print(f"stored {stored:.1f} MB ({size / stored:.1f} to 1)", flush=True)


def _stored_megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.megabytes, arguments.rounds))


if __name__ == "__main__":
    main()
