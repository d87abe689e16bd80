"""Watched operations: one question for all, the last change always told, nobody left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.longrunning import operations_pb2
from sqlalchemy.exc import OperationalError

from sitekeep_shared.errors import InternalError, NotFound, SitekeepError, Unavailable
from sitekeep_shared.rpc import revisions as module
from sitekeep_shared.rpc.operation_store import OperationStore, Snapshot
from sitekeep_shared.rpc.revisions import Revisions, Watched

NAME = "organizations/acme/operations/o1"


class FakeStore(OperationStore):
    """Operations in a dictionary: id → revision. Odd things happen where a test asks for them."""

    def __init__(self) -> None:
        self.kept = {"o1": 1}
        self.done: set[str] = set()
        self.shows: dict[int, int] = {}
        self.questions: list[list[str]] = []
        self.built: list[str] = []
        self.trouble: Exception | None = None
        self.broken: set[str] = set()

    async def row(self, name: str) -> Any:
        identifier = name.rsplit("/", 1)[1]
        return SimpleNamespace(id=identifier, revision=self.kept[identifier])

    async def rows(self, identifiers: Sequence[str]) -> list[Any]:
        return [await self.row(f"x/{identifier}") for identifier in identifiers]

    async def revisions(self, identifiers: Sequence[str]) -> dict[str, int]:
        self.questions.append(list(identifiers))
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        return {each: self.kept[each] for each in identifiers if each in self.kept}

    async def snapshot(self, row: Any) -> Snapshot:
        if row.id in self.broken:
            raise ValueError(row.id)
        self.built.append(row.id)
        shown = f"{row.id} at {self.shows.get(row.revision, row.revision)}"
        message = operations_pb2.Operation(name=shown, done=row.id in self.done)
        return Snapshot(row.revision, message)


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.005)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def revisions(store: FakeStore, stop: asyncio.Event) -> AsyncGenerator[Revisions, None]:
    revisions = Revisions(store, stop)
    yield revisions
    await revisions.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def follow(revisions: Revisions, name: str, seen: list[int]) -> None:
    """What WatchOperation does."""
    with revisions.watch(name) as watched:
        shown = await watched.now()
        seen.append(shown.revision)
        while not shown.done:
            shown = await watched.after(shown)
            seen.append(shown.revision)


@contextlib.asynccontextmanager
async def following(
    revisions: Revisions, count: int, name: str = NAME
) -> AsyncGenerator[tuple[list[list[int]], list[asyncio.Task[None]]], None]:
    """Several who follow an operation and have seen how it stands."""
    seen: list[list[int]] = [[] for _ in range(count)]
    tasks = [asyncio.create_task(follow(revisions, name, each)) for each in seen]
    await until(lambda: all(seen))
    yield seen, tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_however_many_watch_one_question_is_asked_and_one_message_built(
    revisions: Revisions, store: FakeStore
) -> None:
    async with following(revisions, 100) as (seen, _):
        store.built.clear()
        store.kept["o1"] = 2
        await until(lambda: all(each == [1, 2] for each in seen))
        assert store.built == ["o1"]
        assert all(question == ["o1"] for question in store.questions)


async def test_operations_are_asked_for_together(revisions: Revisions, store: FakeStore) -> None:
    store.kept["o2"] = 5
    other = NAME.replace("o1", "o2")
    async with following(revisions, 1) as (first, _), following(revisions, 1, other) as (second, _):
        store.questions.clear()
        await until(lambda: len(store.questions) > 3)
        assert all(sorted(question) == ["o1", "o2"] for question in store.questions[1:])
        store.kept["o2"] = 6
        await until(lambda: second == [[5, 6]])
        assert first == [[1]]


async def test_the_last_change_is_told_even_where_those_before_it_are_passed_over(
    revisions: Revisions, store: FakeStore
) -> None:
    async with following(revisions, 3) as (seen, tasks):
        for revision in range(2, 200):
            store.kept["o1"] = revision
            if revision % 50 == 0:
                await asyncio.sleep(0.01)
        store.done.add("o1")
        store.kept["o1"] = 200
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
    for each in seen:
        assert each == sorted(set(each))
        assert each[-1] == 200


async def test_a_change_that_does_not_show_is_not_told(
    revisions: Revisions, store: FakeStore
) -> None:
    store.shows = {2: 1, 3: 1}
    async with following(revisions, 2) as (seen, _):
        for revision in (2, 3):
            store.built.clear()
            store.kept["o1"] = revision
            await until(lambda: bool(store.built))
        store.kept["o1"] = 4
        await until(lambda: all(each == [1, 4] for each in seen))


async def test_nothing_is_asked_once_nobody_watches_and_again_when_somebody_does(
    revisions: Revisions, store: FakeStore
) -> None:
    async with following(revisions, 5):
        await until(lambda: len(store.questions) > 2)
    assert revisions.watchers == 0
    await until(lambda: revisions.idle)
    asked = len(store.questions)
    async with following(revisions, 1) as (seen, _):
        store.kept["o1"] = 7
        await until(lambda: seen == [[1, 7]])
    assert len(store.questions) > asked


async def test_who_leaves_does_not_take_the_others_along(
    revisions: Revisions, store: FakeStore
) -> None:
    async with following(revisions, 10) as (seen, tasks):
        for task in tasks[:9]:
            task.cancel()
        await until(lambda: all(task.done() for task in tasks[:9]))
        store.kept["o1"] = 2
        await until(lambda: seen[9] == [1, 2])
    assert revisions.watchers == 0


async def test_a_database_that_fails_is_asked_again(
    revisions: Revisions, store: FakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with following(revisions, 2) as (seen, tasks):
        store.trouble = OperationalError("SELECT", {}, Exception("gone"))
        asked = len(store.questions)
        await until(lambda: len(store.questions) > asked + 5)
        assert not any(task.done() for task in tasks)
        store.kept["o1"] = 2
        store.trouble = None
        await until(lambda: all(each == [1, 2] for each in seen))
    assert [record.message for record in caplog.records] == [
        "changes of operations cannot be read now"
    ]


async def error_of(task: asyncio.Task[None]) -> SitekeepError:
    with pytest.raises(SitekeepError) as failure:
        await asyncio.wait_for(task, 10)
    return failure.value


async def test_a_server_that_stops_ends_every_watcher_with_an_error_of_its_own(
    revisions: Revisions, stop: asyncio.Event
) -> None:
    async with following(revisions, 3) as (_, tasks):
        stop.set()
        errors = [await error_of(task) for task in tasks]
        assert all(isinstance(error, Unavailable) for error in errors)
        assert {error.reason for error in errors} == {"SERVER_SHUTTING_DOWN"}
        assert len({id(error) for error in errors}) == 3
    await until(lambda: revisions.idle)
    # Who comes too late is told as well.
    assert (await error_of(asyncio.create_task(follow(revisions, NAME, [])))).reason == (
        "SERVER_SHUTTING_DOWN"
    )


async def test_an_operation_that_is_gone_is_not_found(
    revisions: Revisions, store: FakeStore
) -> None:
    async with following(revisions, 1) as (_, [task]):
        del store.kept["o1"]
        assert isinstance(await error_of(task), NotFound)


async def test_an_operation_that_cannot_be_shown_does_not_hide_the_others(
    revisions: Revisions, store: FakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.kept["o2"] = 1
    other = NAME.replace("o1", "o2")
    async with following(revisions, 1) as (_, [task]), following(revisions, 1, other) as (seen, _):
        store.broken.add("o1")
        store.kept |= {"o1": 2, "o2": 2}
        assert isinstance(await error_of(task), InternalError)
        await until(lambda: seen == [[1, 2]])
    assert "o1 cannot be shown" in caplog.text


async def test_a_newer_look_is_never_overtaken_by_an_older_one(store: FakeStore) -> None:
    watched = Watched(cast(OperationStore, store), NAME)
    newer = Snapshot(3, operations_pb2.Operation(name="newer"))
    assert watched.show(newer) is newer
    assert watched.show(Snapshot(2, operations_pb2.Operation(name="older"))) is newer
    store.kept["o1"] = 2
    assert await watched.now() is newer
