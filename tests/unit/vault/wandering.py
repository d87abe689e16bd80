"""A long random walk through what may happen to a vault: far more of it than a short example has.

Where the state machine looks for the shortest way to a fault, this one goes where faults need long
ways: many backups, expiries and collections behind each other, with somebody left standing.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from unit.vault.collection_model import MINUTE, POOL, Model


class Walk:
    """One walk; the same seed always goes the same way."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._random = random.Random(seed)
        self._count = 0
        # Then collections come and go while one backup runs, as they do.
        self._writers_are_slow = seed % 2 == 1
        self.trace: list[str] = []
        actions: dict[Callable[[], None], int] = {
            self._go_on: 40,
            self._begin: 6,
            self._resume: 2,
            self._read: 3,
            self._collect: 6,
            self._collect_at_once: 12 if self._writers_are_slow else 0,
            self._expire: 4,
            self._renewing: 10 if self._writers_are_slow else 6,
            self._standing: 1,
            self._kill: 1,
        }
        self._actions, self._weights = list(actions), list(actions.values())

    def go(self, steps: int) -> None:
        """So many actions, then the end of everything."""
        for _ in range(steps):
            action = self._random.choices(self._actions, self._weights)[0]
            self.trace.append(action.__name__)
            action()
            self._model.check_contents()
        self._model.finish()

    def _running(self, kind: str) -> int:
        return sum(process.name.startswith(kind) for process in self._model.processes)

    def _go_on(self) -> None:
        if self._model.processes:
            process = self._random.choice(self._model.processes)
            slow = self._writers_are_slow and process.name.startswith("writer")
            counts = (1, 1, 2, 8) if slow else (1, 2, 5, 20, 100)
            self._model.step(process, self._random.choice(counts))

    def _begin(self) -> None:
        if self._running("writer") < 2:
            self._count += 1
            units = self._random.sample(sorted(POOL), self._random.randint(1, 2))
            self._model.write(f"b{self._count}", units)

    def _resume(self) -> None:
        model = self._model
        unfinished = sorted(model.units.keys() - model.committed - model.expired)
        if unfinished and self._running("writer") < 2:
            model.write(self._random.choice(unfinished[-2:]), [])

    def _read(self) -> None:
        known = sorted(self._model.committed | self._model.expired)
        if known and not self._running("reader"):
            self._model.read(self._random.choice(known[-4:]))

    def _collect(self) -> None:
        if self._running("collector") < 2:
            self._model.collect()

    def _collect_at_once(self) -> None:
        self._model.collect_at_once()

    def _expire(self) -> None:
        if len(self._model.committed) > self._random.randint(0, 2):
            self._model.expire(self._random.choice(sorted(self._model.committed)))

    def _renewing(self) -> None:
        self._model.pass_time(self._random.choice((9, 61)))

    def _standing(self) -> None:
        self._model.clock.advance(self._random.choice((4, 16, 61)) * MINUTE)

    def _kill(self) -> None:
        if self._model.processes:
            self._model.kill(self._random.choice(self._model.processes))
