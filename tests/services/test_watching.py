"""Watching an operation: every change, one end, over a server that goes away and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable

import grpc
import pytest
from google.longrunning import operations_pb2
from google.rpc import error_details_pb2
from grpc import aio

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_cli import watching
from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.display import Silent
from sitekeep_cli.output import Output
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.server import RunningSite
from support.client import Client, make_key, open_channel

END_SECONDS = 60


def _slow(site: RunningSite) -> None:
    site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.3)


async def _started(client: Client, site: RunningSite) -> str:
    """A backup that does not end before the site lets it; returns its operation."""
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", site.base_url)
    policy = await client.add_policy("weekly", product)
    _slow(site)
    operation = await client.backups.CreateBackup(client.backup_request(policy))
    return str(operation.name)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(END_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _watch(client: Client, name: str, **options: object) -> aio.UnaryStreamCall[object, object]:
    stream: aio.UnaryStreamCall[object, object] = client.events.WatchOperation(
        operation_pb2.WatchOperationRequest(name=name), **options
    )
    return stream


async def _follow(client: Client, name: str, seen: list[operations_pb2.Operation]) -> None:
    async for operation in _watch(client, name):
        assert isinstance(operation, operations_pb2.Operation)
        seen.append(operation)


async def test_all_who_watch_see_the_same_changes_and_one_end(
    client: Client, empty_site: RunningSite
) -> None:
    name = await _started(client, empty_site)
    seen: list[list[operations_pb2.Operation]] = [[] for _ in range(20)]
    tasks = [asyncio.create_task(_follow(client, name, each)) for each in seen]
    await _until(lambda: all(seen))
    empty_site.site.faults.clear()
    await asyncio.wait_for(asyncio.gather(*tasks), END_SECONDS)
    fetched = await client.operations.GetOperation(operations_pb2.GetOperationRequest(name=name))
    for each in seen:
        assert [operation.done for operation in each] == [False] * (len(each) - 1) + [True]
        assert all(before != after for before, after in itertools.pairwise(each))
        assert each[-1] == fetched


async def test_a_watcher_at_the_other_server_sees_the_end_as_well(
    client: Client, empty_site: RunningSite, settings: Settings, key: str
) -> None:
    name = await _started(client, empty_site)
    async with open_channel(settings.restore_listen, key) as channel:
        other = Client(channel, channel)
        seen: list[operations_pb2.Operation] = []
        task = asyncio.create_task(_follow(other, name, seen))
        await _until(lambda: bool(seen))
        empty_site.site.faults.clear()
        await asyncio.wait_for(task, END_SECONDS)
    assert seen[-1].response.Is(backup_pb2.Backup.DESCRIPTOR)


async def test_a_client_that_goes_away_leaves_nothing_behind(
    client: Client, empty_site: RunningSite, grpc_server: BackupServer
) -> None:
    name = await _started(client, empty_site)
    streams = [_watch(client, name) for _ in range(10)]
    for stream in streams[:5]:
        # The others never read.
        await stream.read()
    await _until(lambda: grpc_server.revisions.watchers == 10)
    for stream in streams:
        stream.cancel()
    await _until(lambda: grpc_server.revisions.watchers == 0)
    await _until(lambda: grpc_server.revisions.idle)
    empty_site.site.faults.clear()
    assert (await client.watch(name)).done


async def test_a_deadline_ends_the_watching_and_not_the_operation(
    client: Client, empty_site: RunningSite, grpc_server: BackupServer
) -> None:
    name = await _started(client, empty_site)
    stream = _watch(client, name, timeout=0.5)
    with pytest.raises(aio.AioRpcError) as failure:
        async for _ in stream:
            pass
    assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await _until(lambda: grpc_server.revisions.watchers == 0)
    empty_site.site.faults.clear()
    assert (await client.watch(name)).response.Is(backup_pb2.Backup.DESCRIPTOR)


async def test_what_is_not_there_or_no_name_is_not_watched(
    client: Client, grpc_server: BackupServer
) -> None:
    await client.add_organization()
    for name, code, reason in (
        ("organizations/acme/operations/none", "NOT_FOUND", "RESOURCE_NOT_FOUND"),
        ("organizations/acme/backups/none", "INVALID_ARGUMENT", "REQUEST_INVALID"),
    ):
        refusal = await client.refusal(_watch(client, name).read())
        assert (refusal.code, refusal.reason) == (code, reason)
    await _until(lambda: grpc_server.revisions.watchers == 0)


class _Restarting:
    """The Backup server and a client of it; the server is stopped and started at will."""

    def __init__(self, settings: Settings, clock: ManualClock) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = contextlib.AsyncExitStack()
        self.key = ""

    async def start(self) -> None:
        """Starts it."""
        self.server = BackupServer(self._settings, self._clock)
        await self._stack.enter_async_context(self.server)
        self.key = self.key or await make_key(self.server.database, self._clock)

    async def stop(self) -> None:
        """Stops it, and whatever is open."""
        await self._stack.aclose()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncGenerator[Client, None]:
        """A client; its channel outlives the server."""
        async with open_channel(self._settings.backup_listen, self.key) as channel:
            yield Client(channel, channel)


@pytest.fixture
async def restarting(settings: Settings, clock: ManualClock) -> AsyncGenerator[_Restarting, None]:
    restarting = _Restarting(settings, clock)
    await restarting.start()
    yield restarting
    await restarting.stop()


async def test_who_watches_again_when_the_server_is_back_sees_the_end(
    restarting: _Restarting, empty_site: RunningSite
) -> None:
    async with restarting.client() as client:
        name = await _started(client, empty_site)
        stream = _watch(client, name)
        first = await stream.read()
        assert isinstance(first, operations_pb2.Operation)
        assert not first.done
        reading = asyncio.create_task(client.refusal(_rest(stream)))
        await restarting.stop()
        refusal = await asyncio.wait_for(reading, END_SECONDS)
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "SERVER_SHUTTING_DOWN")
        assert refusal.detail(error_details_pb2.RetryInfo).retry_delay.seconds == 1
        await restarting.start()
        empty_site.site.faults.clear()
        seen = [operation async for operation in _watch(client, name, wait_for_ready=True)]
        last = seen[-1]
        assert isinstance(last, operations_pb2.Operation)
        assert last.response.Is(backup_pb2.Backup.DESCRIPTOR), last.error


async def _rest(stream: aio.UnaryStreamCall[object, object]) -> None:
    async for _ in stream:
        pass


async def test_who_waits_while_the_server_stops_is_told_how_it_stands(
    restarting: _Restarting, empty_site: RunningSite
) -> None:
    async with restarting.client() as client:
        name = await _started(client, empty_site)
        request = operations_pb2.WaitOperationRequest(name=name)
        waiting = asyncio.ensure_future(client.operations.WaitOperation(request))
        await _until(lambda: restarting.server.revisions.watchers == 1)
        await restarting.stop()
        answer = await asyncio.wait_for(waiting, END_SECONDS)
        assert (answer.name, answer.done) == (name, False)


class _Remarks(Silent):
    def __init__(self) -> None:
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)


async def test_the_command_watches_on_when_the_server_is_back(
    restarting: _Restarting,
    empty_site: RunningSite,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "PAUSE_SECONDS", 0.05)
    async with restarting.client() as client:
        name = await _started(client, empty_site)
    call = Call(Output(), backup_address=settings.backup_listen, own_access=Access(restarting.key))
    display, seen = _Remarks(), list[operations_pb2.Operation]()

    def follow() -> None:
        for operation in watching.events(call, name, display):
            seen.append(operation)

    task = asyncio.create_task(asyncio.to_thread(follow))
    await _until(lambda: bool(seen))
    await restarting.stop()
    await _until(lambda: bool(display.remarks))
    assert not task.done()
    await restarting.start()
    empty_site.site.faults.clear()
    await asyncio.wait_for(task, END_SECONDS)
    call.close()
    assert [operation.done for operation in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].response.Is(backup_pb2.Backup.DESCRIPTOR), seen[-1].error
    assert display.remarks == ["The server is away; the operation goes on when it is back."]
