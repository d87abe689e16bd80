"""Collection beside the servers: what expired goes, what failed never comes, restores go on."""

from __future__ import annotations

import datetime
import logging

import pytest

from sitekeep_backup.server import BackupServer
from sitekeep_shared.vault.errors import LeaseLost, StoreUnavailable
from sitekeep_shared.vault.vault import Vault
from support.rule_world import DAY, World
from unit.vault.vault_helpers import facts

HOUR = datetime.timedelta(hours=1)


async def _collect(world: World, server: BackupServer, after: datetime.timedelta) -> None:
    world.clock.advance(after)
    assert await server.collecting.collect() is not None


async def test_an_expired_backup_leaves_the_vault_a_day_after_it_was_condemned(
    world: World, policy: str, grpc_server: BackupServer, caplog: pytest.LogCaptureFixture
) -> None:
    first = await world.client.back_up(policy)
    world.clock.advance(8 * DAY)
    second = await world.client.back_up(policy)
    world.clock.advance(first.expire_time.ToDatetime(datetime.UTC) - world.now)
    await grpc_server.expiry.sweep()
    await _collect(world, grpc_server, HOUR)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="sitekeep_backup.collecting"):
        await _collect(world, grpc_server, DAY)
    (record,) = [one for one in caplog.records if one.message == "the vault was collected"]
    assert vars(record)["swept_backups_count"] == 1
    left = [header.backup_id async for header in grpc_server.vault.backups(include_expired=True)]
    # The world holds a backup of its own besides, of another site.
    assert set(left) == {(await world.backup_row(second.name)).uid, "stored"}
    assert (await grpc_server.vault.check(*await _place(world, second.name))).is_sound


async def _place(world: World, backup: str) -> tuple[str, str]:
    row = await world.backup_row(backup)
    return row.product_uid, row.uid


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
async def test_a_commit_that_comes_after_its_backup_ended_otherwise_is_refused(
    world: World, grpc_server: BackupServer, state: str
) -> None:
    backup = await world.backup(state)
    product, uid = await _place(world, backup)
    session = await grpc_server.vault.begin_backup(uid, site=product, fence=1)
    assert await grpc_server.expiry.sweep() == 0
    # Its process was frozen when its operation ended, and goes on now.
    with pytest.raises(LeaseLost, match="given up"):
        await session.commit([], facts())
    await session.close()
    assert await grpc_server.vault.find_backup(product, uid) is None
    row = await world.backup_row(backup)
    assert row.state == state
    assert row.release_time is not None


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
async def test_a_commit_that_came_before_its_backup_ended_otherwise_expires(
    world: World, grpc_server: BackupServer, state: str
) -> None:
    product, uid = await _place(world, await world.backup(state))
    session = await grpc_server.vault.begin_backup(uid, site=product, fence=1)
    await session.commit([], facts())
    await session.close()
    await grpc_server.expiry.sweep()
    marker = await grpc_server.vault.expiry(uid)
    assert marker is not None
    assert marker.reason == f"it ended {state}"


async def test_a_backup_that_runs_is_not_given_up(world: World, grpc_server: BackupServer) -> None:
    product, uid = await _place(world, await world.backup("IN_PROGRESS"))
    await grpc_server.expiry.sweep()
    session = await grpc_server.vault.begin_backup(uid, site=product, fence=1)
    await session.close()


async def test_a_collection_that_the_store_refuses_is_put_off(
    grpc_server: BackupServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse(_: Vault) -> None:
        raise StoreUnavailable("The vault's object gc/1.condemned cannot be written: disk full.")

    monkeypatch.setattr(Vault, "collect", refuse)
    assert await grpc_server.collecting.collect() is None
    assert "the collection of the vault is put off: The vault's object gc/1" in caplog.text
