"""No interleaving of writers, readers, collections, kills and passing time loses what is needed."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from unit.vault.collection_model import MINUTE, POOL, Model
from unit.vault.interleaving import Process
from unit.vault.wandering import Walk

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_COLLECTION_EXAMPLES", "25"))
STEPS = int(os.environ.get("SITEKEEP_TEST_COLLECTION_STEPS", "40"))
WALKS = int(os.environ.get("SITEKEEP_TEST_COLLECTION_WALKS", "16"))
WALK_STEPS = 300

CHOICE = st.integers(0, 1000)
UNITS = st.lists(st.sampled_from(sorted(POOL)), min_size=1, max_size=2, unique=True)
WRITERS = 2
COLLECTORS = 2


class Interleavings(RuleBasedStateMachine):
    """Two writers, a reader, two collections; each rule is one thing that may happen next."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.model = Model(self.patch)
        self.count = 0

    @initialize(backups=st.lists(UNITS, max_size=3), expired=st.integers(0, 3))
    def some_backups_are_there(self, backups: list[list[str]], expired: int) -> None:
        for units in backups:
            self.back_up_at_once(units)
        self.model.clock.advance(61 * MINUTE)
        for backup_id in sorted(self.model.committed)[:expired]:
            self.model.expire(backup_id)

    def _running(self, kind: str) -> list[Process]:
        return [process for process in self.model.processes if process.name.startswith(kind)]

    def _unfinished(self) -> list[str]:
        model = self.model
        return sorted(model.units.keys() - model.committed - model.expired)

    @rule(units=UNITS)
    def back_up_at_once(self, units: list[str]) -> None:
        self.count += 1
        self.model.back_up_at_once(f"b{self.count}", units)

    @precondition(lambda self: len(self._running("writer")) < WRITERS)
    @rule(units=UNITS, count=st.integers(0, 40))
    def begin_a_backup(self, units: list[str], count: int) -> None:
        self.count += 1
        self.model.step(self.model.write(f"b{self.count}", units), count)

    @precondition(lambda self: len(self._running("writer")) < WRITERS and self._unfinished())
    @rule(choice=CHOICE, count=st.integers(0, 40))
    def resume_a_backup(self, choice: int, count: int) -> None:
        unfinished = self._unfinished()
        self.model.step(self.model.write(unfinished[choice % len(unfinished)], []), count)

    @precondition(lambda self: not self._running("reader"))
    @precondition(lambda self: self.model.committed or self.model.expired)
    @rule(choice=CHOICE, count=st.integers(0, 30))
    def begin_to_read(self, choice: int, count: int) -> None:
        known = sorted(self.model.committed | self.model.expired)
        self.model.step(self.model.read(known[choice % len(known)]), count)

    @precondition(lambda self: len(self._running("collector")) < COLLECTORS)
    @rule(count=st.integers(0, 60))
    def begin_to_collect(self, count: int) -> None:
        self.model.step(self.model.collect(), count)

    @rule()
    def collect_after_a_while(self) -> None:
        self.model.pass_time(61)
        self.model.collect_at_once()

    @precondition(lambda self: self._running("writer"))
    @rule(choice=CHOICE, count=st.integers(1, 30))
    def a_writer_goes_on(self, choice: int, count: int) -> None:
        self._go_on("writer", choice, count)

    @precondition(lambda self: self._running("collector"))
    @rule(choice=CHOICE, count=st.integers(1, 60))
    def a_collection_goes_on(self, choice: int, count: int) -> None:
        self._go_on("collector", choice, count)

    @precondition(lambda self: self._running("reader"))
    @rule(choice=CHOICE, count=st.integers(1, 30))
    def the_reader_goes_on(self, choice: int, count: int) -> None:
        self._go_on("reader", choice, count)

    @precondition(lambda self: self.model.processes)
    @rule(choice=CHOICE)
    def somebody_goes_on_to_the_end(self, choice: int) -> None:
        self._go_on("", choice, 10_000)

    def _go_on(self, kind: str, choice: int, count: int) -> None:
        processes = self._running(kind)
        self.model.step(processes[choice % len(processes)], count)

    @precondition(lambda self: self.model.processes)
    @rule(choice=CHOICE)
    def kill(self, choice: int) -> None:
        processes = self.model.processes
        self.model.kill(processes[choice % len(processes)])

    @precondition(lambda self: self.model.committed)
    @rule(choice=CHOICE)
    def expire(self, choice: int) -> None:
        committed = sorted(self.model.committed)
        self.model.expire(committed[choice % len(committed)])

    @precondition(lambda self: self.model.committed)
    @rule(choice=CHOICE)
    def expire_and_condemn(self, choice: int) -> None:
        self.expire(choice)
        self.model.collect_at_once()

    @rule(minutes=st.sampled_from([9, 61]))
    def time_passes(self, minutes: int) -> None:
        self.model.pass_time(minutes)

    @rule(minutes=st.sampled_from([4, 16, 61]))
    def everything_stands_still(self, minutes: int) -> None:
        self.model.clock.advance(minutes * MINUTE)

    @invariant()
    def what_was_promised_can_be_read(self) -> None:
        self.model.check_contents()

    def teardown(self) -> None:
        try:
            self.model.finish()
        finally:
            self.model.close()
            self.patch.undo()


@pytest.mark.parametrize("seed", range(WALKS))
def test_no_long_walk_loses_what_is_needed_or_leaves_what_is_not(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model(monkeypatch)
    try:
        Walk(model, seed).go(WALK_STEPS)
    finally:
        model.close()


def test_no_interleaving_loses_what_is_needed_or_leaves_what_is_not() -> None:
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
