"""Page sizes and tokens of every list, and the lists of what belongs to a backup or a restore."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import content_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore import contents
from sitekeep_shared.rpc import pages
from support import rows
from support.client import ORGANIZATION, Client
from support.lists import COLLECTIONS, ENTITIES, LISTS, PARTS, add_parts, moment

OTHER = "organizations/other"


@pytest.mark.parametrize("name", ["apiKeys", "operations"])
async def test_a_page_has_fifty_unless_asked_otherwise_and_a_thousand_at_most(
    client: Client, grpc_server: BackupServer, name: str
) -> None:
    collection = COLLECTIONS[name]
    await client.add_organization()
    many = [
        row
        for number in range(1_010)
        for row in collection.make(f"row-{number:04}", moment(number))
    ]
    await rows.put(grpc_server.database, many)
    for asked, given in ((0, 50), (1_000, 1_000), (1_001, 1_000), (2**31 - 1, 1_000)):
        found, token = await collection.page(client, "", asked)
        assert len(found) == given
        assert token


@pytest.mark.parametrize("name", LISTS)
async def test_a_negative_page_size_and_bent_tokens_are_refused(
    client: Client, grpc_server: BackupServer, name: str
) -> None:
    await client.add_organization()
    await add_parts(grpc_server)
    method, kept = LISTS[name]
    request: Any = type(kept)()
    request.CopyFrom(kept)
    request.page_size = -1
    refusal = await client.refusal(method(client)(request))
    assert (refusal.reason, refusal.metadata["field"]) == ("REQUEST_INVALID", "page_size")
    request.page_size = 0
    for position in (
        (),
        (7,),
        ("a", "b", "c", "d"),
        (2**70,),
        ("\x00",),
        ("x", "\x00", "y"),
        ("x", 2**31),
    ):
        request.page_token = pages.encode(kept, *position)
        refusal = await client.refusal(method(client)(request))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


async def test_a_token_is_of_no_use_to_another_list(
    client: Client, grpc_server: BackupServer
) -> None:
    await client.add_organization()
    await add_parts(grpc_server)
    await rows.put(grpc_server.database, rows.organization("other", rows.START))
    for collection in COLLECTIONS.values():
        for number in range(3):
            # What another list has put there already is enough.
            identifier = f"{collection.items}-{number}".replace("_", "-")
            await rows.put(grpc_server.database, collection.make(identifier, moment(number)))
    for name, collection in COLLECTIONS.items():
        _, token = await collection.page(client, "", 1)
        assert token
        for other, (method, kept) in LISTS.items():
            request: Any = type(kept)()
            request.CopyFrom(kept)
            request.page_token = token
            if other == name:
                if name in ("organizations", "apiKeys"):
                    continue
                field = "name" if name == "operations" else "parent"
                setattr(request, field, OTHER)
            refusal = await client.refusal(method(client)(request))
            assert refusal.reason == "PAGE_TOKEN_INVALID", (name, other)


async def test_a_token_is_bound_to_the_filters(client: Client, grpc_server: BackupServer) -> None:
    await client.add_organization()
    for number in range(3):
        await rows.put(grpc_server.database, rows.backup(f"b-{number}", moment(number)))
    request = backup_pb2.ListBackupsRequest(
        parent=ORGANIZATION, page_size=1, states=[backup_pb2.Backup.FAILED]
    )
    request.page_token = (await client.backups.ListBackups(request)).next_page_token
    assert (await client.backups.ListBackups(request)).backups[0].name.endswith("b-1")
    del request.states[:]
    refusal = await client.refusal(client.backups.ListBackups(request))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("name", ["backup issues", "restore issues"])
async def test_the_issues_of_a_page_go_on_behind_the_last_one(
    client: Client, grpc_server: BackupServer, name: str
) -> None:
    await client.add_organization()
    await add_parts(grpc_server)
    method, kept = PARTS[name]
    request = type(kept)()
    request.CopyFrom(kept)
    seen: list[str] = []
    size = 0
    while request.page_token or not seen:
        request.page_size = size = size % 3 + 1
        answer = await method(client)(request)
        seen += [issue.entity for issue in answer.issues]
        request.page_token = answer.next_page_token
    assert seen == [f"unit-{unit}/{number}" for unit in range(4) for number in range(5)]


async def test_entities_are_listed_once_though_units_share_a_range_of_keys(
    client: Client, grpc_server: BackupServer
) -> None:
    await client.add_organization()
    await add_parts(grpc_server)
    request = content_pb2.ListEntitiesRequest(parent=f"{ORGANIZATION}/backups/b")
    seen: list[str] = []
    size = 0
    while request.page_token or not seen:
        request.page_size = size = size % 4 + 1
        answer = await client.contents.ListEntities(request)
        seen += [entity.key for entity in answer.entities]
        request.page_token = answer.next_page_token
    assert seen == ENTITIES


async def test_a_stream_goes_on_behind_any_of_its_tokens(
    client: Client, grpc_server: BackupServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.add_organization()
    await add_parts(grpc_server)
    monkeypatch.setattr(contents, "BATCH_ENTITIES", 1)
    request = content_pb2.StreamEntitiesRequest(parent=f"{ORGANIZATION}/backups/b")
    batches = [batch async for batch in client.contents.StreamEntities(request)]
    for number, batch in enumerate(batches, 1):
        request.resume_token = batch.resume_token
        rest = [found async for found in client.contents.StreamEntities(request)]
        assert [entity.key for each in rest for entity in each.entities] == ENTITIES[number:]
