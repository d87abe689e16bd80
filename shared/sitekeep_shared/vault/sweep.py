"""Removes what verdicts name. Every step may be done again; the list of what was condemned is last.

A verdict is created once. Whoever collects acts on the one that is there, never on an opinion of
its own; so two collections at once, one of them perhaps frozen for days, cannot disagree about
which packs stay. FORMAT.md section 10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_shared.vault import names
from sitekeep_shared.vault.abandoning import abandon, is_abandoned
from sitekeep_shared.vault.compaction import Compaction
from sitekeep_shared.vault.condemned import Condemnation, decode_condemned, encode_condemned
from sitekeep_shared.vault.errors import ObjectMissing
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.removal import Removal
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.survey import Survey, backup_id_of


class Sweep:
    """Decides about generations, and carries out what was decided."""

    def __init__(
        self, store: Store, sealer: Sealer, limits: Limits, survey: Survey, removal: Removal
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self._survey = survey
        self._removal = removal

    async def decide(self, generation: str, verdict: Condemnation) -> Condemnation | None:
        """Makes a verdict the one of its generation; or returns the one that was there first.

        None where the generation was swept meanwhile: then nothing may be removed any more.

        Raises:
            DamagedObject: there is another verdict, which cannot be read.
            StoreUnavailable: the store does not answer.
        """
        name = names.verdict_name(generation)
        data = encode_condemned(self._sealer, name, verdict)
        if not await self._store.put_new(name, [data]):
            try:
                verdict = decode_condemned(self._sealer, name, await self._store.get(name))
            except ObjectMissing:
                return None
        if await self.is_pending(generation):
            return verdict
        await self._removal.remove([name])
        return None

    async def is_pending(self, generation: str) -> bool:
        """Whether a verdict that was just seen counts.

        The list goes before its verdict: while it is there, no other verdict can have been.
        """
        return await self._store.head(names.condemned_name(generation)) is not None

    async def carry_out(self, verdicts: Mapping[str, Condemnation]) -> int:
        """Removes what the verdicts of generations name; returns how many indexes were replaced.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        remove = self._removal.remove
        manifests = sorted({name for each in verdicts.values() for name in each.manifests})
        dead = self._survey.dead | {backup_id_of(name) for name in manifests}
        packs = {pack.pack_id for each in verdicts.values() for pack in each.packs}
        for name in manifests:
            await self._take_the_place_of(name)
        replaced = await self._compaction(frozenset(packs), dead).run(self._removal)
        there = [pack_id for pack_id in sorted(packs) if pack_id in self._survey.packs]
        await remove([names.pack_name(pack_id) for pack_id in there])
        await remove(await self._belongings(dead))
        gone = [name for name in manifests if name not in self._removal.retained]
        await remove([names.expired_name(backup_id_of(name)) for name in gone])
        await self._close(verdicts)
        return replaced

    async def _take_the_place_of(self, manifest: str) -> None:
        """A second session of the same backup may be frozen right before its own commit."""
        now = self._survey.now
        while not await abandon(self._store, self._sealer, manifest, "it was swept", now):
            if await is_abandoned(self._store, manifest):
                return
            await self._removal.remove([manifest])
            if manifest in self._removal.retained:
                return

    def _compaction(self, packs: frozenset[bytes], dead: frozenset[str]) -> Compaction:
        return Compaction(self._store, self._sealer, self._limits, self._survey, packs, dead)

    async def _belongings(self, dead: frozenset[str]) -> list[str]:
        """What else bears the name of a backup that is gone."""
        files = [
            item.key
            async for item in self._store.list(names.KNOWN_FILES)
            if names.owner_of(item.key) in dead
        ]
        reports = [
            item.key
            async for item in self._store.list(names.VERIFICATIONS)
            if item.key.split("/")[1] in dead
        ]
        return files + reports

    async def _close(self, verdicts: Mapping[str, Condemnation]) -> None:
        """A generation of which something had to stay is gone through again."""
        done = [generation for generation, each in verdicts.items() if not self._stays(each)]
        await self._removal.remove([names.condemned_name(generation) for generation in done])
        done = [
            generation
            for generation in done
            if names.condemned_name(generation) not in self._removal.retained
        ]
        for name_of in (names.waiting_name, names.verdict_name):
            await self._removal.remove([name_of(generation) for generation in done])

    def _stays(self, verdict: Condemnation) -> bool:
        retained = self._removal.retained
        dead = {backup_id_of(name) for name in verdict.manifests}
        owners = {names.owner_of(name) for name in retained if not name.startswith(names.PACKS)}
        return bool(
            not dead.isdisjoint(owners)
            or not retained.isdisjoint(verdict.manifests)
            or not retained.isdisjoint(self._pack_names(verdict))
        )

    def _pack_names(self, verdict: Condemnation) -> Sequence[str]:
        return [names.pack_name(pack.pack_id) for pack in verdict.packs]
