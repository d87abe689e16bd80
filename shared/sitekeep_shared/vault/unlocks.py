"""Ways to unlock a vault: its key, stored in the vault itself, wrapped for those who may have it.

Each way is an object of its own, ``keys/<key_id>.<unlock id>``: written once, taken away
by being removed. What a passphrase or a recipient opens is the document of the key file.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_shared.vault import key_document, names
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    DamagedObject,
    ObjectMissing,
    WrongKey,
)
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import WholeKey, public_key_of
from sitekeep_shared.vault.manifest_store import manifest_names, read_header
from sitekeep_shared.vault.passphrase import Passphrase, PassphraseSealed
from sitekeep_shared.vault.repository import Repository
from sitekeep_shared.vault.sealing import Sealer, open_with, seal_to, sealing_context
from sitekeep_shared.vault.store import Store

_SECTION = "key-wrap"
_LABEL_SECTION = "unlock-label"
_ID_BYTES = 8

_logger = logging.getLogger(__name__)


class UnlockObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ``keys/<key_id>.<unlock id>`` object: JSON, bytes in base64."""

    label: bytes
    """What people call it; metadata, for nobody else to read."""
    passphrase: PassphraseSealed | None = None
    recipient: bytes | None = None
    """The public key that it is sealed to."""
    sealed: bytes | None = None
    """For a recipient."""


@dataclass(frozen=True)
class Unlock:
    """One way to unlock a vault, as the holder of a key file sees it."""

    unlock_id: str
    key_id: str
    label: str
    recipient: bytes | None
    """The public key of the recipient; None: it is a passphrase."""
    created: datetime.datetime
    """By the store's clock."""
    damage: str = ""
    """What is wrong with it; empty: nothing."""

    @property
    def name(self) -> str:
        """The key of its object."""
        return names.unlock_name(self.key_id, self.unlock_id)

    @property
    def method(self) -> str:
        """``passphrase``, ``recipient`` or ``damaged``."""
        if self.damage:
            return "damaged"
        return "passphrase" if self.recipient is None else "recipient"


@dataclass(frozen=True)
class _Stored:
    name: str
    ids: tuple[str, str]
    """Of the way, and of the key that it opens."""
    content: UnlockObject | DamagedObject
    created: datetime.datetime

    def is_of(self, method: str) -> bool:
        """Whether it is known to be a way of that kind."""
        if isinstance(self.content, DamagedObject):
            return False
        return (self.content.passphrase is None) == (method == "recipient")


_Opened = Callable[[UnlockObject, bytes], bytes | None]
"""The key document of a way; None where another opens it. Raises ValueError: it is damaged."""


