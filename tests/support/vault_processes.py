"""Processes that work on a vault in a folder and can be killed."""

from __future__ import annotations

import asyncio
import datetime
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.vault import Vault

KEYS = VaultKeys.derive(bytes(range(32)), bytes(range(32, 64)))


async def open_folder(folder: Path, now: datetime.datetime, *, create: bool = False) -> Vault:
    """The vault in a folder, at a time."""
    clock = ManualClock(now)
    return await Vault.open(DurableLocalStore(folder, clock), KEYS, clock, create=create)


def collect_in_process(folder: Path, now: datetime.datetime, kill_after_seconds: float) -> float:
    """Collects in a process that is killed -9 after so long; returns how long it lived.

    The time counts from when its vault is open.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe()
    process = context.Process(target=_collect, args=(folder, now, theirs))
    process.start()
    assert ours.recv() == "open"
    began = time.monotonic()
    process.join(kill_after_seconds)
    lived = time.monotonic() - began
    process.kill()
    process.join()
    assert process.exitcode in (0, -9)
    process.close()
    ours.close()
    theirs.close()
    return lived


def _collect(folder: Path, now: datetime.datetime, parent: Connection) -> None:
    async def collect() -> None:
        vault = await open_folder(folder, now)
        parent.send("open")
        await vault.collect()

    asyncio.run(collect())
