"""Which packs a new backup does not count on, and what it says of that."""

from __future__ import annotations

import datetime
import logging
import random

import msgspec
import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.damaged_packs import still_damaged
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.verification_record import VerificationRecord
from unit.vault.vault_helpers import (
    SITE,
    START,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
    read_all,
)

CONTENT = issues(1, 80)
for _number in range(4):
    CONTENT.files[(Kind.ATTACHMENT, f"file-{_number}")] = random.Random(_number).randbytes(9000)
RECORD = VerificationRecord(
    site=SITE,
    backup_id="b1",
    level=Level.STORAGE.name,
    sound=True,
    started=START,
    finished=START,
    read_bytes=1,
    total_bytes=1,
)


def _found(level: Level, *packs: str) -> VerificationRecord:
    return msgspec.structs.replace(
        RECORD, level=level.name, sound=not packs, damaged_packs=list(packs)
    )


@pytest.mark.parametrize(
    ("records", "damaged"),
    [
        (list[VerificationRecord](), set[str]()),
        ([_found(Level.STORAGE, "a")], {"a"}),
        ([_found(Level.DATA, "a")], {"a"}),
        ([_found(Level.DATA, "a"), _found(Level.DATA)], set[str]()),
        ([_found(Level.DATA, "a"), _found(Level.STORAGE)], set[str]()),
        ([_found(Level.DATA, "a"), _found(Level.DRILL, "b")], {"b"}),
        # What lies in a pack and is not of this backup was not read.
        ([_found(Level.STORAGE, "a"), _found(Level.DATA)], {"a"}),
        ([_found(Level.STORAGE, "a"), _found(Level.DATA, "b")], {"a", "b"}),
        ([_found(Level.STORAGE, "a"), _found(Level.STRUCTURE)], {"a"}),
        ([_found(Level.STRUCTURE, "a")], set[str]()),
    ],
)
def test_damage_is_taken_back_by_whoever_looked_as_closely(
    records: list[VerificationRecord], damaged: set[str]
) -> None:
    assert still_damaged(records) == damaged


async def test_a_backup_says_once_what_is_stored_anew_and_the_next_one_says_it_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, clock = MemoryStore(), ManualClock(START)
    vault = await open_vault(store, clock=clock)
    await make_backup(vault, "b1", {"u1": CONTENT})
    lost, cut, flipped, *_ = store.keys("packs/")
    del store.objects[lost]
    store.objects[cut] = store.objects[cut][:-1]
    store.objects[flipped] = bytes([store.objects[flipped][0] ^ 1]) + store.objects[flipped][1:]
    # All packs are looked at, also those that nothing that can still be read leads to.
    _, record = await examine(vault, clock, SITE, "b1", Level.STORAGE)
    await vault.keep_record(record)
    caplog.clear()
    await make_backup(vault, "b2", {"u1": CONTENT})
    [said] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert all(name in said.message for name in (lost, cut, flipped))
    assert await read_all(vault, "b2") == CONTENT
    clock.advance(datetime.timedelta(days=1))
    await vault.expire(SITE, "b1", "over")
    caplog.clear()
    await make_backup(vault, "b3", {"u1": CONTENT})
    assert not caplog.records
    assert await read_all(vault, "b3") == CONTENT


async def test_packs_that_a_collection_condemned_are_not_said_to_be_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, clock = MemoryStore(), ManualClock(START)
    vault = await open_vault(store, clock=clock)
    await make_backup(vault, "b1", {"u1": CONTENT})
    await vault.expire(SITE, "b1", "over")
    clock.advance(datetime.timedelta(days=2))
    assert (await vault.collect()).condemned_packs_count > 0
    caplog.clear()
    await make_backup(vault, "b2", {"u1": CONTENT})
    assert not caplog.records