class Unlocks:
    """The ways to unlock one vault, seen with its key."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def list(self) -> list[Unlock]:
        """All ways, the newest key's and older ones; damaged ones too.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return [self._described(stored) async for stored in _stored(self._store)]

    async def add_passphrase(self, key: WholeKey, passphrase: Passphrase, label: str) -> str:
        """Lets a passphrase unlock the vault; the id of the new way.

        Raises:
            WrongKey: the passphrase is too short.
            StoreUnavailable: the store does not answer.
        """
        passphrase.check_strength()
        name, context = self._new(key)
        document = key_document.to_bytes(key_document.encode_whole(key))
        sealed = await asyncio.to_thread(passphrase.seal, document, context)
        return await self._put(name, UnlockObject(self._label(name, label), passphrase=sealed))

    async def add_recipient(self, key: WholeKey, recipient: bytes, label: str) -> str:
        """Lets the owner of a private key unlock the vault; the id of the new way.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        name, context = self._new(key)
        document = key_document.to_bytes(key_document.encode_whole(key))
        sealed = seal_to(recipient, document, context)
        content = UnlockObject(self._label(name, label), recipient=recipient, sealed=sealed)
        return await self._put(name, content)

    async def remove(self, unlock: Unlock) -> None:
        """Takes a way away. Whoever has unlocked the vault by it before keeps what he got.

        Raises:
            StoreUnavailable: the store does not answer, or refuses to remove it.
        """
        await self._store.delete(unlock.name)

    def _described(self, stored: _Stored) -> Unlock:
        name, content = stored.name.encode(), stored.content
        try:
            if isinstance(content, DamagedObject):
                raise content
            label = self._sealer.open(_LABEL_SECTION, name, content.label, stored.name).decode()
        except DamagedObject as error:
            return Unlock(*stored.ids, "", None, stored.created, error.problem)
        return Unlock(*stored.ids, label, content.recipient, stored.created)

    def _new(self, key: WholeKey) -> tuple[str, bytes]:
        name = names.unlock_name(key.keys.key_id, secrets.token_hex(_ID_BYTES))
        return name, sealing_context(self._sealer.repository_id, _SECTION, name.encode())

    def _label(self, name: str, label: str) -> bytes:
        return self._sealer.seal(_LABEL_SECTION, name.encode(), label.encode())

    async def _put(self, name: str, content: UnlockObject) -> str:
        await self._store.put_new(name, [msgspec.json.format(msgspec.json.encode(content))])
        return name.rpartition(".")[2]


async def unlock_with_passphrase(
    store: Store, repository: Repository, passphrase: Passphrase
) -> WholeKey:
    """The vault's key, by a passphrase.

    Raises:
        WrongKey: it opens none of the wrapped keys, or there is none.
        StoreUnavailable: the store does not answer.
    """

    def opened(content: UnlockObject, context: bytes) -> bytes | None:
        sealed = content.passphrase
        return None if sealed is None else passphrase.open(sealed, context)

    return await _unlock(store, repository, opened, "passphrase")


async def unlock_with_recipient(
    store: Store, repository: Repository, private_key: bytes
) -> WholeKey:
    """The vault's key, by the private key of a recipient.

    Raises:
        WrongKey: it opens none of the wrapped keys, or there is none.
        StoreUnavailable: the store does not answer.
    """
    own = public_key_of(private_key)

    def opened(content: UnlockObject, context: bytes) -> bytes | None:
        if content.recipient != own or content.sealed is None:
            return None
        plaintext = open_with(private_key, content.sealed, context)
        if plaintext is None:
            raise ValueError(
                "it is sealed to this private key and does not open: it was altered, "
                f"or {names.FORMAT} was"
            )
        return plaintext

    return await _unlock(store, repository, opened, "recipient")


async def _unlock(
    store: Store,
    repository: Repository,
    opened: _Opened,
    method: str,
) -> WholeKey:
    """The newest key that can be opened: a rotation leaves the older ones where they are.

    One way that is damaged does not stand in the way of the others.
    """
    keys: list[WholeKey] = []
    damaged: list[DamagedObject] = []
    tried = 0
    async for stored in _stored(store):
        context = sealing_context(repository.repository_id, _SECTION, stored.name.encode())
        try:
            tried += stored.is_of(method)
            key = await asyncio.to_thread(_open, stored, opened, context)
        except DamagedObject as error:
            _logger.warning("%s It is left out.", error)
            damaged.append(error)
        else:
            keys += [] if key is None else [key]
    if not keys:
        raise WrongKey(" ".join([_nothing_opens(method, tried), *map(str, damaged)]))
    return await _newest(store, repository, keys)


def _open(stored: _Stored, opened: _Opened, context: bytes) -> WholeKey | None:
    if isinstance(stored.content, DamagedObject):
        raise stored.content
    try:
        plaintext = opened(stored.content, context)
    except ValueError as error:
        raise DamagedObject(stored.name, str(error)) from error
    return None if plaintext is None else _decode(stored.name, plaintext)


async def _newest(store: Store, repository: Repository, keys: Sequence[WholeKey]) -> WholeKey:
    """The current key; the one that opens the most where that one is not known, or not enough.

    What completed a rotation may be lost; then an older key seems to be the current one.
    """
    most = max(keys, key=lambda key: len(key.private_keys))
    ring = KeyRing(store, most.keys, repository.repository_id, repository.first_key_id)
    try:
        current = await ring.current_key_id()
    except DamagedObject as error:
        _logger.warning("%s The key that opens the most is taken.", error)
        return most
    found = next((key for key in keys if key.keys.key_id == current), most)
    sealer = Sealer(most.keys, repository.repository_id)
    return found if await _opens_all(store, sealer, found) else most


async def _opens_all(store: Store, sealer: Sealer, key: WholeKey) -> bool:
    """Whether no backup was made with a newer key, as far as the manifests can be read."""
    ids = key.keys.readable_key_ids
    async for name in manifest_names(store, include_expired=True):
        with contextlib.suppress(DamagedObject, ObjectMissing, BackupNotFound):
            if (await read_header(store, sealer, name)).key_id not in ids:
                return False
    return True


def _nothing_opens(method: str, tried: int) -> str:
    if not tried:
        return (
            f"The vault can be unlocked by no {method}: none was ever added. Take your copy of "
            "the key file, or the recovery sheet: sitekeep key recover --sheet."
        )
    name = "passphrase" if method == "passphrase" else "private key"
    return (
        f"The {name} opens none of the {tried} keys that the vault holds for one. Look at its "
        "spelling, or take another way: sitekeep key recover --help."
    )


def _decode(name: str, plaintext: bytes) -> WholeKey:
    try:
        key = key_document.decode(key_document.parse(plaintext))
    except ValueError as error:
        raise DamagedObject(name, "it holds no key") from error
    if not isinstance(key, WholeKey):
        raise DamagedObject(name, "it holds the writer part of a key only")
    return key


async def _stored(store: Store) -> AsyncIterator[_Stored]:
    async for item in store.list(names.KEYS):
        ids = names.split_unlock_name(item.key)
        if ids is None:
            continue
        try:
            content = _parse(item.key, await store.get(item.key))
        except ObjectMissing:
            continue
        yield _Stored(item.key, ids, content, item.last_modified)


def _parse(name: str, data: bytes) -> UnlockObject | DamagedObject:
    """One way that is damaged does not stand in the way of the others."""
    try:
        return msgspec.json.decode(data, type=UnlockObject)
    except (msgspec.MsgspecError, ValueError):
        return DamagedObject(name, "it does not read as a wrapped key")
