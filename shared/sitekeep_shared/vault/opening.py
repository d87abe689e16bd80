"""Opens the vault that the settings name: its store, its keys, and the two together."""

from __future__ import annotations

import asyncio

from sitekeep_shared.clock import Clock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import VaultMissing, WrongKey
from sitekeep_shared.vault.keys import VaultKeys, load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.overlay_store import OverlayStore
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.vault import Vault


def store_of(settings: Settings) -> Store:
    """Where the objects of the vault are."""
    return DurableLocalStore(settings.vault_folder)


def _overlaid(store: Store, settings: Settings) -> Store:
    """The store, or one over it that takes what is written."""
    if settings.vault_overlay is None:
        return store
    return OverlayStore(store, DurableLocalStore(settings.vault_overlay))


async def open_vault(settings: Settings, clock: Clock, *, create: bool = False) -> Vault:
    """Opens the vault; with ``create`` makes it, and its key, where there is none.

    Raises:
        VaultMissing: there is none and ``create`` is not asked for.
        WrongKey: the key file is missing, or belongs to another vault.
        UnsupportedFormat: a newer version wrote the vault.
        DamagedObject: FORMAT or the key object is not what was written.
        StoreUnavailable: the store or the key file cannot be used.
    """
    store = _overlaid(store_of(settings), settings)
    keys = await _keys(store, settings, create=create)
    return await Vault.open(store, keys, clock, create=create)


async def _keys(store: Store, settings: Settings, *, create: bool) -> VaultKeys:
    # The vault first: a server that starts beside this one makes the key before the vault.
    there = await store.head(names.FORMAT) is not None
    if not there and not create:
        raise VaultMissing(f"There is no vault in {settings.vault_folder}.")
    if there and not settings.key_file.exists():
        raise WrongKey(
            f"The vault in {settings.vault_folder} has backups, but its key file "
            f"{settings.key_file} is not there. Put your copy of it back; a new one cannot open "
            "them."
        )
    return await asyncio.to_thread(load_or_create_key_file, settings.key_file)
