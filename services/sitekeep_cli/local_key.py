"""The vault's key, for the verbs that run where its file is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sitekeep_cli import key_input

if TYPE_CHECKING:
    from sitekeep_shared.config import Settings
    from sitekeep_shared.vault.key_file import KeyFile
    from sitekeep_shared.vault.key_ring import KeyRing
    from sitekeep_shared.vault.keys import VaultKeys, WholeKey
    from sitekeep_shared.vault.rotation import Rotation
    from sitekeep_shared.vault.store import Store
    from sitekeep_shared.vault.unlocks import Unlock, Unlocks


@dataclass(frozen=True)
class OpenKey:
    """A key, and the vault that it belongs to."""

    store: Store
    ring: KeyRing

    @property
    def unlocks(self) -> Unlocks:
        """The ways to unlock the vault."""
        from sitekeep_shared.vault.sealing import Sealer
        from sitekeep_shared.vault.unlocks import Unlocks

        return Unlocks(self.store, Sealer(self.ring.keys, self.ring.repository_id))

    async def unlock(self, unlock_id: str) -> Unlock | None:
        """The way of an id, None when there is none."""
        listed = await self.unlocks.list()
        return next((each for each in listed if each.unlock_id == unlock_id), None)


async def with_vault(settings: Settings, keys: VaultKeys) -> OpenKey:
    """A key with the vault of the settings.

    Raises:
        VaultError: the vault is not there, or the key is not its.
    """
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.opening import store_of
    from sitekeep_shared.vault.repository import open_repository

    store = store_of(settings)
    return OpenKey(store, await open_repository(store, keys, SystemClock(), create=False))


def read(settings: Settings, path: Path | None = None) -> KeyFile:
    """The key file of the settings, or another one; asks for its passphrase where one is missing.

    Raises:
        VaultError: it is not there, or is none, or the passphrase does not open it.
    """
    from sitekeep_shared.vault.errors import WrongKey
    from sitekeep_shared.vault.key_file import PassphraseNeeded, read_key_file
    from sitekeep_shared.vault.opening import key_passphrase, missing_key_file

    chosen = path or settings.key_file
    try:
        return read_key_file(chosen, key_passphrase(settings))
    except PassphraseNeeded:
        if not key_input.at_terminal():
            raise
        return read_key_file(chosen, key_input.passphrase(None, f"Passphrase of {chosen}"))
    except FileNotFoundError:
        if path is None:
            raise missing_key_file(settings) from None
        raise WrongKey(f"There is no key file {path}.") from None


async def whole(settings: Settings) -> tuple[WholeKey, OpenKey]:
    """The whole key in the key file of the settings, with its vault, whose key it has to be.

    Raises:
        VaultError: the file holds only the writer part or an older key, or one of the two is
            not there.
    """
    key = read(settings).whole
    opened = await with_vault(settings, key.keys)
    await opened.ring.require_current()
    return key, opened


async def described(settings: Settings) -> dict[str, Any]:
    """What there is to know about the key file of the settings and about its vault.

    Raises:
        VaultError: one of the two is not there, or they do not belong together.
    """
    file = read(settings)
    opened = await with_vault(settings, file.keys)
    key_id = file.keys.key_id
    return {
        "file": str(file.path),
        "hasPassphrase": file.passphrase is not None,
        "canRead": file.keys.can_read,
        "vault": opened.ring.repository_id.hex(),
        "key": key_id,
        "olderKeys": list(file.keys.readable_key_ids[1:]),
        "fingerprint": file.keys.public_key.hex(),
        "supersededBy": await superseded_by(opened.ring),
        "unlocks": [_unlock(each, key_id) for each in await opened.unlocks.list()],
    }


async def proven(settings: Settings, keys: VaultKeys) -> dict[str, Any]:
    """What keys are to the vault of the settings; the newest backup that they open is opened.

    Raises:
        VaultError: the keys do not belong to the vault, or do not open what they should.
    """
    opened = await with_vault(settings, keys)
    return {
        "vault": opened.ring.repository_id.hex(),
        "key": keys.key_id,
        "canRead": keys.can_read,
        "supersededBy": await superseded_by(opened.ring),
        "opened": await _newest_opened(opened),
    }


async def printed_sheet(settings: Settings) -> str:
    """The text of the recovery sheet.

    Raises:
        VaultError: the file holds only the writer part, or one of the two is not there.
    """
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.key_sheet import SheetFacts, print_sheet

    key, opened = await whole(settings)
    place = str(settings.vault_location)
    return print_sheet(key, SheetFacts(opened.ring.repository_id, place, SystemClock().now()))


async def rotated(settings: Settings, to: Path | None) -> tuple[Rotation, Path]:
    """Rotates the key; the new key file lies beside the old one unless told otherwise.

    Raises:
        VaultError: the file cannot be read or made, or the key is not the current one.
        CommandError: the new file is there already.
    """
    from sitekeep_shared.vault.key_file import write_whole_key_file
    from sitekeep_shared.vault.rotation import rotate

    file = read(settings)
    opened = await with_vault(settings, file.keys)
    made: list[Path] = []

    def keep(key: WholeKey) -> None:
        made.append(to or _beside(file.path, key.keys.key_id))
        with key_input.new_file(made[0], "--to"):
            write_whole_key_file(made[0], key, file.passphrase)

    done = await rotate(opened.store, opened.ring, file.whole, keep)
    return done, made[0]


async def unlocked(
    settings: Settings, recipient_file: Path | None, passphrase_file: Path | None
) -> WholeKey:
    """The vault's key by the private key of a recipient, else by a passphrase.

    Raises:
        VaultError: it opens nothing, or the vault is not there.
    """
    from sitekeep_shared.vault.opening import store_of
    from sitekeep_shared.vault.recipient import load_recipient
    from sitekeep_shared.vault.repository import read_repository
    from sitekeep_shared.vault.unlocks import unlock_with_passphrase, unlock_with_recipient

    store = store_of(settings)
    found = await read_repository(store)
    if recipient_file is not None:
        private_key = load_recipient(recipient_file)
        return await unlock_with_recipient(store, found, private_key)
    given = key_input.passphrase(passphrase_file)
    return await unlock_with_passphrase(store, found, given)


async def recovered(settings: Settings, key: WholeKey, path: Path) -> OpenKey:
    """Writes a key that was found again into a file, once it is proven to be the vault's.

    Raises:
        VaultError: it is not the vault's, or the file cannot be made.
        FileExistsError: there is such a file.
    """
    from sitekeep_shared.vault.key_file import write_whole_key_file

    opened = await with_vault(settings, key.keys)
    await asyncio.to_thread(write_whole_key_file, path, key)
    return opened


async def superseded_by(ring: KeyRing) -> str:
    """The id of the vault's key where another one is in hand; empty where it is that one."""
    current = await ring.current_key_id()
    return "" if current == ring.keys.key_id else current


