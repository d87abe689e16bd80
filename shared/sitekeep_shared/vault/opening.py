"""Opens the vault that the settings name: its store, its keys, and the two together."""

from __future__ import annotations

import asyncio

from sitekeep_shared.clock import Clock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import VaultMissing, WrongKey
from sitekeep_shared.vault.keys import VaultKeys, load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.location import FolderLocation, VaultLocation
from sitekeep_shared.vault.probe import require_guarantees
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.vault import Vault


def store_of(settings: Settings) -> Store:
    """Where the objects of the vault are."""
    return store_at(settings.vault_location)


def store_at(location: VaultLocation) -> Store:
    """The store at a location; nothing is asked of it yet.

    Raises:
        StoreUnavailable: the environment holds credentials that cannot be used.
    """
    if isinstance(location, FolderLocation):
        return DurableLocalStore(location.folder)
    # Only who has a bucket pays for loading what speaks to it.
    from sitekeep_shared.vault.object_store import ObjectStore

    return ObjectStore(location)


async def store_for_copy(location: VaultLocation, clock: Clock) -> Store:
    """The store that holds a copy of a vault, or that one is to be made in.

    Raises:
        StoreUnsuitable: there is none yet, and the store lacks a guarantee.
        StoreUnavailable: the store does not answer.
    """
    store = store_at(location)
    if await store.head(names.FORMAT) is None:
        await _require_suitable(store, clock, location)
    return store


async def open_vault(settings: Settings, clock: Clock, *, create: bool = False) -> Vault:
    """Opens the vault; with ``create`` makes it, and its key, where there is none.

    Raises:
        VaultMissing: there is none and ``create`` is not asked for.
        WrongKey: the key file is missing, or belongs to another vault.
        UnsupportedFormat: a newer version wrote the vault.
        DamagedObject: FORMAT or the key object is not what was written.
        StoreUnsuitable: it was to be made in a store that lacks a guarantee.
        StoreUnavailable: the store or the key file cannot be used.
    """
    store = store_of(settings)
    keys = await _keys(store, settings, clock, create=create)
    return await Vault.open(store, keys, clock, create=create)


async def _keys(store: Store, settings: Settings, clock: Clock, *, create: bool) -> VaultKeys:
    location = settings.vault_location
    # The vault first: a server that starts beside this one makes the key before the vault.
    there = await store.head(names.FORMAT) is not None
    if not there and not create:
        await _require_answer(store)
        raise VaultMissing(f"There is no vault in {location}.")
    if not there:
        await _require_suitable(store, clock, location)
    if there and not settings.key_file.exists():
        raise WrongKey(
            f"The vault in {location} has backups, but its key file {settings.key_file} is not "
            "there. Put your copy of it back; a new one cannot open them."
        )
    return await asyncio.to_thread(load_or_create_key_file, settings.key_file)


async def _require_suitable(store: Store, clock: Clock, location: VaultLocation) -> None:
    # What a folder cannot do fails by itself with the first object: links, permissions.
    if not isinstance(location, FolderLocation):
        await require_guarantees(store, clock, str(location))


async def _require_answer(store: Store) -> None:
    """Tells a place without a vault from no place: a bucket that is missing lists nothing."""
    async for _ in store.list(names.KEYS):
        return
