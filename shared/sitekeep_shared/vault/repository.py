"""What makes a store a vault: the FORMAT object and the key sets that belong to it."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass

import msgspec

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import (
    DamagedObject,
    ObjectMissing,
    UnsupportedFormat,
    VaultMissing,
)
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.store import Store

FORMAT_VERSION = 1
KNOWN_READ_FEATURES: frozenset[str] = frozenset()
KNOWN_WRITE_FEATURES: frozenset[str] = frozenset()


class Features(msgspec.Struct, frozen=True):
    """What a program has to know to read, and to write, a vault."""

    read: list[str] = []
    write: list[str] = []


class FormatObject(msgspec.Struct, frozen=True):
    """The FORMAT object: plain JSON."""

    format: int
    repository_id: str
    """32 hex digits."""
    created: datetime.datetime
    key_id: str
    """Of the key set that the vault was made with."""
    features: Features = Features()


@dataclass(frozen=True)
class Repository:
    """What identifies a vault."""

    repository_id: bytes
    """16 bytes."""
    first_key_id: str
    """Of the key set that it was made with."""


async def open_repository(store: Store, keys: VaultKeys, clock: Clock, *, create: bool) -> KeyRing:
    """The key ring of the repository that a store holds, with keys that belong to it.

    Raises:
        VaultMissing: there is none and ``create`` is not asked for.
        WrongKey: it belongs to another key set.
        UnsupportedFormat: a newer version wrote it.
        DamagedObject: FORMAT or the key object is not what was written.
        StoreUnavailable: the store does not answer.
    """
    if create:
        await _create(store, keys, clock)
    found = await read_repository(store)
    ring = KeyRing(store, keys, found.repository_id, found.first_key_id)
    await ring.require_membership()
    if create:
        await ring.add()
    return ring


async def read_repository(store: Store) -> Repository:
    """What the FORMAT object says; it takes no key.

    Raises:
        VaultMissing: there is no vault.
        UnsupportedFormat: a newer version wrote it.
        DamagedObject: FORMAT is not what was written.
        StoreUnavailable: the store does not answer.
    """
    format_object = _decode_format(await _get_format(store))
    return Repository(_repository_id(format_object), format_object.key_id)


async def _create(store: Store, keys: VaultKeys, clock: Clock) -> None:
    """FORMAT comes first: whoever creates it decides whose vault it is.

    One that was lost is not made anew: nothing that is there would belong to it.
    """
    if await store.head(names.FORMAT) is not None:
        return
    if await _holds_anything(store) and await store.head(names.FORMAT) is None:
        raise DamagedObject(
            names.FORMAT,
            "it is missing, although other objects of the vault are there; put it back from a copy "
            "of the vault, and nothing is lost",
        )
    format_object = FormatObject(FORMAT_VERSION, secrets.token_hex(16), clock.now(), keys.key_id)
    await store.put_new(names.FORMAT, [msgspec.json.format(msgspec.json.encode(format_object))])


async def _holds_anything(store: Store) -> bool:
    for prefix in (names.KEYS, names.BACKUPS, names.PACKS):
        async for _ in store.list(prefix):
            return True
    return False


async def _get_format(store: Store) -> bytes:
    try:
        return await store.get(names.FORMAT)
    except ObjectMissing as error:
        raise VaultMissing("There is no vault here: the object FORMAT is missing.") from error


def _decode_format(data: bytes) -> FormatObject:
    try:
        format_object = msgspec.json.decode(data, type=FormatObject)
    except msgspec.MsgspecError as error:
        raise DamagedObject(names.FORMAT, "it does not read as one") from error
    unknown = {
        *set(format_object.features.read) - KNOWN_READ_FEATURES,
        *set(format_object.features.write) - KNOWN_WRITE_FEATURES,
    }
    if format_object.format != FORMAT_VERSION or unknown:
        needs = ", ".join(sorted(unknown)) or f"format {format_object.format}"
        raise UnsupportedFormat(f"A newer version wrote this vault; it needs {needs}.")
    return format_object


def _repository_id(format_object: FormatObject) -> bytes:
    try:
        repository_id = bytes.fromhex(format_object.repository_id)
    except ValueError:
        repository_id = b""
    if len(repository_id) != 16:
        raise DamagedObject(names.FORMAT, "its repository id is not one")
    return repository_id
