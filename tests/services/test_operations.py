"""Operations: watched, waited for, listed; and what a backup holds, listed and read."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
import pytest_asyncio
from google.longrunning import operations_pb2
from google.protobuf import duration_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2
from sitekeep.type.v1 import content_pb2 as type_pb2
from sitekeep_shared.config import Settings
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import ORGANIZATION, Client, open_channel


async def _started(client: Client, site: RunningSite, name: str = "jira") -> str:
    product = await client.add_product(name, "JIRA", site.base_url)
    policy = await client.add_policy(name, product)
    operation = await client.backups.CreateBackup(client.backup_request(policy))
    return str(operation.name)


async def test_waiting_ends_with_the_time_that_was_given(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.3)
    name = await _started(client, empty_site)
    since = time.monotonic()
    seen = await client.operations.WaitOperation(
        operations_pb2.WaitOperationRequest(
            name=name, timeout=duration_pb2.Duration(nanos=300_000_000)
        )
    )
    assert not seen.done
    # The deadline of the call bounds it too: an answer, not DEADLINE_EXCEEDED.
    seen = await client.operations.WaitOperation(
        operations_pb2.WaitOperationRequest(name=name), timeout=1.0
    )
    assert not seen.done
    assert 0.3 <= time.monotonic() - since < 5
    empty_site.site.faults.clear()
    done = await client.operations.WaitOperation(operations_pb2.WaitOperationRequest(name=name))
    assert done.done
    assert done.response.Is(backup_pb2.Backup.DESCRIPTOR)


async def test_an_operation_that_is_done_is_watched_once(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    name = await _started(client, empty_site)
    await client.watch(name)
    request = operation_pb2.WatchOperationRequest(name=name)
    seen = [operation async for operation in client.events.WatchOperation(request)]
    assert [operation.done for operation in seen] == [True]
    fetched = await client.operations.GetOperation(operations_pb2.GetOperationRequest(name=name))
    assert fetched == seen[0]


async def test_operations_are_listed_newest_first_page_by_page(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    started = [await _started(client, empty_site, f"jira-{number}") for number in range(5)]
    for name in started:
        await client.watch(name)
    listed: list[str] = []
    request = operations_pb2.ListOperationsRequest(name=ORGANIZATION, page_size=2)
    while True:
        page = await client.operations.ListOperations(request)
        listed += [operation.name for operation in page.operations]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert sorted(listed) == sorted(started)


def _wait(name: str, seconds: int = 0, nanos: int = 0) -> operations_pb2.WaitOperationRequest:
    timeout = duration_pb2.Duration(seconds=seconds, nanos=nanos)
    return operations_pb2.WaitOperationRequest(name=name, timeout=timeout)


async def test_the_shorter_of_the_timeout_and_the_deadline_bounds_the_waiting(
    client: Client, empty_site: RunningSite
) -> None:
    await client.add_organization()
    empty_site.site.faults.plan(FaultKind.DELAY, "/rest/", times=100_000, delay=0.3)
    name = await _started(client, empty_site)
    for request, deadline, least, most in (
        (_wait(name), 30, 0, 1),
        (_wait(name, nanos=1), None, 0, 1),
        (_wait(name, nanos=400_000_000), 30, 0.4, 5),
        (_wait(name, seconds=3600), 0.8, 0.3, 0.8),
        # As long as a Duration can be: the deadline is what counts.
        (_wait(name, seconds=315_576_000_000), 0.8, 0.3, 0.8),
        (_wait(name, seconds=3600), 0.15, 0, 0.15),
    ):
        since = time.monotonic()
        seen = await client.operations.WaitOperation(request, timeout=deadline)
        assert not seen.done
        assert least <= time.monotonic() - since < most
    empty_site.site.faults.clear()
    assert (await client.operations.WaitOperation(_wait(name, seconds=3600))).done
    # One that is done is not waited for, however long the caller would.
    assert (await client.operations.WaitOperation(_wait(name, seconds=3600))).done


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [
        (-1, 0),
        (0, -1),
        (2**63 - 1, 0),
        (-(2**63), 0),
        (315_576_000_001, 0),
        (0, 1_000_000_000),
        (1, -1),
    ],
)
async def test_a_timeout_that_is_no_length_of_time_is_refused(
    client: Client, seconds: int, nanos: int
) -> None:
    await client.add_organization()
    request = _wait(f"{ORGANIZATION}/operations/any", seconds, nanos)
    refusal = await client.refusal(client.operations.WaitOperation(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    assert "timeout" in refusal.message


async def test_what_is_not_there_is_not_waited_for(client: Client) -> None:
    await client.add_organization()
    request = _wait(f"{ORGANIZATION}/operations/none", 60)
    refusal = await client.refusal(client.operations.WaitOperation(request))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")


async def test_both_servers_list_the_operations_of_both(
    client: Client, empty_site: RunningSite, settings: Settings, key: str
) -> None:
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    backup = await client.back_up(await client.add_policy("weekly", product))
    restore = await client.restores.CreateRestore(client.restore_request(backup.name, product))
    assert (await client.watch(restore.name)).response.Is(restore_pb2.Restore.DESCRIPTOR)
    expected = {restore.name, backup.operation}
    async with open_channel(settings.restore_listen, key) as channel:
        for asked in (client, Client(channel, channel)):
            for parent in (ORGANIZATION, f"{ORGANIZATION}/operations"):
                page = await asked.operations.ListOperations(
                    operations_pb2.ListOperationsRequest(name=parent)
                )
                assert {operation.name for operation in page.operations} == expected
                # Each as it is when it is read by itself, with what it made.
                for operation in page.operations:
                    request = operations_pb2.GetOperationRequest(name=operation.name)
                    assert await asked.operations.GetOperation(request) == operation


@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        ({"name": ORGANIZATION, "filter": "done=true"}, "INVALID_ARGUMENT", "filter"),
        ({"name": ORGANIZATION, "page_size": -1}, "INVALID_ARGUMENT", "page_size"),
        ({"name": ORGANIZATION, "page_token": "x"}, "INVALID_ARGUMENT", "page_token"),
        ({"name": f"{ORGANIZATION}/backups"}, "INVALID_ARGUMENT", "name"),
        (
            {"name": ORGANIZATION, "return_partial_success": True},
            "UNIMPLEMENTED",
            "return_partial_success",
        ),
    ],
)
async def test_a_list_that_is_not_offered_says_what_is_wrong(
    client: Client, request_: dict[str, Any], code: str, field: str
) -> None:
    await client.add_organization()
    request = operations_pb2.ListOperationsRequest(**request_)
    refusal = await client.refusal(client.operations.ListOperations(request))
    assert refusal.code == code
    assert f"`{field}`" in refusal.message


async def test_operations_are_never_deleted(client: Client, backup: backup_pb2.Backup) -> None:
    request = operations_pb2.DeleteOperationRequest(name=backup.operation)
    refusal = await client.refusal(client.operations.DeleteOperation(request))
    assert (refusal.code, refusal.reason) == ("UNIMPLEMENTED", "METHOD_NOT_IMPLEMENTED")
    kept = operations_pb2.GetOperationRequest(name=backup.operation)
    assert (await client.operations.GetOperation(kept)).done


@pytest_asyncio.fixture
async def backup(client: Client, empty_site: RunningSite) -> backup_pb2.Backup:
    """A backup with something in it."""
    generate(empty_site.site, seed=4, issues=120)
    await client.add_organization()
    product = await client.add_product("jira", "JIRA", empty_site.base_url)
    return await client.back_up(await client.add_policy("weekly", product))


async def test_what_a_backup_holds_is_listed_in_pages_and_read_one_by_one(
    client: Client, backup: backup_pb2.Backup
) -> None:
    kinds = [type_pb2.ENTITY_KIND_ISSUE, type_pb2.ENTITY_KIND_PROJECT]
    request = content_pb2.ListEntitiesRequest(parent=backup.name, kinds=kinds, page_size=50)
    found: list[content_pb2.Entity] = []
    while True:
        page = await client.contents.ListEntities(request)
        found += page.entities
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    counted = {count.kind: count.done_count for count in backup.contents}
    assert len(found) == sum(counted[kind] for kind in kinds)
    assert len({entity.name for entity in found}) == len(found)
    entity = await client.contents.GetEntity(content_pb2.GetEntityRequest(name=found[-1].name))
    assert json.loads(entity.payload)["key"]


async def test_a_stream_goes_on_where_it_broke(client: Client, backup: backup_pb2.Backup) -> None:
    request = content_pb2.StreamEntitiesRequest(
        parent=backup.name, kinds=[type_pb2.ENTITY_KIND_ISSUE]
    )
    whole = [
        entity.key
        async for batch in client.contents.StreamEntities(request)
        for entity in batch.entities
    ]
    assert len(whole) == sum(
        count.done_count for count in backup.contents if count.kind == type_pb2.ENTITY_KIND_ISSUE
    )
    assert len(whole) > 100
    stream = client.contents.StreamEntities(request)
    first = await stream.read()
    stream.cancel()
    request.resume_token = first.resume_token
    rest = [
        entity.key
        async for batch in client.contents.StreamEntities(request)
        for entity in batch.entities
    ]
    assert [entity.key for entity in first.entities] + rest == whole
    assert rest


async def test_a_file_comes_back_with_the_bytes_that_its_digest_names(
    client: Client, backup: backup_pb2.Backup
) -> None:
    page = await client.contents.ListEntities(
        content_pb2.ListEntitiesRequest(
            parent=backup.name, kinds=[type_pb2.ENTITY_KIND_ATTACHMENT], page_size=1000
        )
    )
    assert page.entities
    for entity in page.entities:
        request = content_pb2.ReadAttachmentRequest(name=entity.name)
        pieces = [piece.data async for piece in client.contents.ReadAttachment(request)]
        assert hashlib.sha256(b"".join(pieces)).hexdigest() == entity.digest
        assert sum(map(len, pieces)) == entity.size_bytes


async def test_only_files_are_read_as_files(client: Client, backup: backup_pb2.Backup) -> None:
    page = await client.contents.ListEntities(
        content_pb2.ListEntitiesRequest(
            parent=backup.name, kinds=[type_pb2.ENTITY_KIND_ISSUE], page_size=1
        )
    )
    request = content_pb2.ReadAttachmentRequest(name=page.entities[0].name)
    refusal = await client.refusal(client.contents.ReadAttachment(request).read())
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "REQUEST_INVALID")
    request = content_pb2.ReadAttachmentRequest(name=f"{backup.name}/entities/issue.nothing")
    refusal = await client.refusal(client.contents.ReadAttachment(request).read())
    assert refusal.code in ("NOT_FOUND", "INVALID_ARGUMENT")
