"""Backups that are written into a vault by hand, and what can happen to them."""

from __future__ import annotations

import datetime
from pathlib import Path

from sitekeep_shared.clock import Clock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.manifest_types import COMPLETE, ManifestFacts
from sitekeep_shared.vault.vault import Vault

SITE = "site"


async def small_backup(vault: Vault, clock: Clock, backup_id: str) -> str:
    """Commits a backup of one issue; returns the key of its manifest."""
    now = clock.now()
    facts = ManifestFacts(now, now, now + datetime.timedelta(days=14), COMPLETE)
    session = await vault.begin_backup(backup_id, site=SITE, fence=1)
    try:
        writer = session.unit("u1")
        await writer.put_record(Kind.ISSUE, "1", backup_id.encode())
        committed = await session.commit(await writer.finish(), facts)
    finally:
        await session.close()
    return committed.manifest_key


async def drop_packs(vault: Vault, folder: Path, manifest_key: str) -> None:
    """Removes every pack that the backup needs."""
    site, backup_id = manifest_key.split("/")[1:]
    for pack in await vault.packs_of(site, backup_id):
        name = pack.pack_id.hex()
        (folder / "packs" / name[:2] / name).unlink()
