"""The key of the vault: made once, never replaced; Backup writes with it, Restore reads."""

from __future__ import annotations

import contextlib
import datetime
import gc
import json
import random
import shutil
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from grpc import aio

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import content_pb2, content_pb2_grpc, restore_pb2
from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock, SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import WrongKey
from sitekeep_shared.vault.key_file import (
    load_key_file,
    read_key_file,
    write_whole_key_file,
    write_writer_key_file,
)
from sitekeep_shared.vault.keys import VaultKeys, WholeKey
from sitekeep_shared.vault.opening import open_vault, store_of
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.rotation import rotate
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.server import RunningSite
from support.client import Client, make_key, open_channel
from support.opened_sections import opened_sections
from support.planted import found

__all__ = ["opened_sections"]

ISSUES = 40
TEXTS = 200
WEEK = datetime.timedelta(days=7)


@pytest.fixture
def whole(settings: Settings) -> WholeKey:
    """The key of the vault, in the file that the settings name."""
    write_whole_key_file(settings.key_file, WholeKey.generate())
    return read_key_file(settings.key_file).whole


@pytest.fixture
def writing(settings: Settings, whole: WholeKey, tmp_path: Path) -> Settings:
    """The settings of a Backup server that has nothing but the writer part."""
    path = tmp_path / "elsewhere" / "writer.key"
    write_writer_key_file(path, whole.keys)
    return replace(settings, key_file=path)


async def rotated(settings: Settings, key: WholeKey) -> WholeKey:
    store = store_of(settings)
    ring = await open_repository(store, key.keys, SystemClock(), create=False)
    return (await rotate(store, ring, key, lambda _: None)).key


async def filled(client: Client, site: RunningSite) -> str:
    """A product with something in it; the name of its policy."""
    generate(site.site, seed=4, issues=ISSUES)
    await client.add_organization()
    return await client.add_policy(
        "weekly", await client.add_product("jira", "JIRA", site.base_url)
    )


@contextlib.asynccontextmanager
async def served(backup: Settings, restore: Settings, clock: ManualClock) -> AsyncGenerator[Client]:
    """Both servers, each with settings of its own, and a client of both."""
    async with BackupServer(backup, clock) as server, RestoreServer(restore, clock):
        key = await make_key(server.database, clock)
        async with (
            open_channel(backup.backup_listen, key) as backup_channel,
            open_channel(restore.restore_listen, key) as restore_channel,
        ):
            yield Client(backup_channel, restore_channel)


async def verified(client: Client, backup: str) -> restore_pb2.VerificationReport:
    request = restore_pb2.VerifyBackupRequest(name=backup)
    done = await client.watch((await client.restores.VerifyBackup(request)).name)
    report = restore_pb2.VerificationReport()
    assert done.response.Unpack(report), done.error
    return report


async def test_a_vault_whose_key_file_is_gone_is_refused_and_no_new_key_is_made(
    settings: Settings, clock: ManualClock
) -> None:
    async with BackupServer(settings, clock):
        pass
    settings.key_file.unlink()

    with pytest.raises(WrongKey, match="Put your copy of it back") as raised:
        async with BackupServer(settings, clock):
            pass

    assert "sitekeep key recover" in str(raised.value)
    assert not settings.key_file.exists()


async def test_backup_works_with_the_writer_part_alone_and_restore_reads_what_it_wrote(
    writing: Settings, settings: Settings, clock: ManualClock, empty_site: RunningSite
) -> None:
    kept = settings.key_file.with_name("kept-elsewhere.key")
    settings.key_file.rename(kept)
    async with BackupServer(writing, clock) as server:
        assert not settings.key_file.exists()
        kept.rename(settings.key_file)
        key = await make_key(server.database, clock)
        async with (
            RestoreServer(settings, clock),
            open_channel(settings.backup_listen, key) as backup_channel,
            open_channel(settings.restore_listen, key) as restore_channel,
        ):
            client = Client(backup_channel, restore_channel)
            backup = await client.back_up(await filled(client, empty_site))
            assert backup.state == backup_pb2.Backup.COMPLETE
            report = await verified(client, backup.name)
            assert not report.damaged_entities
            await _serves_no_content(backup_channel, backup.name)
    assert not load_key_file(writing.key_file).can_read


async def _serves_no_content(channel: aio.Channel, backup: str) -> None:
    stub = cast(Any, content_pb2_grpc.ContentServiceStub(channel))
    with pytest.raises(aio.AioRpcError) as raised:
        await stub.ListEntities(content_pb2.ListEntitiesRequest(parent=backup))
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_backup_cannot_read_although_its_key_file_could(
    settings: Settings, clock: ManualClock, empty_site: RunningSite
) -> None:
    async with BackupServer(settings, clock) as server:
        key = await make_key(server.database, clock)
        async with open_channel(settings.backup_listen, key) as channel:
            client = Client(channel, channel)
            backup = await client.back_up(await filled(client, empty_site))
        headers = [header async for header in server.vault.backups()]
        assert [header.backup_id for header in headers] == [backup.uid]
        with pytest.raises(WrongKey, match="cannot read"):
            await server.vault.open_backup(headers[0].site, headers[0].backup_id)
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, (VaultKeys, WholeKey))]
    # Only now may the test itself hold what the server must not.
    whole = read_key_file(settings.key_file).whole
    secrets = {whole.secret, *whole.private_keys}
    assert [each for each in held if _secrets(each) & secrets] == []
    assert any(isinstance(each, VaultKeys) and each.key_id == whole.keys.key_id for each in held)


