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
from sitekeep_shared.vault.overlay_store import OverlayStore
from sitekeep_shared.vault.passphrase import Passphrase
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
    """Where the objects of the vault are; a folder takes the time of what it holds from a clock."""
    return DurableLocalStore(settings.vault_folder, clock)


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
        StoreUnavailable: the store or the key file cannot be used.
    """
    store = _overlaid(store_of(settings, clock), settings)
    keys = await _keys(store, settings, create=create)
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


async def _keys(store: Store, settings: Settings, *, create: bool) -> VaultKeys:
    # The vault first: a server that starts beside this one makes the key before the vault.
    there = await store.head(names.FORMAT) is not None
    if not there and not create:
        raise VaultMissing(f"There is no vault in {settings.vault_folder}.")
    if there and not settings.key_file.exists():
        raise missing_key_file(settings)
    return await asyncio.to_thread(_load, settings)


def missing_key_file(settings: Settings) -> WrongKey:
    """The error of a vault whose key file is not where the settings say."""
    return WrongKey(
        f"The vault in {settings.vault_folder} has backups, but its key file {settings.key_file} "
        "is not there. Put your copy of it back, or make it anew from the recovery sheet, a "
        "passphrase or a recipient's key (sitekeep key recover); a new key cannot open them."
    )


def _load(settings: Settings) -> VaultKeys:
    return load_or_create_key_file(settings.key_file, key_passphrase(settings))
