"""Every call of the system that makes something durable fails once, at each of its places."""

from __future__ import annotations

import errno
import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import StoreUnavailable, VaultError
from sitekeep_shared.vault.local_store import TEMPORARY_FOLDER, DurableLocalStore
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    SMALL,
    START,
    Content,
    issues,
    make_backup,
    merged,
    read_all,
)

UNITS = {
    "u1": issues(1, 20),
    "u2": Content(files={(Kind.ATTACHMENT, "a"): bytes(range(256)) * 40}),
}
CALLS = ("open", "write", "fsync", "link", "mkdir")


class FailingCall:
    """One call of the system, which fails at one of its places in the vault's folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, place: int, code: int) -> None:
        self._real: Callable[..., Any] = getattr(os, name)
        self._place = place
        self._code = code
        self.calls = 0
        self.faults_fired = 0
        monkeypatch.setattr(os, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls == self._place:
            self.faults_fired += 1
            raise OSError(self._code, os.strerror(self._code))
        return self._real(*arguments, **named)


async def _vault(folder: Path) -> Vault:
    store = DurableLocalStore(folder, ManualClock(START))
    return await Vault.open(store, KEYS, ManualClock(START), create=True, limits=SMALL)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
async def test_a_backup_survives_a_failing_call_at_each_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    """Each place once, while they are few; of many, ever fewer."""
    fired = 0
    for step in itertools.count(1):
        place = step if step < 8 else 8 + (step - 8) * 7
        folder = tmp_path / str(place)
        await make_backup(await _vault(folder), "before", {"u0": issues(100, 5)})
        with monkeypatch.context() as patch:
            call = FailingCall(patch, name, place, code)
            failed = await _fails(folder)
        assert call.faults_fired <= 1
        await _check_afterwards(folder, failed)
        if not call.faults_fired:
            assert not failed
            break
        fired += 1
    assert fired >= 3


async def _fails(folder: Path) -> bool:
    try:
        await make_backup(await _vault(folder), "b1", UNITS)
    except VaultError as error:
        assert isinstance(error, StoreUnavailable), error  # noqa: PT017
        return True
    return False


async def _check_afterwards(folder: Path, failed: bool) -> None:
    vault = await _vault(folder)
    assert await read_all(vault, "before") == issues(100, 5)
    assert (await vault.find_backup(SITE, "b1") is None) == failed
    if failed:
        await make_backup(vault, "b1", UNITS)
    assert (await vault.check(SITE, "b1")).is_sound
    assert await read_all(vault, "b1") == merged(UNITS.values())
    assert list((folder / TEMPORARY_FOLDER).iterdir()) == []


@pytest.mark.parametrize(("name", "place"), [("fsync", 1), ("fsync", 2), ("link", 1)])
async def test_what_could_not_be_made_durable_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: int
) -> None:
    """The first sync is that of the content, the second that of the name."""
    store = DurableLocalStore(tmp_path, ManualClock(START))
    await store.put_new("index/0", [b"x"])
    with monkeypatch.context() as patch:
        call = FailingCall(patch, name, place, errno.EIO)
        with pytest.raises(StoreUnavailable, match="I/O error"):
            await store.put_new("index/1", [b"content"])
    assert call.faults_fired == 1
    assert await store.head("index/1") is None
    assert await store.put_new("index/1", [b"content"])


async def test_a_name_that_was_there_before_is_not_removed_by_a_failing_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DurableLocalStore(tmp_path, ManualClock(START))
    await store.put_new("index/1", [b"first"])
    with monkeypatch.context() as patch:
        call = FailingCall(patch, "fsync", 2, errno.EIO)
        with pytest.raises(StoreUnavailable):
            await store.put_new("index/1", [b"second"])
    assert call.faults_fired == 1
    assert await store.get("index/1") == b"first"


async def test_a_commit_whose_name_could_not_be_synced_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading back must not find what a power cut would take away."""
    vault = await _vault(tmp_path)
    await make_backup(vault, "before", {"u0": issues(100, 5)})
    fired = 0
    real = os.fsync

    def fail_for_manifests(descriptor: int) -> None:
        nonlocal fired
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(f"backups/{SITE}"):
            fired += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail_for_manifests)
        with pytest.raises(StoreUnavailable):
            await make_backup(vault, "b1", UNITS)
    assert fired == 1
    assert await vault.find_backup(SITE, "b1") is None
    await make_backup(vault, "b1", UNITS)


async def test_a_disk_that_cannot_be_read_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked for again may be there: only the store is unavailable."""
    vault = await _vault(tmp_path)
    await make_backup(vault, "b1", UNITS)
    with monkeypatch.context() as patch:
        call = FailingCall(patch, "pread", 3, errno.EIO)
        with pytest.raises(StoreUnavailable, match="I/O error"):
            await read_all(vault, "b1")
    assert call.faults_fired == 1
    assert await read_all(vault, "b1") == merged(UNITS.values())


def test_signals_that_interrupt_calls_do_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interruptions = 0

    def note(*_: object) -> None:
        nonlocal interruptions
        interruptions += 1

    store = DurableLocalStore(tmp_path, ManualClock(START))
    parts = [bytes([number]) * 300_000 for number in range(40)]
    former = signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        assert store._put_new("index/1", parts)  # pyright: ignore[reportPrivateUsage]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert interruptions > 0
    assert (tmp_path / "index" / "1").read_bytes() == b"".join(parts)
