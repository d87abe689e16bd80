"""The key sets of a vault: which belong to it, which one is current, and how it is rotated.

A set is superseded by the object ``keys/<key_id>.superseded``. Its name comes from the
old set alone, so of two rotations at once one alone succeeds. The current set is the end
of that chain, which begins with the set that the vault was made with; a set that a
rotation left behind half-way is not on it.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from blake3 import blake3

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing, StoreUnavailable, WrongKey
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.store import Store

T = TypeVar("T", bound=msgspec.Struct)


class KeyObject(msgspec.Struct, frozen=True):
    """A ``keys/<key_id>`` object: plain JSON that identifies a key set and reveals nothing."""

    key_id: str
    public_key: str
    check: str
    """Keyed BLAKE3 under K_meta over repository id and public key: proves who wrote it."""


class SupersededObject(msgspec.Struct, frozen=True):
    """A ``keys/<key_id>.superseded`` object: plain JSON that names the next key set."""

    key_id: str
    superseded_by: str
    check: str
    """Keyed BLAKE3 under K_meta over repository id and both key ids."""


class KeyRing:
    """The key sets of one vault, seen with one of them."""

    def __init__(
        self, store: Store, keys: VaultKeys, repository_id: bytes, first_key_id: str
    ) -> None:
        self.keys = keys
        self.repository_id = repository_id
        self.first_key_id = first_key_id
        """Of the key set that the vault was made with."""
        self._store = store

    def seen_with(self, keys: VaultKeys) -> KeyRing:
        """The same ring, seen with another of its key sets."""
        return KeyRing(self._store, keys, self.repository_id, self.first_key_id)

    async def require_membership(self) -> None:
        """Makes sure that the key set belongs to the vault.

        Raises:
            WrongKey: it belongs to another vault.
            DamagedObject: its key object is not what was written.
            StoreUnavailable: the store does not answer.
        """
        name = names.key_name(self.keys.key_id)
        try:
            data = await self._store.get(name)
        except ObjectMissing:
            if self.first_key_id in (self.keys.key_id, *self.keys.readable_key_ids):
                return
            raise WrongKey(
                "This key file does not belong to this vault: the vault was made with the key "
                f"{self.first_key_id}, the file holds {self.keys.key_id}. Put the vault's own key "
                "file in its place (SITEKEEP_KEY_FILE), or make it anew: sitekeep key recover."
            ) from None
        if _decode(data, KeyObject, name) != self._object():
            raise DamagedObject(
                name,
                "it does not describe the key set that it is named after in the repository that "
                f"{names.FORMAT} names: one of the two was altered; put it back from a copy",
            )

    async def add(self) -> None:
        """Writes the key object of the key set where there is none.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        name = names.key_name(self.keys.key_id)
        # A storage that refuses to write does not hinder who only reads.
        if await self._store.head(name) is None:
            await self._store.put_new(name, [_encode(self._object())])

    async def require_current(self) -> None:
        """Makes sure that nothing new is sealed to a key set that is not the vault's newest.

        Raises:
            WrongKey: a rotation put another in its place, or the one that made it failed.
            DamagedObject: what supersedes a set is not what was written.
            StoreUnavailable: the store does not answer.
        """
        chain = await self._chain()
        if chain[-1] != self.keys.key_id:
            await self._require_named_rightly(chain)
            raise WrongKey(self._not_current(chain))

    async def current_key_id(self) -> str:
        """The id of the newest key set: the first one, or what rotations put in its place.

        Raises:
            DamagedObject: what supersedes a set is not what was written.
            StoreUnavailable: the store does not answer.
        """
        return (await self._chain())[-1]

    async def supersede(self, newer: VaultKeys) -> None:
        """Puts another key set in the place of this one: the one step that is a rotation.

        Raises:
            WrongKey: another rotation came first.
            StoreUnavailable: the store does not answer; trying again is safe.
        """
        ring = self.seen_with(newer)
        await ring.add()
        name = names.superseded_name(self.keys.key_id)
        content = _encode(self._superseded(self.keys.key_id, newer.key_id))
        try:
            await self._store.put_new(name, [content])
        except StoreUnavailable:
            # The answer may be lost although the object arrived.
            if await self._successor(self.keys.key_id) != newer.key_id:
                raise
        await ring.require_current()

    async def _chain(self) -> list[str]:
        """The ids of the key sets, the vault's first one first."""
        chain = [self.first_key_id]
        while (newer := await self._successor(chain[-1])) is not None:
            if newer in chain:
                raise DamagedObject(names.superseded_name(chain[-1]), "it leads back to itself")
            chain.append(newer)
        return chain

    async def _require_named_rightly(self, chain: list[str]) -> None:
        """An altered FORMAT names a key set that nobody has."""
        if await self._store.head(names.key_name(chain[-1])) is None:
            by = names.superseded_name(chain[-2]) if len(chain) > 1 else names.FORMAT
            raise DamagedObject(by, f"it names the key {chain[-1]}, which the vault does not have")

    def _not_current(self, chain: list[str]) -> str:
        own, current = self.keys.key_id, chain[-1]
        if own in chain:
            return (
                f"The key of this vault was rotated: {own} is superseded by {current} and writes "
                f"no backups any more. Fetch the key file of {current} from where the key was "
                "rotated and name it in SITEKEEP_KEY_FILE."
            )
        return (
            f"The key {own} is of a rotation that did not take place; the vault's key is "
            f"{current}: use its key file, or rotate again with this one (sitekeep key rotate)."
        )

    async def _successor(self, key_id: str) -> str | None:
        name = names.superseded_name(key_id)
        try:
            data = await self._store.get(name)
        except ObjectMissing:
            return None
        found = _decode(data, SupersededObject, name)
        if found != self._superseded(key_id, found.superseded_by):
            raise DamagedObject(name, "it does not name the key set that follows")
        return found.superseded_by

    def _object(self) -> KeyObject:
        check = self._check(b"sitekeep/1/key-check", self.keys.public_key)
        return KeyObject(self.keys.key_id, self.keys.public_key.hex(), check)

    def _superseded(self, older: str, newer: str) -> SupersededObject:
        check = self._check(b"sitekeep/1/key-superseded", older.encode() + newer.encode())
        return SupersededObject(older, newer, check)

    def _check(self, purpose: bytes, covered: bytes) -> str:
        hasher = blake3(purpose + self.repository_id + covered, key=self.keys.metadata_key)
        return hasher.hexdigest()


def _encode(content: KeyObject | SupersededObject) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content))


def _decode(data: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise DamagedObject(name, "it does not read as one") from error
