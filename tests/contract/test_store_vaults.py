"""Vaults in buckets: where one may be made, and what a retention changes."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sitekeep_shared.clock import SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault.errors import DeleteRefused, StoreUnavailable, StoreUnsuitable
from sitekeep_shared.vault.location import BucketLocation, Cloud
from sitekeep_shared.vault.object_store import ObjectStore
from sitekeep_shared.vault.opening import open_vault
from sitekeep_shared.vault.probe import Outcome, Probe
from sitekeep_shared.vault.vault import Vault
from support import store_emulators as emulators
from support.fault_proxy import FaultProxy, Headers, refuse
from support.stores import QUICK, Stores
from unit.vault.vault_helpers import KEYS, SITE, SMALL, issues, make_backup, merged, read_all

FIRST = {"u1": issues(1, 30)}
SECOND = {"u1": issues(1, 30), "u2": issues(100, 10)}


def settings_at(folder: Path, location: BucketLocation) -> Settings:
    settings = Settings.from_environment({"SITEKEEP_HOME": str(folder)})
    return dataclasses.replace(settings, vault_location=location)


async def test_a_vault_is_made_found_again_and_read_in_a_bucket(
    stores: Stores, moto_url: str, tmp_path: Path
) -> None:
    emulators.make_s3_bucket(moto_url, stores.bucket)
    stores.use_s3(moto_url)
    settings = settings_at(tmp_path, BucketLocation(Cloud.S3, stores.bucket, "backups/of-us"))
    await make_backup(await open_vault(settings, SystemClock(), create=True), "b1", FIRST)

    again = await open_vault(settings, SystemClock())

    assert await read_all(again, "b1") == merged(FIRST.values())


async def test_two_prefixes_of_a_bucket_are_two_vaults(stores: Stores, moto_url: str) -> None:
    emulators.make_s3_bucket(moto_url, stores.bucket)
    stores.use_s3(moto_url)
    for prefix in ("one", "one-more", ""):
        store = ObjectStore(BucketLocation(Cloud.S3, stores.bucket, prefix), QUICK)
        assert await store.put_new("index/b.0", [prefix.encode()])
        assert [item.key async for item in store.list("index/")] == ["index/b.0"]
        assert await store.get("index/b.0") == prefix.encode()


async def test_no_vault_is_made_on_a_server_that_ignores_the_condition_of_a_create(
    stores: Stores, tmp_path: Path
) -> None:
    served = tmp_path / "served"
    (served / "bucket").mkdir(parents=True)
    with emulators.rclone(served) as url:
        stores.use_s3(url)
        location = BucketLocation(Cloud.S3, "bucket")

        with pytest.raises(StoreUnsuitable, match="No vault can be kept in s3://bucket: a key is"):
            await open_vault(settings_at(tmp_path, location), SystemClock(), create=True)
        findings = await Probe(ObjectStore(location, QUICK), SystemClock(), 1 << 20).whole()

    broken = {one.guarantee for one in findings if one.outcome is Outcome.BROKEN}
    assert {"a key is never overwritten", "of 16 creates at once one wins"} <= broken
    assert not (served / "bucket" / "FORMAT").exists()
    assert not (tmp_path / "sitekeep.key").exists()


async def test_a_bucket_that_is_missing_is_told_from_a_vault_that_is(
    stores: Stores, moto_url: str, tmp_path: Path
) -> None:
    stores.use_s3(moto_url)
    settings = settings_at(tmp_path, BucketLocation(Cloud.S3, "missing-bucket"))
    for create in (True, False):
        with pytest.raises(StoreUnavailable, match="there is no bucket missing-bucket; make it"):
            await open_vault(settings, SystemClock(), create=create)
    assert not (tmp_path / "sitekeep.key").exists()


@pytest.fixture
async def locked(stores: Stores, moto_url: str) -> AsyncIterator[FaultProxy]:
    """A bucket that keeps each object for a day, versions and all."""
    emulators.make_s3_bucket(moto_url, stores.bucket, locked=True)
    async with FaultProxy(moto_url, rewrite=_name_checksum).running() as proxy:
        stores.use_s3(proxy.url)
        yield proxy
        proxy.require_all_fired()


def _name_checksum(method: str, headers: Headers) -> None:
    """Amazon takes the checksum itself for a locked bucket, moto only what announces it."""
    if method == "PUT":
        assert headers["x-amz-checksum-sha256"]
        headers["x-amz-sdk-checksum-algorithm"] = "SHA256"


async def test_a_bucket_with_a_default_retention_takes_backups_expiry_and_a_probe(
    stores: Stores, locked: FaultProxy
) -> None:
    store = ObjectStore(BucketLocation(Cloud.S3, stores.bucket), QUICK)
    vault = await Vault.open(store, KEYS, SystemClock(), create=True, limits=SMALL)
    await make_backup(vault, "b1", FIRST)
    await make_backup(vault, "b2", SECOND)

    await vault.expire(SITE, "b1", "old")

    assert [header.backup_id async for header in vault.backups()] == ["b2"]
    assert await read_all(vault, "b2") == merged(SECOND.values())
    findings = await Probe(store, SystemClock(), 1 << 20).whole()
    assert {one.outcome for one in findings} == {Outcome.KEPT}
    assert locked.requests


async def test_where_removals_are_refused_a_backup_is_made_and_its_leases_stay(
    stores: Stores, locked: FaultProxy
) -> None:
    locked.expect("kept", "DELETE", "/", refuse(403, "AccessDenied"), stays=True)
    store = ObjectStore(BucketLocation(Cloud.S3, stores.bucket), QUICK)
    vault = await Vault.open(store, KEYS, SystemClock(), create=True, limits=SMALL)

    await make_backup(vault, "b1", FIRST)
    await make_backup(vault, "b2", SECOND)

    assert await read_all(vault, "b2") == merged(SECOND.values())
    packs = [item.key async for item in store.list("packs/")]
    with pytest.raises(DeleteRefused, match=r"the permission is missing \(AccessDenied\)"):
        await store.delete(packs[0])
    findings = await Probe(store, SystemClock(), 1 << 20).whole()
    assert [one.guarantee for one in findings if one.outcome is Outcome.LIMITED] == [
        "an object is removed"
    ]
