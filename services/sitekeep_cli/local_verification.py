"""Verifications where the vault is, without the servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sitekeep_cli import local_catalog, local_vault, wording

if TYPE_CHECKING:
    from sitekeep_cli.output import Output
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.levels import Level
    from sitekeep_shared.vault.vault import Vault


@dataclass(frozen=True)
class Found:
    """What is known of one backup now."""

    name: str
    """``SITE/BACKUP``."""
    sound: bool
    read_bytes: int = 0
    total_bytes: int = 0
    damaged_packs: Sequence[str] = ()
    damaged: Sequence[tuple[str, str]] = ()
    """What is damaged, and why; the first ones."""
    damaged_count: int = 0
    remark: str = ""

    @property
    def state(self) -> str:
        """In a word: one that could not be looked at is neither sound nor damaged."""
        if self.sound:
            return "sound"
        return "DAMAGED" if self.damaged or self.damaged_packs else "not verified"

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "backup": self.name,
            "sound": self.sound,
            "readBytes": self.read_bytes,
            "totalBytes": self.total_bytes,
            "damagedCount": self.damaged_count,
            "damagedPacks": list(self.damaged_packs),
            "damagedEntities": [
                {"entity": entity, "description": why} for entity, why in self.damaged
            ],
            **({"remark": self.remark} if self.remark else {}),
        }


async def verify(settings: Settings, which: str, level: Level) -> list[Found]:
    """Verifies a backup, or every one that has not expired, and keeps a record of each.

    Raises:
        CommandError: there is no such backup.
        VaultError: the vault cannot be opened, or the keys lack the part that the level needs.
    """
    vault = await local_vault.opened(settings)
    async with vault.reading():
        return [
            await _verify(settings, vault, site, backup_id, level)
            for site, backup_id in await local_vault.chosen(vault, which)
        ]


async def _verify(
    settings: Settings, vault: Vault, site: str, backup_id: str, level: Level
) -> Found:
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.errors import DamagedObject, StoreUnavailable, WrongKey
    from sitekeep_shared.vault.examination import examine

    name = f"{site}/{backup_id}"
    try:
        found, record = await examine(vault, SystemClock(), site, backup_id, level)
    except DamagedObject as error:
        return Found(name, False, damaged=[("the manifest", str(error))], damaged_count=1)
    except WrongKey as error:
        if not vault.can_read:
            raise
        # Others are older than the key, and can be read.
        return Found(name, False, remark=str(error))
    trouble = await local_catalog.note(settings, record)
    remark = f"Not noted in the database: {trouble}." if trouble else ""
    try:
        await vault.keep_record(record)
    except StoreUnavailable as error:
        remark = f"No record of it is in the vault: {error} {remark}"
    return Found(
        name,
        record.sound,
        record.read_bytes,
        record.total_bytes,
        record.damaged_packs,
        [(each.name, each.problem) for each in found.damaged_entities],
        sum(found.damaged.values()),
        remark,
    )


def show(output: Output, found: Sequence[Found]) -> None:
    """Prints what is damaged, and each backup with what it came to."""
    damaged = [
        (one.name, entity, why)
        for one in found
        for entity, why in (
            *((name, "missing, or not what was written") for name in one.damaged_packs),
            *one.damaged,
        )
    ]
    if damaged:
        output.table(("BACKUP", "DAMAGED", "WHY"), damaged)
    output.table(
        ("BACKUP", "STATE", "#READ", "#OF", "#DAMAGED", "REMARK"),
        [
            (
                one.name,
                one.state,
                wording.size(one.read_bytes),
                wording.size(one.total_bytes),
                wording.number(one.damaged_count) if one.damaged_count else "",
                one.remark,
            )
            for one in found
        ],
    )
