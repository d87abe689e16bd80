"""A damaged backup is restored only when told to, and then what is lost is named, each of it."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from google.rpc import code_pb2

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.config import Settings
from sitekeep_shared.kinds import Kind
from sitekeep_shared.rpc.messages import entity_kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobPlace
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of, name_of_page
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.names import split_backup_name
from sitekeep_shared.vault.pack_reader import PackReader
from sitekeep_simulator import confluence, jira
from sitekeep_simulator.confluence import generator as confluence_generator
from sitekeep_simulator.jira import generator as jira_generator
from sitekeep_simulator.server import start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import Client, details_of

SECONDS = 240
EACH_KIND = bool(os.environ.get("SITEKEEP_TEST_SALVAGE_EACH_KIND"))
"""Each kind by itself, in a restore of its own; else one of every kind in one restore."""
KINDS = {
    "JIRA": (
        Kind.USER, Kind.GROUP, Kind.ISSUE_TYPE, Kind.STATUS, Kind.PRIORITY, Kind.RESOLUTION,
        Kind.ISSUE_LINK_TYPE, Kind.FIELD, Kind.PROJECT, Kind.VERSION, Kind.COMPONENT, Kind.ISSUE,
        Kind.COMMENT, Kind.WORKLOG, Kind.CHANGELOG, Kind.REMOTE_LINK, Kind.WATCHER,
        Kind.ATTACHMENT,
    ),
    "CONFLUENCE": (
        Kind.USER, Kind.GROUP, Kind.SPACE, Kind.PAGE, Kind.BLOG_POST, Kind.FOOTER_COMMENT,
        Kind.INLINE_COMMENT, Kind.LABEL, Kind.ATTACHMENT,
    ),
}  # fmt: skip
CASES: list[tuple[str, Sequence[Kind]]] = [
    (product, [kind] if EACH_KIND else kinds)
    for product, kinds in KINDS.items()
    for kind in (kinds if EACH_KIND else kinds[:1])
]


@dataclass
class Damage:
    """Blobs that cannot be read any more, wherever they are asked for."""

    blobs: set[bytes] = field(default_factory=set[bytes])
    met: int = 0


@pytest.fixture
def damage(monkeypatch: pytest.MonkeyPatch) -> Damage:
    damage = Damage()
    read = PackReader.blob

    async def blob(reader: PackReader, blob_id: bytes, place: BlobPlace) -> bytes:
        if blob_id in damage.blobs:
            damage.met += 1
            raise DamagedObject(names.pack_name(place.pack.pack_id), "a bit of it is another one")
        return await read(reader, blob_id, place)

    monkeypatch.setattr(PackReader, "blob", blob)
    return damage


@dataclass
class World:
    """A backup of a full site, and an empty one to restore it to."""

    client: Client
    server: RestoreServer
    backup: backup_pb2.Backup
    target: str

    async def entries(self, kinds: Iterable[Kind]) -> dict[Kind, list[Entry]]:
        """What the backup holds of the kinds."""
        reader = await self.server.vault.open_backup(*split_backup_name(self.backup.manifest_key))
        try:
            return {kind: [entry async for entry in reader.entries(kind)] for kind in kinds}
        finally:
            await reader.close()

    async def restored(self, **fields: bool) -> restore_pb2.Restore:
        """The end of a restore."""
        request = self.client.restore_request(
            self.backup.name, self.target, allow_incomplete=True, **fields
        )
        started = await self.client.restores.CreateRestore(request)
        await asyncio.wait_for(self.client.watch(started.name), SECONDS)
        metadata = restore_pb2.CreateRestoreMetadata()
        started.metadata.Unpack(metadata)
        get = restore_pb2.GetRestoreRequest(name=metadata.restore)
        restore: restore_pb2.Restore = await self.client.restores.GetRestore(get)
        return restore

    async def lost(self, restore: restore_pb2.Restore) -> list[content_pb2.Issue]:
        """The issues of a restore that name something lost."""
        request = restore_pb2.ListRestoreIssuesRequest(parent=restore.name, page_size=1000)
        issues = (await self.client.restores.ListRestoreIssues(request)).issues
        return [issue for issue in issues if details_of(issue.status)[0].reason == CORRUPT]


CORRUPT = "ARCHIVE_CORRUPT"


@pytest.fixture
def product(request: pytest.FixtureRequest) -> str:
    """What is backed up; tests parametrize it."""
    return str(request.param)


@pytest_asyncio.fixture
async def world(
    client: Client, restore_server: RestoreServer, product: str
) -> AsyncGenerator[World]:
    source, target = SimulatedSite("source"), SimulatedSite("target")
    jira.install(target)
    confluence.install(target, personal_space=False)
    if product == "JIRA":
        jira_generator.generate(source, seed=3, issues=60)
    else:
        confluence.install(source)
        confluence_generator.generate(source, 3, 40)
    sites = [await start_site(site) for site in (source, target)]
    await client.add_organization()
    full = await client.add_product("full", product, sites[0].base_url)
    empty = await client.add_product("empty", product, sites[1].base_url)
    backup = await client.back_up(await client.add_policy("full", full))
    yield World(client, restore_server, backup, empty)
    for running in sites:
        await running.close()
    source.close()
    target.close()


@pytest.mark.parametrize(("product", "kinds"), CASES, indirect=["product"])
async def test_what_is_lost_of_each_kind_is_named_and_all_else_comes_back(
    world: World, damage: Damage, kinds: Sequence[Kind]
) -> None:
    held = await world.entries(Kind)
    chosen = [held[kind][len(held[kind]) // 2] for kind in kinds if held[kind]]
    damage.blobs = {entry.blobs[0] for entry in chosen if entry.blobs}
    lost = Counter(
        (entity_kind(entry.kind.value), name_of(entry))
        for entries in held.values()
        for entry in entries
        if damage.blobs & set(entry.blobs)
    )
    if not lost:
        pytest.skip(f"the site has nothing of {kinds}")

    restore = await world.restored(salvage=True)

    assert restore.state == restore_pb2.Restore.INCOMPLETE, restore.error
    named = await world.lost(restore)
    read = [issue for issue in named if "with its" not in issue.status.message]
    assert Counter((issue.entity_kind, issue.entity) for issue in read) == lost
    assert all("packs/" in issue.status.message for issue in read)
    _nothing_is_lost_silently(held, restore)
    missing = {count.kind: count.missing_count for count in restore.contents}
    for kind, count in Counter(kind for kind, _ in lost.elements()).items():
        assert missing[kind] >= count


UNCOUNTED = {Kind.CHANGELOG, Kind.COMMENT, Kind.WORKLOG, Kind.WATCHER, Kind.REMOTE_LINK}
"""No restore counts the entries of these: histories stay behind, and the others lie in issues."""


def _nothing_is_lost_silently(
    held: Mapping[Kind, Sequence[Entry]], restore: restore_pb2.Restore
) -> None:
    counts = {count.kind: count for count in restore.contents}
    for kind, entries in held.items():
        if entries and kind not in UNCOUNTED:
            met = counts[entity_kind(kind.value)]
            assert met.expected_count >= len(entries), kind
            assert met.done_count + met.missing_count >= met.expected_count, kind


@pytest.mark.parametrize("product", ["JIRA", "CONFLUENCE"], indirect=True)
async def test_a_page_of_entries_that_is_lost_counts_each_of_them(
    world: World, damage: Damage
) -> None:
    kind = Kind.ISSUE if world.backup.product_type == 1 else Kind.PAGE
    reader = await world.server.vault.open_backup(*split_backup_name(world.backup.manifest_key))
    pages = [max(reader.pages(each), key=lambda page: page.entry_count)
             for each in (kind, Kind.ATTACHMENT)]  # fmt: skip
    await reader.close()
    damage.blobs = {page.blob_id for page in pages}

    restore = await world.restored(salvage=True)

    assert restore.state == restore_pb2.Restore.INCOMPLETE, restore.error
    named = await world.lost(restore)
    read = [issue for issue in named if "with its" not in issue.status.message]
    assert {(issue.entity, issue.count) for issue in read} == {
        (name_of_page(page), page.entry_count) for page in pages
    }


@pytest.mark.parametrize("product", ["JIRA", "CONFLUENCE"], indirect=True)
async def test_damage_that_nobody_had_found_ends_the_restore_and_names_what_it_hit(
    world: World, damage: Damage
) -> None:
    held = await world.entries([Kind.ATTACHMENT])
    hit = held[Kind.ATTACHMENT][0]
    damage.blobs = {hit.blobs[0]}

    restore = await world.restored()

    assert restore.state == restore_pb2.Restore.FAILED
    assert restore.error.code == code_pb2.DATA_LOSS
    assert details_of(restore.error)[0].reason == CORRUPT
    assert name_of(hit) in restore.error.message
    assert "packs/" in restore.error.message
    assert "`salvage`" in restore.error.message
    assert damage.met


@pytest.mark.parametrize("product", ["JIRA", "CONFLUENCE"], indirect=True)
async def test_a_flipped_bit_of_a_file_costs_what_it_hit_and_nothing_else(
    world: World, settings: Settings
) -> None:
    await asyncio.to_thread(_flip, settings.vault_folder / "packs")
    request = restore_pb2.VerifyBackupRequest(name=world.backup.name)
    started = await world.client.restores.VerifyBackup(request)
    done = await asyncio.wait_for(world.client.watch(started.name), SECONDS)
    report = restore_pb2.VerificationReport()
    assert done.response.Unpack(report)
    assert not report.sound
    refusal = await world.client.refusal(
        world.client.restores.CreateRestore(
            world.client.restore_request(world.backup.name, world.target, allow_incomplete=True)
        )
    )
    assert (refusal.code, refusal.reason) == ("DATA_LOSS", CORRUPT)
    restore = await world.restored(salvage=True)
    assert restore.state == restore_pb2.Restore.INCOMPLETE
    named = {issue.entity for issue in await world.lost(restore)}
    assert named == {damaged.entity for damaged in report.damaged_entities}


def _flip(packs: Path) -> None:
    """A bit of a file in the largest pack of files."""
    found = [path for path in packs.rglob("*") if path.is_file() and path.read_bytes()[40] == 2]
    path = max(found, key=lambda each: each.stat().st_size)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.mark.parametrize("product", ["JIRA"], indirect=True)
async def test_a_whole_backup_is_salvaged_whole(world: World) -> None:
    restore = await world.restored(salvage=True)
    assert restore.state == restore_pb2.Restore.COMPLETE
    assert restore.salvage
    assert not await world.lost(restore)
