"""Unchanged files are not downloaded again, each of them is once within the keeping time."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_cli.access import Access
from sitekeep_cli.call import Call
from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.run import compare
from sitekeep_cli.output import Output
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.kinds import Kind
from sitekeep_shared.rules import PROFILES
from sitekeep_shared.vault.entry import Entry
from sitekeep_simulator import confluence, jira
from sitekeep_simulator.confluence import attachments as confluence_attachments
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import ORGANIZATION, Client, details_of
from support.minimum_requests import grouped

DAY = datetime.timedelta(days=1)
KINDS = ("JIRA", "CONFLUENCE")
FILES = {
    "JIRA": "SELECT id, media_id FROM jira_attachment ORDER BY id",
    "CONFLUENCE": "SELECT a.id AS id, v.media_id AS media_id FROM confluence_attachment a "
    "JOIN confluence_attachment_version v ON v.attachment_id = a.id AND v.number = a.version "
    "ORDER BY a.id",
}


@pytest.fixture
def profile() -> str:
    return "self-hosted"


@pytest.fixture
def settings(settings: Settings, profile: str) -> Settings:
    return replace(settings, profile=PROFILES[profile])


@dataclass
class Source:
    """A site with files, and what it is asked for."""

    kind: str
    running: RunningSite
    policy: str = ""

    @property
    def site(self) -> SimulatedSite:
        return self.running.site

    def files(self) -> dict[int, str]:
        """Media ids by attachment id."""
        return {row["id"]: row["media_id"] for row in self.site.store.rows(FILES[self.kind])}

    def content(self) -> Counter[bytes]:
        found: Counter[bytes] = Counter()
        for media_id in self.files().values():
            media = self.site.files.media(media_id)
            assert media is not None
            found[self.site.files.read(media.sha256)] += 1
        return found

    def change_in_place(self, media_id: str) -> None:
        """Other bytes, and the site says nothing of it."""
        media = self.site.files.media(media_id)
        assert media is not None
        other = bytes(byte ^ 1 for byte in self.site.files.read(media.sha256))
        self.site.store.execute(
            "UPDATE media_file SET sha256 = ? WHERE media_id = ?",
            (self.site.files.put(other), media_id),
        )

    def downloads(self) -> int:
        """How many files were downloaded since the last call."""
        asked = grouped(self.site.request_log.to_json())
        self.site.request_log.clear()
        assert asked["files: bytes"] == asked["files: addresses"]
        return asked["files: bytes"]


async def start(client: Client, kind: str, name: str, directory: Directory) -> Source:
    site = SimulatedSite(name, directory=directory)
    jira.install(site)
    confluence.install(site, personal_space=name == "source")
    source = Source(kind, await start_site(site))
    product = await client.add_product(name, kind, source.running.base_url)
    source.policy = await client.add_policy(name, product)
    return source


@pytest.fixture
def directory() -> Directory:
    """The people whom every site knows."""
    return Directory()


@pytest_asyncio.fixture(params=KINDS)
async def source(
    request: pytest.FixtureRequest, client: Client, directory: Directory
) -> AsyncGenerator[Source, None]:
    await client.add_organization()
    source = await start(client, str(request.param), "source", directory)
    if source.kind == "JIRA":
        jira_generator.generate(source.site, seed=7, issues=40)
    else:
        confluence_generator.generate(source.site, seed=7, pages=40)
    yield source
    await source.running.close()
    source.site.close()


async def back_up(client: Client, source: Source) -> backup_pb2.Backup:
    backup = await client.back_up(source.policy)
    assert backup.state == backup_pb2.Backup.COMPLETE, backup
    return backup


async def stored(server: RestoreServer, backup: backup_pb2.Backup) -> Counter[bytes]:
    """The files that a backup holds."""
    _, site, backup_id = backup.manifest_key.split("/")
    reader = await server.vault.open_backup(site, backup_id)
    found = Counter([await reader.read(entry) async for entry in reader.entries(Kind.ATTACHMENT)])
    await reader.close()
    return found


async def entries(server: RestoreServer, backup: backup_pb2.Backup) -> list[Entry]:
    _, site, backup_id = backup.manifest_key.split("/")
    reader = await server.vault.open_backup(site, backup_id)
    found = [entry async for entry in reader.entries(Kind.ATTACHMENT)]
    await reader.close()
    return found


async def reasons(client: Client, backup: backup_pb2.Backup) -> list[str]:
    request = backup_pb2.ListBackupIssuesRequest(parent=backup.name)
    issues = (await client.backups.ListBackupIssues(request)).issues
    return [info.reason for issue in issues for info in details_of(issue.status)]


async def test_a_second_backup_downloads_no_unchanged_file(
    client: Client, source: Source, restore_server: RestoreServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = await back_up(client, source)
    files = source.files()
    assert source.downloads() == len(files) > 5
    second = await back_up(client, source)
    assert source.downloads() == 0
    assert second.contents == first.contents
    assert second.size_bytes == first.size_bytes
    assert await entries(restore_server, second) == await entries(restore_server, first)
    assert await stored(restore_server, second) == source.content()
    ends = [one.__dict__ for one in caplog.records if one.message == "a backup is in the vault"]
    assert [end["reused_files"] for end in ends] == [0, len(files)]
    assert ends[1]["reused_bytes"] == sum(len(data) * n for data, n in source.content().items())


async def test_a_new_version_and_a_new_file_are_downloaded(
    client: Client, source: Source, restore_server: RestoreServer
) -> None:
    await back_up(client, source)
    source.downloads()
    add_file(source, b"a new version")
    await back_up(client, source)
    assert source.downloads() == 1
    second = await back_up(client, source)
    assert source.downloads() == 0
    assert source.content()[b"a new version"] == 1
    assert await stored(restore_server, second) == source.content()


def add_file(source: Source, content: bytes) -> None:
    """What a new version is: of Jira another attachment, of Confluence the same one."""
    store = source.site.store
    if source.kind == "CONFLUENCE":
        upload = confluence_attachments.Upload("f", "text/plain", content)
        confluence_attachments.replace(source.site, "admin", next(iter(source.files())), upload)
        return
    media = source.site.files.add_media(content, "new.txt", "text/plain")
    row = dict(store.rows("SELECT * FROM jira_attachment ORDER BY id")[0])
    row |= {
        "id": store.next_id("jira.attachment"),
        "media_id": media.media_id,
        "size": len(content),
    }
    store.execute(
        "INSERT INTO jira_attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(row.values())
    )
    store.execute("DELETE FROM jira_rendered")


@pytest.mark.parametrize("profile", ["closed-beta"])
async def test_weekly_backups_download_each_file_once_within_the_keeping_time(
    client: Client, source: Source, clock: ManualClock, restore_server: RestoreServer
) -> None:
    keeping, count = PROFILES["closed-beta"].retention, len(source.files())
    assert keeping == 14 * DAY
    last = await back_up(client, source)
    source.downloads()
    for _ in range(2):
        downloads: list[int] = []
        for _ in range(2):
            clock.advance(7 * DAY)
            last = await back_up(client, source)
            downloads.append(source.downloads())
        assert sum(downloads) == count
    assert await stored(restore_server, last) == source.content()


async def test_a_file_in_a_pack_that_was_collected_is_downloaded_again(
    client: Client, source: Source, restore_server: RestoreServer, settings: Settings
) -> None:
    await back_up(client, source)
    source.downloads()
    for pack in (settings.vault_folder / "packs").rglob("*"):
        if pack.is_file():
            pack.unlink()
    last = await back_up(client, source)
    assert source.downloads() == len(source.files())
    assert await stored(restore_server, last) == source.content()


async def test_what_is_found_when_due_files_are_fetched_anew_is_told_and_nothing_is_lost(
    client: Client, source: Source, clock: ManualClock, restore_server: RestoreServer
) -> None:
    await back_up(client, source)
    gone, changed, *_ = (media for media in source.files().values() if has_bytes(source, media))
    source.change_in_place(changed)
    expected = source.content()
    source.site.files.lose(gone)
    clock.advance(31 * DAY)
    last = await back_up(client, source)
    found = Counter(await reasons(client, last))
    assert found["FILE_CHANGED_IN_PLACE"] == 1
    assert found["FILE_KEPT_FROM_EARLIER_BACKUP"] == 1
    assert await stored(restore_server, last) == expected


def has_bytes(source: Source, media_id: str) -> bool:
    media = source.site.files.media(media_id)
    return media is not None and source.site.files.read(media.sha256) != b""


async def test_a_backup_made_by_references_is_restored_byte_by_byte(
    client: Client,
    source: Source,
    settings: Settings,
    key: str,
    directory: Directory,
    restore_server: RestoreServer,
) -> None:
    first = await back_up(client, source)
    second = await back_up(client, source)
    _, site, backup_id = first.manifest_key.split("/")
    await restore_server.vault.expire(site, backup_id, "its time is over")
    await _collect(restore_server, settings, second)
    target = await start(client, source.kind, "destination", directory)
    try:
        product = f"{ORGANIZATION}/products/destination"
        started = await client.restores.CreateRestore(client.restore_request(second.name, product))
        restore = restore_pb2.Restore()
        done = await client.watch(started.name)
        assert done.response.Unpack(restore), done.error
        assert restore.state == restore_pb2.Restore.COMPLETE, restore
        restored = await back_up(client, target)
        held = await asyncio.to_thread(_compared, settings, key, second.name, restored.name)
        assert held[0] == held[1] == len(source.files())
        assert target.content() == source.content()
    finally:
        await target.running.close()
        target.site.close()


async def _collect(server: RestoreServer, settings: Settings, kept: backup_pb2.Backup) -> None:
    """Removes every pack that the backup that is kept does not need, and the other manifests."""
    _, site, backup_id = kept.manifest_key.split("/")
    reader = await server.vault.open_backup(site, backup_id)
    await reader.close()
    needed = {pack.pack_id.hex() for pack in reader.packs}
    for folder, wanted in (("packs", needed), ("backups", {backup_id})):
        for path in (settings.vault_folder / folder).rglob("*"):
            if path.is_file() and path.name not in wanted:
                path.unlink()


def _compared(settings: Settings, key: str, left: str, right: str) -> tuple[int, int]:
    """Files with the same bytes, and files of the source."""
    call = Call(
        Output(), "acme", settings.backup_address, settings.restore_listen, own_access=Access(key)
    )
    with closing(call.backup_channel), closing(call.restore_channel):
        outcome = compare(call, left, right, Mode.RESTORED)
    (files,) = [one for one in outcome.results if one.kind is Kind.ATTACHMENT]
    return files.same_bytes, files.source
