"""Verifies a backup in one go, without servers; the Restore server does the same unit by unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sitekeep_shared.clock import Clock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verification_record import NAMED, VerificationRecord
from sitekeep_shared.vault.verify import Verified, Verifier

PACKS_AT_ONCE = 16
"""Packs that are hashed in one step."""


@dataclass
class Examination:
    """What was found so far."""

    damaged_entities: list[Verified] = field(default_factory=list[Verified])
    """The first NAMED ones."""
    damaged: Counter[Kind] = field(default_factory=Counter[Kind])
    damaged_packs: set[str] = field(default_factory=set[str])
    entity_count: int = 0
    read_bytes: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged and not self.damaged_packs

    def take(self, verified: Verified) -> None:
        """Adds what was looked at."""
        self.entity_count += verified.entry_count
        if not verified.problem:
            self.read_bytes += verified.size_bytes
            return
        self.damaged[verified.kind] += verified.entry_count
        if verified.damaged_pack:
            self.damaged_packs.add(verified.damaged_pack)
        if len(self.damaged_entities) < NAMED:
            self.damaged_entities.append(verified)


async def examine(
    vault: Vault, clock: Clock, site: str, backup_id: str, level: Level
) -> tuple[Examination, VerificationRecord]:
    """Looks a backup through. With the writer part of the keys, entities are not looked at.

    Raises:
        BackupNotFound: there is no such backup.
        DamagedObject: its manifest is not what was written, so nothing can be looked for.
        WrongKey: the keys lack the part that the level DATA needs.
        StoreUnavailable: the store does not answer.
    """
    started, found = clock.now(), Examination()
    structure = await vault.check(site, backup_id)
    found.damaged_packs |= {*structure.missing_packs, *structure.resized_packs}
    total = structure.content_bytes
    if level is Level.DATA or vault.can_read:
        await _look_at_entities(vault, site, backup_id, level, found)
    if level is Level.STORAGE:
        found.read_bytes, total = await _hash_packs(vault, site, backup_id, found)
    record = VerificationRecord(
        site=site,
        backup_id=backup_id,
        level=level.name,
        sound=found.sound,
        started=started,
        finished=clock.now(),
        read_bytes=found.read_bytes,
        total_bytes=total,
        damaged={kind.value: count for kind, count in sorted(found.damaged.items())},
        damaged_packs=sorted(found.damaged_packs)[:NAMED],
    )
    return found, record


async def _look_at_entities(
    vault: Vault, site: str, backup_id: str, level: Level, found: Examination
) -> None:
    reader = await vault.open_backup(site, backup_id)
    try:
        async for verified in _entities(Verifier(reader), level):
            found.take(verified)
    finally:
        await reader.close()


async def _entities(verifier: Verifier, level: Level) -> AsyncIterator[Verified]:
    for part in verifier.slices():
        async for verified in verifier.look(part, level):
            yield verified


async def _hash_packs(
    vault: Vault, site: str, backup_id: str, found: Examination
) -> tuple[int, int]:
    """How much was read, and how much there is to read."""
    packs = await vault.packs_of(site, backup_id)
    read_bytes = 0
    for start in range(0, len(packs), PACKS_AT_ONCE):
        hashed = await vault.hash_packs(packs[start : start + PACKS_AT_ONCE])
        found.damaged_packs |= set(hashed.damaged_packs)
        read_bytes += hashed.read_bytes
    return read_bytes, sum(pack.size_bytes for pack in packs)
