"""Opens the vault that the settings name: its store, its keys, and the two together."""

from __future__ import annotations

import asyncio
import enum
import logging

from sitekeep_shared.clock import Clock
from sitekeep_shared.config import Settings
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import StoreUnavailable, VaultMissing, WrongKey
from sitekeep_shared.vault.key_file import load_or_create_key_file
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.limits import DAY_SECONDS, Limits
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.location import FolderLocation, VaultLocation
from sitekeep_shared.vault.overlay_store import OverlayStore
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.probe import require_guarantees
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.vault import Vault

_logger = logging.getLogger(__name__)


class Use(enum.Enum):
    """What a process opens the vault for."""

    ANYTHING = enum.auto()
    """With whatever the key file holds."""
    WRITING = enum.auto()
    """With the writer part alone, whatever the key file holds: content cannot be read."""
    READING = enum.auto()
    """With a key file that can read."""


def store_of(settings: Settings, clock: Clock | None = None) -> Store:
    """Where the objects of the vault are."""
    return store_at(settings.vault_location, clock)


def store_at(location: VaultLocation, clock: Clock | None = None) -> Store:
    """The store at a location; nothing is asked of it yet.

    A folder takes the time of what it holds from the clock, a bucket has a clock of its own.

    Raises:
        StoreUnavailable: the environment holds credentials that cannot be used.
    """
    if isinstance(location, FolderLocation):
        return DurableLocalStore(location.folder, clock)
    # Only who has a bucket pays for loading what speaks to it.
    from sitekeep_shared.vault.object_store import ObjectStore

    return ObjectStore(location)


async def store_for_copy(location: VaultLocation, clock: Clock) -> Store:
    """The store that holds a copy of a vault, or that one is to be made in.

    Raises:
        StoreUnsuitable: there is none yet, and the store lacks a guarantee.
        StoreUnavailable: the store does not answer.
    """
    store = store_at(location, clock)
    if await store.head(names.FORMAT) is None:
        await _require_suitable(store, clock, location)
    return store


def _overlaid(store: Store, settings: Settings) -> Store:
    """The store, or one over it that takes what is written."""
    if settings.vault_overlay is None:
        return store
    return OverlayStore(store, DurableLocalStore(settings.vault_overlay))


async def open_vault(
    settings: Settings, clock: Clock, *, create: bool = False, use: Use = Use.ANYTHING
) -> Vault:
    """Opens the vault; with ``create`` makes it, and its key, where there is none.

    Raises:
        VaultMissing: there is none and ``create`` is not asked for.
        WrongKey: the key file is missing, belongs to another vault, is under another passphrase,
            lacks the part that reads where that is needed, or was superseded where it is to write.
        UnsupportedFormat: a newer version wrote the vault.
        DamagedObject: FORMAT or the key object is not what was written.
        StoreUnsuitable: it was to be made in a store that lacks a guarantee.
        StoreUnavailable: the store or the key file cannot be used.
    """
    store = _overlaid(store_of(settings, clock), settings)
    keys = await _keys(store, settings, clock, create=create)
    if use is Use.READING and not keys.can_read:
        raise WrongKey(
            f"The key file {settings.key_file} can write backups and cannot read them. Restoring "
            "needs the whole key file: name it in SITEKEEP_KEY_FILE."
        )
    if use is Use.WRITING:
        keys = keys.writer_part()
    vault = await Vault.open(store, keys, clock, create=create, limits=_limits(settings))
    if use is Use.WRITING:
        await vault.require_current_key()
    if use is Use.READING:
        await _warn_if_superseded(vault)
    return vault


def key_passphrase(settings: Settings) -> Passphrase | None:
    """The passphrase of the key file, from the file that the settings name; None: none is named.

    Raises:
        StoreUnavailable: the file cannot be read.
        WrongKey: it holds no passphrase.
    """
    path = settings.key_passphrase_file
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise StoreUnavailable(
            f"SITEKEEP_KEY_PASSPHRASE_FILE: {path} cannot be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise WrongKey(f"SITEKEEP_KEY_PASSPHRASE_FILE: {path} is not text.") from error
    if not text:
        raise WrongKey(f"SITEKEEP_KEY_PASSPHRASE_FILE: {path} is empty.")
    return Passphrase(text)


async def _warn_if_superseded(vault: Vault) -> None:
    try:
        await vault.require_current_key()
    except WrongKey as error:
        _logger.warning("%s Until then, only backups from before can be read.", error)


def _limits(settings: Settings) -> Limits:
    days = settings.vault_reuse_days
    return Limits(reuse_seconds=None if days is None else days * DAY_SECONDS)


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
        raise missing_key_file(settings)
    return await asyncio.to_thread(_load, settings)


def missing_key_file(settings: Settings) -> WrongKey:
    """The error of a vault whose key file is not where the settings say."""
    return WrongKey(
        f"The vault in {settings.vault_location} has backups, but its key file {settings.key_file} "
        "is not there. Put your copy of it back, or make it anew from the recovery sheet, a "
        "passphrase or a recipient's key (sitekeep key recover); a new key cannot open them."
    )


def _load(settings: Settings) -> VaultKeys:
    return load_or_create_key_file(settings.key_file, key_passphrase(settings))


async def _require_suitable(store: Store, clock: Clock, location: VaultLocation) -> None:
    # What a folder cannot do fails by itself with the first object: links, permissions.
    if not isinstance(location, FolderLocation):
        await require_guarantees(store, clock, str(location))


async def _require_answer(store: Store) -> None:
    """Tells a place without a vault from no place: a bucket that is missing lists nothing."""
    async for _ in store.list(names.KEYS):
        return
