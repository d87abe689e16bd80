"""Every kind of damage to every kind of object, and what each use of the vault makes of it.

``damage_matrix.txt`` says what is to happen. Whatever it says, no use hands out a wrong byte, and
none fails with anything but an error of the vault.

* ``found``: said to be damaged, by its name.
* ``said``: the damage is said, but by the name of the object that needs what is lost.
* ``refused``: the vault is not opened: one sentence says why.
* ``gone``: the backup is not there any more.
* ``fine``: as if nothing were; the last column says how that can be.
* ``healed``: as if nothing were, and a warning names what is damaged or what is missing it.
* ``later``: as if nothing were, but what collections should have removed stays for now.
* ``inherits``: a new backup counts on what nobody has found damaged yet; reading it is ``found``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, VaultError
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.repository import read_repository
from sitekeep_shared.vault.unlocks import unlock_with_recipient
from sitekeep_shared.vault.vault import Vault
from unit.vault.damaged_vaults import (
    ANNA,
    DAMAGES,
    EXAMINED,
    HOUR,
    KEPT,
    NOW,
    TARGETS,
    UNITS,
    Template,
    back_up,
    undamaged,
)
from unit.vault.vault_helpers import SITE, MemoryStore, merged, open_vault, read_all

TABLE = Path(__file__).with_name("damage_matrix.txt").read_text(encoding="utf-8")
TARGET, DAMAGE, *USES, WHY = [cell.strip() for cell in TABLE.splitlines()[0].split("|")]


@dataclass(frozen=True)
class Case:
    """A line of the table."""

    target: str
    damages: Sequence[str]
    outcomes: Mapping[str, str]
    why: str


def _cases() -> list[Case]:
    cases: list[Case] = []
    for line in TABLE.splitlines()[1:]:
        target, damages, *outcomes, why = [cell.strip() for cell in line.split("|")]
        cases.append(Case(target, damages.split(), dict(zip(USES, outcomes, strict=True)), why))
    return cases


@dataclass(frozen=True)
class Damaged:
    """A copy of the vault that something happened to."""

    template: Template
    store: MemoryStore
    clock: ManualClock
    names: Sequence[str]
    """Of what was damaged."""

    async def vault(self, *, create: bool = False, key: WholeKey | None = None) -> Vault:
        """Opened as whoever uses it does."""
        keys = (key or self.template.key).keys
        return await open_vault(self.store, keys=keys, clock=self.clock, create=create)

    def is_named_in(self, text: str) -> bool:
        """Whether one of the damaged objects is named."""
        return any(name in text for name in self.names)


async def _structure(damaged: Damaged) -> str:
    report = await (await damaged.vault()).check(SITE, EXAMINED)
    return "found" if {*report.missing_packs, *report.resized_packs} & {*damaged.names} else "fine"


async def _storage(damaged: Damaged) -> str:
    vault = await damaged.vault()
    hashed = await vault.hash_packs(await vault.packs_of(SITE, EXAMINED))
    return "found" if {*hashed.damaged_packs} & {*damaged.names} else "fine"


async def _data(damaged: Damaged) -> str:
    vault = await damaged.vault()
    found, record = await examine(vault, damaged.clock, SITE, EXAMINED, Level.DATA)
    problems = [each.problem for each in found.damaged_entities]
    assert record.sound != bool(problems or record.damaged_packs)
    if record.sound:
        return "fine"
    is_named = any(damaged.is_named_in(problem) for problem in problems)
    packs = {name for name in damaged.names if name.startswith(names.PACKS)}
    assert not packs or packs & {*record.damaged_packs}
    return "found" if is_named else "said"


async def _restore(damaged: Damaged) -> str:
    """With nothing at hand but the private key of a recipient."""
    repository = await read_repository(damaged.store)
    key = await unlock_with_recipient(damaged.store, repository, ANNA)
    content = await read_all(await damaged.vault(key=key), EXAMINED)
    assert content == merged(UNITS[EXAMINED].values())
    return "fine"


async def _backup(damaged: Damaged) -> str:
    vault = await damaged.vault(create=True)
    await back_up(vault, "next", UNITS[EXAMINED])
    try:
        assert await read_all(vault, "next") == merged(UNITS[EXAMINED].values())
    except DamagedObject as error:
        return "inherits" if error.object_name in damaged.names else f"another: {error}"
    return "fine"


async def _collection(damaged: Damaged) -> str:
    """At once, and again a day later."""
    vault = await damaged.vault()
    for _ in range(2):
        await vault.collect()
        damaged.clock.advance(25 * HOUR)
    return "later" if _garbage(damaged) else "fine"


def _garbage(damaged: Damaged) -> set[str]:
    """What collections of the undamaged vault do not leave."""
    needed = frozenset[str]().union(*damaged.template.packs.values())
    packs, gc = set(damaged.store.keys(names.PACKS)), set(damaged.store.keys(names.CONDEMNED))
    expired = set(damaged.store.keys(names.EXPIRED))
    return packs - needed | gc | expired


async def _readable(damaged: Damaged) -> dict[str, dict[object, bytes]]:
    """What can be read of the backups that are to stay; whatever can be is as it was written."""
    readable: dict[str, dict[object, bytes]] = {}
    for backup_id in KEPT:
        with contextlib.suppress(VaultError):
            reader = await (await damaged.vault()).open_backup(SITE, backup_id)
            readable[backup_id] = await _entries(reader)
            await reader.close()
            whole = merged(UNITS[backup_id].values())
            assert readable[backup_id].items() <= {**whole.records, **whole.files}.items()
    return readable


async def _entries(reader: BackupReader) -> dict[object, bytes]:
    entries: dict[object, bytes] = {}
    for page in reader.all_pages:
        with contextlib.suppress(DamagedObject):
            for entry in await reader.page_entries(page):
                with contextlib.suppress(DamagedObject):
                    entries[(entry.kind, entry.key)] = await reader.read(entry)
    return entries


_USES: Mapping[str, Callable[[Damaged], Awaitable[str]]] = {
    "structure": _structure,
    "storage": _storage,
    "data": _data,
    "restore": _restore,
    "backup": _backup,
    "collection": _collection,
}


async def _outcome(damaged: Damaged, use: str, log: pytest.LogCaptureFixture) -> str:
    log.clear()
    outcome = await _tried(damaged, use)
    is_said = damaged.is_named_in(log.text) or "No index lists packs/" in log.text
    if outcome == "refused" and is_said:
        return "found"
    return "healed" if outcome == "fine" and is_said else outcome


async def _tried(damaged: Damaged, use: str) -> str:
    try:
        return await _USES[use](damaged)
    except BackupNotFound:
        return "gone"
    except DamagedObject as error:
        return "found" if damaged.is_named_in(str(error)) else "said"
    except VaultError as error:
        return "found" if damaged.is_named_in(str(error)) else "refused"


async def _collected(damaged: Damaged, log: pytest.LogCaptureFixture) -> str:
    """Whatever it says: what could be read can still be read, and what is needed is still there."""
    before = await _readable(damaged)
    packs, manifests = damaged.template.packs, set(damaged.store.objects)
    there = [one for one in KEPT if names.backup_name(SITE, one) in manifests]
    needed = frozenset[str]().union(*(packs[one] for one in there)) & {*damaged.store.objects}
    outcome = await _outcome(damaged, "collection", log)
    after = await _readable(damaged)
    assert all(before[one].items() <= after[one].items() for one in before)
    assert needed <= {*damaged.store.objects}
    return outcome


@pytest.fixture(scope="module")
def template() -> Template:
    """Made once: everybody damages a copy."""
    return asyncio.run(undamaged())


@pytest.mark.parametrize("target", TARGETS)
async def test_damage_has_the_outcome_that_the_table_says(
    template: Template, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    told: dict[str, dict[str, str]] = {}
    seen: dict[str, dict[str, str]] = {}
    for case in _cases():
        if case.target == target:
            told |= {damage: dict(case.outcomes) for damage in case.damages}
    for damage in told:
        seen[damage] = {}
        for use in USES:
            damaged = _damage(template, damage, target)
            tried = _collected(damaged, caplog) if use == "collection" else None
            seen[damage][use] = await (tried or _outcome(damaged, use, caplog))
    assert seen == told


def _damage(template: Template, damage: str, target: str) -> Damaged:
    clock = ManualClock(NOW)
    store = template.copy(clock)
    return Damaged(template, store, clock, DAMAGES[damage](store, TARGETS[target]))


async def test_the_undamaged_vault_is_fine_whatever_is_done_with_it(
    template: Template, caplog: pytest.LogCaptureFixture
) -> None:
    for use in USES:
        clock = ManualClock(NOW)
        damaged = Damaged(template, template.copy(clock), clock, [])
        tried = _collected(damaged, caplog) if use == "collection" else None
        assert await (tried or _outcome(damaged, use, caplog)) == "fine"


@pytest.mark.parametrize("level", [Level.STORAGE, Level.DATA])
@pytest.mark.parametrize("part", ["header", "key", "frame", "footer", "tail"])
@pytest.mark.parametrize("kind", ["record", "file"])
async def test_what_a_verification_found_damaged_is_stored_anew_by_the_next_backup(
    template: Template, kind: str, part: str, level: Level, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = _damage(template, "flip", f"{kind} pack {part}")
    vault = await damaged.vault()
    _, record = await examine(vault, damaged.clock, SITE, EXAMINED, level)
    assert list(record.damaged_packs) == list(damaged.names)
    await vault.keep_record(record)
    assert await _outcome(damaged, "backup", caplog) == "healed"
    said = [each.message for each in caplog.records if damaged.is_named_in(each.message)]
    assert len(said) == 1


def test_every_object_is_in_the_table_with_every_damage_that_can_be_done_to_it() -> None:
    told = {(case.target, damage) for case in _cases() for damage in case.damages}
    alone = {"FORMAT"}
    possible = {
        (target, damage)
        for target in TARGETS
        for damage in DAMAGES
        if damage != "swap" or target not in alone
    }
    assert told == possible
