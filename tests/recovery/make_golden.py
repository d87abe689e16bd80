"""Makes a golden vault: one that every later version has to read, to go on with and to collect.

``PYTHONPATH=tests python tests/recovery/make_golden.py tests/recovery/golden/format-1``, once for
each version of the format, when it is released. What is there is never made anew.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import hashlib
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.key_file import write_whole_key_file
from sitekeep_shared.vault.key_sheet import sheet_lines
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.recipient import make_recipient
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.rotation import rotate
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import Unlocks
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import SITE, SMALL, START, Content, facts, issues, pieces

PASSPHRASE = "golden vaults are read for ever"
ADDRESS = "https://golden.example"
LIMITS = dataclasses.replace(
    SMALL, condemned_seconds=3600.0, orphan_seconds=3600.0, index_objects=2
)
_DAY = datetime.timedelta(days=1)


def contents() -> Mapping[str, Content]:
    """What each backup holds; the first one expires and is condemned."""
    chance = random.Random(1)
    odd = Content(
        {(Kind.PAGE, "ključ / 鍵"): "Žluťoučký kůň 🐎".encode(), (Kind.PAGE, "empty"): b""},
        {(Kind.ATTACHMENT, "1"): chance.randbytes(9000), (Kind.ATTACHMENT, "2"): b"\x00"},
    )
    old = issues(1, 12, text="old")
    return {
        "gone": Content(old.records, {(Kind.ATTACHMENT, "0"): chance.randbytes(5000)}),
        "first": Content(issues(1, 12).records | odd.records, odd.files),
        "second": Content(issues(1, 13).records | odd.records, odd.files),
        "third": Content(issues(2, 14).records | odd.records, odd.files),
    }


async def back_up(vault: Vault, backup_id: str, content: Content) -> None:
    """As an exporter does: files that are known are not fetched again."""
    session = await vault.begin_backup(
        backup_id, site=SITE, fence=1, address=ADDRESS, keeping=14 * _DAY
    )
    unit = session.unit("golden")
    for (kind, key), payload in content.records.items():
        await unit.put_record(kind, key, payload, attributes={"key": key})
    for (kind, key), data in content.files.items():
        identity = FileIdentity(key, "1", len(data))
        known = unit.find_file(kind, identity)
        if known is None or unit.reuse_file(kind, key, known) is None:
            await unit.put_file(kind, key, pieces(data), identity=identity, note=b"note")
    await session.commit(await unit.finish(), facts(details=b'{"golden": true}'))
    await session.close()


async def make(folder: Path) -> None:
    """The vault, its keys, and what has to come out of it."""
    clock, key = ManualClock(START), WholeKey.generate()
    store = DurableLocalStore(folder / "vault", clock)
    vault = await Vault.open(store, key.keys, clock, create=True, limits=LIMITS)
    held = contents()
    for backup_id in ("gone", "first", "second"):
        await back_up(vault, backup_id, held[backup_id])
        clock.advance(_DAY)
    await vault.expire(SITE, "gone", "its time is over")
    await vault.collect()
    await vault.abandon(SITE, "failed", "its operation failed")
    key = await _rotate(folder, store, key, clock)
    vault = await Vault.open(store, key.keys, clock, limits=LIMITS)
    await back_up(vault, "third", held["third"])
    _, record = await examine(vault, clock, SITE, "third", Level.DATA)
    await vault.keep_record(record)
    (folder / "expected.json").write_text(json.dumps(_expected(held), indent=1), encoding="utf-8")
    (folder / "sheet.txt").write_text("\n".join(sheet_lines(key)) + "\n", encoding="utf-8")
    write_whole_key_file(folder / "key.json", key)


async def _rotate(
    folder: Path, store: DurableLocalStore, key: WholeKey, clock: ManualClock
) -> WholeKey:
    ring = await open_repository(store, key.keys, clock, create=False)
    recipient = make_recipient(folder / "recipient.json")
    await Unlocks(store, Sealer(key.keys, ring.repository_id)).add_recipient(
        key, recipient, "The other admin"
    )
    newer = (await rotate(store, ring, key, lambda _: None)).key
    ring = await open_repository(store, newer.keys, clock, create=False)
    unlocks = Unlocks(store, Sealer(newer.keys, ring.repository_id))
    await unlocks.add_passphrase(newer, Passphrase(PASSPHRASE), "The safe")
    return newer


def _expected(held: Mapping[str, Content]) -> Mapping[str, Mapping[str, str]]:
    """SHA-256 of everything that can be read, by backup, then by kind and key."""
    return {
        backup_id: {
            f"{kind.value} {key}": hashlib.sha256(data).hexdigest()
            for (kind, key), data in (content.records | content.files).items()
        }
        for backup_id, content in held.items()
        if backup_id != "gone"
    }


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True)
    asyncio.run(make(Path(sys.argv[1])))