async def _newest_opened(opened: OpenKey) -> str:
    """The backup that was opened, in words."""
    from sitekeep_shared.clock import SystemClock
    from sitekeep_shared.vault.vault import Vault

    keys = opened.ring.keys
    if not keys.can_read:
        return "no backup: the writer part opens none"
    vault = await Vault.open(opened.store, keys, SystemClock())
    headers = [each async for each in vault.backups() if each.key_id in keys.readable_key_ids]
    if not headers:
        return "no backup: there is none yet"
    newest = max(headers, key=lambda header: header.finished)
    await (await vault.open_backup(newest.site, newest.backup_id)).close()
    return f"backup {newest.backup_id} of {newest.finished:%Y-%m-%d %H:%M} UTC"


def _beside(path: Path, key_id: str) -> Path:
    return path.with_name(f"{path.stem}-{key_id[:8]}{path.suffix}")


def _unlock(unlock: Unlock, key_id: str) -> dict[str, Any]:
    from sitekeep_shared.vault.recipient import spell_recipient

    return {
        "id": unlock.unlock_id,
        "method": unlock.method,
        "label": unlock.label,
        "recipient": "" if unlock.recipient is None else spell_recipient(unlock.recipient),
        "key": unlock.key_id,
        "opensThisKey": unlock.key_id == key_id,
        "added": unlock.created.isoformat(timespec="seconds"),
        "damage": unlock.damage,
    }
