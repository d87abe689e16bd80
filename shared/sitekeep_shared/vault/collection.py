"""Collection: gives back the space of what no backup needs, without stopping anything.

It may be called at any time and by several processes at once: everything it has to remember is in
the vault, and whatever it was interrupted in, the next call goes on with.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import collection_rules as rules
from sitekeep_shared.vault import names
from sitekeep_shared.vault.abandoning import abandon
from sitekeep_shared.vault.collection_report import CollectionReport, report_on
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.lease import COLLECTOR, Lease
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.removal import Removal
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.survey import Survey
from sitekeep_shared.vault.surveyor import Surveyor
from sitekeep_shared.vault.sweep import Sweep


class Collector:
    """Collects a vault."""

    def __init__(self, store: Store, sealer: Sealer, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._limits = limits
        self._surveyor = Surveyor(store, sealer, limits)

    async def collect(self) -> CollectionReport:
        """Goes through everything once. See Vault.collect."""
        owner = f"{COLLECTOR}-{secrets.token_hex(8)}"
        lease = Lease(self._store, self._sealer, self._clock, self._limits, owner, COLLECTOR)
        await lease.acquire(secrets.token_hex(16))
        try:
            return await self._collect(await self._surveyor.survey(lease.store_time))
        finally:
            await lease.release()

    async def look(self) -> CollectionReport:
        """What a collection would do now; changes nothing. See Vault.collect."""
        survey = await self._surveyor.survey(self._clock.now())
        return report_on(
            survey,
            self._limits,
            verdicts={**decided(survey), **self._decidable(survey)},
            condemned=rules.garbage(survey, self._limits),
            abandoned_count=len(rules.abandonable(survey, self._limits)),
        )

    async def _collect(self, survey: Survey) -> CollectionReport:
        removal = Removal(self._store, self._limits)
        abandoned = await self._abandon(survey)
        await removal.remove(rules.leases_that_are_over(survey, self._limits))
        damaged = rules.lost_index(survey, self._limits)
        if damaged is not None:
            raise damaged
        sweep = Sweep(self._store, self._sealer, self._limits, survey, removal)
        verdicts = {
            generation: verdict
            for generation, verdict in decided(survey).items()
            if await sweep.is_pending(generation)
        }
        for generation, verdict in self._decidable(survey).items():
            own = await sweep.decide(generation, verdict)
            if own is not None:
                verdicts[generation] = own
        replaced = await sweep.carry_out(verdicts)
        await self._tidy(survey, removal)
        condemned = await self._condemn(survey)
        return report_on(
            survey,
            self._limits,
            verdicts=verdicts,
            condemned=condemned,
            abandoned_count=abandoned,
            replaced_count=replaced,
            retained=frozenset(removal.retained),
        )

    def _decidable(self, survey: Survey) -> dict[str, Condemnation]:
        return {
            generation.identifier: rules.verdict_on(survey, self._limits, generation)
            for generation in survey.generations
            if generation.verdict is None and not rules.obstacle(survey, self._limits, generation)
        }

    async def _abandon(self, survey: Survey) -> int:
        """Takes the place of manifests that would come too late. One that came first stays."""
        count = 0
        for backup_id, unfinished in rules.abandonable(survey, self._limits).items():
            count += await abandon(
                self._store,
                self._sealer,
                names.backup_name(unfinished.site, backup_id),
                "nobody went on with it",
                survey.now,
            )
        return count

    async def _tidy(self, survey: Survey, removal: Removal) -> None:
        await removal.remove(rules.forgotten(survey, self._limits))
        await removal.remove(rules.unreadable_leftovers(survey, self._limits))
        for name in survey.leftovers:
            if await self._store.head(names.condemned_name(names.owner_of(name))) is None:
                await removal.remove([name])

    async def _condemn(self, survey: Survey) -> Condemnation:
        garbage = rules.garbage(survey, self._limits)
        generations = [g.identifier for g in survey.generations if g.waiting_since is None]
        if garbage.packs or garbage.manifests:
            identifier = names.new_time_id(survey.now)
            name = names.condemned_name(identifier)
            await self._store.put_new(name, [encode_condemned(self._sealer, name, garbage)])
            generations.append(identifier)
        for identifier in generations:
            await self._begin_to_wait(identifier)
        return garbage

    async def _begin_to_wait(self, generation: str) -> None:
        """Only when the list is there for all to see does the time begin that it waits."""
        name = names.waiting_name(generation)
        nothing = Condemnation(self._clock.now(), [], [])
        await self._store.put_new(name, [encode_condemned(self._sealer, name, nothing)])


def decided(survey: Survey) -> dict[str, Condemnation]:
    """The verdicts that earlier collections made and did not finish, by generation."""
    generations: Mapping[str, Condemnation | None] = {
        generation.identifier: generation.verdict for generation in survey.generations
    }
    return {name: verdict for name, verdict in generations.items() if verdict is not None}