def _secrets(keys: VaultKeys | WholeKey) -> set[bytes]:
    secret = {keys.secret} if isinstance(keys, WholeKey) else set[bytes]()
    return secret | set(keys.private_keys)


async def test_restore_does_not_start_with_the_writer_part(
    writing: Settings, clock: ManualClock
) -> None:
    with pytest.raises(WrongKey, match="needs the whole key file"):
        async with RestoreServer(writing, clock):
            pass


@pytest.mark.parametrize("part", ["whole", "writer"])
async def test_a_key_that_is_rotated_away_makes_no_backup_from_then_on(
    part: str,
    settings: Settings,
    writing: Settings,
    whole: WholeKey,
    clock: ManualClock,
    empty_site: RunningSite,
) -> None:
    chosen = settings if part == "whole" else writing
    async with BackupServer(chosen, clock) as server:
        key = await make_key(server.database, clock)
        async with open_channel(settings.backup_listen, key) as channel:
            client = Client(channel, channel)
            policy = await filled(client, empty_site)
            await client.back_up(policy)
            newer = await rotated(settings, whole)
            clock.advance(WEEK)
            started = await client.backups.CreateBackup(client.backup_request(policy))
            done = await client.watch(started.name)
            assert f"superseded by {newer.keys.key_id}" in done.error.message
            assert "Fetch the key file" in done.error.message
    with pytest.raises(WrongKey, match="was rotated"):
        async with BackupServer(chosen, clock):
            pass


async def test_after_a_rotation_the_new_key_backs_up_and_reads_all_and_the_old_one_is_told(
    settings: Settings,
    whole: WholeKey,
    clock: ManualClock,
    empty_site: RunningSite,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old_file = settings.key_file.with_name("old.key")
    async with served(settings, settings, clock) as client:
        policy = await filled(client, empty_site)
        first = await client.back_up(policy)
    newer = await rotated(settings, whole)
    shutil.move(settings.key_file, old_file)
    write_whole_key_file(settings.key_file, newer)
    clock.advance(WEEK)

    async with served(settings, settings, clock) as client:
        second = await client.back_up(policy)
        for backup in (first, second):
            assert not (await verified(client, backup.name)).damaged_entities

    old = replace(settings, key_file=old_file)
    async with served(settings, old, clock) as client:
        assert "Until then, only backups from before can be read" in caplog.text
        assert not (await verified(client, first.name)).damaged_entities
        request = restore_pb2.VerifyBackupRequest(name=second.name)
        done = await client.watch((await client.restores.VerifyBackup(request)).name)
        assert "after the key was rotated" in done.error.message


async def test_servers_take_the_passphrase_of_the_key_file_from_a_file(
    settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "passphrase").write_text("correct horse battery\n")
    named = replace(settings, key_passphrase_file=tmp_path / "passphrase")
    async with BackupServer(named, clock), RestoreServer(named, clock):
        pass
    assert (
        read_key_file(settings.key_file, Passphrase("correct horse battery")).passphrase is not None
    )
    with pytest.raises(WrongKey, match="SITEKEEP_KEY_PASSPHRASE_FILE"):
        async with RestoreServer(settings, clock):
            pass


async def test_nothing_of_a_site_stands_in_the_vault_or_in_what_backup_can_open(
    client: Client,
    settings: Settings,
    clock: ManualClock,
    empty_site: RunningSite,
    opened_sections: list[bytes],
) -> None:
    backup = await client.back_up(await filled(client, empty_site))
    await verified(client, backup.name)
    texts = await _texts(settings, clock, backup)
    assert len(texts) > 40

    files = [path for path in settings.vault_folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        assert found(texts, str(path).encode() + path.read_bytes()) == [], path
    assert len(opened_sections) > 3
    for plaintext in opened_sections:
        assert found(texts, plaintext) == []


async def _texts(
    settings: Settings, clock: ManualClock, backup: backup_pb2.Backup
) -> Sequence[str]:
    """Words of the site that the backup holds: who is there, and what things are called."""
    vault = await open_vault(settings, clock)
    reader = await vault.open_backup(backup.manifest_key.split("/")[1], backup.uid)
    texts: set[str] = set()
    for kind in Kind:
        async for entry in reader.entries(kind):
            texts |= {entry.key, *entry.attributes.values()}
            if kind in (Kind.USER, Kind.ISSUE):
                document = json.loads(await reader.read(entry))
                texts |= {str(document.get(name)) for name in ("emailAddress", "displayName")}
                texts.add(str(document.get("fields", {}).get("summary")))
    await reader.close()
    # What is one word may be the name of a kind, which a manifest's header counts.
    telling = {text for text in texts if 8 <= len(text) < 100 and set(text) & set(" @-.")}
    return random.Random(1).sample(sorted(telling), min(len(telling), TEXTS))
