"""Every kind of damage to every kind of object, and what each use of the vault makes of it.

``damage_matrix.txt`` says what is to happen. Whatever it says, no use hands out a wrong byte, and
none fails with anything but an error of the vault.

* ``found``: said to be damaged, by its name.
* ``said``: the damage is said, but by the name of the object that needs what is lost.
* ``refused``: the vault is not opened: one sentence says why.
* ``gone``: the backup is not there any more.
* ``fine``: as if nothing were; the last column says how that can be.
* ``healed``: as if nothing were, and a warning names what is damaged or what is missing it.
* ``inherits``: a new backup counts on what nobody has found damaged yet; reading it is ``found``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, VaultError
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verify import Verifier
from unit.vault.damaged_vaults import DAMAGES, EXAMINED, TARGETS, UNITS, back_up, undamaged
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


async def _structure(vault: Vault, damaged: Sequence[str]) -> str:
    report = await vault.check(SITE, EXAMINED)
    named = {*report.missing_packs, *report.resized_packs}
    return "found" if named & set(damaged) else "fine"


async def _data(vault: Vault, damaged: Sequence[str]) -> str:
    reader = await vault.open_backup(SITE, EXAMINED)
    verifier = Verifier(reader)
    problems = [
        verified.problem
        for part in verifier.slices()
        async for verified in verifier.verify(part)
        if verified.problem
    ]
    await reader.close()
    if not problems:
        return "fine"
    return "found" if any(key in problem for key in damaged for problem in problems) else "said"


async def _restore(vault: Vault, damaged: Sequence[str]) -> str:
    del damaged
    assert await read_all(vault, EXAMINED) == merged(UNITS[EXAMINED].values())
    return "fine"


async def _backup(vault: Vault, damaged: Sequence[str]) -> str:
    await back_up(vault, "next", UNITS[EXAMINED])
    try:
        assert await read_all(vault, "next") == merged(UNITS[EXAMINED].values())
    except DamagedObject as error:
        return "inherits" if error.object_name in damaged else f"another: {error}"
    return "fine"


_USES: Mapping[str, Callable[[Vault, Sequence[str]], Awaitable[str]]] = {
    "structure": _structure,
    "data": _data,
    "restore": _restore,
    "backup": _backup,
}


async def _outcome(
    store: MemoryStore, use: str, damaged: Sequence[str], log: pytest.LogCaptureFixture
) -> str:
    log.clear()
    outcome = await _tried(store, use, damaged)
    said = log.text
    is_said = any(key in said for key in damaged) or "No index lists packs/" in said
    return "healed" if outcome == "fine" and is_said else outcome


async def _tried(store: MemoryStore, use: str, damaged: Sequence[str]) -> str:
    try:
        vault = await open_vault(store, create=use == "backup")
    except VaultError as error:
        return "found" if any(key in str(error) for key in damaged) else "refused"
    try:
        return await _USES[use](vault, damaged)
    except BackupNotFound:
        return "gone"
    except DamagedObject as error:
        return "found" if any(key in str(error) for key in damaged) else "said"


@pytest.mark.parametrize("target", TARGETS)
async def test_damage_has_the_outcome_that_the_table_says(
    target: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = await undamaged()
    caplog.set_level(logging.WARNING)
    told: dict[str, dict[str, str]] = {}
    seen: dict[str, dict[str, str]] = {}
    for case in _cases():
        if case.target == target:
            told |= {damage: dict(case.outcomes) for damage in case.damages}
    for damage in told:
        seen[damage] = {}
        for use in USES:
            store = MemoryStore()
            store.objects, store.put_order = dict(whole.objects), list(whole.put_order)
            damaged = DAMAGES[damage](store, TARGETS[target])
            seen[damage][use] = await _outcome(store, use, damaged, caplog)
    assert seen == told


def test_every_object_is_in_the_table_with_every_damage_that_can_be_done_to_it() -> None:
    told = {(case.target, damage) for case in _cases() for damage in case.damages}
    alone = {"FORMAT", "key"}
    possible = {
        (target, damage)
        for target in TARGETS
        for damage in DAMAGES
        if damage != "swap" or target not in alone
    }
    assert told == possible
