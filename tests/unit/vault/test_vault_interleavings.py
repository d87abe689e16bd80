"""The interleavings that the protocol is made for, step by step, and what each rule is good for.

Every one is gone through twice: as it is, nothing is lost; without the rule, the model sees the
loss. So the model can fail.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator
from typing import Any

import pytest

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import collection, session, usable_packs, vault
from sitekeep_shared.vault import collection_rules as rules
from sitekeep_shared.vault.condemned import Condemnation
from sitekeep_shared.vault.errors import LeaseLost
from sitekeep_shared.vault.lease import Lease
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.session import BackupSession
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.survey import Generation, Survey
from sitekeep_shared.vault.sweep import Sweep
from sitekeep_shared.vault.usable_packs import UsablePacks
from unit.vault.collection_model import MINUTE, Model
from unit.vault.interleaving import Process

Breaking = Callable[[pytest.MonkeyPatch], None]
MANIFEST = "put_new backups/"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Generator[Model]:
    made = Model(monkeypatch)
    yield made
    made.close()


def _condemned_backup(model: Model, *, before: Callable[[], object] = lambda: None) -> None:
    """A backup expires and is condemned; something happens right before that."""
    model.back_up_at_once("old", ["u0"])
    model.clock.advance(61 * MINUTE)
    before()
    model.expire("old")
    model.collect_at_once()


def _writer_of_what_is_condemned(model: Model) -> Process:
    """Right before its first index object; what it counts on was condemned since it began."""
    writers: list[Process] = []

    def begin() -> None:
        writers.append(model.write("b1", ["u0"]))
        writers[0].run_to("put_new index/")

    _condemned_backup(model, before=begin)
    return writers[0]


@contextlib.contextmanager
def _loss(breaking: Breaking | None) -> Generator[None]:
    """What is lost is seen where the rule is broken; nothing is where it is not."""
    if breaking is None:
        yield
    else:
        with pytest.raises(AssertionError, match=r"lost|damaged|failed"):
            yield


def _without_abandoning(patch: pytest.MonkeyPatch) -> None:
    """What nobody goes on with is garbage at once; nothing takes the place of its manifest."""

    async def nothing(*_: object) -> bool:
        return False

    def without(survey: Survey, limits: Limits) -> Survey:
        gone = rules.abandonable(survey, limits)
        others = {name: each for name, each in survey.unfinished.items() if name not in gone}
        return dataclasses.replace(survey, unfinished=others)

    garbage, obstacle = rules.garbage, rules.obstacle

    def all_garbage(survey: Survey, limits: Limits) -> Condemnation:
        return garbage(without(survey, limits), limits)

    def fewer_obstacles(survey: Survey, limits: Limits, generation: Generation) -> str:
        return obstacle(without(survey, limits), limits, generation)

    patch.setattr(collection, "abandon", nothing)
    patch.setattr(rules, "garbage", all_garbage)
    patch.setattr(rules, "obstacle", fewer_obstacles)


@pytest.mark.parametrize("breaking", [None, _without_abandoning])
def test_a_commit_that_was_frozen_for_days_comes_too_late(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = model.write("b1", ["u0"])
    writer.run_to(MANIFEST)
    for _ in range(4):
        model.clock.advance(61 * MINUTE)
        model.collect_at_once()
    with _loss(breaking):
        assert not model.store.keys("packs/")
        model.step(writer, 1000)
        assert isinstance(model.ended_in_failure[-1], LeaseLost)
        model.check()


def _without_looking_at_indexes(patch: pytest.MonkeyPatch) -> None:
    obstacle = rules.obstacle

    def only_leases(survey: Survey, limits: Limits, generation: Generation) -> str:
        return obstacle(dataclasses.replace(survey, unfinished={}), limits, generation)

    patch.setattr(rules, "obstacle", only_leases)


@pytest.mark.parametrize("breaking", [None, _without_looking_at_indexes])
def test_a_commit_that_outlives_its_lease_keeps_what_its_indexes_list(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = _writer_of_what_is_condemned(model)
    model.pass_time(50)
    writer.run_to(MANIFEST)
    model.clock.advance(16 * MINUTE)
    model.collect_at_once()
    with _loss(breaking):
        model.step(writer, 1000)
        assert model.committed == {"b1"}


def _without_leases(patch: pytest.MonkeyPatch) -> None:
    obstacle = rules.obstacle

    def only_indexes(survey: Survey, limits: Limits, generation: Generation) -> str:
        return obstacle(dataclasses.replace(survey, leases=[]), limits, generation)

    patch.setattr(rules, "obstacle", only_indexes)


@pytest.mark.parametrize("breaking", [None, _without_leases])
def test_what_a_session_counts_on_and_has_not_listed_yet_is_kept_by_its_lease(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = _writer_of_what_is_condemned(model)
    model.pass_time(61)
    model.collect_at_once()
    with _loss(breaking):
        model.step(writer, 1000)
        assert model.committed == {"b1"}


def _condemned_packs_before_the_lease(patch: pytest.MonkeyPatch) -> None:
    usable, begin = usable_packs.load_usable_packs, session.begin_session
    early: dict[int, UsablePacks] = {}

    async def begin_early(
        store: Store, sealer: Sealer, clock: Clock, limits: Limits, *others: Any, **named: Any
    ) -> BackupSession:
        early[id(store)] = await usable(store, sealer, clock, limits)
        return await begin(store, sealer, clock, limits, *others, **named)

    async def remembered(store: Store, *_: object) -> UsablePacks:
        return early[id(store)]

    patch.setattr(vault, "begin_session", begin_early)
    patch.setattr(session, "load_usable_packs", remembered)


@pytest.mark.parametrize("breaking", [None, _condemned_packs_before_the_lease])
def test_a_session_looks_at_what_is_condemned_after_it_took_its_lease(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = None

    def begin() -> None:
        nonlocal writer
        writer = model.write("b1", ["u0"])
        writer.run_to("list packs/")

    _condemned_backup(model, before=begin)
    assert writer is not None
    # It knows of nothing that is condemned; and its lease, if it has one, is over by now.
    model.clock.advance(61 * MINUTE)
    with _loss(breaking):
        writer.run_to("put_new index/" if breaking else "get ")
        model.collect_at_once()
        assert not model.store.keys("packs/")
        model.step(writer, 1000)
        assert isinstance(model.ended_in_failure[-1], LeaseLost)


def _with_renewals_that_come_late(patch: pytest.MonkeyPatch) -> None:
    async def renew(self: Lease) -> None:
        self._refuse_if_over()  # pyright: ignore[reportPrivateUsage]
        self._valid_until = await self._put_next()  # pyright: ignore[reportPrivateUsage]

    patch.setattr(Lease, "renew", renew)


@pytest.mark.parametrize("breaking", [None, _with_renewals_that_come_late])
def test_a_renewal_that_arrives_when_the_lease_was_seen_over_does_not_count(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = _writer_of_what_is_condemned(model)
    model.pass_time(63)
    model.clock.advance(9 * MINUTE)
    model.begin_to_renew()
    assert "put_new leases/b1" in " ".join(writer.next_calls)
    model.clock.advance(7 * MINUTE)
    sweeping = model.collect()
    sweeping.run_to("delete backups/")
    with _loss(breaking):
        writer.step("put_new leases/b1")
        writer.step("head leases/b1")
        model.step(writer, 1000)
        model.step(sweeping, 1000)
        assert isinstance(model.ended_in_failure[-1], LeaseLost)
        model.check()


def _each_by_its_own_verdict(patch: pytest.MonkeyPatch) -> None:
    async def own(_: Sweep, __: str, verdict: Condemnation) -> Condemnation:
        return verdict

    patch.setattr(Sweep, "decide", own)
    # That expired backups may still be read would put the loss off until b1 is condemned, too.
    _without_sparing_what_is_read(patch)


@pytest.mark.parametrize("breaking", [None, _each_by_its_own_verdict])
def test_two_collections_never_disagree_about_what_is_kept(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = _writer_of_what_is_condemned(model)
    # What was condemned is needed again.
    model.step(writer, 1000)
    assert model.committed == {"b1"}
    model.clock.advance(61 * MINUTE)
    # One collection sees b1 live and keeps its packs; before it ends, b1 expires.
    keeping = model.collect()
    keeping.run_to("list files/")
    model.expire("b1")
    # The other does not see it live any more.
    removing = model.collect()
    removing.run_to("list files/" if breaking is None else "get index/merged")
    model.step(keeping, 1000)
    # The list is gone: a new backup counts on the packs.
    newest = model.write("b2", ["u0"])
    newest.run_to("put_new index/")
    with _loss(breaking):
        model.step(removing, 1000)
        model.step(newest, 1000)
        assert model.committed == {"b2"}
        model.check()


def _only_deleting(patch: pytest.MonkeyPatch) -> None:
    async def delete(self: Sweep, manifest: str) -> None:
        await self._removal.remove([manifest])  # pyright: ignore[reportPrivateUsage]

    patch.setattr(Sweep, "_take_the_place_of", delete)


@pytest.mark.parametrize("breaking", [None, _only_deleting])
def test_a_commit_that_was_frozen_until_its_backup_was_swept_comes_too_late(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    frozen = model.write("b1", ["u0"])
    frozen.run_to(MANIFEST)
    # Another session of the same backup took over and committed it; then its time was over.
    model.step(model.write("b1", []), 1000)
    assert model.committed == {"b1"}
    model.clock.advance(61 * MINUTE)
    model.expire("b1")
    model.collect_at_once()
    model.clock.advance(61 * MINUTE)
    model.collect_at_once()
    assert not model.store.keys("packs/")
    with _loss(breaking):
        model.step(frozen, 1000)
        assert isinstance(model.ended_in_failure[-1], LeaseLost)
        model.check()


def _without_sparing_what_is_read(patch: pytest.MonkeyPatch) -> None:
    def none(_: Survey, __: Limits) -> set[bytes]:
        return set()

    patch.setattr(rules, "_packs_still_read", none)


@pytest.mark.parametrize("breaking", [None, _without_sparing_what_is_read])
def test_a_backup_that_expired_after_its_packs_were_condemned_is_read_to_its_end(
    model: Model, monkeypatch: pytest.MonkeyPatch, breaking: Breaking | None
) -> None:
    if breaking is not None:
        breaking(monkeypatch)
    writer = _writer_of_what_is_condemned(model)
    model.step(writer, 1000)
    assert model.committed == {"b1"}
    model.expire("b1")
    model.pass_time(61)
    reader = model.read("b1")
    reader.run_to("get_range packs/")
    model.collect_at_once()
    with _loss(breaking):
        model.step(reader, 1000)
    assert bool(model.ended_in_failure) == (breaking is not None)
    for _ in range(3):
        model.clock.advance(61 * MINUTE)
        model.collect_at_once()
    assert not model.store.keys("packs/")
